"""Workshops by form: planned once or again and again, changed, cancelled; what cannot be is told with what was typed."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse, Response

from dashboard.admin.common import FormToken, Told, admin_page, go, unsaid, zone_of
from dashboard.admin.members_views import full_name
from dashboard.admin.typed_times import span_in, typed_span
from dashboard.booking.views import Reason, reasons
from dashboard.dependencies import Asked, Services, lab_of, words_of
from dashboard.problems import Problem
from dashboard.staff.endpoints import Posted, acting
from gateway.domain.refusals import Refused
from gateway.domain.workshops import OPEN, WorkshopKind
from gateway.ports.views_workshops import WorkshopView
from gateway.service import workshops as service

router = APIRouter(prefix="/equipe/ateliers", include_in_schema=False)

Id = Annotated[str, Path(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Slugs = Annotated[list[str] | None, Form(max_length=50)]
FOUND = 12
MOST_SEATS, MOST_TIMES = 1000, service.MOST_IN_A_SERIES
AGAIN = ("weekly", "fortnightly", "monthly")
DAY_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@router.get("/nouveau")
def new(request: Request, services: Asked, token: FormToken) -> HTMLResponse:
    """The form for another one."""
    return _form(request, services, token, {"seats": "8", "kind": WorkshopKind.COURSE}, frozenset())


def _form(
    request: Request, services: Services, token: str, told: Mapping[str, str], taken: frozenset[str], *,
    view: WorkshopView | None = None, wrong: tuple[Reason, ...] = (), status: int = 200,
) -> HTMLResponse:  # fmt: skip
    views, words = services.store.views(), words_of(request)
    return admin_page(
        request, "workshop_form.html", token, words=words, told=told, taken=taken, view=view, wrong=wrong, status=status,
        kinds=tuple(WorkshopKind), again=AGAIN, people=_leaders(request, services, told),
        trainings=[(one.slug, words.own(one.names)) for one in views.trainings()],
        resources=[(one.slug, words.own(one.names)) for one in views.resources()],
    )  # fmt: skip


def _leaders(request: Request, services: Services, told: Mapping[str, str]) -> dict[str, str]:
    """Who may be chosen: whoever is chosen already, those that a search found, trainers, and oneself."""
    views = services.store.views()
    wanted = [told.get("trainer_id"), acting(request)]
    search = told.get("search", "").strip()
    wanted += [member.id for member in views.members(limit=FOUND, cursor=None, search=search).rows] if search else []
    wanted += [key for training in views.trainings() for key in views.trainers(training.slug) or ()]
    found = {key: views.member(key) for key in dict.fromkeys(wanted) if key}
    return {key: full_name(member) for key, member in list(found.items())[: 2 * FOUND] if member and member.active}


def _number(text: str, most: int) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= most else None


def fields_in(told: Mapping[str, str], before: Mapping[str, str] | None = None) -> dict[str, Any] | str:
    """What a workshop says of itself; the key of what is missing."""
    title, seats = " ".join(told.get("title", "").split())[:200], _number(told.get("seats", ""), MOST_SEATS)
    minimum = _number(told.get("minimum", "") or "0", MOST_SEATS)
    if not title or not seats or minimum is None:
        return "title" if not title else "seats"
    if told.get("kind") not in set(WorkshopKind):
        return "kind"
    if not told.get("trainer_id"):
        return "trainer"
    return {
        "kind": WorkshopKind(told["kind"]), "titles": {**(before or {}), "fr": title}, "trainer_id": told["trainer_id"],
        "seats": seats, "minimum": minimum, "training": told.get("training") or None,
    }  # fmt: skip


def rule_in(told: Mapping[str, str]) -> str | None:
    """How it repeats, as the domain reads it; None for once."""
    again, times = told.get("again"), _number(told.get("times", ""), MOST_TIMES)
    if again not in AGAIN or not times or times < 2:
        return None
    if again == "monthly":
        day = date.fromisoformat(told["jour"])
        return f"FREQ=MONTHLY;BYDAY={(day.day - 1) // 7 + 1}{DAY_CODES[day.weekday()]};COUNT={times}"
    return f"FREQ=WEEKLY;INTERVAL={2 if again == 'fortnightly' else 1};COUNT={times}"


@router.post("/nouveau", dependencies=[Posted])
def plan(request: Request, services: Asked, token: FormToken, told: Told, machines: Slugs = None) -> Response:
    """Plan it, or each of a series; refused with every reason, and nothing is planned."""
    taken, words = frozenset(machines or ()), words_of(request)
    if told.get("find"):
        return _form(request, services, token, told, taken)
    fields, span = fields_in(told), span_in(told, zone_of(request))
    if isinstance(fields, str) or span is None:
        key = fields if isinstance(fields, str) else "time"
        return _form(request, services, token, told, taken, wrong=unsaid(words, f"workshops.unsaid.{key}"), status=422)
    wish = service.Plan(
        **fields, starts=span[0], ends=span[1], resources=tuple(sorted(taken)), rule=rule_in(told),
        skip_clashes=bool(told.get("skip")),
    )  # fmt: skip
    zone = lab_of(request).timezone
    made = services.transact(lambda work, now: service.plan(work, wish, zone=zone, ids=services.ids, now=now))
    if isinstance(made, Refused):
        wrong = reasons(made.refusals, words, {})
        return _form(request, services, token, told, taken, wrong=wrong, status=409)
    return go("/equipe/ateliers", fait="prevu", combien=str(len(made)))


def _existing(services: Services, id: str) -> WorkshopView:
    view = services.store.views().workshop(id)
    if view is None:
        raise Problem("not_found")
    return view


@router.get("/{id}/modifier")
def change_form(request: Request, services: Asked, token: FormToken, id: Id) -> HTMLResponse:
    """One that is planned, as a form."""
    view = _existing(services, id)
    one = view.workshop
    told = typed_span(one.span, zone_of(request)) | {
        "title": one.titles.get("fr", ""), "kind": one.kind, "trainer_id": one.trainer_id, "seats": str(one.seats),
        "minimum": str(one.minimum or ""), "training": one.training or "",
    }  # fmt: skip
    return _form(request, services, token, told, frozenset(view.resources), view=view)


@router.post("/{id}/modifier", dependencies=[Posted])
def change(
    request: Request, services: Asked, token: FormToken, id: Id, told: Told, machines: Slugs = None
) -> Response:  # fmt: skip
    """Change it; what it takes moves along, and everybody on its list hears of another time or place."""
    view, taken, words = _existing(services, id), frozenset(machines or ()), words_of(request)
    if told.get("find"):
        return _form(request, services, token, told, taken, view=view)
    fields, span = fields_in(told, view.workshop.titles), span_in(told, zone_of(request))
    if isinstance(fields, str) or span is None:
        key = fields if isinstance(fields, str) else "time"
        wrong = unsaid(words, f"workshops.unsaid.{key}")
        return _form(request, services, token, told, taken, view=view, wrong=wrong, status=422)
    wish = service.Changes(fields=fields, starts=span[0], ends=span[1], resources=tuple(sorted(taken)))
    made = services.transact(lambda work, now: service.change(work, id=id, changes=wish, ids=services.ids, now=now))
    if made is None:
        raise Problem("not_found")
    if isinstance(made, Refused):
        wrong = reasons(made.refusals, words, {})
        return _form(request, services, token, told, taken, view=view, wrong=wrong, status=409)
    return go("/equipe/ateliers", fait="change")


@router.get("/{id}/annuler")
def cancel_form(request: Request, services: Asked, token: FormToken, id: Id) -> HTMLResponse:
    """Ask first: everybody on its list is told."""
    view = _existing(services, id)
    return admin_page(request, "workshop_cancel.html", token, view=view, open=view.workshop.state in OPEN, wrong=())


@router.post("/{id}/annuler", dependencies=[Posted])
def cancel(request: Request, services: Asked, token: FormToken, id: Id, told: Told) -> Response:
    """Cancel it, or it and the later ones of its series."""
    reason, following = " ".join(told.get("raison", "").split())[:500] or None, bool(told.get("suivants"))
    made = services.transact(lambda work, now: service.cancel(work, id=id, reason=reason, following=following, now=now))
    if made is None:
        raise Problem("not_found")
    if isinstance(made, Refused):
        wrong = reasons(made.refusals, words_of(request), {})
        return admin_page(
            request, "workshop_cancel.html", token, view=_existing(services, id), open=False, wrong=wrong, status=409
        )
    return go("/equipe/ateliers", fait="annule", combien=str(len(made)))
