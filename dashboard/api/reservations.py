"""Reservations: when a resource is held, for whom, and what becomes of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from dashboard.api.common import (
    Anyone,
    Caller,
    Cursor,
    IdInPath,
    Limit,
    Moment,
    OfResource,
    PageOf,
    Staff,
    problems,
    rows,
)
from dashboard.api.reservations_shapes import (
    Answer,
    BookedShape,
    Booking,
    Bookings,
    Following,
    Gift,
    Move,
    ReservationShape,
    reservation_shape,
)
from dashboard.dependencies import Asked, Services, words_of
from dashboard.problems import Problem, refused, told
from gateway.domain.booking import Reservation
from gateway.domain.refusals import Refused
from gateway.ports.store import Work
from gateway.service import bookings, bookings_changes

router = APIRouter(prefix="/reservations", tags=["reservations"])


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
    """Hold a resource for a member, a visitor or maintenance; refused with every reason, an overlap among them."""
    one = bookings.Wish(resources=(wish.resource,), **wish.model_dump(exclude={"resource"}))
    return reservation_shape(request, _booked(request, services, one).made[0], staff)


@router.post("/together", operation_id="bookTogether", status_code=201, responses=problems(400, 403, 404, 409))
def together(request: Request, services: Asked, staff: Staff, wish: Bookings) -> BookedShape:
    """Hold several resources together, or again and again; each clash is named, with its resource and `wanted` time."""
    several = bookings.Wish(resources=tuple(wish.resources), **wish.model_dump(exclude={"resources"}))
    booked = _booked(request, services, several)
    return BookedShape(
        made=[reservation_shape(request, held, staff) for held in booked.made],
        left_out=[told(refusal, words_of(request)) for refusal in booked.left_out],
    )


@router.patch("/{id}", operation_id="moveReservation", responses=problems(400, 403, 404, 409))
def move(request: Request, services: Asked, staff: Staff, id: IdInPath, wish: Move) -> ReservationShape:
    """Move, shorten or extend; refused with every reason, and then it stays as it was."""
    said = wish.model_dump(exclude_none=True)
    return _changed(request, services, staff, lambda work, now: bookings_changes.move(work, id=id, now=now, **said))


@router.post("/{id}/give", operation_id="giveReservation", responses=problems(400, 403, 404, 409))
def give(request: Request, services: Asked, staff: Staff, id: IdInPath, gift: Gift) -> ReservationShape:
    """Give it to another member, if the rules allow it to them."""
    return _changed(
        request, services, staff,
        lambda work, now: bookings_changes.give(work, id=id, member_id=gift.member_id, now=now),
    )  # fmt: skip


@router.post("/{id}/approve", operation_id="approveReservation", responses=problems(403, 404, 409))
def approve(request: Request, services: Asked, staff: Staff, id: IdInPath) -> ReservationShape:
    """Yes to one that awaits approval; doing it twice changes nothing more."""
    return _changed(request, services, staff, lambda work, now: bookings_changes.approve(work, id=id, now=now))


@router.post("/{id}/decline", operation_id="declineReservation", responses=problems(400, 403, 404, 409))
def decline(
    request: Request, services: Asked, staff: Staff, id: IdInPath, answer: Answer | None = None
) -> ReservationShape:
    """No to one that awaits approval: its span is free again."""
    reason = answer.reason if answer else None
    return _changed(
        request, services, staff, lambda work, now: bookings_changes.decline(work, id=id, reason=reason, now=now)
    )


@router.post("/{id}/cancel", operation_id="cancelReservation", responses=problems(400, 403, 404, 409))
def cancel(
    request: Request, services: Asked, staff: Staff, id: IdInPath, much: Following | None = None
) -> ReservationShape:
    """Free the span; doing it twice changes nothing more."""
    following = much is not None and much.following
    return _changed(
        request, services, staff, lambda work, now: bookings_changes.cancel(work, id=id, following=following, now=now)
    )


@router.post("/series/{id}/cancel", operation_id="cancelSeries", responses=problems(403))
def cancel_series(request: Request, services: Asked, staff: Staff, id: IdInPath) -> list[ReservationShape]:
    """Free all of a series that is not over; those that were freed."""
    freed = services.transact(lambda work, now: bookings_changes.cancel_series(work, series_id=id, now=now))
    return [reservation_shape(request, held, staff) for held in freed]


def _booked(request: Request, services: Services, wish: bookings.Wish) -> bookings.Booked:
    made = services.transact(lambda work, now: bookings.reserve(work, wish, services.ids.new, now))
    if made is None:
        raise Problem("not_found")
    if isinstance(made, Refused):
        raise refused(made.refusals, words_of(request))
    return made


def _changed(
    request: Request, services: Services, staff: Caller,
    change: Callable[[Work, datetime], Reservation | Refused | None],
) -> ReservationShape:  # fmt: skip
    held = services.transact(change)
    if held is None:
        raise Problem("not_found")
    if isinstance(held, Refused):
        raise refused(held.refusals, words_of(request))
    return reservation_shape(request, held, staff)
