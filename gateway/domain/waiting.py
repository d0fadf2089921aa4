"""Waiting for a slot that is taken: a line per slot, timed offers, and what is offered to whoever must move."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.refusals import Code, Refusal, refuse
from gateway.domain.timespan import Span

SHORTEST = timedelta(minutes=15)
"""What is left of a slot is not worth telling of when it is shorter."""
LONGEST = timedelta(days=14)
FURTHEST = timedelta(days=366)
OFFER_MINUTES = 60
SHORTEST_OFFER = timedelta(minutes=5)


class WaitState(StrEnum):
    """How somebody stands in the line of a slot; the first two are live."""

    WAITING = "waiting"
    OFFERED = "offered"
    TAKEN = "taken"
    MISSED = "missed"
    LEFT = "left"
    OVER = "over"


LIVE = frozenset({WaitState.WAITING, WaitState.OFFERED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A member who waits for ``span`` on a resource, or on any of a group; one of the two, or neither, is set.

    Its id becomes that of the reservation. With ``moves`` there is that reservation already, on a machine that is out
    of service or displaced, and what is offered is another machine for it. ``offered_id`` is the resource on offer.
    """

    id: str
    member_id: str
    span: Span
    joined_at: datetime
    resource_id: str | None = None
    group_id: str | None = None
    moves: bool = False
    state: WaitState = WaitState.WAITING
    offered_id: str | None = None
    offered_until: datetime | None = None

    def open_offer(self, now: datetime) -> bool:
        """Whether something is on offer that may still be taken."""
        return self.state is WaitState.OFFERED and self.offered_until is not None and now < self.offered_until


def check_wait(starts: datetime, ends: datetime, now: datetime, *, member_active: bool) -> tuple[Refusal, ...]:
    """Every reason why nobody can wait for ``[starts, ends)``; what may be booked is asked when it is offered."""
    found = []
    if ends <= starts:
        found.append(refuse(Code.BOOKING_ENDS_BEFORE_START, starts=starts, ends=ends))
    elif ends - starts > LONGEST:
        found.append(refuse(Code.BOOKING_TOO_LONG, days=LONGEST.days))
    if ends <= now:
        found.append(refuse(Code.BOOKING_IN_THE_PAST, ends=ends))
    if starts - now > FURTHEST:
        found.append(refuse(Code.BOOKING_TOO_FAR, days=FURTHEST.days))
    if not member_active:
        found.append(refuse(Code.MEMBER_INACTIVE))
    return tuple(found)


def rest(span: Span, now: datetime) -> Span | None:
    """What can still be had of a slot; None when it is over, or too little is left of it."""
    starts = max(span.starts, now)
    least = min(span.length, SHORTEST)
    return Span(starts, span.ends) if span.ends - starts >= least else None


def offer_until(wait: Wait, now: datetime, minutes: int | None) -> datetime:
    """Until when an offer stands: the nearer the slot, the shorter; whoever must move may think until the start."""
    nearest = wait.span.starts if wait.span.starts > now else wait.span.ends
    if wait.moves:
        return nearest
    wished = timedelta(minutes=minutes or OFFER_MINUTES)
    return min(now + min(wished, max((nearest - now) / 2, SHORTEST_OFFER)), wait.span.ends)


def aged(wait: Wait, now: datetime) -> Wait:
    """What time alone makes of a place in the line."""
    if wait.state not in LIVE:
        return wait
    if rest(wait.span, now) is None:
        return replace(wait, state=WaitState.OVER, offered_id=None, offered_until=None)
    if wait.state is WaitState.OFFERED and not wait.open_offer(now):
        return replace(wait, state=WaitState.MISSED, offered_id=None, offered_until=None)
    return wait


def offered(wait: Wait, resource_id: str, now: datetime, minutes: int | None) -> Wait:
    """The same place, with this resource on offer."""
    until = offer_until(wait, now, minutes)
    return replace(wait, state=WaitState.OFFERED, offered_id=resource_id, offered_until=until)


def back_in_line(wait: Wait) -> Wait:
    """What was on offer is gone: the place in the line stays."""
    return replace(wait, state=WaitState.WAITING, offered_id=None, offered_until=None)


def promised(line: Iterable[Wait], resource_id: str, span: Span, now: datetime) -> bool:
    """Whether somebody else is being asked about it already; whoever must move holds nobody up."""
    return any(
        other.open_offer(now) and not other.moves and other.offered_id == resource_id and other.span.overlaps(span)
        for other in line
    )
