"""`Idempotency-Key`: a request that is sent again because its answer was lost is done once and answered twice.

The key is taken in the same transaction as the request's effect; the answer is kept afterwards. Whoever comes back
between the two is told so, and nothing is done again.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import problems
from dashboard.dependencies import Services, Transact
from gateway.ports.errors import StoreUnavailable
from gateway.ports.store import Work
from gateway.ports.store_answers import Answer, Claim

Value = TypeVar("Value")

HEADER = "idempotency-key"
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
LONGEST_KEY = 255
LONGEST_BODY = 1_000_000
"""A longer request is not compared with the one before; it is refused with a key, and no body of ours is near it."""

_log = logging.getLogger(__name__)


class Taken(Exception):
    """The key belongs to a request that was done before."""

    def __init__(self, claim: Claim, request: str) -> None:
        super().__init__("the key is taken")
        self.claim, self.request = claim, request


@dataclass(slots=True, kw_only=True)
class Key:
    """The key of one request; ``held`` once its effect is committed."""

    key: str
    request: str
    held: bool = False

    def over(self, transact: Transact) -> Transact:
        """The same, taking the key in the first transaction; :class:`Taken` rolls it back."""

        def guarded(use_case: Callable[[Work, datetime], Value]) -> Value:
            value = transact(lambda work, now: self._once(use_case, work, now))
            self.held = True
            return value

        return guarded

    def _once(self, use_case: Callable[[Work, datetime], Value], work: Work, now: datetime) -> Value:
        taken = None if self.held else work.claim(self.key, self.request, now)
        if taken is not None:
            raise Taken(taken, self.request)
        return use_case(work, now)


class IdempotentWrites:
    """Around the application: reads the key before it, keeps the answer after it."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app, self._services = app, services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what carries no key."""
        told = Headers(scope=scope).get(HEADER) if scope["type"] == "http" and scope["method"] in WRITES else None
        if told is None:
            await self._app(scope, receive, send)
            return
        body = await _body(receive)
        if body is None or not 0 < len(told) <= LONGEST_KEY or not (told.isascii() and told.isprintable()):
            await _unfit(Request(scope), body)(scope, receive, send)
            return
        key = scope["etabli.key"] = _key(scope, told, body)
        heard: list[Message] = []

        async def listening(message: Message) -> None:
            heard.append(dict(message))
            await send(message)

        await self._app(scope, _again(body, receive), listening)
        if key.held:
            await run_in_threadpool(self._keep, key.key, heard)

    def _keep(self, key: str, heard: list[Message]) -> None:
        start, *rest = heard
        if start["status"] >= 500:
            return
        answer = Answer(
            status=start["status"],
            media_type=Headers(raw=start["headers"]).get("content-type", ""),
            body=b"".join(message.get("body", b"") for message in rest),
        )
        try:
            with self._services.store.begin() as work:
                work.keep_answer(key, answer)
        except StoreUnavailable as error:
            _log.warning("an answer could not be kept for whoever asks again: %s", error)


def install(app: FastAPI, services: Services) -> None:
    """Heed the header on every write."""
    app.add_middleware(IdempotentWrites, services=services)
    app.add_exception_handler(Taken, _taken)


def describe(operation: dict[str, Any]) -> None:
    """Say in OpenAPI that a write heeds the header."""
    operation.setdefault("parameters", []).append(
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "Any text of your own. The same request sent again with it is not done again: it gets the "
            "first answer, for a day.",
            "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
        }
    )


async def _taken(request: Request, error: Exception) -> Response:
    assert isinstance(error, Taken)
    if error.claim.request != error.request:
        return problems.answer(request, "key_reused")
    kept = error.claim.answer
    if kept is None:
        return problems.answer(request, "answer_unknown")
    return Response(kept.body, kept.status, {"Idempotent-Replayed": "true"}, kept.media_type)


def _unfit(request: Request, body: bytes | None) -> Response:
    if body is None:
        return problems.answer(request, "too_large")
    what = f"1 to {LONGEST_KEY} printable characters"
    return problems.answer(
        request, "invalid", more={"errors": [{"where": ["header", "Idempotency-Key"], "what": what, "kind": "key"}]}
    )


def _key(scope: Scope, told: str, body: bytes) -> Key:
    """Nobody can meet another caller's key: it is told apart by who sends it."""
    who = Headers(scope=scope).get("authorization", "")
    key = hashlib.sha256(f"{who}\n{told}".encode("utf-8", "surrogateescape"))
    request = hashlib.sha256(f"{scope['method']} {scope['path']}?".encode("utf-8", "surrogateescape"))
    for part in (scope["query_string"], b"\n", body):
        request.update(part)
    return Key(key=key.hexdigest(), request=request.hexdigest())


async def _body(receive: Receive) -> bytes | None:
    """The request's whole body; None when it is too long to be one of ours."""
    parts, length = [], 0
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        if length > LONGEST_BODY:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    told = False

    async def once_more() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once_more
