"""Time, as a thing that can be replaced."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Where ``now`` comes from."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back."""
