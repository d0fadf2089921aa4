"""``/tv/{secret}``: a screen for everybody, far away: no login, no names. The team makes its address, and a new one."""

import secrets
from collections.abc import Mapping
from math import ceil, sqrt
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from dashboard.channels import Draw, Scene
from dashboard.dependencies import Asked, Services, digest_of, hub_of, lab_of, token_view, words_of
from dashboard.floor.views import summary, tile
from dashboard.problems import Problem
from dashboard.rendering import fragment, page
from dashboard.staff.endpoints import Posted, acting, field_of, secret_of
from dashboard.streaming import LiveStream
from gateway.domain.people import Role
from gateway.ports.views import ResourceView
from gateway.service import team
from gateway.wording import LANGUAGES, Words

router = APIRouter(include_in_schema=False)

MOST_COLUMNS = 8
WIDE = 1.35
"""A tile is about so much wider than high."""


def _open(request: Request, secret: str) -> bool:
    token = token_view(request, secret)
    return token is not None and token.role is Role.TV


def columns(count: int) -> int:
    """So many columns that all machines fill a screen of 16 to 9."""
    return max(1, min(MOST_COLUMNS, ceil(sqrt(count * (16 / 9) / WIDE))))


@router.get("/tv/{secret}")
def tv(request: Request, services: Asked, secret: str) -> HTMLResponse:
    """Every machine in large type."""
    if not _open(request, secret):
        raise Problem("not_found", detail=words_of(request)("tv.closed"))
    hub, words, now = hub_of(request), words_of(request), services.clock.now()
    mark = hub.mark
    views = [hub.with_progress(view) for view in services.store.views().floor(now)]
    return page(
        request, "watch/tv.html", words=words, private=True, now=now, lab=lab_of(request).name,
        tiles=[tile(view, words, now) for view in views], summary=summary(views, now), columns=columns(len(views)),
        live=f"/tv/{secret}/direct?lang={words.lang}&since={mark}",
    )  # fmt: skip


@router.get("/tv/{secret}/direct")
def stream(
    request: Request, secret: str, lang: str | None = None, since: Annotated[str | None, Query(max_length=64)] = None
) -> LiveStream:
    """The same as it changes."""
    if not _open(request, secret):
        raise Problem("not_found")
    lang = lang if lang in LANGUAGES else LANGUAGES[0]
    seen = request.headers.get("last-event-id") or since
    return LiveStream(hub_of(request), ("tv", lang), _draw(lang), slug=None, seen=seen)


def _draw(lang: str) -> Draw:
    def draw(scene: Scene) -> Mapping[str, str]:
        words = Words(lang, zone=scene.lab.timezone, now=scene.now)
        slugs = scene.resources.keys() if scene.changed is None else scene.changed & scene.resources.keys()
        pieces = {f"tv-{slug}": _tile(scene.resources[slug], words, scene) for slug in slugs}
        counted = summary(scene.resources.values(), scene.now)
        pieces["tv-head"] = fragment("watch/tv_head.html", words, summary=counted, now=scene.now, lab=scene.lab.name)
        return pieces

    return draw


def _tile(view: ResourceView, words: Words, scene: Scene) -> str:
    return fragment("watch/tv_tile.html", words, tile=tile(view, words, scene.now))


@router.get("/equipe/ecran")
def screen(request: Request, services: Asked) -> HTMLResponse:
    """What the public screen is, and how to open one."""
    secret = secret_of(request)
    if secret is None:
        return page(request, "staff/enter.html", private=True, wrong=False)
    return _screen(request, services, secret)


def _screen(request: Request, services: Services, secret: str, address: str | None = None) -> HTMLResponse:
    since = services.store.views().token_since(Role.TV)
    return page(request, "watch/screen.html", private=True, form_field=field_of(secret), since=since, address=address)


@router.post("/equipe/ecran", dependencies=[Posted])
def open_screen(request: Request, services: Asked) -> HTMLResponse:
    """A new address, shown this once; the one before is dead."""
    by, new, secret = acting(request), services.ids.new(), secrets.token_urlsafe(18)
    services.transact(lambda work, now: team.open_tv(work, id=new, digest=digest_of(secret), by=by, now=now))
    address = str(request.base_url.replace(path=f"/tv/{secret}", query=""))
    return _screen(request, services, secret_of(request) or "", address)


@router.post("/equipe/ecran/fermer", dependencies=[Posted])
def close_screen(request: Request, services: Asked) -> Response:
    """No such address any more."""
    by = acting(request)
    services.transact(lambda work, now: team.close_tv(work, by=by, now=now))
    return RedirectResponse("/equipe/ecran", status_code=303, headers={"Cache-Control": "no-store"})
