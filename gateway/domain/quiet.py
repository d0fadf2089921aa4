"""Quiet hours: local times of day in which no message should make a telephone ring."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From ``starts`` (included) to ``ends`` (excluded), over midnight when it ends earlier; equal times: never quiet."""

    starts: time
    ends: time

    def covers(self, clock: time) -> bool:
        """Whether this time of day is quiet."""
        if self.starts <= self.ends:
            return self.starts <= clock < self.ends
        return clock >= self.starts or clock < self.ends

    def over_at(self, now: datetime, zone: tzinfo) -> datetime:
        """The first moment from ``now`` on that is not quiet, in UTC.

        Where summer time makes an hour of the night missing or double, the end is the wall clock's, and never passed by.
        """
        local = now.astimezone(zone)
        if not self.covers(local.time()):
            return now
        day = local.date() if local.time() < self.ends else local.date() + timedelta(days=1)
        ends = datetime.combine(day, self.ends, zone).astimezone(UTC)
        if ends <= now:
            # The end of the first of two equal hours is behind us: it is the second one's that counts.
            ends = datetime.combine(day, self.ends.replace(fold=1), zone).astimezone(UTC)
        return max(ends, now)

    def __str__(self) -> str:
        return f"{self.starts:%H:%M}-{self.ends:%H:%M}"

    @classmethod
    def of(cls, text: str) -> "QuietHours":
        """From ``21:00-08:00``; ValueError for anything else."""
        starts, ends = text.split("-")
        return cls(time.fromisoformat(starts), time.fromisoformat(ends))
