"""The line for a slot: joined, offered in turn, taken through the rules of booking; and bookings that must move."""

from dataclasses import replace
from datetime import datetime, timedelta

from gateway.domain.booking import Reservation, Status
from gateway.domain.events import Event, EventKind, Plain
from gateway.domain.refusals import Code, Refused, refuse
from gateway.domain.resources import Resource
from gateway.domain.timespan import Span
from gateway.domain.waiting import LIVE, Wait, WaitState, aged, back_in_line, check_wait, offered, promised, rest
from gateway.ports.store import Work
from gateway.service import bookings
from gateway.service.arrivals import log_booking

SOON = timedelta(days=1)
"""Whoever has booked so long ahead hears that a machine is not back when it should be."""
TO_MOVE = frozenset({Status.STANDING, Status.DISPLACED})
ENDED = {WaitState.MISSED: EventKind.SLOT_OFFER_MISSED, WaitState.LEFT: EventKind.SLOT_LEFT}


def join(
    work: Work, *, id: str, member_id: str, resource: str | None, group: str | None, starts: datetime, ends: datetime,
    now: datetime,
) -> Wait | Refused | None:  # fmt: skip
    """Wait for ``[starts, ends)`` on a resource, or on any of a group; None when one of them is not there."""
    one, several = work.resource(resource) if resource else None, work.group(group) if group else None
    member = work.member(member_id)
    if member is None or (one is None and several is None):
        return None
    objections = check_wait(starts, ends, now, member_active=member.active)
    if objections:
        return Refused(objections)
    wait = Wait(
        id=id, member_id=member_id, span=Span(starts, ends), joined_at=now, resource_id=one.id if one else None,
        group_id=several.id if several else None,
    )  # fmt: skip
    line = work.live_waits()
    if any(_same(other, wait) for other in line):
        return Refused((refuse(Code.WAIT_TWICE),))
    if _free_for(work, wait, line, now) is not None:
        return Refused((refuse(Code.WAIT_SLOT_FREE, starts=starts, ends=ends),))
    work.save_wait(wait)
    _log(work, EventKind.SLOT_WAITED_FOR, wait, now)
    return wait


def _same(other: Wait, wait: Wait) -> bool:
    target = (other.resource_id, other.group_id) == (wait.resource_id, wait.group_id)
    return target and not other.moves and other.member_id == wait.member_id and other.span.overlaps(wait.span)


def leave(work: Work, *, id: str, now: datetime) -> Wait | None:
    """Wait no longer, or refuse what is offered; whoever comes next is asked. Twice changes nothing more."""
    wait = in_line(work, id)
    if wait is None or wait.state not in LIVE:
        return wait
    gone = replace(wait, state=WaitState.LEFT, offered_id=None, offered_until=None)
    work.save_wait(gone)
    _log(work, EventKind.SLOT_LEFT, gone, now)
    settle_line(work, now)
    return gone


def accept(work: Work, *, id: str, now: datetime) -> Reservation | Refused | None:
    """Take what is offered: a booking like any other, or the move of the one there is. Twice is the same answer."""
    wait = in_line(work, id)
    if wait is None:
        return None
    if wait.state is WaitState.TAKEN:
        return work.reservation(id)
    span = rest(wait.span, now)
    target = next((each for each in _targets(work, wait) if each.id == wait.offered_id), None)
    if not wait.open_offer(now) or span is None or target is None:
        return Refused((refuse(Code.OFFER_OVER),))
    made: Reservation | Refused | None
    if wait.moves:
        held = to_move(work, wait)
        made = move_to(work, held, target.id, span, now) if held else Refused((refuse(Code.OFFER_OVER),))
    else:
        made = bookings.book(
            work, id=id, resource=target.slug, member_id=wait.member_id, starts=span.starts, ends=span.ends, now=now
        )
    return taken(work, wait, made, now) if isinstance(made, Reservation) else made


def taken(work: Work, wait: Wait, made: Reservation, now: datetime) -> Reservation:
    """Nobody waits by this any more; the others in line are asked about what is free now."""
    over = replace(wait, state=WaitState.TAKEN)
    work.save_wait(over)
    _log(work, EventKind.SLOT_TAKEN, over, now)
    settle_line(work, now)
    return made


def in_line(work: Work, id: str) -> Wait | None:
    """One place in the line; the whole line is ours first, always in its own order, so that nobody waits in a circle."""
    work.live_waits()
    return work.wait(id)


def to_move(work: Work, wait: Wait) -> Reservation | None:
    """The booking that has to move or gave way, unless it was cancelled or given another time since."""
    held = work.reservation(wait.id) if wait.moves and wait.state in LIVE else None
    return held if held is not None and held.status in TO_MOVE and held.span == wait.span else None


def move_to(work: Work, held: Reservation, resource_id: str, span: Span, now: datetime) -> Reservation | Refused:
    """The booking there, unless somebody was quicker."""
    policy = work.policies(resource_id).booking
    pause, status = timedelta(minutes=policy.buffer_minutes or 0), held.status
    if status is Status.DISPLACED:
        status = Status.AWAITING_APPROVAL if policy.approval else Status.STANDING
    moved = held.changed(now, resource_id=resource_id, span=span, buffer=pause, status=status, cancelled_at=None)
    if not work.save_reservation(moved):
        return Refused((refuse(Code.BOOKING_OVERLAPS, starts=span.starts, ends=span.ends),))
    log_booking(work, EventKind.RESERVATION_MOVED, moved, now, from_resource=held.resource_id)
    return moved


def settle_line(work: Work, now: datetime) -> None:
    """Offers run out, what is free is offered to the first in line; settling twice changes nothing more."""
    known = work.live_waits()
    line = [_without_what_is_gone(work, aged(wait, now), now) for wait in known]
    for i, wait in enumerate(line):
        if wait.state is WaitState.WAITING:
            target = _free_for(work, wait, line, now)
            if target is not None:
                line[i] = offered(wait, target.id, now, work.policies(target.id).booking.offer_minutes)
    for before, after in zip(known, line, strict=True):
        if before != after:
            _keep(work, after, now)


def _keep(work: Work, after: Wait, now: datetime) -> None:
    work.save_wait(after)
    kind = EventKind.SLOT_OFFERED if after.state is WaitState.OFFERED else ENDED.get(after.state)
    if kind is not None:
        _log(work, kind, after, now)


def _without_what_is_gone(work: Work, wait: Wait, now: datetime) -> Wait:
    """Back in line when what was offered is taken; out of it when the booking to move no longer stands."""
    if wait.state not in LIVE:
        return wait
    if wait.moves and to_move(work, wait) is None:
        return replace(wait, state=WaitState.OVER, offered_id=None, offered_until=None)
    if wait.state is WaitState.OFFERED and not any(
        target.id == wait.offered_id and _is_free(work, target, wait, now) for target in _targets(work, wait)
    ):
        return back_in_line(wait)
    return wait


def _targets(work: Work, wait: Wait) -> tuple[Resource, ...]:
    return work.equals(resource_id=wait.resource_id, group_id=wait.group_id)


def _free_for(work: Work, wait: Wait, line: list[Wait] | tuple[Wait, ...], now: datetime) -> Resource | None:
    """The first resource that can be offered: in service, free for what is left, and not on offer to another."""
    others = [other for other in line if other.id != wait.id]
    for target in _targets(work, wait):
        span = rest(wait.span, now)
        if span and _is_free(work, target, wait, now) and not promised(others, target.id, span, now):
            return target
    return None


def _is_free(work: Work, target: Resource, wait: Wait, now: datetime) -> bool:
    span = rest(wait.span, now)
    if span is None or target.out_of_service:
        return False
    pause = timedelta(minutes=work.policies(target.id).booking.buffer_minutes or 0)
    return not work.is_taken(target.id, Span(span.starts, span.ends + pause))


def look_elsewhere(work: Work, resource: Resource, now: datetime) -> None:
    """Tell whoever has booked a resource that is out of service, and offer them an equal one where one is free."""
    known = {wait.id for wait in work.moves_from(resource.id)}
    for held in work.touched(resource.id, now, resource.back_at):
        if held.member_id is None or held.id in known:
            continue
        log_booking(work, EventKind.RESERVATION_AFFECTED, held, now)
        work.save_wait(_must_move(held, held.member_id, resource))
    settle_line(work, now)


def _must_move(held: Reservation, member_id: str, resource: Resource) -> Wait:
    return Wait(
        id=held.id, member_id=member_id, span=held.span, joined_at=held.created_at, group_id=resource.group_id,
        moves=True,
    )  # fmt: skip


def look_again(work: Work, resource: Resource, now: datetime) -> frozenset[str]:
    """The resource is not back as expected: the same for whoever has booked it soon, once; ids of these bookings."""
    work.live_waits()
    found = set()
    for held in work.touched(resource.id, now, now + SOON):
        if held.member_id is not None and work.wait(held.id) is None:
            log_booking(work, EventKind.RESERVATION_STILL_AFFECTED, held, now)
            work.save_wait(_must_move(held, held.member_id, resource))
            found.add(held.id)
    if found:
        settle_line(work, now)
    return frozenset(found)


def stand_again(work: Work, resource: Resource, now: datetime) -> None:
    """The resource is back: bookings that nobody has moved stand as they were, and their owners are told."""
    for wait in work.moves_from(resource.id):
        work.save_wait(replace(wait, state=WaitState.OVER, offered_id=None, offered_until=None))
        held = work.reservation(wait.id)
        if held is not None and held.status is Status.STANDING:
            log_booking(work, EventKind.RESERVATION_STANDS_AGAIN, held, now)
    settle_line(work, now)


def _log(work: Work, kind: EventKind, wait: Wait, now: datetime) -> None:
    data: dict[str, Plain] = {
        "wait": wait.id, "starts": wait.span.starts.isoformat(), "ends": wait.span.ends.isoformat(),
        "moves": wait.moves, "until": wait.offered_until.isoformat() if wait.offered_until else None,
    }  # fmt: skip
    event = Event(
        kind=kind, at=now, resource_id=wait.offered_id or wait.resource_id, member_id=wait.member_id, data=data
    )
    work.append(work.site_id(), [event])
