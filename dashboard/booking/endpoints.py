"""``/reserver``: what can be booked, and when. Nothing is booked here, and nobody has to be signed in."""

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from dashboard.accounts.viewer import MaybeViewer
from dashboard.booking import choices, reading
from dashboard.booking import views as shown
from dashboard.booking.choices import DAY, WEEK_DAYS, Found, day_of
from dashboard.booking.elsewhere import elsewhere
from dashboard.booking.reading import Id, Minutes, Sought
from dashboard.dependencies import Asked, Services, lab_of, words_of
from dashboard.rendering import page
from gateway.domain.timespan import Span

router = APIRouter(prefix="/reserver", include_in_schema=False)

Day = Annotated[str | None, Query(max_length=10)]


@router.get("")
def every(request: Request, services: Asked, cherche: Annotated[str, Query(max_length=100)] = "") -> HTMLResponse:
    """Kinds and machines, with the opening hours of the coming days."""
    views, words, now = services.store.views(), words_of(request), services.clock.now()
    kinds, machines = shown.cards(views.resources(), views.groups(), words, cherche.strip())
    zone = ZoneInfo(lab_of(request).timezone)
    schedules = views.schedules(Span(now - DAY, now + (WEEK_DAYS + 1) * DAY))
    hours = shown.hours_of(schedules, day_of(now, zone), WEEK_DAYS, zone, words)
    return page(
        request, "booking/list.html", words=words, kinds=kinds, machines=machines, sought=cherche.strip(),
        hours=hours if schedules.site.opening else (),
    )  # fmt: skip


@router.get("/sorte/{slug}")
def kind(
    request: Request, services: Asked, viewer: MaybeViewer, slug: str, jour: Day = None, semaine: Day = None,
    duree: Minutes = None, change: Id = None,
) -> HTMLResponse:  # fmt: skip
    """When any machine of a kind can be had."""
    found = reading.sought(services, viewer, machine=None, kind=slug, change=change)
    return _days(request, services, found, jour, semaine, duree)


@router.get("/{slug}")
def machine(
    request: Request, services: Asked, viewer: MaybeViewer, slug: str, jour: Day = None, semaine: Day = None,
    duree: Minutes = None, change: Id = None,
) -> HTMLResponse:  # fmt: skip
    """When one machine can be had."""
    found = reading.sought(services, viewer, machine=slug, kind=None, change=change)
    return _days(request, services, found, jour, semaine, duree)


def _days(
    request: Request, services: Services, sought: Sought, jour: str | None, semaine: str | None, duree: int | None
) -> HTMLResponse:  # fmt: skip
    now, words, zone = services.clock.now(), words_of(request), ZoneInfo(lab_of(request).timezone)
    today = day_of(now, zone)
    first, _ = reading.read_day(semaine, today)
    asked, stale = reading.read_day(jour, today) if jour else (first, False)
    if not first <= asked < first + WEEK_DAYS * DAY:
        first = asked
    if duree is None and sought.moves is not None:
        duree = int(sought.moves.span.length / choices.MINUTE)
    found, known = reading.week(services, sought, first, duree, zone, now)
    bars = choices.bars(found)
    seen = choices.as_anybody(found, first) if bars else found
    chosen = asked if jour and not stale else _first_free(seen, asked)
    at = shown.Page(
        subject=sought.subject, minutes=int(found.length / choices.MINUTE), first=first, chosen=chosen,
        moves=sought.moves.id if sought.moves else None,
    )  # fmt: skip
    sessions = services.store.views().next_sessions(now) if sought.viewer else {}
    opened = choices.open_on(chosen, found)
    others = () if sought.moves else elsewhere(at, known, words, found.length, now)
    return page(
        request, "booking/days.html", words=words, at=at, sought=sought, stale=stale, now=now,
        private=sought.viewer is not None, strip=shown.strip(at, seen), parts=shown.parts(at, found),
        shut=shown.shut(at, found, words, sessions), closed=shown.closed(at, found, words),
        bars=shown.reasons(bars, words, sessions), opened=shown.said_hours(opened, words) if opened else None,
        lengths=shown.length_links(at, found, words), before=_before(at, first, today),
        after=at.link(semaine=first + WEEK_DAYS * DAY, jour=None), elsewhere=others,
    )  # fmt: skip


def _first_free(found: Found, first: date) -> date:
    """The first day on which there is something."""
    days = (first + n * DAY for n in range(WEEK_DAYS))
    return next((day for day in days if choices.starts_on(day, found)), first)


def _before(at: shown.Page, first: date, today: date) -> str | None:
    earlier = max(today, first - WEEK_DAYS * DAY)
    return at.link(semaine=earlier, jour=None) if earlier < first else None
