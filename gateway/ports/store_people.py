"""What a transaction knows of members, their badges, and of who acts in it."""

from datetime import datetime
from typing import Protocol

from devices.messages import HashedBadge
from gateway.domain.people import Member


class PeopleWork(Protocol):
    """People in one open transaction."""

    def acting(self, by: str) -> None:
        """Whoever does what this transaction does: every event of it says so from here on."""

    def put_member(self, member: Member) -> None:
        """Insert or update by id, joined to this site."""

    def member(self, id: str) -> Member | None:
        """A member by id."""

    def workshops_of_both(self, keep: str, gone: str) -> tuple[str, ...]:
        """Ids of the workshops on whose lists both members stand."""

    def move_member(self, keep: str, gone: str) -> None:
        """Give everything that points to ``gone`` to ``keep``, and forget ``gone``. What both have stands once."""

    def add_badge(
        self, *, id: str, member_id: str, badge: tuple[HashedBadge, ...], now: datetime,
        lent_until: datetime | None = None,
    ) -> bool:  # fmt: skip
        """Enrol a badge, or lend one; False when any of its forms belongs to somebody already (nothing is changed)."""

    def raise_counter(self, badge_id: str, counter: int) -> bool:
        """Remember how often a card says it was read; False when it has said so much, or more, before."""

    def revoke_badges(self, member_id: str, now: datetime) -> int:
        """Revoke every badge of a member; how many."""

    def live_badges(self, member_id: str) -> frozenset[str]:
        """Ids of the badges that a member has."""

    def revoke_badge(self, id: str, now: datetime) -> None:
        """Revoke one badge."""

    def end_loans(self, now: datetime) -> tuple[str, ...]:
        """Take back every badge whose loan is over; whose they were."""

    def tapped_badge(self, event_id: int) -> tuple[HashedBadge, ...]:
        """The hashed badge of a refused tap, for one-click enrolment; empty when that event holds none."""

    def tapped_counter(self, event_id: int) -> int | None:
        """How often the card of that tap said it was read; None for a badge that proved nothing."""
