"""``/equipe/ateliers``: the workshops to come, and the attendance list of each, on paper."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from dashboard.dependencies import Asked, words_of
from dashboard.problems import Problem
from dashboard.rendering import page
from dashboard.staff.endpoints import secret_of
from gateway.domain.workshops import PlaceState

router = APIRouter(prefix="/equipe/ateliers", include_in_schema=False)

SINCE = timedelta(days=14)
"""Lists of workshops that are over are still needed for typing in."""
LISTED = 100
SAID = frozenset({"prevu", "change", "annule"})
MOST_EMPTY = 12
"""Lines for people who come by without a place."""


@router.get("")
def every(
    request: Request, services: Asked, fait: Annotated[str | None, Query(max_length=20)] = None,
    combien: Annotated[int, Query(ge=1, le=1000)] = 1,
) -> HTMLResponse:  # fmt: skip
    """Workshops of the last days and to come, each with its list."""
    if secret_of(request) is None:
        return page(request, "staff/enter.html", private=True, wrong=False)
    since = services.clock.now() - SINCE
    found = services.store.views().workshops(limit=LISTED, cursor=None, starts=since)
    return page(
        request,
        "staff/workshops.html",
        private=True,
        workshops=found.rows,
        said=fait if fait in SAID else None,
        many=combien,
    )


@router.get("/{id}")
def paper_list(request: Request, services: Asked, id: str) -> HTMLResponse:
    """The list to print: who is expected, who waits, and empty lines while there are seats."""
    if secret_of(request) is None:
        return page(request, "staff/enter.html", private=True, wrong=False)
    views, words = services.store.views(), words_of(request)
    view = views.workshop(id)
    if view is None:
        raise Problem("not_found")
    places = views.places(id)
    trainer = views.member(view.workshop.trainer_id)
    taken = [
        words.own(one.resource.names) for slug in view.resources if (one := views.resource(slug, services.clock.now()))
    ]
    return page(
        request, "staff/workshop_list.html", words=words, private=True, view=view, trainer=trainer, taken=taken,
        enrolled=[line for line in places if line.place.state is PlaceState.ENROLLED],
        waiting=[line for line in places if line.place.state in (PlaceState.OFFERED, PlaceState.WAITING)],
        empty=min(view.seats_left, MOST_EMPTY),
    )  # fmt: skip
