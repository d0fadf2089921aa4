"""Who is in the place, as far as their badges tell. It is open while somebody who may open it is there."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

AGAIN_S = 10
"""A badge that is held too long at the door does not leave again at once."""
USUAL_HOURS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Who is here, whoever asks counted in; ``known`` is False where no reader at the door can tell."""

    known: bool = False
    people: int = 0
    responsible: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """Somebody's last tap at the door: here until ``until``, or gone again when that is None."""

    member_id: str
    since: datetime
    until: datetime | None
    changed_at: datetime
    responsible: bool = False

    def present(self, now: datetime) -> bool:
        """Whether they are counted."""
        return self.until is not None and now < self.until


class Passing(StrEnum):
    """What a tap at the door does."""

    AGAIN = "tap_again"
    ARRIVES = "checked_in"
    OPENS = "place_opened"
    LEAVES = "checked_out"
    CLOSES = "place_closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """What became of it, and the row that stands from now on."""

    what: Passing
    row: Here


def pass_door(
    before: Here | None, others: Iterable[Here], *, member_id: str, responsible: bool, hours: int | None, now: datetime
) -> Passed:
    """Who is not here arrives, who is here leaves; the first responsible person opens, the last one closes."""
    if before is not None and timedelta() <= now - before.changed_at < timedelta(seconds=AGAIN_S):
        return Passed(what=Passing.AGAIN, row=before)
    alone = not any(other.responsible and other.present(now) for other in others)
    if before is not None and before.present(now):
        closes = before.responsible and alone
        return Passed(
            what=Passing.CLOSES if closes else Passing.LEAVES, row=replace(before, until=None, changed_at=now)
        )
    until = now + timedelta(hours=hours or USUAL_HOURS)
    row = Here(member_id=member_id, since=now, until=until, changed_at=now, responsible=responsible)
    return Passed(what=Passing.OPENS if responsible and alone else Passing.ARRIVES, row=row)
