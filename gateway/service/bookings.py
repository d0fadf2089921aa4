"""Reservations: asked for, put to the rules, then to the database, which alone can refuse an overlap for good."""

from datetime import datetime

from gateway.domain.booking import Reservation, check_booking
from gateway.domain.events import Event, EventKind
from gateway.domain.refusals import Code, Refused, refuse
from gateway.domain.timespan import Span
from gateway.ports.store import Work


def book(
    work: Work, *, id: str, resource: str, member_id: str, starts: datetime, ends: datetime, now: datetime
) -> Reservation | Refused | None:
    """Reserve ``[starts, ends)`` for a member; None when there is no such resource or member."""
    target, member = work.resource(resource), work.member(member_id)
    if target is None or member is None:
        return None
    objections = check_booking(
        starts=starts, ends=ends, now=now, out_of_service=target.out_of_service, member_active=member.active
    )
    if objections:
        return Refused(objections)
    reservation = Reservation(
        id=id, resource_id=target.id, member_id=member.id, span=Span(starts, ends), created_at=now
    )
    if not work.add_reservation(reservation):
        return Refused((refuse(Code.BOOKING_OVERLAPS, starts=starts, ends=ends),))
    _log(work, EventKind.RESERVATION_MADE, reservation, now)
    return reservation


def cancel(work: Work, *, id: str, now: datetime) -> Reservation | None:
    """Free the span; None when there is no such reservation. Cancelling twice changes nothing more."""
    reservation = work.reservation(id)
    if reservation is None or reservation.cancelled_at is not None:
        return reservation
    work.cancel_reservation(id, now)
    _log(work, EventKind.RESERVATION_CANCELLED, reservation, now)
    return work.reservation(id)


def _log(work: Work, kind: EventKind, reservation: Reservation, now: datetime) -> None:
    span = reservation.span
    event = Event(
        kind=kind,
        at=now,
        resource_id=reservation.resource_id,
        member_id=reservation.member_id,
        data={"reservation": reservation.id, "starts": span.starts.isoformat(), "ends": span.ends.isoformat()},
    )
    work.append(work.site_id(), [event])
