"""``/equipe/ateliers/{id}/saisie``: the paper list typed in, by the team or by whoever leads the workshop."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from dashboard.accounts.cookie import form_token, same_token, secret_in
from dashboard.accounts.viewer import viewer_of
from dashboard.admin.common import Told
from dashboard.admin.rights import granter_of
from dashboard.dependencies import Asked, Services, services_of, words_of
from dashboard.problems import Problem, SignInNeeded
from dashboard.rendering import page
from dashboard.staff import paper_form
from dashboard.staff.endpoints import secret_of
from gateway.domain.granting import Granter
from gateway.domain.refusals import Refusal, Refused
from gateway.domain.roles import May
from gateway.ports.views_workshops import PlaceView, WorkshopView
from gateway.service import workshops_attendance
from gateway.service.workshops_attendance import Given
from gateway.wording import Words

router = APIRouter(prefix="/equipe/ateliers/{id}", include_in_schema=False)

SAID = frozenset({"saisie", "habilite"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Whoever may type in this list: the team, or its trainer in person, who may give only what they hold."""

    view: WorkshopView
    secret: str
    granter: Granter
    team: bool


def door(request: Request, id: Annotated[str, Path(max_length=64)]) -> Door:
    """Let in the team and the trainer of this workshop."""
    view, viewer, secret = services_of(request).store.views().workshop(id), viewer_of(request), secret_of(request)
    own = (
        viewer is not None
        and viewer.may(May.TEACH)
        and view is not None
        and view.workshop.trainer_id == viewer.member_id
    )
    granter = granter_of(request)
    if secret is None and own and viewer is not None:
        secret, granter = secret_in(request), Granter(label=viewer.first_name, member_id=viewer.member_id, team=False)
    if secret is None and viewer is None:
        raise SignInNeeded
    if secret is None:
        raise Problem("forbidden", detail=words_of(request)("account.not_allowed"))
    if view is None:
        raise Problem("not_found")
    return Door(view=view, secret=secret, granter=granter, team=secret_of(request) is not None)


def posted(request: Request, told: Told, door: Annotated[Door, Depends(door)]) -> Door:
    """The same for a form of this browser's own page."""
    if not same_token(door.secret, told.get("form_token", "")):
        raise Problem("forbidden", detail=words_of(request)("account.stale_form"))
    return door


@router.get("/saisie")
def sheet(
    request: Request, services: Asked, door: Annotated[Door, Depends(door)],
    fait: Annotated[str | None, Query(max_length=20)] = None,
) -> HTMLResponse:  # fmt: skip
    """The list, as it is known so far."""
    return _sheet(request, services, door, said=fait if fait in SAID else None)


@router.post("/saisie")
def type_in(request: Request, services: Asked, told: Told, door: Annotated[Door, Depends(posted)]) -> Response:
    """Each good line is kept, each other one says why not and stays as typed. Sent twice, nothing changes twice."""
    id, words = door.view.workshop.id, words_of(request)  # noqa: A001
    typed = paper_form.read(told, services.store.views().places(id))
    answers = services.transact(
        lambda work, now: workshops_attendance.type_in(
            work, workshop_id=id, rows=typed.rows.values(), ids=services.ids, now=now
        )
    )
    wrong: dict[str, tuple[str, ...]] = {line: (words(key),) for line, key in typed.unreadable.items()}
    for line, answer in zip(typed.rows, answers or (), strict=True):
        if answer.refusals:
            wrong[line] = _why(answer.refusals, words)
    return _sheet(request, services, door, told=told, wrong=wrong) if wrong else _go(id, "saisie")


@router.post("/habiliter")
def pass_those(request: Request, services: Asked, door: Annotated[Door, Depends(posted)]) -> Response:
    """Everybody who passed, and has an account, gets the right that it leads to; doing it twice changes nothing more."""
    id, words = door.view.workshop.id, words_of(request)  # noqa: A001
    chosen = frozenset(view.place.id for view in services.store.views().places(id) if _to_qualify(view))
    answers = services.transact(
        lambda work, now: workshops_attendance.pass_present(
            work, workshop_id=id, chosen=chosen, granter=door.granter, ids=services.ids, now=now
        )
    )
    if isinstance(answers, Refused):
        return _sheet(request, services, door, wrong={"": _why(answers.refusals, words)})
    wrong = {one.place_id: _why(one.refusals, words) for one in answers or () if one.outcome is Given.REFUSED}
    return _sheet(request, services, door, wrong=wrong) if wrong else _go(id, "habilite")


def _to_qualify(view: PlaceView) -> bool:
    place = view.place
    return bool(place.passed) and place.member_id is not None and place.qualification_id is None


def _why(refusals: tuple[Refusal, ...], words: Words) -> tuple[str, ...]:
    said = [words.say(refusal.code, refusal.params) for refusal in refusals]
    return tuple(f"{one.title} {one.sentence}".strip() for one in said)


def _go(id: str, said: str) -> Response:
    return RedirectResponse(
        f"/equipe/ateliers/{id}/saisie?fait={said}", status_code=303, headers={"Cache-Control": "no-store"}
    )


def _sheet(
    request: Request, services: Services, door: Door, *, said: str | None = None,
    told: Mapping[str, str] | None = None, wrong: Mapping[str, tuple[str, ...]] | None = None,
) -> HTMLResponse:  # fmt: skip
    views, words, told, wrong = services.store.views(), words_of(request), told or {}, wrong or {}
    id = door.view.workshop.id  # noqa: A001
    places = views.places(id)
    request.state.here = f"/equipe/ateliers/{id}/saisie"
    kept = {} if paper_form.CLASS not in wrong else told
    return page(
        request, "staff/paper.html", words=words, status=422 if wrong else 200, private=True, view=door.view,
        team=door.team, form_token=form_token(door.secret), said=said, wrong=wrong, told=told,
        lines=paper_form.lines(places, words, told, wrong), extra=range(1, paper_form.NEW_LINES + 1),
        class_told=kept, class_bands=paper_form.bands(paper_form.CLASS, words, kept),
        qualify=sum(_to_qualify(view) for view in places) if door.view.workshop.training else 0,
        used=views.hours_of_workshop(id),
    )  # fmt: skip
