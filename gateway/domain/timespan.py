"""Half-open spans of time, ``[starts, ends)``, always aware."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Span:
    """From ``starts`` (included) to ``ends`` (excluded); never empty, never naive."""

    starts: datetime
    ends: datetime

    def __post_init__(self) -> None:
        if self.starts.tzinfo is None or self.ends.tzinfo is None:
            raise ValueError("a span needs times with a zone")
        if self.starts >= self.ends:
            raise ValueError(f"a span must end after it starts: {self.starts} to {self.ends}")

    @property
    def length(self) -> timedelta:
        """How long it lasts."""
        return self.ends - self.starts

    def overlaps(self, other: "Span") -> bool:
        """Whether they share any moment."""
        return self.starts < other.ends and other.starts < self.ends

    def holds(self, moment: datetime) -> bool:
        """Whether ``moment`` lies inside."""
        return self.starts <= moment < self.ends


def seconds_between(earlier: datetime, later: datetime) -> float:
    """Seconds from one moment to the next, never negative: a clock that steps back counts as no time."""
    return max(0.0, (later - earlier).total_seconds())
