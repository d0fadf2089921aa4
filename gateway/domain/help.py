"""What people ask of the team from a kiosk: that somebody comes, or that a problem is known."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class HelpKind(StrEnum):
    """Somebody is wanted now, or something should be looked at."""

    CALL = "call"
    PROBLEM = "problem"


class Trouble(StrEnum):
    """What is wrong, in the words of whoever stands there."""

    BROKEN = "broken"
    POOR_RESULT = "poor_result"
    MISSING = "missing"
    DIRTY = "dirty"
    DANGER = "danger"
    OTHER = "other"


REPORTED = "reported-danger"
"""The alarm that a reported danger raises: nobody should start the machine before somebody has looked."""
LARGEST_PHOTO = 4_000_000
"""Bytes; tablets make smaller ones, since the page shrinks them first."""
_BEGINNINGS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpRequest:
    """One request; ``member_id`` None when nobody has tapped. It stands until ``closed_at``."""

    id: str
    kind: HelpKind
    created_at: datetime
    resource_id: str | None = None
    member_id: str | None = None
    trouble: Trouble | None = None
    photo_type: str | None = None
    closed_at: datetime | None = None

    @property
    def dangerous(self) -> bool:
        """Whether it keeps the machine from being used."""
        return self.trouble is Trouble.DANGER and self.closed_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A picture that a kiosk has taken, without what the camera wrote beside it."""

    media_type: str
    data: bytes


def read_photo(data: bytes) -> Photo | None:
    """A picture that we keep: JPEG or PNG, not too large; None for anything else."""
    kind = next((kind for begins, kind in _BEGINNINGS.items() if data.startswith(begins)), None)
    if kind is None or len(data) > LARGEST_PHOTO:
        return None
    return Photo(media_type=kind, data=_without_notes(data) if kind == "image/jpeg" else data)


def _without_notes(data: bytes) -> bytes:
    """A JPEG less its APP1 segments: cameras write there where and when it was taken."""
    kept, at = [data[:2]], 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        size = 2 + int.from_bytes(data[at + 2 : at + 4])
        if data[at + 1] != 0xE1:
            kept.append(data[at : at + size])
        at += size
    return b"".join(kept) + data[at:]
