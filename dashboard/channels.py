"""Channels of the live stream: what one kind of page in one language last looked like, and the screens that show it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.ports.views import Lab, ResourceView, Views


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What there is to draw: every resource known, the ones that changed (None for all), and how to read more."""

    resources: Mapping[str, ResourceView]
    changed: frozenset[str] | None
    lab: Lab
    now: datetime
    views: Views


Draw = Callable[[Scene], Mapping[str, str]]
"""Pieces of a page by their id. Called in a worker thread."""


@dataclass(slots=True, eq=False)
class Client:
    """One open screen: what it has seen, and the bell that wakes it."""

    seen: int
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    ping: bool = False


@dataclass(slots=True, eq=False)
class Channel:
    """A kind of page in one language: its pieces as last drawn, and the screens that show it."""

    draw: Draw
    slug: str | None
    clients: set[Client] = field(default_factory=set)
    pieces: dict[str, tuple[int, str, bytes]] = field(default_factory=dict)
    version: int = 0
    previous: int = 0
    latest: bytes = b""

    def update(self, drawn: Mapping[str, str], version: int, epoch: str) -> None:
        """Take what differs from before as the new version, and wake everyone."""
        changed = {key: text for key, text in drawn.items() if key not in self.pieces or self.pieces[key][1] != text}
        if not changed:
            return
        for key, text in changed.items():
            self.pieces[key] = (version, text, encode_event(f"{epoch}-{version}", text))
        self.previous, self.version = self.version, version
        self.latest = b"".join(self.pieces[key][2] for key in changed)
        for client in self.clients:
            client.bell.set()

    def news_for(self, client: Client) -> bytes:
        """What this screen lacks; for those that kept up these are the very same bytes."""
        if client.seen >= self.version:
            return b""
        seen, client.seen = client.seen, self.version
        if seen == self.previous:
            return self.latest
        return b"".join(payload for version, _, payload in self.pieces.values() if version > seen)


def encode_event(id: str, text: str) -> bytes:
    """One server-sent event that carries a piece of a page."""
    lines = "\n".join(f"data: {line}" for line in text.splitlines() if line.strip())
    return f"event: piece\nid: {id}\n{lines}\n\n".encode()
