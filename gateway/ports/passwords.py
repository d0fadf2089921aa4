"""How passwords are kept and judged."""

from collections.abc import Iterable
from typing import Protocol

from gateway.domain.accounts import PasswordFault


class Passwords(Protocol):
    """Slow on purpose: never called within a transaction."""

    def hash(self, password: str) -> str:
        """What is kept of a password."""

    def matches(self, kept: str | None, password: str) -> bool:
        """Whether it is the one; against None it takes as long and is not."""

    def fault(self, password: str, about: Iterable[str]) -> PasswordFault | None:
        """What is wrong with a new one; ``about`` are words that others know of its owner."""
