"""What a transaction knows of who is in the place."""

from collections.abc import Iterable
from typing import Protocol

from gateway.domain.presence import Here


class PresenceWork(Protocol):
    """Last taps at the door, in one open transaction."""

    def people_here(self) -> tuple[Here, ...]:
        """Everybody's last tap at the door, also of those who have just left, by time."""

    def put_here(self, row: Here) -> None:
        """Insert or update by member."""

    def forget_here(self, member_ids: Iterable[str]) -> None:
        """They are no longer here, and nothing is kept of it but the log."""
