"""Codes that change every half minute, as programs on phones show them."""

from datetime import datetime
from typing import Protocol


class OneTimeCodes(Protocol):
    """Secrets leave only as what a phone scans; elsewhere they are sealed."""

    def new(self) -> str:
        """A new secret, sealed."""

    def secret(self, sealed: str) -> str | None:
        """What is typed into a phone that cannot scan; None when it was sealed with another key."""

    def address(self, sealed: str, *, name: str, lab: str) -> str:
        """What a phone scans."""

    def step(self, sealed: str, code: str, now: datetime) -> int | None:
        """Which code of the secret it is, one before or after now being fine; None when it is none."""
