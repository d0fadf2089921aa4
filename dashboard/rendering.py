"""Templates into pages: one environment, each feature's templates under its own name (``floor/board.html``)."""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined

from dashboard.dependencies import LANGUAGE_COOKIE, lab_of, language_of, services_of, words_of
from gateway.wording import LANGUAGES, Words

FOLDER = Path(__file__).parent
FEATURES = ("floor", "kiosk", "staff")
YEAR_S = 365 * 24 * 3600


@cache
def environment() -> Environment:
    """The one Jinja2 environment; autoescape everywhere, an unknown name is an error."""
    loaders = {name: FileSystemLoader(FOLDER / name / "templates") for name in FEATURES}
    loaders["shared"] = FileSystemLoader(FOLDER / "templates")
    made = Environment(
        loader=PrefixLoader(loaders), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.globals["static"] = static
    return made


@cache
def static(name: str) -> str:
    """The address of one of our files, with its fingerprint: a new version is never taken from a cache."""
    return f"/static/{name}?v={sha256((FOLDER / 'static' / name).read_bytes()).hexdigest()[:12]}"


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
    **values: Any,
) -> HTMLResponse:
    """A whole page in the language asked for, which is remembered when the address asked for it."""
    words = words or words_of(request)
    text = fragment(template, words, **_frame(request, words), **values)
    response = HTMLResponse(text, status_code=status)
    response.headers["Cache-Control"] = "no-store" if private else "no-cache"
    response.headers["Content-Language"] = words.lang
    response.headers["Vary"] = "Accept-Language, Cookie"
    if request.query_params.get("lang") in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, words.lang, max_age=YEAR_S, samesite="lax", httponly=True)
    return response


def _frame(request: Request, words: Words) -> dict[str, Any]:
    """What the frame around every page needs."""
    return {
        "lab_name": lab_of(request).name,
        "path": request.url.path,
        "other_language": other_language(request, words.lang),
        "demo": services_of(request).demo,
    }


def other_language(request: Request, lang: str) -> str:
    """The same page in the other language."""
    other = next(name for name in LANGUAGES if name != lang)
    return str(request.url.include_query_params(lang=other).replace(scheme="", netloc="")) or f"?lang={other}"


def error_page(
    request: Request, status: int, *, title: str, detail: str, lang: str, headers: Mapping[str, str]
) -> HTMLResponse:
    """A problem in plain words; it needs nothing from the store."""
    clock = services_of(request).clock
    words = Words(language_of(request), zone="UTC", now=clock.now())
    values = {"title": title, "detail": detail, "status": status, "lab_name": "", "path": request.url.path}
    values |= {"other_language": other_language(request, lang), "demo": False}
    text = fragment("shared/problem.html", words, **values)
    return HTMLResponse(text, status_code=status, headers=dict(headers))
