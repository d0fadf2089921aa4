"""Facts about access for tests: a member, a machine, and every way in which a rule can be unmet."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from gateway.domain.access import Denied, Granted
from gateway.domain.access_facts import ALWAYS_OPEN, AccessFacts
from gateway.domain.booking import Purpose, Reservation
from gateway.domain.booking_policy import BookingPolicy
from gateway.domain.opening import Closure, Hours, Opening, Schedule
from gateway.domain.people import Member
from gateway.domain.presence import Place
from gateway.domain.refusals import Code
from gateway.domain.resources import Resource
from gateway.domain.sessions import Session, State
from gateway.domain.timespan import Span
from gateway.domain.training import Requirement, Standing
from gateway.domain.use_policy import UsePolicy

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
NAMES = {"fr": "Laser"}
LASER = Resource(id="r1", slug="laser-1", names={"fr": "Découpe laser"}, ceiling_s=4 * 3600)
ADA = Member(id="m1", first_name="Ada", birth_date=date(1990, 5, 1), charter_version=3, guardian_consent_at=None)
BOB = Member(id="m2", first_name="Bob")


def trained(state: Standing = Standing.VALID, until: datetime | None = None) -> Requirement:
    return Requirement(slug="laser", names=NAMES, state=state, until=until)


def booked(member: Member, starts: datetime, ends: datetime) -> Reservation:
    return Reservation(
        id=f"b-{member.id}", resource_id="r1", member_id=member.id, span=Span(starts, ends), created_at=NOON
    )


def session_of(member: Member) -> Session:
    return Session(
        id="s1", resource_id="r1", operator_id=member.id, beneficiary_id=member.id, reservation_id=None,
        state=State.ACTIVE, opened_at=NOON - HOUR, last_tap_at=NOON - HOUR,
    )  # fmt: skip


AFTERNOONS = Schedule(opening=Opening(zone=ZoneInfo("Europe/Paris"), week=((Hours(14 * 60, 18 * 60),),) * 7))
HOLIDAY = Schedule(closures=(Closure(id="c1", span=Span(NOON - HOUR, NOON + DAY), reason="Inventaire"),))
FINE = AccessFacts(resource=LASER, member=ADA, requirements=(trained(),))


def facts(**changes: Any) -> AccessFacts:
    """Facts that grant, but for these changes; ``use`` and ``member`` take the fields to change."""
    for name in ("use", "booking", "member", "resource"):
        if isinstance(changes.get(name), Mapping):
            changes[name] = replace(getattr(FINE, name), **changes[name])
    return replace(FINE, **changes)


def codes(decision: Granted | Denied) -> set[Code]:
    return {refusal.code for refusal in decision.refusals} if isinstance(decision, Denied) else set()


def params(decision: Granted | Denied, code: Code) -> dict[str, Any]:
    assert isinstance(decision, Denied)
    return next(dict(refusal.params) for refusal in decision.refusals if refusal.code is code)


UNMET: dict[Code, Callable[[], AccessFacts]] = {
    Code.READER_UNASSIGNED: lambda: facts(resource=None),
    Code.BADGE_UNKNOWN: lambda: facts(member=None),
    Code.BADGE_REVOKED: lambda: facts(badge_revoked=True),
    Code.MEMBER_INACTIVE: lambda: facts(member={"active": False}),
    Code.MEMBERSHIP_LAPSED: lambda: facts(member={"member_until": NOON}),
    Code.CHARTER_NOT_ACCEPTED: lambda: facts(use={"charter_version": 4}),
    Code.BIRTH_DATE_UNKNOWN: lambda: facts(use={"minimum_age": 16}, member={"birth_date": None}),
    Code.TOO_YOUNG: lambda: facts(use={"minimum_age": 16}, member={"birth_date": date(2010, 11, 24)}),
    Code.GUARDIAN_CONSENT_MISSING: lambda: facts(
        use={"guardian_consent_under": 18}, member={"birth_date": date(2008, 11, 24)}
    ),
    Code.OUT_OF_SERVICE: lambda: facts(resource={"out_of_service": True}),
    Code.INTERLOCK_UNKNOWN: lambda: facts(interlock_known=False),
    Code.CLOSED_NOW: lambda: facts(schedule=AFTERNOONS),
    Code.CLOSED_DAY: lambda: facts(schedule=HOLIDAY),
    Code.TRAINING_MISSING: lambda: facts(requirements=(trained(Standing.MISSING),)),
    Code.TRAINING_AWAITING: lambda: facts(requirements=(trained(Standing.AWAITING),)),
    Code.TRAINING_LAPSED: lambda: facts(requirements=(trained(until=NOON),)),
    Code.PREREQUISITE_LAPSED: lambda: facts(requirements=(trained(Standing.PREREQUISITE_LAPSED),)),
    Code.SUPERVISION_REQUIRED: lambda: facts(use={"supervision": True}),
    Code.PRESENCE_UNKNOWN: lambda: facts(use={"minimum_people": 2}),
    Code.NO_RESPONSIBLE: lambda: facts(use={"responsible_present": True}, place=Place(known=True, people=3)),
    Code.TOO_FEW_PEOPLE: lambda: facts(use={"minimum_people": 2}, place=Place(known=True, people=1)),
    Code.IN_USE: lambda: facts(session=session_of(BOB)),
    Code.COOLING_DOWN: lambda: facts(use={"cool_down_seconds": 60}, last_ended_at=NOON - timedelta(seconds=59)),
    Code.RESERVED_BY_OTHER: lambda: facts(booked=(booked(BOB, NOON - HOUR, NOON + HOUR),)),
    Code.UNDER_MAINTENANCE: lambda: facts(
        booked=(replace(booked(ADA, NOON - HOUR, NOON + HOUR), member_id=None, purpose=Purpose.MAINTENANCE),)
    ),
    Code.RESERVED_SOON: lambda: facts(
        booking={"buffer_minutes": 15}, booked=(booked(BOB, NOON + 15 * MINUTE, NOON + HOUR),)
    ),
    Code.RESERVATION_REQUIRED: lambda: facts(resource={"reservation_required": True}),
    Code.TOO_EARLY: lambda: facts(
        resource={"reservation_required": True}, booked=(booked(ADA, NOON + HOUR, NOON + 2 * HOUR),)
    ),
    Code.QUOTA_DAY_USED_UP: lambda: facts(use={"quota_day_minutes": 60}, uses=(Span(NOON - HOUR, NOON),)),
    Code.QUOTA_WEEK_USED_UP: lambda: facts(use={"quota_week_minutes": 60}, uses=(Span(NOON - HOUR, NOON),)),
    Code.TOO_MANY_SESSIONS: lambda: facts(use={"max_open_sessions": 2}, open_elsewhere=2),
}
"""For each code, facts that lack nothing else."""

# What follows builds facts at random, for properties.

moments = st.timedeltas(min_value=-3 * DAY, max_value=3 * DAY).map(lambda delta: NOON + delta)
births = st.none() | st.dates(date(2000, 1, 1), date(2026, 1, 1))
requirements = st.builds(trained, st.sampled_from(Standing), st.none() | moments)
members = st.none() | st.builds(
    Member, id=st.sampled_from(["m1", "m2"]), first_name=st.just("X"), active=st.booleans(),
    member_until=st.none() | moments, birth_date=births, charter_version=st.none() | st.integers(1, 3),
    guardian_consent_at=st.none() | moments,
)  # fmt: skip
resources = st.none() | st.builds(
    Resource, id=st.just("r1"), slug=st.just("laser-1"), names=st.just(NAMES), out_of_service=st.booleans(),
    reservation_required=st.booleans(),
)  # fmt: skip
policies = st.builds(
    UsePolicy,
    membership_grace_days=st.none() | st.integers(0, 5), charter_version=st.none() | st.integers(1, 3),
    minimum_age=st.none() | st.integers(1, 20), guardian_consent_under=st.none() | st.just(18),
    supervision=st.booleans(), supervision_under=st.none() | st.integers(1, 20),
    minimum_people=st.none() | st.integers(1, 3), responsible_present=st.booleans(),
    early_minutes=st.none() | st.integers(0, 120), max_session_minutes=st.none() | st.integers(1, 600),
    max_open_sessions=st.none() | st.integers(1, 3), quota_day_minutes=st.none() | st.integers(1, 600),
    quota_week_minutes=st.none() | st.integers(1, 600), cool_down_seconds=st.none() | st.integers(1, 600),
)  # fmt: skip


@st.composite
def bookings(draw: st.DrawFn) -> tuple[Reservation, ...]:
    """Reservations that do not overlap, in order, as the database keeps them."""
    found, starts = [], NOON + draw(st.integers(-180, 0)) * MINUTE
    for _ in range(draw(st.integers(0, 3))):
        ends = starts + draw(st.integers(1, 300)) * MINUTE
        found.append(booked(draw(st.sampled_from([ADA, BOB])), starts, ends))
        starts = ends + draw(st.integers(0, 120)) * MINUTE
    return tuple(held for held in found if held.span.ends > NOON)


uses = st.lists(
    st.builds(lambda ago, length: Span(NOON - ago * MINUTE, NOON - (ago - length) * MINUTE),
              st.integers(300, 10_000), st.integers(1, 300)),
    max_size=3,
).map(tuple)  # fmt: skip
all_facts = st.builds(
    AccessFacts, resource=resources, member=members, badge_revoked=st.booleans(),
    requirements=st.lists(requirements, max_size=3).map(tuple), booked=bookings(),
    session=st.none() | st.sampled_from([session_of(ADA), session_of(BOB)]), interlock_known=st.booleans(),
    use=policies, booking=st.builds(BookingPolicy, buffer_minutes=st.none() | st.integers(0, 60)),
    place=st.builds(Place, known=st.booleans(), people=st.integers(0, 3), responsible=st.integers(0, 2)),
    uses=uses, open_elsewhere=st.integers(0, 3), last_ended_at=st.none() | moments,
    schedule=st.sampled_from([ALWAYS_OPEN, AFTERNOONS, HOLIDAY]),
)  # fmt: skip
mild_facts = st.builds(
    lambda rough, member, resource, need: replace(
        rough, member=member, resource=resource, requirements=(need,), badge_revoked=False, interlock_known=True,
        session=None,
    ),
    all_facts, st.just(ADA), st.just(LASER), st.sampled_from([trained(), trained(until=NOON + DAY)]),
)  # fmt: skip
"""Facts that grant often enough for a property about grants to mean something."""
