"""What may be planned, changed and called off."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from gateway.domain.events import EventKind
from gateway.domain.refusals import Code, Refusal, refuse
from gateway.domain.timespan import Span
from gateway.domain.workshop_seats import move_workshop, tell_all, then_settle
from gateway.domain.workshops import Roll, Step, Workshop, WorkshopState, WorkshopTrigger

LONGEST = timedelta(days=14)
FURTHEST = timedelta(days=731)
DECIDE_BEFORE = timedelta(hours=24)
"""When a minimum is decided upon, unless the plan says otherwise or starts sooner than that."""


def check_times(starts: datetime, ends: datetime, now: datetime) -> tuple[Refusal, ...]:
    """Every rule that these times break."""
    if starts.tzinfo is None or ends.tzinfo is None:
        return (refuse(Code.BOOKING_NO_ZONE),)
    found = []
    if ends <= starts:
        found.append(refuse(Code.BOOKING_ENDS_BEFORE_START, starts=starts, ends=ends))
    elif ends - starts > LONGEST:
        found.append(refuse(Code.BOOKING_TOO_LONG, days=LONGEST.days))
    if starts <= now:
        found.append(refuse(Code.BOOKING_IN_THE_PAST, ends=ends))
    if starts - now > FURTHEST:
        found.append(refuse(Code.BOOKING_TOO_FAR, days=FURTHEST.days))
    return tuple(found)


def check_workshop(workshop: Workshop, now: datetime, *, taken: int = 0) -> tuple[Refusal, ...]:
    """Every rule that seats, minimum and deadline break."""
    found = []
    if workshop.seats < taken:
        found.append(refuse(Code.WORKSHOP_SEATS_TAKEN, seats=taken))
    if workshop.minimum > workshop.seats:
        found.append(refuse(Code.WORKSHOP_MINIMUM_TOO_HIGH, seats=workshop.seats))
    if workshop.decide_by is not None and workshop.decide_by > workshop.span.starts:
        found.append(refuse(Code.WORKSHOP_DEADLINE_TOO_LATE, starts=workshop.span.starts))
    if workshop.state is WorkshopState.PLANNED and workshop.decide_by is not None and workshop.decide_by <= now:
        # It would be cancelled at once.
        found.append(refuse(Code.WORKSHOP_DEADLINE_PAST, since=workshop.decide_by))
    return tuple(found)


def with_deadline(workshop: Workshop, now: datetime) -> Workshop:
    """A minimum has a deadline, and only a minimum has one; half of the time that is left is for people to enrol."""
    if workshop.minimum == 0:
        return replace(workshop, decide_by=None)
    starts = workshop.span.starts
    return replace(workshop, decide_by=workshop.decide_by or starts - min(DECIDE_BEFORE, (starts - now) / 2))


def may_change(workshop: Workshop, now: datetime) -> Refusal | None:
    """What is over or cancelled stays as it was."""
    if workshop.state is WorkshopState.CANCELLED:
        return refuse(Code.WORKSHOP_CANCELLED)
    if workshop.state is WorkshopState.HELD or now >= workshop.span.ends:
        return refuse(Code.WORKSHOP_OVER, ends=workshop.span.ends)
    return None


def change(
    roll: Roll, changes: dict[str, Any], *, span: tuple[datetime, datetime], room_changed: bool, now: datetime
) -> Step | tuple[Refusal, ...]:
    """The workshop with these fields changed; everybody on the list hears of another time or place."""
    old = roll.workshop
    refusal = may_change(old, now)
    if refusal:
        return (refusal,)
    moved = span != (old.span.starts, old.span.ends)
    objections = check_times(*span, now) if moved else ()
    if objections:
        return objections
    if moved and old.decide_by is not None and "decide_by" not in changes:
        # The deadline keeps its distance from the start, while it can.
        shifted = old.decide_by + (span[0] - old.span.starts)
        changes = {**changes, "decide_by": shifted if shifted > now else None}
    new = with_deadline(replace(old, span=Span(*span), **changes), now)
    objections = check_workshop(new, now, taken=roll.taken)
    if objections:
        return objections
    places = tuple(
        replace(place, offered_until=min(place.offered_until, span[0])) if place.offered_until else place
        for place in roll.places
    )
    changed = replace(roll, workshop=new, places=places)
    told = tell_all(changed, EventKind.WORKSHOP_CHANGED, moved=moved, room_changed=room_changed)
    return then_settle(Step(roll=changed, happenings=told if moved or room_changed else ()), now)


def call_off(roll: Roll, *, reason: str | None, now: datetime) -> Step | Refusal:
    """Cancel it; everybody on the list hears. Cancelling twice changes nothing more."""
    if roll.workshop.state is WorkshopState.CANCELLED:
        return Step(roll=roll)
    refusal = may_change(roll.workshop, now)
    return refusal or move_workshop(roll, WorkshopTrigger.CALLED_OFF, reason=reason)
