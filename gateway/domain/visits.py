"""Visits that name nobody: one person or a group, with at most four answers, each of which may be left out."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.workshops import AgeBand

MOST_PEOPLE = 200
LONGEST_COMMUNE = 80


class Purpose(StrEnum):
    """What somebody comes for."""

    MAKE = "make"
    LEARN = "learn"
    HELP = "help"
    WORK = "work"
    PLAY = "play"
    LOOK = "look"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Who came, counted and not named. ``mediator_id`` is the member who answers for a group."""

    id: str
    at: datetime
    people: int = 1
    age_band: AgeBand | None = None
    commune: str | None = None
    purpose: Purpose | None = None
    first_visit: bool | None = None
    mediator_id: str | None = None


def read_commune(text: str) -> str | None:
    """A name as it is kept: one line, without what is not shown; None when nothing is left."""
    kept = " ".join("".join(each if each.isprintable() else " " for each in text).split())[:LONGEST_COMMUNE].strip()
    return kept or None
