"""Headers on every answer: our own files only, no guessing of types, no frames, no address told to others."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # `no-referrer` would make browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
FOR_FILES = frozenset({"X-Content-Type-Options", "Cross-Origin-Resource-Policy"})
"""What says something about a file of ours: the others speak of pages, and would double the weight of a small file."""
FOUND = 200
STATIC_LIFE = "public, max-age=31536000, immutable"


class SecurityHeaders:
    """A plain ASGI wrapper: it adds nothing to the cost of a long stream."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with our headers on the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        fingerprinted = scope["path"].startswith("/static/") and scope["query_string"].startswith(b"v=")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    if not fingerprinted or message["status"] != FOUND or name in FOR_FILES:
                        headers.setdefault(name, value)
                if fingerprinted and message["status"] == FOUND:
                    headers["Cache-Control"] = STATIC_LIFE
            await send(message)

        await self._app(scope, receive, send_with_headers)
