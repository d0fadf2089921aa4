"""Members, and what each is at a site."""

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

Names = dict[str, str]
"""A text written by the lab, by language: ``{"fr": "Découpe laser", "en": "Laser cutter"}``; ``fr`` is always there."""


class Role(StrEnum):
    """What an account or a token is at one site; `roles.py` says what each may do. ``tv`` and ``kiosk`` are screens."""

    VISITOR = "visitor"
    TV = "tv"
    KIOSK = "kiosk"
    MEMBER = "member"
    TRAINER = "trainer"
    AUDITOR = "auditor"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person known to the lab. ``member_until`` None means no end; ``charter_version`` is the newest one accepted."""

    id: str
    first_name: str
    last_name: str = ""
    email: str | None = None
    active: bool = True
    suspended_reason: str | None = None
    member_until: datetime | None = None
    created_at: datetime | None = None
    birth_date: date | None = None
    charter_version: int | None = None
    guardian_consent_at: datetime | None = None
    responsible: bool = False
    """May open and close this site by their badge."""
    language: str | None = None
    """In which they are written to; None for the lab's own."""
    show_first_name: bool = False
    """Whether their first name may stand where the team watches the floor: their own choice, no until they say so."""
    reference: str | None = None
    """Their number in a list kept elsewhere: what an import knows them by."""


class MemberState(StrEnum):
    """How a member stands today."""

    CURRENT = "current"
    LAPSED = "lapsed"
    SUSPENDED = "suspended"


def state_of_member(member: Member, now: datetime) -> MemberState:
    """A suspension is told before a membership that is over."""
    if not member.active:
        return MemberState.SUSPENDED
    over = member.member_until is not None and member.member_until <= now
    return MemberState.LAPSED if over else MemberState.CURRENT


def folded(text: str) -> str:
    """Without accents and capitals, for sorting and searching names alike on both databases."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def age_on(born: date, day: date) -> int:
    """Whole years; who is born on 29 February has a birthday on 1 March in other years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
