"""Bookings of a machine that is out of service, at another machine or another time: shown, and taken with one call.

Nothing is held for anybody meanwhile: whoever is quicker has it, and the other is told so.
"""

from datetime import datetime

from gateway.domain.booking import Reservation
from gateway.domain.events import Event, EventKind
from gateway.domain.other_times import Choice, looked_at, other_times, without_own
from gateway.domain.refusals import Code, Refused, refuse
from gateway.domain.resources import Resource
from gateway.domain.timespan import Span
from gateway.domain.waiting import Wait, WaitState
from gateway.domain.why_not import why_not
from gateway.ports.store import Work
from gateway.ports.views_calendar import Machines
from gateway.service.waiting import in_line, look_again, move_to, taken, to_move


def choices(work: Work, *, id: str, now: datetime) -> tuple[Choice, ...] | None:
    """Where and when else a booking could be, the nearest first; none once it has moved. None: nobody waits by this id."""
    wait = in_line(work, id)
    if wait is None:
        return None
    held = to_move(work, wait)
    return _choices(work, wait, held, now) if held else ()


def take(work: Work, *, id: str, resource: str, starts: datetime, now: datetime) -> Reservation | Refused | None:
    """Move the booking there, as long as it was, if the rules allow it to its member. Twice is the same answer."""
    wait = in_line(work, id)
    if wait is None:
        return None
    if wait.state is WaitState.TAKEN:
        return work.reservation(id)
    held = to_move(work, wait)
    if held is None:
        return Refused((refuse(Code.OFFER_OVER),))
    span = Span(starts, starts + held.span.length)
    window = Span(min(now, starts), max(looked_at(held, now).ends, span.ends))
    found = _machines(work, wait, held, window, now)
    machine = next((each for each in without_own(found.machines, held) if each.slug == resource), None)
    if machine is None:
        return Refused((refuse(Code.NO_SUCH_RESOURCE, resource=resource),))
    objections = why_not(machine, found.member, span, now)
    if objections:
        return Refused(objections)
    moved = move_to(work, held, machine.id, span, now)
    return taken(work, wait, moved, now) if isinstance(moved, Reservation) else moved


def _choices(work: Work, wait: Wait, held: Reservation, now: datetime) -> tuple[Choice, ...]:
    found = _machines(work, wait, held, looked_at(held, now), now)
    return other_times(found.machines, found.member, held, now) if found.member else ()


def _machines(work: Work, wait: Wait, held: Reservation, window: Span, now: datetime) -> Machines:
    """Its own machine, for when that is back, and all equal ones."""
    targets = work.equals(resource_id=held.resource_id, group_id=wait.group_id)
    found = work.machines_for([target.id for target in targets], wait.member_id, window, now)
    return found or Machines(machines=(), member=None)


def find_late_returns(work: Work, now: datetime) -> None:
    """Machines that are not back as expected; looking twice changes nothing more."""
    for resource in work.late_returns(now):
        tell_other_times(work, resource, now, only=look_again(work, resource, now))


def tell_other_times(work: Work, resource: Resource, now: datetime, *, only: frozenset[str] | None = None) -> None:
    """Whoever has no equal machine at the same time hears of the nearest other one; ``only`` those, if named."""
    for wait in work.moves_from(resource.id):
        asked = wait.state is WaitState.WAITING and (only is None or wait.id in only)
        held = to_move(work, wait) if asked else None
        nearest = next(iter(_choices(work, wait, held, now)), None) if held else None
        if nearest is not None:
            event = Event(
                kind=EventKind.OTHER_TIME_POSSIBLE, at=now, resource_id=nearest.resource_id, member_id=wait.member_id,
                data={"wait": wait.id, "starts": nearest.span.starts.isoformat(), "ends": nearest.span.ends.isoformat()},
            )  # fmt: skip
            work.append(work.site_id(), [event])
