"""Members, their trainings and rights."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

Names = dict[str, str]
"""A text written by the lab, by language: ``{"fr": "Découpe laser", "en": "Laser cutter"}``; ``fr`` is always there."""


class Role(StrEnum):
    """What a token may do, from least to most; ``kiosk`` only shows one resource's kiosk."""

    KIOSK = "kiosk"
    AUDITOR = "auditor"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person known to the lab. ``member_until`` None means no end."""

    id: str
    first_name: str
    last_name: str = ""
    email: str | None = None
    active: bool = True
    member_until: datetime | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """A course. ``validity_days`` None means that the right never lapses."""

    id: str
    slug: str
    names: Names
    validity_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualification:
    """A member's right from a training; never deleted: it lapses or is revoked."""

    id: str
    member_id: str
    training_id: str
    granted_at: datetime
    granted_by: str | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    note: str | None = None

    def valid(self, now: datetime) -> bool:
        """Whether it opens a machine at ``now``."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
