"""How a message leaves the house, and how a hook is called."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message, ready to go. ``id`` is the same each time it is sent, so that a double can be known for one."""

    id: str
    to: str
    subject: str
    text: str
    language: str
    at: datetime


class Post(Protocol):
    """One way to reach people. It waits for a bounded time only."""

    def send(self, letter: Letter) -> None:
        """Hand the letter over; NotifyUnavailable: again later, NotifyRefused: never."""


class Caller(Protocol):
    """Calls hooks. It waits for a bounded time only."""

    def call(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Post the body; NotifyUnavailable unless the far end took it."""
