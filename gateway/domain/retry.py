"""When to try again what a far end did not take: longer and longer pauses, spread by chance, and an end to it."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Pauses double from ``first`` to ``longest``; ``give_up`` after the first wish it is over."""

    first: timedelta
    longest: timedelta
    give_up: timedelta

    def next_try(self, *, attempts: int, since: datetime, now: datetime, chance: float) -> datetime | None:
        """When to try again after so many attempts, or None: given up.

        ``chance`` in [0, 1) takes up to half of the pause away: a thousand messages must not come back at one instant.
        """
        if now - since >= self.give_up:
            return None
        # A timedelta cannot hold every power of two.
        doublings = min(max(attempts - 1, 0), 30)
        pause = min(self.longest, self.first * (1 << doublings))
        return min(now + pause * (1 - chance / 2), since + self.give_up)


OUTWARD = Retry(first=timedelta(seconds=10), longest=timedelta(hours=1), give_up=timedelta(days=3))
"""Messages to people and webhooks alike."""
