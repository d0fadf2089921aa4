"""``/`` the live board, ``/r/{slug}`` the page behind the QR code, and their live streams."""

import io
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from dashboard.accounts.viewer import MaybeViewer
from dashboard.dependencies import Asked, doubt_of, hub_of, lab_of, words_of
from dashboard.floor import views as shown
from dashboard.problems import Problem
from dashboard.rendering import page
from dashboard.streaming import LiveStream
from gateway.domain.roles import May
from gateway.ports.views import ResourceView
from gateway.wording import LANGUAGES

router = APIRouter(include_in_schema=False)

Since = Annotated[str | None, Query(max_length=64)]


def _language(lang: str | None) -> str:
    return lang if lang in LANGUAGES else LANGUAGES[0]


@router.get("/")
def board(request: Request, services: Asked, viewer: MaybeViewer) -> HTMLResponse:
    """Every resource, live. What the team is shown beside it stays on no telephone."""
    kept = viewer is None or not viewer.may(May.RUN)
    hub, words, now = hub_of(request), words_of(request), services.clock.now()
    mark = hub.mark
    views = [hub.with_progress(view) for view in services.store.views().floor(now)]
    return page(
        request, "floor/board.html", words=words, now=now, keep=kept, live=f"/live?lang={words.lang}&since={mark}",
        families=shown.families(views, words, now), summary=shown.summary(views, now),
        doubt=doubt_of(services), today=now.astimezone(ZoneInfo(lab_of(request).timezone)).date(),
    )  # fmt: skip


@router.get("/live")
async def board_stream(request: Request, lang: str | None = None, since: Since = None) -> LiveStream:
    """Tiles of the board as they change."""
    lang = _language(lang)
    seen = request.headers.get("last-event-id") or since
    return LiveStream(hub_of(request), ("board", lang), shown.draw_board(lang), slug=None, seen=seen)


def find(request: Request, services: Asked, slug: str, now: datetime) -> ResourceView:
    """The resource of that slug, with its progress; a problem when there is none."""
    view = services.store.views().resource(slug, now) if len(slug) <= 64 else None
    if view is None:
        raise Problem("not_found")
    return hub_of(request).with_progress(view)


@router.get("/r/{slug}")
def resource(request: Request, services: Asked, slug: str) -> HTMLResponse:
    """What someone standing in front of the machine wants to know."""
    now, words, mark = services.clock.now(), words_of(request), hub_of(request).mark
    view = find(request, services, slug, now)
    return page(
        request, "floor/resource.html", words=words, live=f"/r/{slug}/live?lang={words.lang}&since={mark}",
        tile=shown.tile(view, words, now), view=view, trainings=shown.trainings(view),
        has_reader=shown.has_reader(view), day=shown.today(services.store.views(), view, lab_of(request), now),
    )  # fmt: skip


@router.get("/r/{slug}/live")
async def resource_stream(request: Request, slug: str, lang: str | None = None, since: Since = None) -> LiveStream:
    """The state of one resource as it changes."""
    lang = _language(lang)
    seen = request.headers.get("last-event-id") or since
    draw = shown.draw_resource(slug, lang)
    return LiveStream(hub_of(request), ("resource", slug[:64], lang), draw, slug=slug, seen=seen)


@router.get("/r/{slug}/qr.svg")
def qr(request: Request, services: Asked, slug: str) -> Response:
    """The address of the machine's page, to print and stick on it."""
    import segno

    view = find(request, services, slug, services.clock.now())
    address = str(request.base_url.replace(path=f"/r/{view.resource.slug}", query=""))
    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False).save(drawn, kind="svg", scale=8, border=4, light="white", xmldecl=False)
    return Response(drawn.getvalue(), media_type="image/svg+xml", headers={"Cache-Control": "no-cache"})
