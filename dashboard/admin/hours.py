"""``/equipe/horaires``: when the place is open, which machines have hours of their own, and days that are different."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from dashboard.admin.common import FormToken, Said, Told, admin_page, go, unsaid, zone_of
from dashboard.admin.typed_times import span_in
from dashboard.admin.welcome import hours_in, hours_of
from dashboard.booking.views import Reason, reasons
from dashboard.dependencies import Asked, Services, lab_of, words_of
from dashboard.problems import Problem
from dashboard.staff.endpoints import Posted
from gateway.domain.opening import Closure
from gateway.domain.opening_plain import WEEKDAYS
from gateway.domain.public_holidays import Holidays
from gateway.domain.refusals import Refused
from gateway.domain.resources import Resource
from gateway.domain.timespan import Span
from gateway.ports.views_calendar import Schedules
from gateway.service import opening as service
from gateway.wording import Words

router = APIRouter(prefix="/equipe/horaires", include_in_schema=False)

IN_SIGHT = timedelta(days=2 * 366)
SAID = frozenset({"hours", "cleared", "closed", "reopened"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A closure in the list."""

    id: str
    span: Span
    reason: str
    of: str | None
    """The machine; None: the whole place."""


@router.get("")
def every(request: Request, services: Asked, token: FormToken, dit: Said = None) -> HTMLResponse:
    """The week, closures to come, machines with hours of their own."""
    return _page(request, services, token, said=dit if dit in SAID else None)


def _schedules(services: Services) -> Schedules:
    now = services.clock.now()
    return services.store.views().schedules(Span(now, now + IN_SIGHT))


def _page(
    request: Request, services: Services, token: str, *, said: str | None = None, wrong: tuple[Reason, ...] = (),
    hours: Mapping[str, str] | None = None, typed: Mapping[str, str] | None = None, machine: Resource | None = None,
) -> HTMLResponse:  # fmt: skip
    words, found = words_of(request), _schedules(services)
    resources = services.store.views().resources()
    stands = found.own.get(machine.id) if machine else found.site.opening
    return admin_page(
        request, "hours_of.html" if machine else "hours.html", token, words=words, said=said, wrong=wrong,
        days=WEEKDAYS, holidays=tuple(Holidays), hours=hours or hours_of(stands), is_set=stands is not None,
        typed=typed or {}, machine=machine, resources=resources, own={each.slug for each in resources if each.id in found.own},
        closures=_listed(found.closures, resources, words), status=422 if wrong else 200,
    )  # fmt: skip


def _listed(closures: tuple[Closure, ...], resources: tuple[Resource, ...], words: Words) -> list[Closing]:
    names = {each.id: words.own(each.names) for each in resources}
    return [
        Closing(id=each.id, span=each.span, reason=each.reason, of=names.get(each.resource_id or ""))
        for each in closures
    ]


def _machine(services: Services, slug: str) -> Resource:
    found = next((each for each in services.store.views().resources() if each.slug == slug), None)
    if found is None:
        raise Problem("not_found")
    return found


@router.get("/machines/{slug}")
def of_machine(request: Request, services: Asked, token: FormToken, slug: str, dit: Said = None) -> HTMLResponse:
    """Hours of one machine, or the place's."""
    return _page(
        request, services, token, machine=_machine(services, slug), said=dit if dit in SAID else None
    )  # fmt: skip


@router.post("", dependencies=[Posted])
def change(request: Request, services: Asked, token: FormToken, told: Told) -> Response:
    """The place's week."""
    return _set(request, services, token, told, None)


@router.post("/machines/{slug}", dependencies=[Posted])
def change_machine(request: Request, services: Asked, token: FormToken, slug: str, told: Told) -> Response:
    """A machine's own week."""
    return _set(request, services, token, told, _machine(services, slug))


def _set(
    request: Request, services: Services, token: str, told: Mapping[str, str], machine: Resource | None
) -> Response:
    """Hours as they are typed; a week without any takes them away."""
    plain, slug = hours_in(told), machine.slug if machine else None
    back = f"/equipe/horaires/machines/{slug}" if slug else "/equipe/horaires"
    if not any(day in plain for day in WEEKDAYS):
        services.transact(lambda work, now: service.clear_opening(work, resource=slug, now=now))
        return go(back, dit="cleared")
    zone = lab_of(request).timezone
    made = services.transact(
        lambda work, now: service.set_opening(work, resource=slug, plain=plain, zone=zone, now=now)
    )
    if isinstance(made, Refused):
        wrong = reasons(made.refusals, words_of(request), {})
        return _page(request, services, token, wrong=wrong, hours=told, machine=machine)
    return go(back, dit="hours")


@router.post("/fermetures", dependencies=[Posted])
def close(request: Request, services: Asked, token: FormToken, told: Told) -> Response:
    """Close the place, or one machine, from a day and hour to another."""
    hours_said = told.get("debut") or told.get("fin")
    span = span_in(told, zone_of(request)) if hours_said else _whole_days(told, request)
    reason, new, of = " ".join(told.get("raison", "").split())[:200], services.ids.new(), told.get("machine") or None
    if span is None or not reason:
        return _page(request, services, token, typed=told, wrong=unsaid(words_of(request), "hours.unsaid"))
    starts, ends = span
    made = services.transact(
        lambda work, now: service.close(work, id=new, resource=of, starts=starts, ends=ends, reason=reason, now=now)
    )
    if made is None:
        raise Problem("not_found")
    if isinstance(made, Refused):
        return _page(request, services, token, typed=told, wrong=reasons(made.refusals, words_of(request), {}))
    return go("/equipe/horaires", dit="closed")


def _whole_days(told: Mapping[str, str], request: Request) -> tuple[datetime, datetime] | None:
    """Without hours: from the first midnight to the end of the last day."""
    last = told.get("dernier_jour") or told.get("jour", "")
    first = span_in({"jour": told.get("jour", ""), "debut": "00:00", "fin": "00:00"}, zone_of(request))
    end = span_in({"jour": last, "debut": "00:00", "fin": "00:00"}, zone_of(request))
    return (first[0], end[1]) if first and end else None


@router.post("/fermetures/{id}/retirer", dependencies=[Posted])
def reopen(services: Asked, token: FormToken, id: str) -> Response:
    """Take a closure back; doing it twice changes nothing more."""
    services.transact(lambda work, now: service.reopen(work, id=id, now=now))
    return go("/equipe/horaires", dit="reopened")
