"""What people see of the lines for slots."""

from typing import Protocol

from gateway.domain.waiting import Wait


class ArrivalsViews(Protocol):
    """Reads about waiting."""

    def waits(self, member_id: str | None = None) -> tuple[Wait, ...]:
        """Whoever waits or is being asked, first come first; or one member's last places in line."""
