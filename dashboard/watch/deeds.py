"""What the team does from afar: each deed first says what will happen, and is done by the form on that page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from dashboard.dependencies import Asked, Services, lab_of, words_of
from dashboard.floor.endpoints import find
from dashboard.problems import Problem
from dashboard.rendering import page
from dashboard.staff.endpoints import Posted, acting, field_of, secret_of
from dashboard.text import one_line
from dashboard.watch.views import called
from gateway.domain.attention import Act
from gateway.domain.resources import ResourceKind
from gateway.ports.store import Work
from gateway.ports.views import ResourceView
from gateway.service import team

router = APIRouter(prefix="/equipe", include_in_schema=False)

UNSAY = "unsay"
READY = ("come_back", "time_over", "part_ready", "stop_please")
"""Sentences that need no typing."""
Text = Annotated[str, Form(max_length=1000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a form said, and who sent it."""

    slug: str
    by: str | None
    key: str = ""
    reason: str | None = None
    back_at: datetime | None = None
    text: str = ""
    device: str = ""


Do = Callable[[Work, Told, datetime], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One of them: its name in the log and in the catalogues, how it is done, and whether it hurts."""

    act: str
    do: Do
    stands: Callable[[ResourceView], bool] = lambda _view: True
    harsh: bool = False


def _running(view: ResourceView) -> bool:
    return view.job is not None and view.job.ended_at is None


def _prints(view: ResourceView) -> bool:
    """Only a printer can be told from afar to stop what it does."""
    return view.resource.kind is ResourceKind.PRINTER_3D and _running(view)


DEEDS: dict[str, Deed] = {
    "hors-service": Deed(
        act=Act.LOCK_OUT, harsh=True, stands=lambda view: not view.resource.out_of_service,
        do=lambda work, told, now: team.lock_out(
            work, slug=told.slug, reason=told.reason, back_at=told.back_at, by=told.by, now=now
        ),
    ),
    "en-service": Deed(
        act=Act.RELEASE, stands=lambda view: view.resource.out_of_service,
        do=lambda work, told, now: team.put_back(work, slug=told.slug, by=told.by, now=now),
    ),
    "terminer": Deed(
        act=Act.END, stands=lambda view: view.session is not None, harsh=True,
        do=lambda work, told, now: team.end(work, slug=told.slug, by=told.by, now=now),
    ),
    "annuler": Deed(
        act=Act.CANCEL_JOB, stands=_prints, harsh=True,
        do=lambda work, told, now: team.cancel_job(
            work, slug=told.slug, job=told.key, device=told.device, by=told.by, now=now
        ),
    ),
    "message": Deed(
        act=Act.MESSAGE, do=lambda work, told, now: team.say(work, slug=told.slug, text=told.text, by=told.by, now=now)
    ),
    "effacer": Deed(
        act=UNSAY, stands=lambda view: view.note is not None,
        do=lambda work, told, now: team.unsay(work, slug=told.slug, by=told.by, now=now),
    ),
    "ranger": Deed(
        act=Act.SHELVE, stands=lambda view: view.part is not None,
        do=lambda work, told, now: team.shelve(work, slug=told.slug, by=told.by, now=now),
    ),
    "liberer": Deed(
        act=Act.FREE_SLOT, harsh=True, stands=lambda view: view.reservation is not None,
        do=lambda work, told, now: team.free_slot(work, slug=told.slug, reservation=told.key, by=told.by, now=now),
    ),
}  # fmt: skip


@router.get("/machines/{slug}/{deed}")
def ask(
    request: Request, services: Asked, slug: str, deed: str, cle: Annotated[str, Query(max_length=64)] = ""
) -> Response:  # fmt: skip
    """What will happen, and the button that makes it happen."""
    secret = secret_of(request)
    if secret is None:
        return page(request, "staff/enter.html", private=True, wrong=False)
    chosen = DEEDS.get(deed)
    if chosen is None:
        raise Problem("not_found")
    view = find(request, services, slug, services.clock.now())
    if not chosen.stands(view):
        return after(gone=True)
    return _page(request, services, chosen, deed, view, secret, key=cle or _key(chosen, view))


def _key(chosen: Deed, view: ResourceView) -> str:
    if chosen.act == Act.CANCEL_JOB and view.job is not None:
        return view.job.id
    return view.reservation.id if chosen.act == Act.FREE_SLOT and view.reservation is not None else ""


def _page(
    request: Request, services: Services, chosen: Deed, deed: str, view: ResourceView, secret: str, *, key: str,
    status: int = 200, wrong: str | None = None, reason: str = "", back: str = "", text: str = "",
) -> HTMLResponse:  # fmt: skip
    words, who = words_of(request), view.session.operator_id if view.session else None
    if chosen.act == Act.FREE_SLOT and view.reservation is not None:
        who = view.reservation.member_id
    file = one_line(view.job.name) if _running(view) and view.job is not None else ""
    return page(
        request, "watch/deed.html", words=words, private=True, status=status, deed=chosen, path_of_deed=deed,
        name=words.own(view.resource.names), slug=view.resource.slug, key=key, form_field=field_of(secret), file=file,
        running=_running(view), who=called(services.store.views().member(who)) if who else None, ready=READY,
        note=view.note.text if view.note else None, wrong=wrong, reason=reason, back=back, text=text,
        most=team.NOTE_CHARS, held=view.reservation,
    )  # fmt: skip


@router.post("/machines/{slug}/{deed}", dependencies=[Posted])
def carry_out(
    request: Request, services: Asked, slug: str, deed: str, cle: Text = "", reason: Text = "", back_at: Text = "",
    text: Text = "", ready: Text = "",
) -> Response:  # fmt: skip
    """Do it, once."""
    chosen = DEEDS.get(deed)
    if chosen is None:
        raise Problem("not_found")
    now, words = services.clock.now(), words_of(request)
    view = find(request, services, slug, now)
    back, wrong = moment(back_at, lab_of(request).timezone, now)
    said = words(f"deed.ready.{ready}") if ready in READY else " ".join(text.split())
    if chosen.act == Act.MESSAGE and not said:
        wrong = "nothing_said"
    if wrong:
        secret = secret_of(request) or ""
        return _page(
            request, services, chosen, deed, view, secret, key=cle, status=422, wrong=wrong, reason=reason,
            back=back_at, text=text,
        )  # fmt: skip
    told = Told(
        slug=slug, by=acting(request), key=cle, reason=" ".join(reason.split())[:200] or None, back_at=back, text=said,
        device=_device(view),
    )  # fmt: skip
    done = services.transact(lambda work, now: chosen.do(work, told, now))
    return after(chosen.act, gone=not done)


def _device(view: ResourceView) -> str:
    id = view.job.device_id if view.job is not None else None  # noqa: A001
    return next((device.slug for device in view.devices if device.id == id), "")


def moment(told: str, zone: str, now: datetime) -> tuple[datetime | None, str | None]:
    """A time as a browser's field gives it, in the lab's zone; and what is wrong with it."""
    if not told.strip():
        return None, None
    try:
        found = datetime.fromisoformat(told.strip()).replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        return None, "unreadable"
    return (found, None) if found > now else (None, "past")


@router.get("/appareils/{slug}/compris")
def ask_nonsense(request: Request, services: Asked, slug: str) -> Response:
    """What a device says that nobody understands, and that somebody has looked."""
    secret = secret_of(request)
    if secret is None:
        return page(request, "staff/enter.html", private=True, wrong=False)
    device = next((one for one in services.store.views().devices() if one.slug == slug), None)
    if device is None:
        raise Problem("not_found")
    if not device.nonsense_count:
        return after(gone=True)
    example = one_line(device.nonsense_example, 300)
    return page(
        request, "watch/nonsense.html", private=True, device=device, example=example, form_field=field_of(secret)
    )


@router.post("/appareils/{slug}/compris", dependencies=[Posted])
def forget_nonsense(request: Request, services: Asked, slug: str) -> Response:
    """Count from nothing again."""
    if all(one.slug != slug for one in services.store.views().devices()):
        raise Problem("not_found")
    by = acting(request)
    done = services.transact(lambda work, now: team.forget_nonsense(work, device=slug, by=by, now=now))
    return after(Act.FORGET_NONSENSE, gone=not done)


def after(act: str = "", *, gone: bool = False) -> RedirectResponse:
    """Back to the floor, which says what was done."""
    query = urlencode({"parti": "1"} if gone else {"fait": act})
    return RedirectResponse(f"/equipe?{query}", status_code=303, headers={"Cache-Control": "no-store"})
