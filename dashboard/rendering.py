"""Templates into pages: one environment, each feature's templates under its own name (``floor/board.html``)."""

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup
from starlette.datastructures import URL

from dashboard import assets, icons
from dashboard.accounts.cookie import form_token, secret_in
from dashboard.accounts.viewer import viewer_of
from dashboard.dependencies import (
    LANGUAGE_COOKIE,
    LOOK_COOKIE,
    LOOKS,
    lab_of,
    language_of,
    look_of,
    services_of,
    words_of,
)
from dashboard.navigation import PLACES
from gateway.wording import LANGUAGES, Words

FOLDER = Path(__file__).parent
FONT_COOKIE = "etabli_font"
FEATURES = tuple(sorted(path.parent.name for path in FOLDER.glob("*/templates")))
YEAR_S = 365 * 24 * 3600


@cache
def environment() -> Environment:
    """The one Jinja2 environment; autoescape everywhere, an unknown name is an error."""
    loaders = {name: FileSystemLoader(FOLDER / name / "templates") for name in FEATURES}
    loaders["shared"] = FileSystemLoader(FOLDER / "templates")
    # Templates do not change while the program runs: asking the disk for each part took a third of a long page.
    made = Environment(
        loader=PrefixLoader(loaders), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        auto_reload=False,
    )  # fmt: skip
    made.globals |= {
        "static": assets.static, "style": assets.style, "script": assets.script, "font": assets.font, "installed": assets.installed,
        "drawn_by_others": icons.installed().get,
    }  # fmt: skip
    drawn: Any = made.get_template("shared/icons.html").module
    # Each drawing is made once: a page of many machines holds hundreds.
    made.globals["icons"] = SimpleNamespace(icon=lru_cache(4096)(drawn.icon), state=lru_cache(4096)(drawn.state))
    return made


def fragment(template: str, words: Words, **values: Any) -> str:
    """A piece of a page, for the live stream."""
    return environment().get_template(template).render(t=words, lang=words.lang, **values)


def page(
    request: Request,
    template: str,
    *,
    words: Words | None = None,
    status: int = 200,
    private: bool = False,
    keep: bool = False,
    **values: Any,
) -> HTMLResponse:
    """A whole page in the language asked for, which is remembered when the address asked for it.

    ``keep``: a telephone may keep it for when there is no network; nothing in it is about anybody but the viewer.
    """
    words = words or words_of(request)
    text = fragment(template, words, **_frame(request, words), **values)
    response = HTMLResponse(text, status_code=status)
    private = private or viewer_of(request) is not None
    response.headers["Cache-Control"] = "no-store" if private else "no-cache"
    response.headers["Content-Language"] = words.lang
    if keep:
        response.headers["Etabli-Keep"] = "1"
    response.headers["Vary"] = "Accept-Language, Cookie"
    if request.query_params.get("lang") in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, words.lang, max_age=YEAR_S, samesite="lax", httponly=True)
    if request.query_params.get("look") in LOOKS:
        response.set_cookie(LOOK_COOKIE, look_of(request), max_age=YEAR_S, samesite="lax", httponly=True)
    return response


def _frame(request: Request, words: Words) -> dict[str, Any]:
    """What the frame around every page needs."""
    return {
        "lab_name": lab_of(request).name,
        "demo": services_of(request).demo,
        "viewer": viewer_of(request),
        "seen_at": services_of(request).clock.now(),
        **frame_anywhere(request, words.lang),
    }


def csrf_field(request: Request) -> Markup:
    """The hidden field that every form of somebody signed in carries: ``{{ csrf() }}``."""
    secret = secret_in(request)
    value = form_token(secret) if secret else ""
    return Markup('<input type="hidden" name="form_token" value="{}">').format(value)


def frame_anywhere(request: Request, lang: str) -> dict[str, Any]:
    """What the frame needs that asks nothing of the store."""
    other = next(name for name in LANGUAGES if name != lang)
    return {
        "path": request.url.path,
        "places": PLACES,
        "csrf": lambda: csrf_field(request),
        "other_language": _same_page(request, lang=other),
        "look": look_of(request),
        "has_font": FONT_COOKIE in request.cookies,
        "looks": {name: _same_page(request, look=name) for name in LOOKS},
    }


def _same_page(request: Request, **changed: str) -> str:
    """This page, or ``request.state.here`` where a form was answered by a page of its own."""
    here: str | None = getattr(request.state, "here", None)
    url = URL(here) if here else request.url
    return str(url.include_query_params(**changed).replace(scheme="", netloc=""))


def error_page(
    request: Request, status: int, *, title: str, detail: str, lang: str, headers: Mapping[str, str]
) -> HTMLResponse:
    """A problem in plain words; it needs nothing from the store."""
    clock = services_of(request).clock
    words = Words(language_of(request), zone="UTC", now=clock.now())
    values = {"title": title, "detail": detail, "status": status, "lab_name": "", "demo": False}
    values |= {"viewer": getattr(request.state, "viewer", None), "seen_at": None}
    values |= frame_anywhere(request, lang)
    text = fragment("shared/problem.html", words, **values)
    return HTMLResponse(text, status_code=status, headers=dict(headers))
