"""``/equipe/heure``: staff say what the hour is, where the computer cannot know."""

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from dashboard.dependencies import Asked, Services, lab_of, words_of
from dashboard.rendering import page
from dashboard.staff.endpoints import Posted, field_of, secret_of
from dashboard.watch.deeds import after
from gateway.domain.attention import Act
from gateway.domain.hour import WRITTEN
from gateway.ports.store import Work

router = APIRouter(prefix="/equipe/heure", include_in_schema=False)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


@router.get("")
def ask(request: Request, services: Asked) -> Response:
    """What the computer believes, and a field for what the clock on the wall says."""
    secret = secret_of(request)
    if secret is None:
        return page(request, "staff/enter.html", words=words_of(request), private=True, wrong=False)
    return _page(request, services, secret, typed=None)


def _page(request: Request, services: Services, secret: str, *, typed: str | None, status: int = 200) -> Response:
    now, zone = services.clock.now(), ZoneInfo(lab_of(request).timezone)
    here = now.astimezone(zone)
    shown = here.strftime("%Y-%m-%dT%H:%M")
    return page(
        request, "watch/clock.html", words=words_of(request), private=True, now=now, form_field=field_of(secret),
        typed=shown if typed is None else typed, wrong=typed is not None, settable=services.hour is not None, today=here.date(),
        status=status,
    )  # fmt: skip


@router.post("", dependencies=[Posted])
def accept(request: Request, services: Asked, hour: Annotated[str, Form(max_length=40)] = "") -> Response:
    """From here on that is the hour."""
    secret, keeper = secret_of(request), services.hour
    if secret is None or keeper is None:
        return after(gone=True)
    told = _read(hour, ZoneInfo(lab_of(request).timezone))
    if told is None:
        return _page(request, services, secret, typed=hour, status=422)

    def use_case(work: Work, now: datetime) -> None:
        # Only the minute is typed: whoever confirms what stands there does not turn the seconds back.
        same = now.replace(second=0, microsecond=0) == told
        keeper.accept(work, now if same else told)

    services.transact(use_case)
    return after(Act.SET_CLOCK)


def _read(text: str, zone: ZoneInfo) -> datetime | None:
    try:
        told = datetime.fromisoformat(text.strip()).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return told if WRITTEN <= told < LATEST else None
