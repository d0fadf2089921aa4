"""What becomes of a reservation: moved, given to somebody else, approved, declined, cancelled."""

from datetime import datetime, timedelta

from gateway.domain.booking import HOLDING, Purpose, Reservation, Status
from gateway.domain.booking_rules import BookingRequest
from gateway.domain.events import EventKind
from gateway.domain.people import Member
from gateway.domain.refusals import Code, Refusal, Refused, refuse
from gateway.domain.resources import Resource
from gateway.ports.store import Work
from gateway.service.bookings_weigh import Weighed, log, weigh


def move(
    work: Work, *, id: str, now: datetime, starts: datetime | None = None, ends: datetime | None = None,
    zone: str | None = None, resource: str | None = None,
) -> Reservation | Refused | None:  # fmt: skip
    """Move, shorten or extend; what is not said stays. None when there is no such reservation or resource."""
    held, fixed = _changeable(work, id, now)
    target = work.resource(resource) if resource is not None else _resource_of(work, held)
    if held is None or target is None:
        return None
    if fixed:
        return Refused((fixed,))
    request = BookingRequest(
        starts=starts or held.span.starts, ends=ends or held.span.ends, zone=zone, purpose=held.purpose,
        before=held.span if target.id == held.resource_id else None,
    )  # fmt: skip
    member = work.member(held.member_id) if held.member_id else None
    weighed = weigh(work, target, member, request, now, own=held)
    if not isinstance(weighed, Weighed):
        return Refused(weighed)
    span = weighed.span
    if (target.id, span) == (held.resource_id, held.span):
        return held
    shorter = target.id == held.resource_id and held.span.starts <= span.starts and span.ends <= held.span.ends
    status = held.status if shorter else weighed.status
    moved = held.changed(now, resource_id=target.id, span=span, buffer=weighed.buffer, status=status)
    weighed.displace(work, moved, now)
    if not work.save_reservation(moved):
        return Refused((refuse(Code.BOOKING_OVERLAPS, starts=span.starts, ends=span.ends),))
    before = {"was_starts": held.span.starts.isoformat(), "was_ends": held.span.ends.isoformat()}
    log(work, EventKind.RESERVATION_MOVED, moved, now, **before, status=moved.status.value)
    weighed.look_elsewhere(work, now)
    return moved


def give(work: Work, *, id: str, member_id: str, now: datetime) -> Reservation | Refused | None:
    """Another member comes instead, if they may; None when there is no such reservation or member."""
    held, fixed = _changeable(work, id, now)
    member = work.member(member_id)
    target = _resource_of(work, held)
    if held is None or member is None or target is None:
        return None
    if fixed:
        return Refused((fixed,))
    if held.member_id == member.id:
        return held
    weighed = _for_another(work, held, target, member, now)
    if not isinstance(weighed, Weighed):
        return Refused(weighed)
    given = held.changed(now, member_id=member.id)
    work.save_reservation(given)
    log(work, EventKind.RESERVATION_GIVEN, held, now)
    log(work, EventKind.RESERVATION_RECEIVED, given, now)
    return given


def _for_another(
    work: Work, held: Reservation, target: Resource, member: Member, now: datetime
) -> Weighed | tuple[Refusal, ...]:
    request = BookingRequest(
        starts=held.span.starts, ends=held.span.ends, purpose=held.purpose, before=held.span, another=True
    )
    return weigh(work, target, member, request, now, own=held)


def approve(work: Work, *, id: str, now: datetime) -> Reservation | Refused | None:
    """An awaiting one stands from here on; None when there is no such reservation."""
    held, fixed = _changeable(work, id, now)
    if held is None:
        return None
    if held.status is Status.STANDING:
        return held
    if fixed:
        return Refused((fixed,))
    approved = held.changed(now, status=Status.STANDING)
    work.save_reservation(approved)
    log(work, EventKind.RESERVATION_APPROVED, approved, now)
    return approved


def decline(work: Work, *, id: str, reason: str | None, now: datetime) -> Reservation | Refused | None:
    """No to an awaiting one: its span is free again; None when there is no such reservation."""
    held = work.reservation(id)
    if held is None or held.status is Status.DECLINED:
        return held
    if held.status is not Status.AWAITING_APPROVAL:
        return Refused((refuse(Code.BOOKING_NOT_AWAITING),))
    work.cancel_reservation(id, now, Status.DECLINED)
    log(work, EventKind.RESERVATION_DECLINED, held, now, reason=reason)
    return work.reservation(id)


def cancel(work: Work, *, id: str, now: datetime, following: bool = False) -> Reservation | Refused | None:
    """Free the span, or it and the ``following`` ones of its series; None when there is no such reservation.

    Cancelling twice changes nothing more. What a workshop holds goes with the workshop only.
    """
    held = work.reservation(id)
    if held is None:
        return None
    if held.purpose is Purpose.WORKSHOP:
        return Refused((refuse(Code.BOOKING_OF_A_WORKSHOP),))
    series = work.reservations_in(held.series_id) if following and held.series_id else ()
    for one in (held, *(later for later in series if later.id != id and later.span.starts >= held.span.starts)):
        if one.cancelled_at is None:
            _cancel(work, one, now)
    return work.reservation(id)


def cancel_series(work: Work, *, series_id: str, now: datetime) -> tuple[Reservation, ...]:
    """Free all of a series that has not ended; those that were freed."""
    coming = tuple(held for held in work.reservations_in(series_id) if held.span.ends > now)
    for held in coming:
        _cancel(work, held, now)
    return coming


def _cancel(work: Work, held: Reservation, now: datetime) -> None:
    minutes = work.policies(held.resource_id).booking.late_cancel_minutes
    late = minutes is not None and held.span.starts - now < timedelta(minutes=minutes)
    work.cancel_reservation(held.id, now)
    log(work, EventKind.RESERVATION_CANCELLED, held, now, late=late)


def _changeable(work: Work, id: str, now: datetime) -> tuple[Reservation | None, Refusal | None]:
    """The reservation, and why it can no longer change."""
    held = work.reservation(id)
    if held is None:
        return None, None
    if held.purpose is Purpose.WORKSHOP:
        return held, refuse(Code.BOOKING_OF_A_WORKSHOP)
    over = held.status not in HOLDING or held.span.ends <= now
    return held, refuse(Code.BOOKING_OVER, ends=held.span.ends) if over else None


def _resource_of(work: Work, held: Reservation | None) -> Resource | None:
    facts = work.facts_for(held.resource_id) if held else None
    return facts.resource if facts else None
