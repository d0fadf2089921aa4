"""Argon2id, and zxcvbn's lists of what people choose: both offline."""

from collections.abc import Iterable
from threading import BoundedSemaphore

from argon2 import PasswordHasher, Type
from argon2.exceptions import Argon2Error, InvalidHashError

from gateway.domain.accounts import LONGEST_PASSWORD, SHORTEST_PASSWORD, PasswordFault

AT_ONCE = 2
"""Each hash takes 19 MiB: a crowd at the door must not fill a small computer."""
LEAST_SCORE = 3
"""zxcvbn's *safely unguessable*: more than a hundred million guesses."""
_LOOKED_AT = 72
"""zxcvbn's own limit; what is longer is not weaker for it."""


class Argon2Passwords:
    """The second set of parameters that OWASP gives for Argon2id: 19 MiB, two passes, one lane."""

    def __init__(self, *, memory_kib: int = 19 * 1024) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=memory_kib, parallelism=1, type=Type.ID)
        self._room = BoundedSemaphore(AT_ONCE)
        self._nobody = self._hasher.hash("nobody has this one")

    def hash(self, password: str) -> str:
        """What is kept of a password."""
        with self._room:
            return self._hasher.hash(password)

    def matches(self, kept: str | None, password: str) -> bool:
        """Whether it is the one; against None it takes as long and is not."""
        with self._room:
            try:
                self._hasher.verify(kept or self._nobody, password)
            except (Argon2Error, InvalidHashError):
                return False
        return kept is not None

    def fault(self, password: str, about: Iterable[str]) -> PasswordFault | None:
        """What is wrong with a new one; ``about`` are words that others know of its owner."""
        from zxcvbn import zxcvbn

        if len(password) < SHORTEST_PASSWORD:
            return PasswordFault.TOO_SHORT
        if len(password) > LONGEST_PASSWORD:
            return PasswordFault.TOO_LONG
        score = zxcvbn(password[:_LOOKED_AT], user_inputs=[word for word in about if word])["score"]
        return PasswordFault.TOO_EASY if score < LEAST_SCORE else None
