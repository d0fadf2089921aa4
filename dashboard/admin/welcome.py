"""``/bienvenue``: from an empty lab to a machine that a badge switches on, step by step; each can wait or be done again."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from dashboard.admin.badges import readers
from dashboard.admin.common import FormToken, Said, Told, admin_page, go
from dashboard.admin.members_forms import read_member
from dashboard.admin.members_views import full_name
from dashboard.dependencies import Asked, Services, lab_of, words_of
from dashboard.problems import Problem, told
from dashboard.staff.endpoints import Posted
from dashboard.staff.views import health
from gateway.domain.events import EventKind
from gateway.domain.local_time import zone_of
from gateway.domain.opening import Opening
from gateway.domain.opening_plain import WEEKDAYS, plain_opening
from gateway.domain.people import folded
from gateway.domain.public_holidays import Holidays
from gateway.domain.refusals import Refused
from gateway.domain.timespan import Span
from gateway.domain.training import Training
from gateway.ports.probe import Answer, Outcome
from gateway.service import members, opening, trainings
from gateway.wording import Words

router = APIRouter(prefix="/bienvenue", include_in_schema=False)

A_MINUTE = timedelta(minutes=1)
RECENT = timedelta(minutes=15)
SHOWN = 20
SAID = frozenset({"hours", "training", "member"})
Small = Annotated[str, Form(max_length=500)]


class Step(StrEnum):
    """What is needed for a first machine, in the order in which it is easiest."""

    PLACE = "lieu"
    MACHINES = "machines"
    TRAININGS = "formations"
    MEMBERS = "membres"
    BADGE = "badge"


STEPS = tuple(Step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What was looked at, what came of it, and the lines for ``etabli.toml`` when all is well."""

    what: str
    answer: Answer
    lines: str


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


@router.get("")
def begin(services: Asked, _token: FormToken) -> Response:
    """Where one left off: the first step that is not done."""
    finished = done(services)
    return go(f"/bienvenue/{next((step for step in STEPS if step not in finished), Step.BADGE)}")


@router.get("/{step}")
def show(request: Request, services: Asked, token: FormToken, step: Step, dit: Said = None) -> HTMLResponse:
    """One step."""
    return _step(request, services, token, step, said=dit if dit in SAID else None)


def _step(
    request: Request, services: Services, token: str, step: Step, *, status: int = 200, **more: Any
) -> HTMLResponse:
    words, place = words_of(request), STEPS.index(step)
    values = {"said": None, "errors": (), "tested": None, "typed": {}} | _needs(request, services, step, words) | more
    return admin_page(
        request, f"welcome_{step.name.lower()}.html", token, words=words, status=status, step=step, steps=STEPS,
        finished=done(services), following=STEPS[place + 1] if place + 1 < len(STEPS) else None, tones=LOOKS, **values,
    )  # fmt: skip


def _needs(request: Request, services: Services, step: Step, words: Words) -> dict[str, Any]:
    """What one step shows."""
    views, now = services.store.views(), services.clock.now()
    if step is Step.PLACE:
        said = views.schedules(Span(now, now + A_MINUTE)).site.opening
        return {"lab": lab_of(request), "days": WEEKDAYS, "hours": hours_of(said), "holidays": tuple(Holidays)}
    if step is Step.MACHINES:
        names = {key: words.own(each) for key, each in views.resource_names().items()}
        ports = services.probe.ports() if services.probe else ()
        return {"devices": [health(each, names, words) for each in views.devices()], "ports": ports}
    if step is Step.TRAININGS:
        return {"trainings": [words.own(each.names) for each in views.trainings()]}
    first = views.members(limit=SHOWN, cursor=None).rows
    people = [(each.id, full_name(each)) for each in first]
    if step is Step.MEMBERS:
        return {"people": people, "total": views.count_members()}
    grant = _first_grant(services)
    heard = grant if grant is not None and now - grant.at < RECENT else None
    return {"people": people, "readers": readers(views, words), "heard": heard}


def hours_of(said: Opening | None) -> dict[str, str]:
    """Opening hours as they are typed, day by day."""
    plain = plain_opening(said) if said else {}
    found = {day: ", ".join(_listed(plain.get(day))) for day in WEEKDAYS}
    return found | {"holidays": str(plain.get("holidays") or "")}


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


@router.post("/lieu", dependencies=[Posted])
def set_hours(request: Request, services: Asked, token: FormToken, told_hours: Told) -> Response:
    """When the place is open."""
    words, zone = words_of(request), lab_of(request).timezone
    plain: dict[str, Any] = {
        day: [part.strip().replace("h", ":") for part in text.split(",") if part.strip()]
        for day in WEEKDAYS if (text := told_hours.get(day, "").strip())
    }  # fmt: skip
    if told_hours.get("holidays"):
        plain["holidays"] = told_hours["holidays"]
    assert zone_of(zone) is not None
    made = services.transact(
        lambda work, now: opening.set_opening(work, resource=None, plain=plain, zone=zone, now=now)
    )
    if isinstance(made, Refused):
        return _step(
            request, services, token, Step.PLACE, errors=[told(each, words) for each in made.refusals],
            hours=told_hours, status=422,
        )  # fmt: skip
    return go("/bienvenue/machines", dit="hours")


@router.post("/machines/imprimante", dependencies=[Posted])
def try_printer(request: Request, services: Asked, token: FormToken, url: Small = "", key: Small = "") -> HTMLResponse:
    """Ask an OctoPrint for its version, by this key; nothing is kept."""
    if services.probe is None:
        raise Problem("not_found")
    address = url.strip().rstrip("/")
    answer = services.probe.printer(address, key.strip())
    tested = Tested(what=address, answer=answer, lines=printer_lines(address, key.strip()))
    return _step(request, services, token, Step.MACHINES, tested=tested, typed={"url": url, "key": key})


@router.post("/machines/cable", dependencies=[Posted])
def try_port(request: Request, services: Asked, token: FormToken, port: Small = "") -> HTMLResponse:
    """Open a serial port for a moment; nothing is kept."""
    if services.probe is None:
        raise Problem("not_found")
    answer = services.probe.port(port)
    tested = Tested(what=port, answer=answer, lines=reader_lines(port))
    return _step(request, services, token, Step.MACHINES, tested=tested, typed={"port": port})


def printer_lines(url: str, key: str) -> str:
    """The machine as `etabli.toml` says it."""
    return _lines(
        'slug = "imprimante-1"\nnames = "Imprimante 1"\nkind = "printer_3d"',
        'slug = "imprimante-1-octoprint"\nresource = "imprimante-1"\nrole = "machine"\nbridge = "octoprint-http"',
        {"url": url, "key": key},
    )


def reader_lines(port: str) -> str:
    """A badge reader as `etabli.toml` says it."""
    return _lines(
        None,
        'slug = "lecteur-1"\nresource = "imprimante-1"\nrole = "reader"\nbridge = "badge-reader-serial"',
        {"port": port},
    )


def _lines(resource: str | None, device: str, settings: Mapping[str, str]) -> str:
    told_settings = "\n".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in settings.items())
    head = f"[[resources]]\n{resource}\n\n" if resource else ""
    return f"{head}[[devices]]\n{device}\n[devices.settings]\n{told_settings}\n"


@router.post("/formations", dependencies=[Posted])
def add_training(services: Asked, name: Annotated[str, Form(max_length=200)] = "") -> Response:
    """A first training, by its name alone."""
    text = " ".join(name.split())
    slug = re.sub(r"[^a-z0-9]+", "-", folded(text)).strip("-")[:48]
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
        return _step(request, services, token, Step.MEMBERS, errors=errors, typed=told_member, status=422)
    new = services.ids.new()
    services.transact(lambda work, at: members.add_member(work, id=new, now=at, **typed.values))
    return go("/bienvenue/membres", dit="member")


LOOKS = {
    Outcome.WELL: ("good", "free"), Outcome.BUSY: ("warn", "info"), Outcome.FORBIDDEN: ("warn", "lock"),
    Outcome.KEY_REFUSED: ("warn", "key"), Outcome.NO_ANSWER: ("bad", "stale"), Outcome.NOT_THERE: ("bad", "unknown"),
}  # fmt: skip
"""The tone and the drawing of each outcome."""
