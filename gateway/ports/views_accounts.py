"""Reads about accounts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.domain.accounts import BrowserSession, SignInLink
from gateway.domain.people import Member, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInView:
    """A browser, and who is signed in in it."""

    session: BrowserSession
    first_name: str
    language: str | None
    role: Role
    has_second_factor: bool = False


class AccountsViews(Protocol):
    """Each call is one short transaction of its own; StoreUnavailable when the database is away."""

    def signed_in(self, digest: str, now: datetime) -> SignedInView | None:
        """Who holds the cookie of this SHA-256, while the session lives and the member is active."""

    def browser_sessions(self, member_id: str, now: datetime) -> tuple[BrowserSession, ...]:
        """Where a member is signed in, last used first."""

    def link(self, digest: str, now: datetime) -> SignInLink | None:
        """A link that can still be used."""

    def members_at(self, address: str) -> tuple[Member, ...]:
        """Active members of this site with this e-mail address: a family may share one."""

    def password(self, member_id: str) -> str | None:
        """What is kept of a member's password."""

    def roles(self, member_ids: Iterable[str]) -> dict[str, Role]:
        """What each of these members is at this site."""

    def role(self, member_id: str) -> Role | None:
        """What a member is at this site."""
