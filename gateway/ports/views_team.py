"""What the team sees of its floor."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.domain.cuts import CutTest
from gateway.domain.people import Member, Role
from gateway.domain.upkeep import Kept, Upkeep


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingAlarm:
    """An alarm that is raised and not cleared."""

    resource_id: str
    code: str
    since: datetime


class TeamViews(Protocol):
    """Reads for those who run the place."""

    def standing_alarms(self) -> tuple[StandingAlarm, ...]:
        """Every alarm, once for each resource and code, with when it was first raised."""

    def people(self, ids: Iterable[str]) -> Mapping[str, Member]:
        """These members by id; unknown ones are left out."""

    def upkeep(self, resource_id: str, limit: int) -> tuple[Upkeep, ...]:
        """A machine's log, newest first."""

    def token_since(self, role: Role) -> datetime | None:
        """When the live token of a role was made; None when there is none."""

    def cut_tests(self) -> Mapping[str, CutTest]:
        """The last test of every plug that was tried, by device id."""

    def kept(self) -> Mapping[str, Kept]:
        """The newest line of every machine that has one, with its hours under power since, by resource id."""
