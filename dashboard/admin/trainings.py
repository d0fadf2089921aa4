"""``/equipe/formations``: what opens the machines, for how long, and who may give it."""

from collections import defaultdict
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from dashboard.admin.common import FormToken, Said, Told, admin_page, because, go
from dashboard.admin.members_forms import Typed
from dashboard.admin.members_views import full_name
from dashboard.api.trainings import NewTraining
from dashboard.dependencies import Asked, Services, words_of
from dashboard.problems import Problem
from dashboard.staff.endpoints import Posted
from gateway.domain.refusals import Refused
from gateway.domain.training import Training
from gateway.service import trainings as service
from gateway.wording import Words

router = APIRouter(prefix="/equipe/formations", include_in_schema=False)

NUMBERS = ("validity_days", "unused_days", "minutes", "refresher_minutes", "retention_years")
FOUND = 10


def typed_of(training: Training) -> Typed:
    """The form as the training stands."""
    told = {name: str(getattr(training, name) or "") for name in NUMBERS}
    told |= {
        "slug": training.slug, "name_fr": training.names.get("fr", ""), "name_en": training.names.get("en", ""),
        "yearly_until": str(training.yearly_until or ""), "prerequisites": " ".join(training.prerequisites),
    }  # fmt: skip
    return Typed(told=told)


def wish_in(told: dict[str, str], chosen: list[str], before: Training | None) -> NewTraining:
    """What is wished, by the API's own rules; ValidationError for what cannot be."""
    wish: dict[str, Any] = {"slug": before.slug if before else told.get("slug", "").strip(), "prerequisites": chosen}
    wish["names"] = {"fr": told.get("name_fr", ""), "en": told.get("name_en", "").strip() or None}
    wish |= {name: told.get(name, "").strip() or None for name in (*NUMBERS, "yearly_until")}
    if before is not None:
        wish["remind_days"] = list(before.remind_days)
    return NewTraining.model_validate(wish)


@router.get("")
def every(request: Request, services: Asked, token: FormToken, dit: Said = None) -> HTMLResponse:
    """All of them: how long each holds, and what it opens."""
    words = words_of(request)
    opens = defaultdict(list)
    for view in services.store.views().floor(services.clock.now()):
        for slug in view.resource.trainings:
            opens[slug].append(words.own(view.resource.names))
    rows = [
        (one, words.own(one.names), lasting(one, words), opens[one.slug]) for one in services.store.views().trainings()
    ]
    return admin_page(request, "trainings.html", token, words=words, rows=rows, said=dit == "saved")


def lasting(training: Training, words: Words) -> str:
    """How long a right from it holds."""
    parts = []
    if training.validity_days:
        parts.append(words("trainings.for_days", count=training.validity_days))
    if training.yearly_until:
        parts.append(words("trainings.until_yearly", value=str(training.yearly_until)))
    if training.unused_days:
        parts.append(words("trainings.if_used", count=training.unused_days))
    return ", ".join(parts) or words("trainings.for_ever")


def _existing(services: Services, slug: str) -> Training:
    found = next((one for one in services.store.views().trainings() if one.slug == slug), None)
    if found is None:
        raise Problem("not_found")
    return found


def _form(
    request: Request, services: Services, token: str, typed: Typed, training: Training | None, *, q: str = ""
) -> HTMLResponse:
    views, words = services.store.views(), words_of(request)
    given_by = (
        [member for key in (views.trainers(training.slug) or ()) if (member := views.member(key))] if training else []
    )
    found = views.members(limit=FOUND, cursor=None, search=q).rows if q else ()
    return admin_page(
        request, "training.html", token, words=words, typed=typed, training=training,
        others=[(one.slug, words.own(one.names)) for one in views.trainings() if training is None or one.slug != training.slug],
        chosen=typed.told.get("prerequisites", "").split(), trainers=[(one.id, full_name(one)) for one in given_by],
        found=[(one.id, full_name(one)) for one in found], search=q, status=422 if typed.errors else 200,
    )  # fmt: skip


@router.get("/nouvelle")
def new(request: Request, services: Asked, token: FormToken) -> HTMLResponse:
    """The form for another one."""
    return _form(request, services, token, Typed(), None)


@router.get("/{slug}")
def one(
    request: Request, services: Asked, token: FormToken, slug: str,
    q: Annotated[str, Query(max_length=100)] = "",
) -> HTMLResponse:  # fmt: skip
    """One training as a form, and who may give it."""
    training = _existing(services, slug)
    return _form(request, services, token, typed_of(training), training, q=q)


@router.post("/nouvelle", dependencies=[Posted])
def add(
    request: Request, services: Asked, token: FormToken, told: Told,
    prerequisites: Annotated[list[str] | None, Form()] = None,
) -> Response:  # fmt: skip
    """Another training."""
    return _save(request, services, token, told, prerequisites or [], None)


@router.post("/{slug}", dependencies=[Posted])
def change(
    request: Request, services: Asked, token: FormToken, slug: str, told: Told,
    prerequisites: Annotated[list[str] | None, Form()] = None,
) -> Response:  # fmt: skip
    """Another description of it; rights that were given keep their ends."""
    return _save(request, services, token, told, prerequisites or [], _existing(services, slug))


def _save(
    request: Request, services: Services, token: str, told: dict[str, str], chosen: list[str], before: Training | None
) -> Response:
    try:
        wish = wish_in(told, chosen, before)
    except ValidationError as wrong:
        fields = {str(each["loc"][0]) if each["loc"] else "slug" for each in wrong.errors()}
        typed = Typed(told=told | {"prerequisites": " ".join(chosen)})
        typed.errors = {"name_fr" if name == "names" else name: f"trainings.wrong.{name}" for name in fields}
        return _form(request, services, token, typed, before)
    training = wish.training(before.id if before else services.ids.new())
    made = services.transact(lambda work, now: service.put_training(work, training, now))
    if isinstance(made, Refused):
        raise because(made.refusals, words_of(request))
    return go("/equipe/formations", dit="saved")


@router.post("/{slug}/formateurs", dependencies=[Posted])
def name_trainer(services: Asked, slug: str, member: Annotated[str, Form(max_length=64)]) -> Response:
    """Let a member give it."""
    if not services.transact(lambda work, now: service.name_trainer(work, training=slug, member_id=member, now=now)):
        raise Problem("not_found")
    return go(f"/equipe/formations/{slug}")


@router.post("/{slug}/formateurs/{member}/retirer", dependencies=[Posted])
def relieve_trainer(services: Asked, slug: str, member: str) -> Response:
    """The member gives it no more."""
    services.transact(lambda work, now: service.relieve_trainer(work, training=slug, member_id=member, now=now))
    return go(f"/equipe/formations/{slug}")
