"""``/equipe/planning``: who has which machine when, as a table, and each booking changed by a form."""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Annotated
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from dashboard.accounts.cookie import form_token
from dashboard.booking.choices import FURTHEST_DAYS, day_of
from dashboard.booking.views import Reason, reasons
from dashboard.calendar.links import feed_address
from dashboard.dependencies import Asked, Services, lab_of, words_of
from dashboard.problems import Problem
from dashboard.reach import reached
from dashboard.rendering import page
from dashboard.staff import planning_views as shown
from dashboard.staff.endpoints import Posted, secret_of
from gateway.domain.booking import HOLDING, Reservation, Status
from gateway.domain.refusals import Refused
from gateway.ports.store import Work
from gateway.ports.views_calendar import Planned
from gateway.service import bookings_changes
from gateway.wording import Words

router = APIRouter(prefix="/equipe/planning", include_in_schema=False)

Id = Annotated[str, Path(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Text = Annotated[str, Form(max_length=64)]
SAID = frozenset({"deplacee", "annulee", "acceptee", "refusee", "dire"})


def _zone(request: Request) -> ZoneInfo:
    return ZoneInfo(lab_of(request).timezone)


def _day(text: str | None, today: date) -> date:
    try:
        day = date.fromisoformat(text) if text else today
    except ValueError:
        return today
    return day if abs((day - today).days) <= FURTHEST_DAYS else today


@router.get("")
def every(
    request: Request, services: Asked, jour: Annotated[str | None, Query(max_length=10)] = None,
    fait: Annotated[str | None, Query(max_length=20)] = None,
) -> HTMLResponse:  # fmt: skip
    """One day of every machine."""
    secret = secret_of(request)
    if secret is None:
        return page(request, "staff/enter.html", private=True, wrong=False)
    views, now, zone, words = services.store.views(), services.clock.now(), _zone(request), words_of(request)
    today = day_of(now, zone)
    day = _day(jour, today)
    window = shown.window_of(day, zone)
    planned = views.planned(window)
    return page(
        request, "staff/planning.html", words=words, private=True, day=day, at=window.starts, today=today,
        table=shown.table(views.resources(), planned, views.schedules(window), day, zone, words),
        form_token=form_token(secret),
        feed_of_site=feed_address(request, "site"), before=day - shown.DAY, after=day + shown.DAY, said=fait if fait in SAID else None,
        awaiting=[_told(one, words) for one in planned if one.reservation.status is Status.AWAITING_APPROVAL],
    )  # fmt: skip


def _told(one: Planned, words: Words) -> shown.Block:
    held = one.reservation
    return shown.Block(
        id=held.id, span=held.span, who=shown.who(held, one.member, words), awaits=True, kind=str(held.purpose)
    )


@router.get("/{id}")
def one(request: Request, services: Asked, id: Id) -> HTMLResponse:
    """One booking, and the form that moves it."""
    if secret_of(request) is None:
        return page(request, "staff/enter.html", private=True, wrong=False)
    return _one(request, services, id)


def _one(
    request: Request,
    services: Services,
    id: str,
    *,
    refused: tuple[Reason, ...] = (),
    told: dict[str, str] | None = None,
) -> HTMLResponse:
    views, now, zone = services.store.views(), services.clock.now(), _zone(request)
    found = views.planned_one(id)
    resources = views.resources()
    resource = next((each for each in resources if found and each.id == found.reservation.resource_id), None)
    secret = secret_of(request)
    if found is None or resource is None or secret is None:
        raise Problem("not_found")
    held = found.reservation
    starts, ends = (moment.astimezone(zone) for moment in (held.span.starts, held.span.ends))
    now_is = {
        "machine": resource.slug,
        "jour": f"{starts:%Y-%m-%d}",
        "debut": f"{starts:%H:%M}",
        "fin": f"{ends:%H:%M}",
    }
    return page(
        request, "staff/planned.html", status=409 if refused else 200, private=True, held=held, resource=resource,
        who=shown.who(held, found.member, words_of(request)), resources=resources, told=told or now_is, refused=refused,
        stands=held.status in HOLDING and held.span.ends > now, day=f"{starts:%Y-%m-%d}", form_token=form_token(secret),
    )  # fmt: skip


@router.post("/{id}/deplacer", dependencies=[Posted])
def move(
    request: Request, services: Asked, id: Id, machine: Text = "", jour: Text = "", debut: Text = "", fin: Text = ""
) -> Response:
    """Another machine or another time; refused with every reason, and what was typed is kept."""
    told = {"machine": machine, "jour": jour, "debut": debut, "fin": fin}
    try:
        day, starts, ends = date.fromisoformat(jour), time.fromisoformat(debut), time.fromisoformat(fin)
    except ValueError:
        raise Problem("invalid") from None
    until = datetime.combine(day, ends)
    return _changed(
        request, services, id, "deplacee",
        lambda work, now: bookings_changes.move(
            work, id=id, starts=datetime.combine(day, starts), ends=until if ends > starts else until + shown.DAY,
            zone=lab_of(request).timezone, resource=machine, now=now,
        ),
        told,
    )  # fmt: skip


@router.post("/{id}/annuler", dependencies=[Posted])
def cancel(request: Request, services: Asked, id: Id) -> Response:
    """Free it; its member is told."""
    return _changed(
        request, services, id, "annulee", lambda work, now: bookings_changes.cancel(work, id=id, now=now)
    )  # fmt: skip


@router.post("/{id}/accepter", dependencies=[Posted])
def approve(request: Request, services: Asked, id: Id) -> Response:
    """Yes to one that awaits it."""
    return _changed(
        request, services, id, "acceptee", lambda work, now: bookings_changes.approve(work, id=id, now=now)
    )  # fmt: skip


@router.post("/{id}/refuser", dependencies=[Posted])
def decline(request: Request, services: Asked, id: Id) -> Response:
    """No: its span is free again, and its member is told."""
    return _changed(
        request, services, id, "refusee",
        lambda work, now: bookings_changes.decline(work, id=id, reason=None, now=now),
    )  # fmt: skip


def _changed(
    request: Request, services: Services, id: str, said: str,
    change: Callable[[Work, datetime], Reservation | Refused | None], told: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    made = services.transact(change)
    if made is None:
        raise Problem("not_found")
    if isinstance(made, Refused):
        request.state.here = f"/equipe/planning/{id}"
        return _one(request, services, id, refused=reasons(made.refusals, words_of(request), {}), told=told)
    day = day_of(made.span.starts, _zone(request))
    said = said if reached(services, made.member_id) else "dire"
    return RedirectResponse(
        f"/equipe/planning?{urlencode({'jour': str(day), 'fait': said})}", status_code=303,
        headers={"Cache-Control": "no-store"},
    )  # fmt: skip
