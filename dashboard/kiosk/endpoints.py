"""``/kiosk/{slug}``: the screen at a machine, behind a pairing key that the first visit turns into a cookie."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from dashboard.dependencies import Asked, hub_of, token_view, words_of
from dashboard.floor.endpoints import find
from dashboard.floor.views import tile
from dashboard.kiosk.views import draw_kiosk, face
from dashboard.problems import Problem
from dashboard.rendering import page
from dashboard.streaming import LiveStream
from devices.topics import SLUG
from gateway.domain.people import Role
from gateway.wording import LANGUAGES

router = APIRouter(include_in_schema=False)

COOKIE = "etabli_kiosk"
COOKIE_LIFE_S = 400 * 24 * 3600
Text = Annotated[str | None, Query(max_length=500)]


def _paired(request: Request, slug: str, secret: str | None) -> bool:
    if not SLUG.fullmatch(slug):
        return False
    token = token_view(request, secret)
    return token is not None and token.role is Role.KIOSK and token.resource == slug


def _pair_page(request: Request, slug: str) -> HTMLResponse:
    name = slug if SLUG.fullmatch(slug) else "…"
    return page(request, "kiosk/pair.html", status=403, private=True, slug=name)


@router.get("/kiosk/{slug}")
def kiosk(request: Request, services: Asked, slug: str, key: Text = None, seen: int | None = None) -> Response:
    """The answer to the last tap at this machine's reader, or how to begin."""
    if key is not None:
        return _pair(request, slug, key)
    if not _paired(request, slug, request.cookies.get(COOKIE)):
        return _pair_page(request, slug)
    now, words, hub = services.clock.now(), words_of(request), hub_of(request)
    mark, reading = hub.mark, services.store.views()
    view = find(request, services, slug, now)
    tap = reading.last_tap(view.resource.id)
    left = tap is not None and tap.event.id == seen
    return page(
        request, "kiosk/kiosk.html", words=words, private=True, slug=slug, seen=seen if left else None,
        tile=tile(view, words, now), face=face(view, None if left else tap, reading, words, now),
        live=f"/kiosk/{slug}/live?lang={words.lang}&since={mark}",
    )  # fmt: skip


def _pair(request: Request, slug: str, key: str) -> Response:
    if not _paired(request, slug, key):
        return _pair_page(request, slug)
    response = RedirectResponse(f"/kiosk/{slug}", status_code=303, headers={"Cache-Control": "no-store"})
    response.set_cookie(
        COOKIE, key, max_age=COOKIE_LIFE_S, path=f"/kiosk/{slug}", httponly=True, samesite="strict",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return response


@router.get("/kiosk/{slug}/live")
def kiosk_stream(request: Request, slug: str, lang: str | None = None, since: Text = None) -> LiveStream:
    """The kiosk's face as it changes."""
    if not _paired(request, slug, request.cookies.get(COOKIE)):
        raise Problem("forbidden")
    lang = lang if lang in LANGUAGES else LANGUAGES[0]
    mark = request.headers.get("last-event-id") or since
    return LiveStream(hub_of(request), ("kiosk", slug, lang), draw_kiosk(slug, lang), slug=slug, seen=mark)
