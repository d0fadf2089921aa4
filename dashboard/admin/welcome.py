"""``/bienvenue``: from an empty lab to a machine that a badge switches on, step by step; each can wait or be done again."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from dashboard.admin.badges import readers
from dashboard.admin.common import FormToken, Said, Told, admin_page, go
from dashboard.admin.members_forms import read_member
from dashboard.admin.members_views import full_name
from dashboard.dependencies import Asked, Services, lab_of, words_of
from dashboard.kiosk.views import tap_reasons
from dashboard.problems import told
from dashboard.staff.endpoints import Posted
from gateway.domain.events import EventKind
from gateway.domain.local_time import zone_of
from gateway.domain.opening import Opening
from gateway.domain.opening_plain import WEEKDAYS, plain_opening
from gateway.domain.people import folded
from gateway.domain.public_holidays import Holidays
from gateway.domain.refusals import Refused
from gateway.domain.resources import Presence, ResourceKind
from gateway.domain.timespan import Span
from gateway.domain.training import Training
from gateway.ports.setup import NotWritten, Why
from gateway.ports.views import Views
from gateway.service import members, opening, trainings
from gateway.wording import Said as Sentence
from gateway.wording import Words

router = APIRouter(prefix="/bienvenue", include_in_schema=False)

A_MINUTE = timedelta(minutes=1)
RECENT = timedelta(minutes=15)
SHOWN = 20
SAID = frozenset({"hours", "training", "member"})


class Step(StrEnum):
    """What is needed for a first machine, in the order in which it is easiest."""

    PLACE = "lieu"
    MACHINES = "machines"
    TRAININGS = "formations"
    MEMBERS = "membres"
    BADGE = "badge"


STEPS = tuple(Step)


def done(services: Services) -> frozenset[Step]:
    """The steps that need nobody any more, read from what the lab holds."""
    views, now = services.store.views(), services.clock.now()
    found = set()
    if views.schedules(Span(now, now + A_MINUTE)).site.opening is not None:
        found.add(Step.PLACE)
    if any(device.last_seen_at for device in views.devices()):
        found.add(Step.MACHINES)
    if views.trainings():
        found.add(Step.TRAININGS)
    if views.count_members():
        found.add(Step.MEMBERS)
    if _first_grant(services) is not None:
        found.add(Step.BADGE)
    return frozenset(found)


def _first_grant(services: Services) -> Any:
    rows = services.store.views().events(limit=1, cursor=None, kinds=(EventKind.TAP_GRANTED,)).rows
    return rows[0].event if rows else None


def _why_not(services: Services, words: Words, now: datetime) -> list[Sentence]:
    """Why the last tap switched nothing on; a badge that was given since then is to be tapped anew."""
    kinds = (EventKind.TAP_GRANTED, EventKind.TAP_REFUSED, EventKind.BADGE_ENROLLED)
    rows = services.store.views().events(limit=1, cursor=None, kinds=kinds).rows
    last = rows[0].event if rows else None
    if last is None or last.kind is not EventKind.TAP_REFUSED or now - last.at >= RECENT:
        return []
    return [words.say(code, params) for code, params in tap_reasons(last)]


@router.get("")
def begin(services: Asked, _token: FormToken) -> Response:
    """Where one left off: the first step that is not done."""
    finished = done(services)
    return go(f"/bienvenue/{next((step for step in STEPS if step not in finished), Step.BADGE)}")


@router.get("/{step}")
def show(request: Request, services: Asked, token: FormToken, step: Step, dit: Said = None) -> HTMLResponse:
    """One step."""
    return step_page(request, services, token, step, said=dit if dit in SAID else None)


def step_page(
    request: Request, services: Services, token: str, step: Step, *, status: int = 200, template: str = "", **more: Any
) -> HTMLResponse:
    """A step, or a page inside one, under the same frame."""
    words, place = words_of(request), STEPS.index(step)
    values = {"said": None, "errors": (), "typed": {}} | _needs(request, services, step, words) | more
    return admin_page(
        request, template or f"welcome_{step.name.lower()}.html", token, words=words, status=status, step=step, steps=STEPS,
        finished=done(services), following=STEPS[place + 1] if place + 1 < len(STEPS) else None, **values,
    )  # fmt: skip


def _needs(request: Request, services: Services, step: Step, words: Words) -> dict[str, Any]:
    """What one step shows."""
    views, now = services.store.views(), services.clock.now()
    if step is Step.PLACE:
        said = views.schedules(Span(now, now + A_MINUTE)).site.opening
        return {"lab": lab_of(request), "days": WEEKDAYS, "hours": hours_of(said), "holidays": tuple(Holidays)}
    if step is Step.MACHINES:
        hindered = services.setup.hindrance() if services.setup else NotWritten(why=Why.ELSEWHERE)
        return {
            "machines": machines_of(views, words, now),
            "kinds": tuple(ResourceKind),
            "hindered": hindered,
            "lines": "",
        }
    if step is Step.TRAININGS:
        return {"trainings": [words.own(each.names) for each in views.trainings()]}
    first = views.members(limit=SHOWN, cursor=None).rows
    people = [(each.id, full_name(each)) for each in first]
    if step is Step.MEMBERS:
        return {"people": people, "total": views.count_members()}
    grant = _first_grant(services)
    heard = grant if grant is not None and now - grant.at < RECENT else None
    refused = [] if heard else _why_not(services, words, now)
    return {"people": people, "readers": readers(views, words), "heard": heard, "refused": refused}


def hours_of(said: Opening | None) -> dict[str, str]:
    """Opening hours as they are typed, day by day."""
    plain = plain_opening(said) if said else {}
    found = {day: ", ".join(_listed(plain.get(day))) for day in WEEKDAYS}
    return found | {"holidays": str(plain.get("holidays") or "")}


def hours_in(told: Mapping[str, str]) -> dict[str, Any]:
    """The same, as the domain reads them: ``9h00-12h`` is 9:00-12:00."""
    plain: dict[str, Any] = {
        day: [_hours(part) for part in text.split(",") if part.strip()]
        for day in WEEKDAYS if (text := told.get(day, "").strip())
    }  # fmt: skip
    return plain | ({"holidays": told["holidays"]} if told.get("holidays") else {})


def _hours(text: str) -> str:
    """An hour without its minutes is the full hour."""
    bare = re.sub(r"\s+", "", text).replace("–", "-")
    return re.sub(r"(?<![.:\d])(\d{1,2})(?:[hH:](\d{2})|[hH])?(?=-|$)", _full, bare)


def _full(found: re.Match[str]) -> str:
    return f"{found[1]}:{found[2] or '00'}"


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def machines_of(views: Views, words: Words, now: datetime) -> list[tuple[str, str, ResourceKind, int, int]]:
    """Each machine: slug, name, kind, how many devices are heard, of how many."""
    return [
        (
            view.resource.slug, words.own(view.resource.names), view.resource.kind,
            sum(device.presence is Presence.ONLINE for device in view.devices), len(view.devices),
        )
        for view in views.floor(now)
    ]  # fmt: skip


def slug_of(name: str) -> str:
    """A name as it stands in addresses and topics."""
    return re.sub(r"[^a-z0-9]+", "-", folded(name)).strip("-")[:48].strip("-")


@router.post("/lieu", dependencies=[Posted])
def set_hours(request: Request, services: Asked, token: FormToken, told_hours: Told) -> Response:
    """When the place is open."""
    words, zone, plain = words_of(request), lab_of(request).timezone, hours_in(told_hours)
    assert zone_of(zone) is not None
    made = services.transact(
        lambda work, now: opening.set_opening(work, resource=None, plain=plain, zone=zone, now=now)
    )
    if isinstance(made, Refused):
        return step_page(
            request, services, token, Step.PLACE, errors=[told(each, words) for each in made.refusals],
            hours=told_hours, status=422,
        )  # fmt: skip
    return go("/bienvenue/machines", dit="hours")


@router.post("/formations", dependencies=[Posted])
def add_training(services: Asked, name: Annotated[str, Form(max_length=200)] = "") -> Response:
    """A first training, by its name alone."""
    text = " ".join(name.split())
    slug = slug_of(text)
    if not slug:
        return go("/bienvenue/formations")
    known = {each.slug for each in services.store.views().trainings()}
    if slug not in known:
        course = Training(id=services.ids.new(), slug=slug, names={"fr": text})
        services.transact(lambda work, now: trainings.put_training(work, course, now))
    return go("/bienvenue/formations", dit="training")


@router.post("/membres", dependencies=[Posted])
def add_member(request: Request, services: Asked, token: FormToken, told_member: Told) -> Response:
    """Somebody, by their name."""
    zone, now = zone_of(lab_of(request).timezone), services.clock.now()
    assert zone is not None
    typed = read_member(told_member, before=None, zone=zone, now=now)
    if typed.errors:
        errors = [{"title": words_of(request)(key), "sentence": "", "next_steps": []} for key in typed.errors.values()]
        return step_page(request, services, token, Step.MEMBERS, errors=errors, typed=told_member, status=422)
    new = services.ids.new()
    services.transact(lambda work, at: members.add_member(work, id=new, now=at, **typed.values))
    return go("/bienvenue/membres", dit="member")
