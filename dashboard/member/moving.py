"""``/moi/offres/{id}``: another machine or another time for a booking that lost its place, taken with one press."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse, Response

from dashboard.accounts.viewer import Posted, SignedIn
from dashboard.booking.views import read_stamp, reasons, stamp
from dashboard.dependencies import Asked, words_of
from dashboard.member.endpoints import go
from dashboard.problems import Problem
from dashboard.rendering import page
from gateway.domain.booking import Reservation
from gateway.domain.refusals import Refused
from gateway.service import bookings_own

router = APIRouter(prefix="/moi/offres", include_in_schema=False)

Id = Annotated[str, Path(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


@router.get("/{id}")
def places(request: Request, services: Asked, viewer: SignedIn, id: Id) -> HTMLResponse:
    """The few that are nearest to what was booked; nothing is held meanwhile."""
    found = services.transact(
        lambda work, now: bookings_own.other_places(work, id=id, member_id=viewer.member_id, now=now)
    )
    if found is None:
        raise Problem("not_found")
    held, choices = found
    names = {each.id: each.names for each in services.store.views().resources()}
    return page(
        request, "member/moving.html", private=True, held=held, of=names[held.resource_id],
        choices=[(names[each.resource_id], each, stamp(each.span.starts)) for each in choices],
    )  # fmt: skip


@router.post("/{id}/prendre")
def take(
    request: Request, services: Asked, viewer: Posted, id: Id, machine: Annotated[str, Form(max_length=64)] = "",
    debut: Annotated[str, Form(max_length=20)] = "",
) -> Response:  # fmt: skip
    """Move the booking there; pressed twice it has moved once."""
    starts = read_stamp(debut)
    if starts is None:
        raise Problem("invalid")
    made = services.transact(
        lambda work, now: bookings_own.take_other_place(
            work, id=id, member_id=viewer.member_id, resource=machine, starts=starts, now=now
        )
    )
    if isinstance(made, Reservation):
        return go(f"/moi/reservations/{made.id}", fait="offre")
    if isinstance(made, Refused):
        words, back = words_of(request), f"/moi/offres/{id}"
        request.state.here = back
        told = reasons(made.refusals, words, {})
        return page(request, "member/refused.html", status=409, private=True, reasons=told, over=None, back=back)
    return go("/moi", fait="offre_passee")
