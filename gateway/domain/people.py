"""Members, and what a token may do."""

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
