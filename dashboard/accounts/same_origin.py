"""No form of another site changes anything here: what browsers say of a request's origin is checked for all of them."""

from urllib.parse import urlsplit

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard import problems
from dashboard.dependencies import words_of

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
BY_TOKEN = "/api/"
"""Below here a request counts for nothing without a token, which no browser sends by itself."""


def from_here(headers: Headers) -> bool:
    """Whether a browser sent it from a page of this very host; a program that says nothing is not one."""
    origin = headers.get("origin")
    if origin:
        return urlsplit(origin).netloc == headers.get("host")
    return headers.get("sec-fetch-site") == "same-origin"


class SameOrigin:
    """Around the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what changes nothing, what carries a token, and what comes from here."""
        passes = scope["type"] != "http" or scope["method"] in SAFE or scope["path"].startswith(BY_TOKEN)
        if passes or from_here(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        response = await run_in_threadpool(_refusal, Request(scope))
        await response(scope, receive, send)


def _refusal(request: Request) -> Response:
    return problems.answer(request, "forbidden", detail=words_of(request)("account.other_origin"))
