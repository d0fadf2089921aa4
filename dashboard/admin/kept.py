"""Secrets between the form that tries them and the form that saves them: in memory, for some minutes, never shown."""

import secrets
import threading
from dataclasses import dataclass, field

from gateway.ports.clock import Clock

KEPT_S = 900.0
MOST = 50


@dataclass(slots=True)
class Kept:
    """What is kept, by a handle that says nothing."""

    _held: dict[str, tuple[float, str]] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def keep(self, secret: str, clock: Clock) -> str:
        """Keep a secret; the handle that gives it back."""
        now, handle = clock.monotonic(), secrets.token_urlsafe(18)
        with self._lock:
            fresh = {key: row for key, row in self._held.items() if row[0] > now}
            self._held = dict(list(fresh.items())[-MOST + 1 :]) | {handle: (now + KEPT_S, secret)}
        return handle

    def get(self, handle: str, clock: Clock) -> str | None:
        """The secret of a handle; None once it is forgotten."""
        with self._lock:
            ends, secret = self._held.get(handle, (0.0, ""))
        return secret if ends > clock.monotonic() else None
