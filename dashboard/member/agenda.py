"""``/moi/agenda``: the secret address of a member's own calendar: made, shown once, taken back."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from dashboard.accounts.viewer import Posted, SignedIn
from dashboard.calendar.links import new_address
from dashboard.dependencies import Asked, Services
from dashboard.member.endpoints import Said, go
from dashboard.problems import Problem
from dashboard.rendering import page
from gateway.service import calendars

router = APIRouter(prefix="/moi/agenda", include_in_schema=False)


@router.get("")
def one(request: Request, services: Asked, viewer: SignedIn, fait: Said = None) -> HTMLResponse:
    """Whether there is an address; it is not shown again."""
    return _page(request, services, viewer.member_id, said="agenda_retire" if fait == "agenda_retire" else None)


def _page(
    request: Request, services: Services, member_id: str, *, address: str | None = None, said: str | None = None
) -> HTMLResponse:
    link = services.store.views().calendar_link(member_id)
    return page(request, "member/agenda.html", private=True, link=link, address=address, said=said)


@router.post("")
def make(request: Request, services: Asked, viewer: Posted) -> HTMLResponse:
    """A new address; the one before opens nothing any more."""
    made = new_address(request, services, viewer.member_id)
    if made is None:
        raise Problem("not_found")
    request.state.here = "/moi/agenda"
    return _page(request, services, viewer.member_id, address=made.address)


@router.post("/retirer")
def revoke(services: Asked, viewer: Posted) -> Response:
    """No address opens it; twice changes nothing more."""
    services.transact(lambda work, now: calendars.revoke_link(work, member_id=viewer.member_id, now=now))
    return go("/moi/agenda", fait="agenda_retire")
