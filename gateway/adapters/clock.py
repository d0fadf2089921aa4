"""The machine's own clock."""

import time
from datetime import UTC, datetime


class SystemClock:
    """The Clock of a real lab."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since this machine started (CLOCK_MONOTONIC): the same count in every process until it reboots."""
        return time.monotonic()
