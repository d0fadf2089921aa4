"""The store's part for accounts: roles, browser sessions, links by e-mail, passwords."""

from datetime import datetime
from typing import Protocol

from gateway.domain.accounts import BrowserSession, SignInLink
from gateway.domain.people import Role


class AccountsWork(Protocol):
    """What one open transaction does with accounts."""

    def role(self, member_id: str) -> Role | None:
        """What a member is at this site; None for somebody who does not belong to it."""

    def set_role(self, member_id: str, role: Role) -> None:
        """Make a member of this site something else."""

    def add_browser_session(self, session: BrowserSession) -> None:
        """Keep a new one; the same id again is the same."""

    def note_browser_session(self, id: str, *, seen: datetime, until: datetime) -> None:
        """One that is still there was used and lasts until then."""

    def raise_browser_session(self, id: str, digest: str) -> bool:
        """One that has proved a second thing, under a new cookie; False when it is no longer there."""

    def forget_browser_session(self, member_id: str, id: str) -> bool:
        """End one of a member's; False when there is none such."""

    def forget_browser_sessions(self, member_id: str, but: str | None) -> int:
        """End all of a member's but one; how many."""

    def forget_expired(self, now: datetime) -> None:
        """Remove browser sessions and links whose time is over."""

    def add_link(self, link: SignInLink) -> None:
        """Keep a link."""

    def use_link(self, digest: str, now: datetime) -> bool:
        """Use a link up; False when it was used before or its time is over: of many at once, one."""

    def set_password(self, member_id: str, kept: str | None, now: datetime) -> None:
        """Keep what is kept of a password; None forgets it."""
