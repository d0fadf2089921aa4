"""What a transaction keeps of the team's floor."""

from datetime import datetime
from typing import Protocol

from gateway.domain.people import Role
from gateway.domain.upkeep import ScreenNote, Upkeep


class TeamWork(Protocol):
    """Upkeep, notes on screens, and screens without a person, in one open transaction."""

    def add_upkeep(self, line: Upkeep) -> None:
        """Add a line to a machine's log."""

    def save_screen_note(self, note: ScreenNote) -> None:
        """Say it at the machine, instead of what was said there before."""

    def clear_screen_note(self, resource_id: str) -> bool:
        """Say nothing any more; False when nothing was said."""

    def begin_cut_test(self, device_id: str, now: datetime) -> None:
        """Somebody pulls this plug out now."""

    def note_cut(self, device_id: str, now: datetime, *, since: datetime) -> None:
        """It was on and has no power now, which only matters when somebody has begun to try that since then."""

    def end_cut_test(self, device_id: str, now: datetime, *, since: datetime, off: bool) -> bool:
        """It is back; False when nobody has pulled it out, while it was on, since then."""

    def revoke_tokens(self, role: Role, now: datetime) -> int:
        """Make every live token of a role useless; how many there were."""
