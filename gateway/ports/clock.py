"""Time, as a thing that can be replaced."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Where ``now`` comes from."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back."""


class SetClock(Clock, Protocol):
    """A clock that staff may set, and that knows where its hour is from."""

    def say(self, now: datetime) -> None:
        """From here on it goes on from this hour, until the computer itself is told another."""

    @property
    def told(self) -> bool:
        """Whether the network keeps the computer's hour right."""

    @property
    def kept(self) -> bool:
        """Whether the computer keeps its hour while it has no power, as far as anybody can see."""
