"""Every way to say no over HTTP: RFC 9457 for programs, a plain page for people. Status codes appear only here."""

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dashboard.dependencies import language_of, words_of
from gateway.domain.refusals import Refusal, to_plain
from gateway.ports.errors import StoreUnavailable
from gateway.wording import Words

_log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = {"unavailable": "5", "too_many": "900"}

STATUS = {
    "bad_request": 400,
    "unauthorised": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "refused": 409,
    "answer_unknown": 409,
    "too_large": 413,
    "invalid": 422,
    "key_reused": 422,
    "too_many": 429,
    "internal": 500,
    "unavailable": 503,
}
BY_STATUS = {status: code for code, status in reversed(STATUS.items())} | {409: "conflict"}


class Problem(Exception):
    """Raised by an endpoint; ``more`` stands in the answer beside type, title, status, detail and code."""

    def __init__(self, code: str, *, detail: str | None = None, **more: Any) -> None:
        super().__init__(code)
        self.code, self.detail, self.more = code, detail, more


class SignInNeeded(Problem):
    """Nobody is signed in: a page sends them to the way in, a program is told."""

    def __init__(self) -> None:
        super().__init__("unauthorised")


def refused(refusals: tuple[Refusal, ...], words: Words) -> Problem:
    """Every unmet rule with its code, its values, its sentences and what can be done."""
    return Problem("refused", refusals=[told(refusal, words) for refusal in refusals])


def told(refusal: Refusal, words: Words) -> dict[str, Any]:
    """One unmet rule for whoever asks: code, values, sentences, next steps."""
    said = words.say(refusal.code, refusal.params)
    steps = [{"code": str(step), "sentence": words.next_step(step, refusal.params)} for step in refusal.next_steps]
    return to_plain(refusal) | {"title": said.title, "sentence": said.sentence, "next_steps": steps}


def install(app: FastAPI) -> None:
    """Answer every error of ``app`` in this shape."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StoreUnavailable, _unavailable)
    app.add_exception_handler(Exception, _internal)


def answer(
    request: Request, code: str, *, detail: str | None = None, more: Mapping[str, Any] | None = None
) -> Response:
    """The problem as JSON under ``/api``, as a page elsewhere."""
    headers = {"Cache-Control": "no-store"}
    if code == "unauthorised":
        headers["WWW-Authenticate"] = "Bearer"
    if code in RETRY_AFTER_S:
        headers["Retry-After"] = RETRY_AFTER_S[code]
    words = _words(request)
    title = words(f"problem.{code}.title")
    detail = detail or words(f"problem.{code}.detail")
    if not request.url.path.startswith("/api/"):
        from dashboard.rendering import error_page

        return error_page(request, STATUS[code], title=title, detail=detail, lang=words.lang, headers=headers)
    body = {"type": f"tag:etabli,2026:problem/{code}", "title": title, "status": STATUS[code], "detail": detail}
    body |= {"instance": request.url.path, "code": code, **(more or {})}
    return JSONResponse(body, status_code=STATUS[code], media_type=MEDIA_TYPE, headers=headers)


def to_the_way_in(request: Request) -> Response:
    """The page that signs people in, and then back; whoever sent a form goes back to where it stood."""
    query = {"vers": request.url.path + (f"?{request.url.query}" if request.url.query else "")}
    if request.method not in ("GET", "HEAD"):
        stood = urlsplit(request.headers.get("referer", ""))
        query = {"vers": stood.path if stood.netloc == request.headers.get("host") else "/", "perdu": "1"}
    return RedirectResponse(
        f"/compte/entrer?{urlencode(query)}", status_code=303, headers={"Cache-Control": "no-store"}
    )


def _words(request: Request) -> Words:
    try:
        return words_of(request)
    except Exception:  # the store may be the very thing that is broken, and these sentences need no zone
        clock = request.app.state.services.clock
        return Words(language_of(request), zone="UTC", now=clock.now())


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    if isinstance(error, SignInNeeded) and "application/json" not in request.headers.get("accept", ""):
        return to_the_way_in(request)
    return answer(request, error.code, detail=error.detail, more=error.more)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = BY_STATUS.get(error.status_code, "internal" if error.status_code >= 500 else "bad_request")
    response = answer(request, code)
    response.headers.update({k: v for k, v in (error.headers or {}).items() if k.lower() == "allow"})
    return response


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = [{"where": [str(step) for step in e["loc"]], "what": e["msg"], "kind": e["type"]} for e in error.errors()]
    return answer(request, "invalid", more={"errors": fields[:50]})


async def _unavailable(request: Request, error: Exception) -> Response:
    _log.warning("the store is away: %s", error)
    return answer(request, "unavailable")


async def _internal(request: Request, error: Exception) -> Response:
    # The route and not the address, in which a secret may stand.
    route = getattr(request.scope.get("route"), "path", request.url.path)
    _log.error("a request failed: %s %s", request.method, route, exc_info=error)
    return answer(request, "internal")
