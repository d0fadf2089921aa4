"""Another machine or another time for a booking whose machine is out of service."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from gateway.domain.booking import Reservation
from gateway.domain.free_spans import Machine, free_spans
from gateway.domain.people import Member
from gateway.domain.timespan import Span
from gateway.domain.why_not import why_not

Value = TypeVar("Value")
MOST = 3
LOOK_AHEAD = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A machine, and a time at which the booking could be there."""

    resource_id: str
    slug: str
    span: Span


def looked_at(held: Reservation, now: datetime) -> Span:
    """The days in which another time is looked for."""
    return Span(now, max(held.span.ends, now) + LOOK_AHEAD)


def without_own(machines: Iterable[Machine], held: Reservation) -> tuple[Machine, ...]:
    """The machines as they are for a booking that moves: it stands neither in its own way nor against its own quota."""
    if held.cancelled_at is not None:
        # It gave way: what is there now is somebody else's.
        return tuple(machines)
    return tuple(
        replace(
            machine,
            others=_less_one(machine.others, held.span),
            busy=_less_one(machine.busy, (held.span.starts, held.busy_until))
            if machine.id == held.resource_id
            else machine.busy,
        )
        for machine in machines
    )


def _less_one(spans: tuple[Value, ...], own: Value) -> tuple[Value, ...]:
    at = spans.index(own) if own in spans else len(spans)
    return spans[:at] + spans[at + 1 :]


def other_times(machines: Iterable[Machine], member: Member, held: Reservation, now: datetime) -> tuple[Choice, ...]:
    """The few that are nearest to what was booked, each at another moment; of equal machines the lab's first."""
    length, wanted = held.span.length, held.span.starts
    machines = without_own(machines, held)
    order = {machine.id: place for place, machine in enumerate(machines)}
    free = free_spans(machines, member, length=length, window=looked_at(held, now), now=now)
    nearest = {(min(max(wanted, one.first), one.last), one.machine.id): one for one in free}
    found: dict[datetime, Choice] = {}
    for (near, _), one in sorted(nearest.items(), key=lambda item: (abs(item[0][0] - wanted), order[item[0][1]])):
        # What was booked may lie beside the steps that bookings now begin on.
        starts = near if not why_not(one.machine, member, Span(near, near + length), now) else one.first
        choice = Choice(resource_id=one.machine.id, slug=one.machine.slug, span=Span(starts, starts + length))
        found.setdefault(starts, choice)
        if len(found) == MOST:
            break
    return tuple(found.values())
