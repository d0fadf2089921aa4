"""``/equipe/machines/{slug}``: one machine for the team: now, curves, history, upkeep, devices, label."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from dashboard.accounts.viewer import viewer_of
from dashboard.calendar.links import feed_address
from dashboard.channels import Draw, Scene
from dashboard.dependencies import Asked, Services, hub_of, lab_of, words_of
from dashboard.floor.endpoints import find
from dashboard.problems import Problem
from dashboard.rendering import fragment, page
from dashboard.staff.endpoints import Posted, acting, field_of, secret_of
from dashboard.staff.views import health
from dashboard.streaming import LiveStream
from dashboard.text import one_line
from dashboard.watch import views as shown
from dashboard.watch.curves import RANGES, panels
from dashboard.watch.deeds import DEEDS, after, moment
from dashboard.watch.gather import ailing, look
from gateway.domain.attention import Act
from gateway.domain.attention_rules import attention
from gateway.domain.events import EventKind, StoredEvent
from gateway.domain.jobs import Job
from gateway.domain.sessions import Session
from gateway.ports.views import ResourceView, Views
from gateway.service import team
from gateway.wording import LANGUAGES, Words

router = APIRouter(prefix="/equipe/machines/{slug}", include_in_schema=False)

ROWS = 20
LOOKED_THROUGH = 200
TOLD = (
    EventKind.ALARM_RAISED, EventKind.ALARM_CLEARED, EventKind.RESOURCE_OUT, EventKind.RESOURCE_BACK,
    EventKind.DEVICE_LOST, EventKind.SESSION_INTERRUPTED, EventKind.SESSION_FAILED,
)  # fmt: skip
"""What went wrong here, and what was done about it."""
Typed = Annotated[str, Form(max_length=2000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A session as a row."""

    session: Session
    who: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A job as a row."""

    job: Job
    file: str
    who: str | None
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """Something that went wrong, or that was done about it."""

    at: datetime
    text: str


@router.get("")
def machine(
    request: Request, services: Asked, slug: str, plage: Annotated[str, Query(max_length=20)] = "heure"
) -> HTMLResponse:  # fmt: skip
    """Everything about one machine."""
    secret, words = secret_of(request), words_of(request)
    if secret is None:
        return page(request, "staff/enter.html", words=words, private=True, wrong=False)
    now, mark, views = services.clock.now(), hub_of(request).mark, services.store.views()
    view = find(request, services, slug, now)
    cuts = views.cut_tests()
    chosen = plage if plage in RANGES else "heure"
    name = words.own(view.resource.names)
    return page(
        request, "watch/machine.html", words=words, private=True, now=now, slug=view.resource.slug, name=name,
        kind=view.resource.kind, card=_card(views, view, words, now), lines=_lines(services, view, words, now),
        zone=lab_of(request).timezone, deeds=_deeds(view), ranges=tuple(RANGES), chosen=chosen,
        panels=panels(services.series, view.resource.slug, RANGES[chosen], now), uses=_uses(views, view),
        jobs=_jobs(views, view, now), happened=_happened(views, view, words),
        upkeep=views.upkeep(view.resource.id, ROWS), kept=views.kept().get(view.resource.id),
        devices=tuple(health(device, {view.resource.id: name}, words, cuts) for device in view.devices),
        camera=services.camera is not None and services.camera.looks_at(view.resource.slug),
        feed_of_machine=feed_address(request, f"r/{view.resource.slug}"),
        live=f"/equipe/machines/{view.resource.slug}/direct?lang={words.lang}&since={mark}",
    )  # fmt: skip


@router.get("/image")
def picture(request: Request, services: Asked, slug: str) -> Response:
    """What the machine's camera sees now, for the team alone; it is kept nowhere."""
    if secret_of(request) is None:
        raise Problem("forbidden")
    seen = services.camera.picture(slug) if services.camera else None
    if seen is None:
        raise Problem("not_found")
    return Response(seen.data, media_type=seen.media_type, headers={"Cache-Control": "no-store"})


@router.get("/direct")
def stream(
    request: Request, services: Asked, slug: str, lang: str | None = None,
    since: Annotated[str | None, Query(max_length=64)] = None,
) -> LiveStream:  # fmt: skip
    """What changes of it."""
    if secret_of(request) is None:
        raise Problem("forbidden")
    lang = lang if lang in LANGUAGES else LANGUAGES[0]
    seen = request.headers.get("last-event-id") or since
    draw = _draw(services, slug, lang)
    return LiveStream(hub_of(request), ("team-machine", slug[:64], lang), draw, slug=slug, seen=seen)


def _draw(services: Services, slug: str, lang: str) -> Draw:
    def draw(scene: Scene) -> Mapping[str, str]:
        view = scene.resources.get(slug)
        if view is None:
            return {}
        words = Words(lang, zone=scene.lab.timezone, now=scene.now)
        card = _card(scene.views, view, words, scene.now)
        lines = _lines(services, view, words, scene.now)
        return {"now": fragment("watch/now.html", words, card=card, lines=lines)}

    return draw


def _card(views: Views, view: ResourceView, words: Words, now: datetime) -> shown.Card:
    names = shown.names_of(views, [view.session.operator_id if view.session else None])
    return shown.card(view, names, words, now)


def _lines(services: Services, view: ResourceView, words: Words, now: datetime) -> tuple[shown.Line, ...]:
    views = services.store.views()
    found = attention(look(views, [view], ailing(services), now), now)
    items = [item for item in found if item.resource == view.resource.slug]
    names = shown.names_of(views, (item.member_id for item in items))
    return tuple(line for _, group in shown.lines(items, {}, names, words) for line in group)


def _deeds(view: ResourceView) -> tuple[tuple[str, str], ...]:
    """Addresses and acts that make sense now."""
    wanted = ("message", "terminer", "annuler", "ranger", "en-service", "hors-service")
    return tuple((path, str(DEEDS[path].act)) for path in wanted if DEEDS[path].stands(view))


def _uses(views: Views, view: ResourceView) -> tuple[Use, ...]:
    rows = views.sessions(limit=ROWS, cursor=None, resource=view.resource.slug).rows
    names = shown.names_of(views, (row.operator_id for row in rows))
    return tuple(Use(session=row, who=names(row.operator_id)) for row in rows)


def _jobs(views: Views, view: ResourceView, now: datetime) -> tuple[Made, ...]:
    rows = views.jobs(limit=ROWS, cursor=None, resource=view.resource.slug).rows
    names = shown.names_of(views, (row.member_id for row in rows))
    return tuple(
        Made(
            job=row, file=one_line(row.name), who=names(row.member_id),
            seconds=row.wall_s if row.wall_s is not None else max(0.0, (now - row.started_at).total_seconds()),
        )
        for row in rows
    )  # fmt: skip


def _happened(views: Views, view: ResourceView, words: Words) -> tuple[Happened, ...]:
    rows = views.events(limit=LOOKED_THROUGH, cursor=None, kinds=TOLD).rows
    own = [row for row in rows if row.event.resource_id == view.resource.id][:ROWS]
    return tuple(Happened(at=row.event.at, text=_told(row, words)) for row in own)


def _told(row: StoredEvent, words: Words) -> str:
    data = row.event.data
    alarm = words.alarm(str(data["code"])) if "code" in data else None
    reason = (
        one_line(str(data["reason"]), 200) if data.get("reason") and row.event.kind is EventKind.RESOURCE_OUT else None
    )
    return words(f"happened.{row.event.kind}", text=alarm, reason=reason, device=row.device)


@router.get("/mesures")
def measures(
    request: Request, services: Asked, slug: str, plage: Annotated[str, Query(max_length=20)] = "heure"
) -> JSONResponse:  # fmt: skip
    """The same curves as values, for a livelier drawing."""
    if secret_of(request) is None:
        raise Problem("forbidden")
    now, words = services.clock.now(), words_of(request)
    view = find(request, services, slug, now)
    found = panels(services.series, view.resource.slug, RANGES.get(plage, RANGES["heure"]), now)
    if found is None:
        raise Problem("unavailable")
    told = [
        {
            "key": panel.key, "unit": panel.unit,
            "curves": [{"label": words(f"reading.{c.field}"), "points": c.points} for c in panel.curves],
        }
        for panel in found
    ]  # fmt: skip
    return JSONResponse({"panels": told}, headers={"Cache-Control": "no-store"})


@router.get("/etiquette")
def label(request: Request, services: Asked, slug: str) -> HTMLResponse:
    """The label to print and stick on it."""
    if secret_of(request) is None:
        return page(request, "staff/enter.html", private=True, wrong=False)
    view, words = find(request, services, slug, services.clock.now()), words_of(request)
    return page(
        request, "watch/label.html", words=words, private=True, slug=view.resource.slug,
        name=words.own(view.resource.names), lab=lab_of(request).name,
    )  # fmt: skip


@router.get("/entretien")
def ask_upkeep(request: Request, services: Asked, slug: str) -> HTMLResponse:
    """What was done, and when it is due again."""
    secret = secret_of(request)
    if secret is None:
        return page(request, "staff/enter.html", private=True, wrong=False)
    viewer = viewer_of(request)
    typed = {"signed": viewer.first_name if viewer else ""}
    return _upkeep_page(request, services, slug, secret, typed)


def _upkeep_page(
    request: Request, services: Services, slug: str, secret: str, typed: Mapping[str, str], wrong: Iterable[str] = ()
) -> HTMLResponse:  # fmt: skip
    view, words = find(request, services, slug, services.clock.now()), words_of(request)
    wrong, typed = frozenset(wrong), dict.fromkeys(("note", "next_at", "next_hours", "signed"), "") | dict(typed)
    return page(
        request, "watch/upkeep.html", words=words, private=True, status=422 if wrong else 200, wrong=wrong, typed=typed,
        slug=view.resource.slug, name=words.own(view.resource.names), form_field=field_of(secret),
    )  # fmt: skip


@router.post("/entretien", dependencies=[Posted])
def note_upkeep(
    request: Request, services: Asked, slug: str, note: Typed = "", next_at: Typed = "", next_hours: Typed = "",
    signed: Typed = "",
) -> Response:  # fmt: skip
    """Keep it in the machine's log."""
    now, text = services.clock.now(), " ".join(note.split())
    at, wrong_at = moment(next_at, lab_of(request).timezone, now)
    hours, wrong_hours = _hours(next_hours)
    wrong = [f"at_{wrong_at}"] if wrong_at else []
    wrong += ["hours"] if wrong_hours else []
    wrong += [] if text else ["nothing_noted"]
    if wrong:
        typed = {"note": note, "next_at": next_at, "next_hours": next_hours, "signed": signed}
        return _upkeep_page(request, services, slug, secret_of(request) or "", typed, wrong)
    by, new = acting(request), services.ids.new()
    done = services.transact(
        lambda work, now: team.note_upkeep(
            work, id=new, slug=slug, note=text, next_at=at, next_hours=hours, by=by, signed=one_line(signed) or None,
            now=now,
        )
    )  # fmt: skip
    return after(Act.NOTE_UPKEEP, gone=not done)


def _hours(told: str) -> tuple[int | None, bool]:
    told = told.strip()
    if not told:
        return None, False
    good = told.isascii() and told.isdecimal() and 1 <= int(told[:6]) <= 99_999 and len(told) <= 5
    return (int(told), False) if good else (None, True)
