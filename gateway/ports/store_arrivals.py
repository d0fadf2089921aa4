"""What a transaction knows of those who came, left, or wait for a slot."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from gateway.domain.arrivals import Stay
from gateway.domain.booking import Reservation
from gateway.domain.resources import Resource
from gateway.domain.timespan import Span
from gateway.domain.waiting import Wait
from gateway.ports.views_calendar import Machines


class ArrivalsWork(Protocol):
    """Reservations as they run, and the line for slots, in one open transaction."""

    def check_in(self, reservation_id: str, at: datetime) -> bool:
        """Note that its member came; False when that was known, or it no longer stands."""

    def release_reservation(self, reservation_id: str, now: datetime) -> bool:
        """Free a reservation that nobody came for; False when somebody has, or it no longer stands."""

    def stays(self, now: datetime) -> tuple[Stay, ...]:
        """Members' standing reservations that cover ``now``, soonest ended first."""

    def booked_among_equals(
        self, member_id: str, group_id: str, *, after: datetime, before: datetime
    ) -> Reservation | None:
        """The member's first standing reservation in the group that nobody came for, ends after, starts before."""

    def touched(self, resource_id: str, since: datetime, until: datetime | None) -> tuple[Reservation, ...]:
        """Members' standing reservations of a resource that share a moment with that time."""

    def late_returns(self, now: datetime) -> tuple[Resource, ...]:
        """Resources that are out of service and should have been back by now."""

    def equals(self, *, resource_id: str | None, group_id: str | None) -> tuple[Resource, ...]:
        """The resource, or all of the group, in the lab's order."""

    def is_taken(self, resource_id: str, span: Span) -> bool:
        """Whether a reservation, or the pause after it, shares a moment with ``span``."""

    def machines_for(self, resource_ids: Iterable[str], member_id: str, window: Span, now: datetime) -> Machines | None:
        """These machines with all that bears on when this member can have them; None when there is no such member."""

    def wait(self, id: str) -> Wait | None:
        """A place in a line, ours alone from here on."""

    def save_wait(self, wait: Wait) -> None:
        """Insert or update by id."""

    def live_waits(self) -> tuple[Wait, ...]:
        """Whoever waits or is being asked, first come first, ours alone from here on."""

    def moves_from(self, resource_id: str) -> tuple[Wait, ...]:
        """Live places in line of those whose reservation stands on this resource."""
