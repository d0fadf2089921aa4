"""Decisions about access: the pure rules alone, and with their facts read from SQLite in the large lab."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from bench import lab
from bench.figures import Figure, middle, percentile
from gateway.adapters.sql import SqlStore
from gateway.domain.access import Denied, decide_access
from gateway.domain.access_facts import AccessFacts
from gateway.domain.booking import Reservation
from gateway.domain.layers import SaidPolicies
from gateway.domain.people import Member
from gateway.domain.presence import Place
from gateway.domain.resources import Resource
from gateway.domain.sessions import Session, State
from gateway.domain.timespan import Span
from gateway.domain.training import Requirement, Standing
from gateway.domain.use_policy import UsePolicy

NOW = lab.START + timedelta(days=300)
HOUR = timedelta(hours=1)
ROUNDS, DECISIONS, READS, WARM = 5, 20_000, 5000, 200
ASKED = UsePolicy(
    membership_grace_days=7, charter_version=2, minimum_age=16, guardian_consent_under=18, early_minutes=10,
    max_session_minutes=240, max_open_sessions=2, quota_day_minutes=240, cool_down_seconds=60,
)  # fmt: skip

IN_FORCE = {"quota_day_minutes": 240, "max_open_sessions": 2, "cool_down_seconds": 60}


def measure() -> list[Figure]:
    """The three figures."""
    mild, harsh = _mild(), _all_unmet()
    unmet = [len(d.refusals) for each in (*mild, harsh) if isinstance(d := decide_access(each, NOW), Denied)]
    waits = _with_facts()
    return [
        Figure(
            "decide_per_second", middle([_rate(mild) for _ in range(ROUNDS)]), "1/s",
            f"pure, one thread; {len(mild)} cases in turn, at most two unmet rules; median of {ROUNDS} runs", "≥ 100,000",
        ),
        Figure(
            "decide_all_unmet_per_second", middle([_rate((harsh,)) for _ in range(ROUNDS)]), "1/s",
            f"the same with {unmet[-1]} unmet rules", "≥ 15,000",
        ),
        Figure(
            "decide_with_facts_p99_ms", percentile(waits, 0.99), "ms",
            f"one read and one decision, {READS} taps; 10,000 members, 50,000 qualifications, 100,000 sessions; SQLite",
            "≤ 2",
        ),
    ]  # fmt: skip


def _rate(cases: Sequence[AccessFacts]) -> float:
    started = time.perf_counter()
    for _ in range(DECISIONS // len(cases)):
        for facts in cases:
            decide_access(facts, NOW)
    return DECISIONS // len(cases) * len(cases) / (time.perf_counter() - started)


def _mild() -> tuple[AccessFacts, ...]:
    """Granted, one rule unmet, two rules unmet, on a machine that asks for much, and one that asks for little."""
    ada = Member(id="ada", first_name="Ada", birth_date=date(1990, 5, 1), charter_version=2)
    trained = Requirement(slug="laser", names={"fr": "Laser"}, state=Standing.VALID, until=NOW + 100 * HOUR)
    used = (Span(NOW - 3 * HOUR, NOW - 2 * HOUR),)
    full = AccessFacts(resource=_machine(), member=ada, requirements=(trained,), use=ASKED, uses=used)
    plain = AccessFacts(resource=_machine(), member=ada, requirements=(trained,))
    untrained = replace(full, requirements=(replace(trained, state=Standing.MISSING),))
    return full, plain, untrained, replace(untrained, session=_session("bob")), replace(plain, interlock_known=False)


def _all_unmet() -> AccessFacts:
    """Every rule that can be unmet together with the others."""
    child = Member(
        id="child", first_name="Zoé", active=False, member_until=NOW - 100 * HOUR, birth_date=date(2015, 1, 1)
    )
    needs = tuple(
        Requirement(slug=f"course-{state}", names={"fr": "Cours"}, state=state, until=NOW - HOUR)
        for state in (Standing.MISSING, Standing.AWAITING, Standing.LAPSED, Standing.PREREQUISITE_LAPSED)
    )
    held = Reservation(id="b", resource_id="laser", member_id="bob", span=Span(NOW - HOUR, NOW + HOUR), created_at=NOW)
    use = replace(
        ASKED, membership_grace_days=0, supervision=True, minimum_people=3, responsible_present=True,
        quota_day_minutes=1, quota_week_minutes=1,
    )  # fmt: skip
    return AccessFacts(
        resource=_machine(reservation_required=True, out_of_service=True), member=child, badge_revoked=True,
        requirements=needs, booked=(held,), session=_session("bob"), interlock_known=False, use=use,
        place=Place(known=True, people=1), uses=(Span(NOW - 3 * HOUR, NOW),), open_elsewhere=2, last_ended_at=NOW,
    )  # fmt: skip


def _machine(**changes: bool) -> Resource:
    return Resource(id="laser", slug="laser-1", names={"fr": "Laser"}, **changes)  # type: ignore[arg-type]


def _session(member: str) -> Session:
    return Session(
        id="s", resource_id="laser", operator_id=member, beneficiary_id=member, reservation_id=None,
        state=State.ACTIVE, opened_at=NOW - HOUR, last_tap_at=NOW - HOUR, granted_until=NOW + HOUR,
    )  # fmt: skip


def _with_facts() -> list[float]:
    """Milliseconds of each read with its decision, in a lab that asks for much."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "etabli.db"
        lab.build(path)
        store = SqlStore(path)
        try:
            with store.begin() as work:
                work.put_site_policies(SaidPolicies(use=IN_FORCE))
            return [_one(store, n) for n in range(READS + WARM)][WARM:]
        finally:
            store.close()


def _one(store: SqlStore, n: int) -> float:
    now = NOW + timedelta(seconds=n)
    with store.begin() as work:
        machine = n % lab.RESOURCES
        reader = work.lock_devices([f"reader-{machine}"], now, ())[f"reader-{machine}"].device
        started = time.perf_counter()
        decide_access(work.facts_for_tap(reader, lab.badge_of(n * 37 % lab.MEMBERS), now).access, now)
        return (time.perf_counter() - started) * 1000
