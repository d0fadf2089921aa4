"""Reads about opening hours and closures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from gateway.domain.booking import Reservation
from gateway.domain.free_spans import Machine
from gateway.domain.opening import Closure, Opening, Schedule
from gateway.domain.people import Member
from gateway.domain.timespan import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedules:
    """The site's hours and those that resources have of their own, by id, with the closures that touch a window."""

    site: Schedule
    own: Mapping[str, Opening]
    closures: tuple[Closure, ...]

    def of(self, resource_id: str) -> Schedule:
        """The hours of a resource (its own, else the site's) less the site's closures and its own."""
        touching = tuple(closure for closure in self.closures if closure.resource_id in {None, resource_id})
        return Schedule(opening=self.own.get(resource_id, self.site.opening), closures=touching)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place that has machines; ``address`` is where its pages are, as far as it is known."""

    slug: str
    name: str
    zone: ZoneInfo
    address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """Machines as they stand for one member, or for anybody (None); places and machines of the one asked first."""

    machines: tuple[Machine, ...]
    member: Member | None
    sites: tuple[Site, ...] = ()

    def at(self, site: str) -> tuple[Machine, ...]:
        """Those of one place."""
        return tuple(machine for machine in self.machines if machine.site == site)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A reservation with whoever has it; for the team."""

    reservation: Reservation
    member: Member | None


class CalendarViews(Protocol):
    """Each call is one short transaction of its own; StoreUnavailable when the database is away."""

    def schedules(self, window: Span) -> Schedules:
        """All hours, and all closures that touch the window, soonest first."""

    def machines(
        self, *, resource: str | None, group: str | None, member_id: str | None, window: Span, now: datetime
    ) -> Machines | None:
        """One resource here, or those of a group here and at every other site of the database that calls it the same.

        For a member only sites that they joined count. None when there is no such machine, or no such member here.
        """

    def planned(self, window: Span) -> tuple[Planned, ...]:
        """Every standing reservation that touches the window, soonest first."""

    def planned_one(self, id: str) -> Planned | None:
        """One reservation, standing or not."""
