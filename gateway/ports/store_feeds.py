"""The store's part for the secret addresses of members' calendars."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarLink:
    """A member's secret address: the SHA-256 of its secret, which stands nowhere itself."""

    member_id: str
    digest: str
    made_at: datetime


class FeedsWork(Protocol):
    """What one open transaction does with them."""

    def put_calendar_link(self, link: CalendarLink) -> None:
        """The member's only address from here on."""

    def forget_calendar_link(self, member_id: str) -> bool:
        """Make a member's address useless; False when there was none."""
