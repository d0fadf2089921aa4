"""A clock that stands still until a test moves it."""

import threading
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class FakeClock:
    """The Clock of a test: ``advance`` moves both readings, ``set_wall`` only the calendar (as NTP does)."""

    def __init__(self, start: datetime = START, monotonic: float = 1000.0) -> None:
        self._lock = threading.Lock()
        self._now = start
        self._monotonic = monotonic

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        with self._lock:
            return self._now

    told, kept = False, True

    def say(self, now: datetime) -> None:
        """Staff say what the hour is."""
        self.set_wall(now)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        with self._lock:
            return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let this much time pass."""
        if seconds < 0:
            raise ValueError("time does not go back; set_wall moves the calendar")
        with self._lock:
            self._now += timedelta(seconds=seconds)
            self._monotonic += seconds

    def set_wall(self, now: datetime) -> None:
        """Correct the calendar, forwards or back, while no time passes."""
        with self._lock:
            self._now = now
