"""When is one of thirty equal machines free for 90 minutes: the answer with its facts read from SQLite."""

import tempfile
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from bench.figures import Figure, middle
from bench.lab import START
from gateway.adapters.sql import SqlStore
from gateway.adapters.sql.migrate import migrate
from gateway.domain.booking import Reservation
from gateway.domain.free_spans import free_spans
from gateway.domain.layers import SaidPolicies
from gateway.domain.opening import Opening
from gateway.domain.opening_plain import WEEKDAYS, read_opening
from gateway.domain.people import Member
from gateway.domain.qualifications import Qualification
from gateway.domain.resources import Resource, ResourceGroup
from gateway.domain.timespan import Span
from gateway.domain.training import Training

MACHINES, DAYS, BOOKINGS, ROUNDS = 30, 60, 5000, 40
HOUR = timedelta(hours=1)
LENGTH, WINDOW = timedelta(minutes=90), Span(START, START + timedelta(days=DAYS))
BOOKING = {"step_minutes": 15, "buffer_minutes": 15, "notice_minutes": 60, "day_minutes": 240, "week_minutes": 600}


def measure() -> list[Figure]:
    """The one figure."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "etabli.db"
        migrate(path)
        store = SqlStore(path)
        try:
            member = _build(store)
            waits = [_one(store, member) for _ in range(ROUNDS)]
        finally:
            store.close()
    return [
        Figure(
            "free_spans_ms", middle(waits), "ms",
            f"facts read from SQLite and the answer: {MACHINES} machines, {DAYS} days, {BOOKINGS} bookings, opening hours, "
            f"a training, steps, pauses, quotas; median of {ROUNDS}", "≤ 20",
        )
    ]  # fmt: skip


def _one(store: SqlStore, member: str) -> float:
    started = time.perf_counter()
    found = store.views().machines(resource=None, group="equal", member_id=member, window=WINDOW, now=START)
    assert found is not None
    assert free_spans(found.machines, found.member, length=LENGTH, window=WINDOW, now=START)
    return (time.perf_counter() - started) * 1000


def _build(store: SqlStore) -> str:
    """A lab full of bookings; the id of the member who asks."""
    opening = read_opening({day: ["9:00-12:30", "13:30-21:00"] for day in WEEKDAYS}, "Europe/Paris")
    assert isinstance(opening, Opening)
    ids = (str(UUID(int=n)) for n in range(1, 10**6))
    with store.begin() as work:
        work.put_site(id=next(ids), slug="bench", name="Bench", timezone="Europe/Paris")
        work.put_site_opening(opening)
        work.put_site_policies(SaidPolicies(booking=BOOKING))
        course = work.put_training(Training(id=next(ids), slug="course", names={"fr": "Cours"}))
        group = work.put_group(ResourceGroup(id=next(ids), slug="equal", names={"fr": "Machines"}))
        machines = [
            work.put_resource(
                Resource(
                    id=next(ids),
                    slug=f"machine-{n}",
                    names={"fr": "Machine"},
                    position=n,
                    group_id=group.id,
                    trainings=("course",),
                )
            ).id
            for n in range(MACHINES)
        ]
        people = [Member(id=next(ids), first_name=f"Prénom {n}", created_at=START) for n in range(500)]
        for person in people:
            work.put_member(person)
        work.add_qualification(
            Qualification(id=next(ids), member_id=people[0].id, training_id=course.id, granted_at=START)
        )
        for n in range(BOOKINGS):
            day, turn = divmod(n // MACHINES, 3)
            starts = START + timedelta(days=day) + (8, 13, 17)[turn] * HOUR
            work.add_reservation(
                Reservation(
                    id=next(ids),
                    resource_id=machines[n % MACHINES],
                    member_id=people[n * 7 % 500].id,
                    span=Span(starts, starts + 2 * HOUR),
                    created_at=START,
                    buffer=timedelta(minutes=15),
                )
            )
    return people[0].id
