"""UUIDs of version 7 (RFC 9562): 48 bits of milliseconds, then a random counter that only grows within a millisecond."""

import secrets
import threading
import time
from collections.abc import Callable
from uuid import UUID

_COUNTER_BITS = 74
_SEED_BITS = 73
_STEP_BITS = 32


def _system_ms() -> int:
    return time.time_ns() // 1_000_000


class TimeOrderedIds:
    """The Ids of a real lab: each new id sorts after every one this object made before, from any thread.

    Within one millisecond, and while the clock stands behind an earlier reading, the counter grows by a random step
    (method 2 of RFC 9562 §6.2): ids stay ordered and cannot be guessed from one another.
    """

    def __init__(self, milliseconds: Callable[[], int] = _system_ms) -> None:
        self._milliseconds = milliseconds
        self._lock = threading.Lock()
        self._last_ms = -1
        self._counter = 0

    def new(self) -> str:
        """A UUIDv7 in its canonical 36 characters: sorts by time of making."""
        with self._lock:
            ms = self._milliseconds()
            if ms > self._last_ms:
                # The top bit of the seed is left at 0: room to grow within the millisecond.
                self._last_ms, self._counter = ms, secrets.randbits(_SEED_BITS)
            else:
                self._counter += 1 + secrets.randbits(_STEP_BITS)
                if self._counter >> _COUNTER_BITS:
                    self._last_ms, self._counter = self._last_ms + 1, secrets.randbits(_SEED_BITS)
            ms, counter = self._last_ms, self._counter
        high, low = counter >> 62, counter & (2**62 - 1)
        return str(UUID(int=(ms & (2**48 - 1)) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low))
