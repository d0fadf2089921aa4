"""``/moi``: a member's home, what they give back, and the offers they answer."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from dashboard.accounts.viewer import Posted, SignedIn
from dashboard.booking.views import href, reasons
from dashboard.dependencies import Asked, Services, lab_of, words_of
from dashboard.member.views import home
from dashboard.rendering import page
from gateway.domain.booking import Reservation
from gateway.domain.refusals import Refused
from gateway.domain.sessions import State
from gateway.service import bookings_own, members

router = APIRouter(prefix="/moi", include_in_schema=False)

SAID = frozenset(
    {
        "attente",
        "annulee",
        "donnee",
        "rendue",
        "continue",
        "plus_la",
        "offre_prise",
        "offre_passee",
        "offre_refusee",
        "prenom_montre",
        "prenom_cache",
    }
)
Said = Annotated[str | None, Query(max_length=20)]


def go(path: str, **query: str) -> Response:
    """On to a page that says what was done; reloading it does nothing again."""
    return RedirectResponse(href(path, **query), status_code=303, headers={"Cache-Control": "no-store"})


@router.get("")
def own(request: Request, services: Asked, viewer: SignedIn, fait: Said = None) -> HTMLResponse:
    """What is theirs, what they may use, what they lack."""
    words, zone = words_of(request), ZoneInfo(lab_of(request).timezone)
    return page(
        request, "member/home.html", words=words, private=True, keep=True, home=home(services, viewer.member_id, zone, words),
        shows_name=_shows_name(services, viewer.member_id),
        said=fait if fait in SAID else None,
    )  # fmt: skip


def _shows_name(services: Services, member_id: str) -> bool:
    member = services.store.views().member(member_id)
    return member is not None and member.show_first_name


@router.post("/prenom")
def show_name(services: Asked, viewer: Posted, montrer: Annotated[str, Form(max_length=1)] = "") -> Response:
    """Whether their first name may stand where others see it: theirs to say."""
    services.transact(lambda work, now: members.show_name(work, id=viewer.member_id, shown=bool(montrer), now=now))
    return go("/moi", fait="prenom_montre" if montrer else "prenom_cache")


@router.post("/machines/{slug}/rendre")
def give_back(services: Asked, viewer: Posted, slug: str) -> Response:
    """Give the machine back."""
    after = services.transact(
        lambda work, now: bookings_own.give_back(work, resource=slug, member_id=viewer.member_id, now=now)
    )
    if after is None:
        return go("/moi", fait="plus_la")
    return go("/moi", fait="rendue" if after.state is State.CLOSED else "continue")


@router.post("/offres/{id}/accepter")
def accept(request: Request, services: Asked, viewer: Posted, id: str) -> Response:
    """Take what is offered; refused with every reason."""
    made = services.transact(
        lambda work, now: bookings_own.accept_offer(work, id=id, member_id=viewer.member_id, now=now)
    )
    if isinstance(made, Reservation):
        return go(f"/moi/reservations/{made.id}", fait="offre")
    if isinstance(made, Refused):
        words, request.state.here = words_of(request), "/moi"
        told = reasons(made.refusals, words, services.store.views().next_sessions(services.clock.now()))
        return page(request, "member/refused.html", status=409, private=True, reasons=told, over=None, back="/moi")
    return go("/moi", fait="offre_passee")


@router.post("/offres/{id}/refuser")
def refuse(services: Asked, viewer: Posted, id: str) -> Response:
    """Not taken: the next in line is asked."""
    services.transact(lambda work, now: bookings_own.leave_line(work, id=id, member_id=viewer.member_id, now=now))
    return go("/moi", fait="offre_refusee")
