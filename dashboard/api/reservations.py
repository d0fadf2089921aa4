"""Reservations: when a resource is held."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from dashboard.api.common import (
    Anyone,
    Caller,
    Cursor,
    Id,
    IdInPath,
    Limit,
    Moment,
    OfResource,
    PageOf,
    Shape,
    Slug,
    Staff,
    Wish,
    problems,
    rows,
    slug_of,
)
from dashboard.dependencies import Asked, words_of
from dashboard.problems import Problem, refused
from gateway.domain.booking import Reservation
from gateway.domain.refusals import Refused
from gateway.service import bookings

router = APIRouter(prefix="/reservations", tags=["reservations"])


class ReservationShape(Shape):
    """A hold on a resource, ``[starts, ends)``."""

    id: str
    resource: str | None
    member_id: str | None
    starts: datetime
    ends: datetime
    created_at: datetime
    cancelled_at: datetime | None


class Booking(Wish):
    """Which resource, for whom, from when to when."""

    resource: Slug
    member_id: Id
    starts: Moment
    ends: Moment


def reservation_shape(request: Request, held: Reservation, caller: Caller) -> ReservationShape:
    """A reservation as this caller may read it."""
    return ReservationShape(
        id=held.id, resource=slug_of(request, held.resource_id),
        member_id=held.member_id if caller.sees_members else None, starts=held.span.starts, ends=held.span.ends,
        created_at=held.created_at, cancelled_at=held.cancelled_at,
    )  # fmt: skip


@router.get("", operation_id="listReservations", responses=problems())
def every(
    request: Request, response: Response, services: Asked, caller: Anyone, limit: Limit = 50, cursor: Cursor = None,
    resource: OfResource = None, starts: Annotated[Moment | None, Query(description="Those that end after it.")] = None,
    ends: Annotated[Moment | None, Query(description="Those that start before it.")] = None,
) -> PageOf[ReservationShape]:  # fmt: skip
    """Standing reservations, soonest first."""
    views = services.store.views()
    return rows(
        request, response,
        lambda: views.reservations(limit=limit, cursor=cursor, resource=resource, starts=starts, ends=ends),
        lambda held: reservation_shape(request, held, caller),
    )  # fmt: skip


@router.post("", operation_id="book", status_code=201, responses=problems(400, 403, 404, 409))
def book(request: Request, services: Asked, staff: Staff, wish: Booking) -> ReservationShape:
    """Hold a resource for a member; refused with every reason, an overlap among them."""
    new = services.ids.new()
    made = services.transact(
        lambda work, now: bookings.book(
            work, id=new, resource=wish.resource, member_id=wish.member_id, starts=wish.starts, ends=wish.ends, now=now
        )
    )
    if made is None:
        raise Problem("not_found")
    if isinstance(made, Refused):
        raise refused(made.refusals, words_of(request))
    return reservation_shape(request, made, staff)


@router.post("/{id}/cancel", operation_id="cancelReservation", responses=problems(403, 404))
def cancel(request: Request, services: Asked, staff: Staff, id: IdInPath) -> ReservationShape:
    """Free the span; doing it twice changes nothing more."""
    held = services.transact(lambda work, now: bookings.cancel(work, id=id, now=now))
    if held is None:
        raise Problem("not_found")
    return reservation_shape(request, held, staff)
