"""No request is longer than anything of ours: a body is counted as it comes, and never kept here."""

import re

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import problems
from dashboard.idempotency import LONGEST_BODY
from gateway.domain.help import LARGEST_PHOTO
from gateway.domain.members_file import MOST_BYTES

LONGEST_WITH_FILE = max(LARGEST_PHOTO, MOST_BYTES) + LONGEST_BODY
"""A file that is a little too large still reaches the page that says so beside its form."""
WITH_FILE = re.compile(r"/kiosk/[^/]+/probleme|/equipe/membres/importer(/appliquer)?")


class TooLarge(HTTPException):
    """More came than was announced, or than is read."""

    def __init__(self) -> None:
        super().__init__(413)


class BodyLimit:
    """Around the application: what is announced too long is not read, what turns out to be is read no further."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, counting."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = LONGEST_WITH_FILE if WITH_FILE.fullmatch(scope["path"]) else LONGEST_BODY
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and (len(announced) > len(str(most)) or int(announced) > most):
            await _refuse(scope, receive, send)
            return
        read, begun = 0, False

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise TooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, counted, noted)
        except TooLarge:
            if begun:
                raise
            await _refuse(scope, receive, send)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    response = await run_in_threadpool(problems.answer, Request(scope), "too_large")
    await response(scope, receive, send)
