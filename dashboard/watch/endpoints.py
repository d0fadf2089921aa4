"""``/equipe``: what needs somebody now, every machine, who is here; live."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from dashboard.dependencies import Asked, hub_of, words_of
from dashboard.problems import Problem
from dashboard.rendering import page
from dashboard.staff.endpoints import field_of, secret_of
from dashboard.streaming import LiveStream
from dashboard.watch import views as shown
from dashboard.watch.gather import ailing
from gateway.domain.attention import Act
from gateway.wording import LANGUAGES

router = APIRouter(prefix="/equipe", include_in_schema=False)

DONE = frozenset({*Act, "unsay"})


@router.get("")
def home(
    request: Request, services: Asked, fait: str | None = None, parti: str | None = None, plus_tard: bool = False
) -> Response:
    """The team's floor, or the way in."""
    secret, words = secret_of(request), words_of(request)
    if secret is None:
        return page(request, "staff/enter.html", words=words, private=True, wrong=False)
    hub, now = hub_of(request), services.clock.now()
    mark, views = hub.mark, services.store.views()
    if not plus_tard and not views.count_members():
        # An empty lab has no floor to show: whoever comes first is led, and may say "later".
        return RedirectResponse("/bienvenue", status_code=303, headers={"Cache-Control": "no-store"})
    floor = [hub.with_progress(view) for view in views.floor(now)]
    return page(
        request, "watch/floor.html", words=words, private=True, now=now, form_field=field_of(secret),
        team=shown.team(views, floor, ailing(services), words, now), done=fait if fait in DONE else None,
        gone=parti is not None, live=f"/equipe/live?lang={words.lang}&since={mark}",
    )  # fmt: skip


@router.get("/live")
def stream(
    request: Request, services: Asked, lang: str | None = None,
    since: Annotated[str | None, Query(max_length=64)] = None,
) -> LiveStream:  # fmt: skip
    """The same as it changes."""
    if secret_of(request) is None:
        raise Problem("forbidden")
    lang = lang if lang in LANGUAGES else LANGUAGES[0]
    seen = request.headers.get("last-event-id") or since
    draw = shown.draw_team(lang, lambda: ailing(services))
    return LiveStream(hub_of(request), ("team", lang), draw, slug=None, seen=seen)
