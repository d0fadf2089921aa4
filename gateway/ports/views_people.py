"""What staff see of members: the list, and what one of them has."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.domain.people import Member, MemberState, Names
from gateway.domain.sessions import Session
from gateway.ports.pages import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class BadgeView:
    """A badge that a member has or had; nothing of its number. ``lent_until`` is the end of the day it is lent for.

    ``unclonable``: it has proved itself by its key; of any other, a copy of its number would do as well.
    """

    id: str
    enrolled_at: datetime
    revoked_at: datetime | None
    lent_until: datetime | None
    unclonable: bool = False

    def live(self, now: datetime) -> bool:
        """Whether it opens anything."""
        return self.revoked_at is None and (self.lent_until is None or now < self.lent_until)


class PeopleViews(Protocol):
    """Each call is one short transaction of its own; StoreUnavailable when the database is away."""

    def members(
        self, *, limit: int, cursor: str | None, search: str | None = None, state: MemberState | None = None,
        now: datetime | None = None,
    ) -> Page[Member]:  # fmt: skip
        """By last name, first name; every word of ``search`` is part of a name, an address or a reference.

        ``state`` is that at ``now``.
        """

    def count_members(self) -> int:
        """How many there are."""

    def member(self, id: str) -> Member | None:
        """One member."""

    def badges_of(self, member_id: str) -> tuple[BadgeView, ...]:
        """Every badge that a member has or had, newest first."""

    def resource_names(self) -> Mapping[str, Names]:
        """What each resource is called, by id: all that a list of uses asks of them."""

    def sessions_of(self, member_id: str, limit: int) -> tuple[Session, ...]:
        """The last uses of machines that were for this member, newest first."""
