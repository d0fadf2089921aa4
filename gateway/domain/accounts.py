"""How people are known in a browser: sessions of a browser, links by e-mail, and what a password must be."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.people import Role
from gateway.domain.roles import May, may

LINK_LASTS = timedelta(minutes=10)
NOTED_EVERY = timedelta(minutes=10)
"""How exactly the last use of a browser is known: not every page is a write."""
LINK_IS_FRESH = timedelta(minutes=30)
"""So long after a sign-in by link a forgotten password may be replaced without the old one."""
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 128


class SignedInBy(StrEnum):
    """How somebody proved who they are."""

    LINK = "link"
    PASSWORD = "password"
    CARD = "card"
    BADGE = "badge"
    PASSKEY = "passkey"
    DEMO = "demo"


class PasswordFault(StrEnum):
    """Why a password will not do."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TOO_EASY = "too_easy"
    """One of those that everybody chooses, or that a program guesses at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserSession:
    """A browser in which a member is signed in. ``digest`` is the SHA-256 of what its cookie holds."""

    id: str
    member_id: str
    digest: str
    by: SignedInBy
    second_factor: bool
    device: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLink:
    """A link sent to an address; whoever reads that mailbox is one of the members with it. ``toward`` is a path of ours."""

    digest: str
    address: str
    toward: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


def address_key(address: str) -> str:
    """An e-mail address as addresses are compared."""
    return address.strip().lower()


def ends_at(role: Role, created: datetime, seen: datetime) -> datetime:
    """When a browser must be signed in anew: whoever reads names, sooner."""
    unused, longest = (12 / 24, 7) if may(role, May.RUN) or may(role, May.COUNT) else (30, 180)
    return min(seen + timedelta(days=unused), created + timedelta(days=longest))


def awaits_second_factor(role: Role, session: BrowserSession, *, has_one: bool) -> bool:
    """Whether this browser must still prove a second thing: for whoever runs the place, and whoever chose to."""
    return not session.second_factor and (has_one or may(role, May.RUN))


def may_replace_password(session: BrowserSession, now: datetime) -> bool:
    """Whether the old password need not be told: the mailbox has just been proved."""
    return session.by is SignedInBy.LINK and now - session.created_at <= LINK_IS_FRESH
