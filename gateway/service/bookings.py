"""Reservations: asked for, put to the rules, then to the database, which alone can refuse an overlap for good.

Each use case is one transaction. A refusal changes nothing: of several spans all are made or, when the caller so
chooses, those that are free.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.domain.booking import Purpose, Reservation, Status
from gateway.domain.booking_rules import BookingRequest, read_times
from gateway.domain.events import EventKind
from gateway.domain.people import Member
from gateway.domain.recurrence import expand
from gateway.domain.refusals import Code, Refusal, Refused, refuse
from gateway.domain.resources import Resource
from gateway.domain.timespan import Span
from gateway.ports.errors import StoreUnavailable
from gateway.ports.store import Work
from gateway.service.bookings_weigh import Weighed, log, weigh

MOST_IN_A_SERIES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Resources, together or not at all; times without a zone are local ones of ``zone``.

    ``member_id`` None for a visitor, whom ``note`` names, and for maintenance. With ``rule`` (RFC 5545) it recurs.
    ``displace``: in the place of bookings that give way to this member.
    """

    resources: tuple[str, ...]
    starts: datetime
    ends: datetime
    member_id: str | None = None
    zone: str | None = None
    purpose: Purpose = Purpose.USE
    note: str | None = None
    rule: str | None = None
    free_ones: bool = False
    displace: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """What was made, and of a recurrence what was left out, each with its reason."""

    made: tuple[Reservation, ...]
    left_out: tuple[Refusal, ...] = ()


def book(
    work: Work, *, id: str, resource: str, member_id: str, starts: datetime, ends: datetime, now: datetime,
    displace: bool = False,
) -> Reservation | Refused | None:  # fmt: skip
    """Reserve ``[starts, ends)`` for a member; None when there is no such resource or member.

    The same id again is the same answer: an error at COMMIT means unknown.
    """
    known = work.reservation(id)
    if known is not None:
        return known
    wish = Wish(resources=(resource,), member_id=member_id, starts=starts, ends=ends, displace=displace)
    booked = reserve(work, wish, lambda: id, now)
    return booked.made[0] if isinstance(booked, Booked) else booked


def reserve(work: Work, wish: Wish, new_id: Callable[[], str], now: datetime) -> Booked | Refused | None:
    """Reserve what is wished for; None when there is no such resource or member."""
    found = [work.resource(slug) for slug in dict.fromkeys(wish.resources)]
    resources = [resource for resource in found if resource is not None]
    member = work.member(wish.member_id) if wish.member_id else None
    if len(resources) < len(found) or not resources or (wish.member_id and member is None):
        return None
    if wish.purpose is Purpose.USE and member is None and not wish.note:
        return Refused((refuse(Code.BOOKING_FOR_NOBODY),))
    requests = _requests(work, wish)
    if isinstance(requests, Refusal):
        return Refused((requests,))
    return _make(work, wish, resources, member, requests, new_id, now)


def _requests(work: Work, wish: Wish) -> tuple[BookingRequest, ...] | Refusal:
    """One for each time it recurs."""
    first = BookingRequest(
        starts=wish.starts, ends=wish.ends, zone=wish.zone, purpose=wish.purpose, displaces=wish.displace
    )
    times = read_times(first) if wish.rule else None
    if wish.rule is None or times is None:
        return (first,)
    if isinstance(times, Refusal):
        return times
    starts, ends = times
    if starts >= ends:
        return refuse(Code.BOOKING_ENDS_BEFORE_START, starts=starts, ends=ends)
    spans = expand(wish.rule, Span(starts, ends), wish.zone or work.zone().key, MOST_IN_A_SERIES)
    if isinstance(spans, Refusal):
        return spans
    return tuple(replace(first, starts=span.starts, ends=span.ends, zone=None) for span in spans)


def _make(
    work: Work, wish: Wish, resources: list[Resource], member: Member | None, requests: tuple[BookingRequest, ...],
    new_id: Callable[[], str], now: datetime,
) -> Booked | Refused:  # fmt: skip
    series = new_id() if wish.rule or len(resources) > 1 else None
    pending: list[tuple[Weighed, Reservation]] = []
    left_out: tuple[Refusal, ...] = ()
    for request in requests:
        together: list[tuple[Weighed, Reservation]] = []
        objections: tuple[Refusal, ...] = ()
        for resource in resources:
            weighed = weigh(work, resource, member, request, now, pending=[*pending, *together])
            if isinstance(weighed, Weighed):
                together.append((weighed, _reservation(wish, weighed, new_id(), series, now)))
            else:
                objections += _named(weighed, resource, request, several=series is not None)
        left_out += objections
        pending += () if objections else together
    if not pending or (left_out and not wish.free_ones):
        return Refused(left_out)
    for weighed, reservation in pending:
        weighed.displace(work, reservation, now)
        if not work.add_reservation(reservation):
            if len(pending) == 1 and not weighed.displaced:
                span = reservation.span
                return Refused((refuse(Code.BOOKING_OVERLAPS, starts=span.starts, ends=span.ends),))
            # It was free a moment ago: somebody else was quicker, and all of this is undone.
            raise StoreUnavailable("some of it was taken meanwhile; try again")
        awaiting = reservation.status is Status.AWAITING_APPROVAL
        log(work, EventKind.RESERVATION_AWAITS_APPROVAL if awaiting else EventKind.RESERVATION_MADE, reservation, now)
    for weighed, _ in pending:
        weighed.look_elsewhere(work, now)
    return Booked(made=tuple(reservation for _, reservation in pending), left_out=left_out)


def _reservation(wish: Wish, weighed: Weighed, id: str, series: str | None, now: datetime) -> Reservation:
    return Reservation(
        id=id, resource_id=weighed.resource.id, member_id=wish.member_id, span=weighed.span, created_at=now,
        purpose=wish.purpose, status=weighed.status, buffer=weighed.buffer, series_id=series, note=wish.note,
    )  # fmt: skip


def _named(
    found: tuple[Refusal, ...], resource: Resource, request: BookingRequest, *, several: bool
) -> tuple[Refusal, ...]:
    """Of several, which one is refused."""
    if not several:
        return found
    return tuple(
        replace(refusal, params={**refusal.params, "resource": resource.slug, "wanted": request.starts})
        for refusal in found
    )
