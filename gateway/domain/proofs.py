"""What proves that it is them: codes of six digits, cards, second factors, and how many tries anybody has."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

PIN_DIGITS = 6
CARD_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""Read from paper and typed: nothing that looks like something else."""
CARD_LENGTH = 16
RECOVERY_CODES = 10
TRIES = 5
PAUSES = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=24))
"""After each five tries in vain, longer and longer."""


class Proof(StrEnum):
    """What is tried."""

    PIN = "pin"
    SECOND_FACTOR = "second_factor"


class PinFault(StrEnum):
    """Why a code of six digits will not do."""

    NOT_SIX_DIGITS = "not_six_digits"
    TOO_EASY = "too_easy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """Tries in vain since the last that was right."""

    failures: int = 0
    locked_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A printed card. ``digest`` is the SHA-256 of its letters; with them goes the member's code of six digits."""

    id: str
    member_id: str
    digest: str
    made_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactor:
    """A program that shows one-time codes; ``last_step`` is the newest one used, which is never taken twice."""

    member_id: str
    sealed: str
    confirmed_at: datetime | None = None
    last_step: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A key that a phone, a computer or a stick keeps for this place; ``count`` never falls unless it was copied."""

    id: str
    member_id: str
    public_key: str
    count: int
    label: str
    created_at: datetime
    last_used_at: datetime | None = None


def one_more(tries: Tries, now: datetime) -> Tries | None:
    """Count a try before it is looked at, so that many at once are many; None while there is none left."""
    if tries.locked_until is not None and now < tries.locked_until:
        return None
    failures = tries.failures + 1
    full, rest = divmod(failures, TRIES)
    locked = now + PAUSES[min(full, len(PAUSES)) - 1] if rest == 0 else None
    return Tries(failures=failures, locked_until=locked)


def pin_fault(pin: str) -> PinFault | None:
    """What is wrong with a new code: those that people try first are out."""
    if not re.fullmatch(r"[0-9]{6}", pin):
        return PinFault.NOT_SIX_DIGITS
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    easy = len(set(pin)) <= 2 or steps in ({1}, {9}) or pin[:3] == pin[3:] or pin[:2] == pin[2:4] == pin[4:]
    return PinFault.TOO_EASY if easy else None


def card_letters(typed: str) -> str | None:
    """The letters of a card as somebody typed or scanned them; None for what is no card."""
    plain = re.sub(r"[\s-]", "", typed).upper()
    return plain if len(plain) == CARD_LENGTH and set(plain) <= set(CARD_LETTERS) else None


def in_groups(letters: str) -> str:
    """A card's letters as they are printed."""
    return " ".join(letters[place : place + 4] for place in range(0, len(letters), 4))
