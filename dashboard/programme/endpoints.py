"""``/ateliers``: what is to come, for everybody; a place in it, for whoever is signed in."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse, Response

from dashboard.accounts.viewer import MaybeViewer, Posted, Viewer
from dashboard.booking.views import reasons
from dashboard.dependencies import Asked, Services, words_of
from dashboard.member.endpoints import Said, go
from dashboard.problems import Problem
from dashboard.rendering import page
from gateway.domain.refusals import Refused
from gateway.domain.workshops import OPEN, Place, PlaceState
from gateway.ports.store import Work
from gateway.ports.views_member import OwnPlace
from gateway.ports.views_workshops import WorkshopView
from gateway.service import workshops_own

router = APIRouter(prefix="/ateliers", include_in_schema=False)

Id = Annotated[str, Path(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
LISTED = 60
SAID = frozenset({"inscrit", "attente", "annule"})


@router.get("")
def every(request: Request, services: Asked, viewer: MaybeViewer) -> HTMLResponse:
    """Everything that is to come."""
    views, now = services.store.views(), services.clock.now()
    found = views.workshops(limit=LISTED, cursor=None, starts=now, upcoming=True)
    mine = {one.place.workshop_id: one for one in views.places_of(viewer.member_id, now)} if viewer else {}
    return page(request, "programme/list.html", workshops=found.rows, mine=mine, trainings=_trainings(services))


def _trainings(services: Services) -> dict[str, dict[str, str]]:
    return {training.slug: training.names for training in services.store.views().trainings()}


@router.get("/{id}")
def one(request: Request, services: Asked, viewer: MaybeViewer, id: Id, fait: Said = None) -> HTMLResponse:
    """One workshop, and one's place in it."""
    view = _found(services, id)
    return page(
        request, "programme/workshop.html", private=viewer is not None, view=view, mine=_mine(services, viewer, view),
        trainings=_trainings(services), said=fait if fait in SAID else None,
        open=view.workshop.state in OPEN and view.workshop.span.ends > services.clock.now(),
    )  # fmt: skip


def _found(services: Services, id: str) -> WorkshopView:
    view = services.store.views().workshop(id)
    if view is None:
        raise Problem("not_found")
    return view


def _mine(services: Services, viewer: Viewer | None, view: WorkshopView) -> OwnPlace | None:
    if viewer is None:
        return None
    found = services.store.views().places_of(viewer.member_id, view.workshop.span.starts)
    return next((one for one in found if one.place.workshop_id == view.workshop.id), None)


@router.post("/{id}/inscription")
def enrol(request: Request, services: Asked, viewer: Posted, id: Id) -> Response:
    """Take a seat, or a place in the line; twice is as good as once."""
    new = services.ids.new()
    return _changed(
        request, services, id,
        lambda work, now: workshops_own.enrol(work, id=new, workshop_id=id, member_id=viewer.member_id, now=now),
    )  # fmt: skip


@router.post("/{id}/accepter")
def accept(request: Request, services: Asked, viewer: Posted, id: Id) -> Response:
    """Take the seat that is offered."""
    return _changed(
        request, services, id,
        lambda work, now: workshops_own.accept(work, workshop_id=id, member_id=viewer.member_id, now=now),
    )  # fmt: skip


@router.post("/{id}/annuler")
def leave(request: Request, services: Asked, viewer: Posted, id: Id) -> Response:
    """Give one's place back."""
    return _changed(
        request, services, id,
        lambda work, now: workshops_own.leave(work, workshop_id=id, member_id=viewer.member_id, now=now),
    )  # fmt: skip


def _changed(
    request: Request, services: Services, id: str, change: Callable[[Work, datetime], Place | Refused | None]
) -> Response:
    made = services.transact(change)
    if made is None:
        raise Problem("not_found")
    if isinstance(made, Refused):
        told = reasons(made.refusals, words_of(request), {})
        back = request.state.here = f"/ateliers/{id}"
        return page(request, "member/refused.html", status=409, private=True, reasons=told, over=None, back=back)
    said = {PlaceState.ENROLLED: "inscrit", PlaceState.WAITING: "attente"}.get(made.state, "annule")
    return go(f"/ateliers/{id}", fait=said)
