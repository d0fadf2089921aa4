"""The machines of the first-run assistant: one is added, then each of its devices is told, tried and saved."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from dashboard.admin.common import FormToken, Said, Told, go
from dashboard.admin.kept import Kept
from dashboard.admin.welcome import Step, slug_of, step_page
from dashboard.dependencies import Asked, Services, words_of
from dashboard.problems import Problem
from dashboard.staff.endpoints import Posted, acting
from gateway.domain.resources import Device, DeviceRole, Presence, ResourceKind
from gateway.ports.probe import Answer, Outcome, Probe
from gateway.ports.setup import NewDevice, NewMachine, NotWritten, Setup
from gateway.ports.views import ResourceView
from gateway.service import team

router = APIRouter(prefix="/bienvenue/machines", include_in_schema=False)

NAME_CHARS, VALUE_CHARS = 80, 500
MAY_BE_SAVED = frozenset({Outcome.WELL, Outcome.SILENT})
"""A reader that can be opened is saved without a badge at hand."""


class What(StrEnum):
    """What a machine may have."""

    PLUG = "prise"
    READER = "lecteur"
    PRINTER = "octoprint"
    CONTROLLER = "commande"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One kind of device: what it is to the machine, and the bridge that reaches it."""

    role: DeviceRole
    bridge: str
    fields: tuple[str, ...]


PARTS: Mapping[What, Part] = {
    What.PLUG: Part(role=DeviceRole.INTERLOCK, bridge="relay-mqtt", fields=("dialect", "name")),
    What.READER: Part(role=DeviceRole.READER, bridge="badge-reader-serial", fields=("port", "protocol")),
    What.PRINTER: Part(role=DeviceRole.MACHINE, bridge="octoprint-http", fields=("url", "snapshot")),
    What.CONTROLLER: Part(role=DeviceRole.MACHINE, bridge="grbl-serial", fields=("port",)),
}
DIALECTS: Mapping[str, str] = {"tasmota": "", "shelly-gen2": "shelly/", "esphome": "esphome/"}
"""The plugs that are told here, each with what comes before its name in topics; others are written by hand."""
PROTOCOLS = ("auto", "pn532")


def parts_of(kind: ResourceKind) -> tuple[What, ...]:
    """What this kind of machine may have, in the order in which it is easiest."""
    own = {
        ResourceKind.PRINTER_3D: (What.PRINTER,), ResourceKind.LASER: (What.CONTROLLER,),
        ResourceKind.CNC: (What.CONTROLLER,),
    }  # fmt: skip
    return (What.PLUG, What.READER, *own.get(kind, ()))


@router.post("", dependencies=[Posted])
def add_machine(request: Request, services: Asked, token: FormToken, told: Told) -> Response:
    """A machine, by its name and kind."""
    name, kind = " ".join(told.get("name", "").split())[:NAME_CHARS], told.get("kind", "")
    floor = services.store.views().floor(services.clock.now())
    same = next((view.resource.slug for view in floor if name in view.resource.names.values()), None)
    if same is not None:
        return go(f"/bienvenue/machines/{same}")
    slug = _free(slug_of(name), {view.resource.slug for view in floor})
    if slug is None or kind not in set(ResourceKind):
        error = {"title": words_of(request)("welcome.machines.name_wanted"), "sentence": "", "next_steps": []}
        return step_page(request, services, token, Step.MACHINES, errors=[error], typed=told, status=422)
    new = NewMachine(slug=slug, name=name, kind=ResourceKind(kind))
    refused = _add(request, services, new, slug)
    if refused is not None:
        return step_page(
            request, services, token, Step.MACHINES, typed=told, status=409, hindered=refused,
            lines=_setup(services).lines(new),
        )  # fmt: skip
    return go(f"/bienvenue/machines/{slug}", dit="machine")


def _free(wanted: str, taken: set[str]) -> str | None:
    """The slug that is wanted, with a number where it is somebody's already."""
    several = (wanted, *(f"{wanted}-{number}" for number in range(2, 100)))
    return next((slug for slug in several if slug not in taken), None) if wanted else None


def _setup(services: Services) -> Setup:
    if services.setup is None:
        raise Problem("not_found")
    return services.setup


def _add(request: Request, services: Services, new: NewMachine | NewDevice, resource: str) -> NotWritten | None:
    """Write it down, and who did."""
    refused, by = _setup(services).add(new), acting(request)
    if refused is None:
        services.transact(lambda work, now: team.added(work, what=new.slug, slug=resource, by=by, now=now))
    return refused


def _machine(services: Services, slug: str) -> ResourceView:
    found = services.store.views().floor(services.clock.now())
    view = next((each for each in found if each.resource.slug == slug), None)
    if view is None:
        raise Problem("not_found")
    return view


def _device(view: ResourceView, what: What) -> Device | None:
    return next((each for each in view.devices if each.role is PARTS[what].role), None)


@router.get("/{slug}")
def one(request: Request, services: Asked, token: FormToken, slug: str, dit: Said = None) -> HTMLResponse:
    """A machine and what it has."""
    view = _machine(services, slug)
    parts = [(what, _device(view, what)) for what in parts_of(view.resource.kind)]
    ready = all(
        (found := _device(view, what)) and found.presence is Presence.ONLINE for what in (What.PLUG, What.READER)
    )
    return step_page(
        request, services, token, Step.MACHINES, template="welcome_machine.html", machine=view.resource, parts=parts,
        ready=ready, said=dit if dit in ("machine", "device") else None,
    )  # fmt: skip


@router.get("/{slug}/{what}")
def part(
    request: Request, services: Asked, token: FormToken, slug: str, what: What, sorte: str | None = None
) -> HTMLResponse:
    """One of its devices, to be told and tried."""
    told = {"dialect": sorte} if sorte is not None and sorte in DIALECTS else {}
    return _part(request, services, token, _machine(services, slug), what, told)


def _part(
    request: Request, services: Services, token: str, view: ResourceView, what: What, told: Mapping[str, str], *,
    status: int = 200, **more: Any,
) -> HTMLResponse:  # fmt: skip
    slug = view.resource.slug
    typed = {name: told.get(name, "") for name in (*PARTS[what].fields, "kept")}
    if what is What.PLUG and not typed["name"]:
        typed["name"] = DIALECTS.get(typed["dialect"], "") + _slug_of_part(view, what)
    values: dict[str, Any] = {"answer": None, "switched": False, "account": None, "refused": None, "lines": ""} | more
    answer: Answer | None = values["answer"]
    return step_page(
        request, services, token, Step.MACHINES, template=f"welcome_{what.name.lower()}.html", status=status,
        machine=view.resource, what=what, known=_device(view, what), typed=typed, tones=LOOKS, dialects=tuple(DIALECTS),
        protocols=PROTOCOLS, ports=services.probe.ports() if services.probe else (),
        gives_accounts=services.setup is not None and services.setup.gives_accounts(),
        may_save=answer is not None and answer.outcome in MAY_BE_SAVED, here=f"/bienvenue/machines/{slug}/{what}", **values,
    )  # fmt: skip


def _slug_of_part(view: ResourceView, what: What) -> str:
    """One word for the device, its account and its topic."""
    return f"{view.resource.slug}-{what}"


@router.post("/{slug}/{what}", dependencies=[Posted])
def act(request: Request, services: Asked, token: FormToken, slug: str, what: What, told_part: Told) -> Response:
    """Give an account, try, switch or save, as the button says."""
    if services.probe is None or services.setup is None:
        raise Problem("not_found")
    view, told = _machine(services, slug), {name: value[:VALUE_CHARS].strip() for name, value in told_part.items()}
    do, secret = told.get("do"), None
    if what is What.PRINTER:
        secret, told = _secret(request, services, told)
    if do == "account" and what is What.PLUG and told.get("dialect") in DIALECTS:
        account = services.setup.account(_slug_of_part(view, what), told["dialect"], request.url.hostname or "")
        return _part(request, services, token, view, what, {"dialect": told["dialect"]}, account=account)
    if do == "save":
        return _save(request, services, token, view, what, told, secret)
    if do == "switch" and what is What.PLUG and told.get("safe"):
        answer = services.probe.switch(told.get("dialect", ""), told.get("name", ""))
        return _part(request, services, token, view, what, told, answer=answer, switched=True)
    return _part(request, services, token, view, what, told, answer=_tried(services.probe, what, told, secret or ""))


def _tried(probe: Probe, what: What, told: Mapping[str, str], secret: str) -> Answer:
    """One look, as its bridge would."""
    if what is What.PLUG:
        return probe.plug(told.get("dialect", ""), told.get("name", ""))
    if what is What.PRINTER:
        return probe.printer(told.get("url", "").rstrip("/"), secret)
    port = told.get("port", "")
    if what is What.READER:
        protocol = told.get("protocol", "")
        return probe.reader(port, protocol if protocol in PROTOCOLS else PROTOCOLS[0])
    return probe.controller(port)


def _secret(request: Request, services: Services, told: dict[str, str]) -> tuple[str | None, dict[str, str]]:
    """The key as it was typed now or some minutes ago; from here on the form carries its handle alone."""
    kept: Kept = request.app.state.kept
    typed = told.pop("key", "")
    if typed:
        return typed, told | {"kept": kept.keep(typed, services.clock)}
    secret = kept.get(told.get("kept", ""), services.clock)
    return secret, told if secret is not None else told | {"kept": ""}


def _save(
    request: Request, services: Services, token: str, view: ResourceView, what: What, told: Mapping[str, str],
    secret: str | None,
) -> Response:  # fmt: skip
    slug, made = view.resource.slug, PARTS[what]
    if _device(view, what) is not None:
        return go(f"/bienvenue/machines/{slug}")
    if what is What.PRINTER and secret is None:
        answer = Answer(outcome=Outcome.KEY_REFUSED)
        return _part(request, services, token, view, what, told, answer=answer, status=422)
    new = NewDevice(
        slug=_slug_of_part(view, what), role=made.role, resource=slug, bridge=made.bridge,
        settings={name: told[name] for name in made.fields if told.get(name)}, secret=secret,
    )  # fmt: skip
    refused = _add(request, services, new, slug)
    if refused is not None:
        lines = _setup(services).lines(replace(new, secret=secret))
        return _part(request, services, token, view, what, told, refused=refused, lines=lines, status=409)
    return go(f"/bienvenue/machines/{slug}", dit="device")


LOOKS = {
    Outcome.WELL: ("good", "free"), Outcome.BUSY: ("warn", "info"), Outcome.FORBIDDEN: ("warn", "lock"),
    Outcome.KEY_REFUSED: ("warn", "key"), Outcome.NO_ANSWER: ("bad", "stale"), Outcome.NOT_THERE: ("bad", "unknown"),
    Outcome.SILENT: ("warn", "hourglass"), Outcome.DISOBEYS: ("bad", "alarm"),
}  # fmt: skip
"""The tone and the drawing of each outcome."""
