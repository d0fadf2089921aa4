"""``/equipe/demandes/{id}``: what somebody asked at a screen, its picture, and that it is settled."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from dashboard.dependencies import Asked, words_of
from dashboard.problems import Problem
from dashboard.rendering import page
from dashboard.staff.endpoints import Posted, field_of, secret_of
from dashboard.watch.deeds import after
from dashboard.watch.views import called
from gateway.domain.attention import Act
from gateway.service import help as asked_for

router = APIRouter(prefix="/equipe/demandes/{id}", include_in_schema=False)


@router.get("/vu")
def ask(request: Request, services: Asked, id: str) -> Response:
    """What was asked, and the button that settles it."""
    secret, words, views = secret_of(request), words_of(request), services.store.views()
    if secret is None:
        return page(request, "staff/enter.html", words=words, private=True, wrong=False)
    found = next((view for view in views.open_requests() if view.request.id == id), None)
    if found is None:
        return after(gone=True)
    view = views.resource(found.resource, services.clock.now()) if found.resource else None
    who = views.member(found.request.member_id) if found.request.member_id else None
    return page(
        request, "watch/request.html", words=words, private=True, asked=found.request, who=called(who),
        name=words.own(view.resource.names) if view else None, slug=found.resource, form_field=field_of(secret),
    )  # fmt: skip


@router.post("/vu", dependencies=[Posted])
def settle(services: Asked, id: str) -> Response:
    """Somebody of the team has gone, or has had a look."""
    known = services.store.views().help_request(id) if len(id) <= 64 else None
    if known is None or known.closed_at is not None:
        return after(gone=True)
    services.transact(lambda work, now: asked_for.close(work, id=id, now=now))
    return after(Act.CLOSE_HELP)


@router.get("/photo")
def photo(request: Request, services: Asked, id: str) -> Response:
    """The picture that came with a problem."""
    if secret_of(request) is None:
        raise Problem("forbidden")
    found = services.store.views().photo(id) if len(id) <= 64 else None
    if found is None:
        raise Problem("not_found")
    return Response(found.data, media_type=found.media_type, headers={"Cache-Control": "no-store"})
