"""One open live stream as an answer: it ends with the browser, or with us."""

import asyncio

from starlette.background import BackgroundTask
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from dashboard.channels import Draw
from dashboard.live import LiveHub

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
PING = b": still here\n\n"
RETRY = b"retry: 2000\n\n"


class LiveStream(Response):
    """Server-sent events of one channel, from ``seen`` on; each screen waits only for its own network."""

    def __init__(self, hub: LiveHub, key: tuple[str, ...], draw: Draw, *, slug: str | None, seen: str | None) -> None:
        self._hub, self._key, self._draw, self._slug, self._seen = hub, key, draw, slug, seen
        self.background: BackgroundTask | None = None
        self.status_code = 200

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what is new until either side is done."""
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": RETRY, "more_body": True})
        with self._hub.join(self._key, self._draw, slug=self._slug, seen=self._seen) as (channel, client):
            gone = asyncio.ensure_future(_gone(receive))
            gone.add_done_callback(lambda _: client.bell.set())
            try:
                while not (gone.done() or self._hub.stopping):
                    client.bell.clear()
                    news = channel.news_for(client) or (PING if client.ping else b"")
                    client.ping = False
                    if news:
                        await send({"type": "http.response.body", "body": news, "more_body": True})
                    else:
                        await client.bell.wait()
            finally:
                gone.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
