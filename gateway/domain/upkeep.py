"""What the team keeps of a machine: what was done to keep it well and when it is due again, and a note on its screen."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """One line of a machine's log. ``by`` is whoever signed in; either term, both or none says when it is due again."""

    id: str
    resource_id: str
    at: datetime
    note: str
    by: str | None = None
    next_at: datetime | None = None
    next_hours: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A machine's newest line, and how long it has been under power since."""

    last: Upkeep
    used_s: float

    def due(self, now: datetime) -> bool:
        """Whether it is time again."""
        last = self.last
        by_date = last.next_at is not None and now >= last.next_at
        return by_date or (last.next_hours is not None and self.used_s >= 3600 * last.next_hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenNote:
    """What the team says to whoever stands at a machine, on its screen, until a time."""

    resource_id: str
    text: str
    at: datetime
    until: datetime
