"""A member's secret calendar address, and one booking as a file."""

from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import Field

from dashboard.api.common import IdInPath, Shape, Staff, problems
from dashboard.calendar.answers import booking_file
from dashboard.calendar.links import new_address
from dashboard.dependencies import Asked
from dashboard.problems import Problem
from gateway.service import calendars

router = APIRouter(tags=["calendars"])


class LinkShape(Shape):
    """Whether a member's calendar can be read by its secret address."""

    active: bool
    made_at: datetime | None


class NewLink(LinkShape):
    """A new address, told this once."""

    address: str = Field(
        description="Whoever has it can read this member's bookings, until it is made anew or revoked."
    )


@router.get("/members/{id}/calendar", operation_id="getCalendarLink", responses=problems(403, 404))
def one(services: Asked, staff: Staff, id: IdInPath) -> LinkShape:
    """Whether there is an address; it is not told again."""
    views = services.store.views()
    if views.member(id) is None:
        raise Problem("not_found")
    link = views.calendar_link(id)
    return LinkShape(active=link is not None, made_at=link.made_at if link else None)


@router.post("/members/{id}/calendar", operation_id="makeCalendarLink", status_code=201, responses=problems(403, 404))
def make(request: Request, services: Asked, staff: Staff, id: IdInPath) -> NewLink:
    """A secret address for the member's own calendar; the one before opens nothing any more."""
    made = new_address(request, services, id)
    if made is None:
        raise Problem("not_found")
    return NewLink(active=True, made_at=made.link.made_at, address=made.address)


@router.delete(
    "/members/{id}/calendar", operation_id="revokeCalendarLink", status_code=204, responses=problems(403, 404)
)
def revoke(services: Asked, staff: Staff, id: IdInPath) -> None:
    """No address opens the member's calendar; doing it twice changes nothing more."""
    if not services.transact(lambda work, now: calendars.revoke_link(work, member_id=id, now=now)):
        raise Problem("not_found")


@router.get(
    "/reservations/{id}/calendar", operation_id="getReservationFile", response_class=Response,
    responses={**problems(403, 404), 200: {"description": "iCalendar", "content": {"text/calendar": {}}}},
)  # fmt: skip
def file(request: Request, services: Asked, staff: Staff, id: IdInPath) -> Response:
    """One reservation to put into a calendar. Taken again after a change, it replaces the first."""
    found = services.store.views().booked(id)
    if found is None:
        raise Problem("not_found")
    return booking_file(request, found)
