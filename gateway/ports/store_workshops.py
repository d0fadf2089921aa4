"""What a transaction knows of workshops, their lists and what they hold."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.domain.booking import Reservation
from gateway.domain.resources import Device
from gateway.domain.timespan import Span
from gateway.domain.workshops import Place, Roll


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A resource that a workshop has taken, and the reservation by which it holds it."""

    resource_id: str
    resource: str
    reservation_id: str


class WorkshopWork(Protocol):
    """Workshops in one open transaction."""

    def roll(self, workshop_id: str) -> Roll | None:
        """A workshop with its list, ours alone from here on."""

    def save_roll(self, roll: Roll, places: Iterable[Place]) -> None:
        """Insert or update a workshop and these lines of its list."""

    def series(self, series_id: str, since: datetime) -> tuple[str, ...]:
        """Ids of the workshops of a series that start at ``since`` or later, soonest first."""

    def workshop_holds(self, workshop_id: str) -> tuple[Hold, ...]:
        """What a workshop has taken, by slug; a reservation may have been cancelled since."""

    def set_holds(self, workshop_id: str, holds: Iterable[Hold]) -> None:
        """These are all that it has taken."""

    def reservations_over(self, resource_id: str, span: Span) -> tuple[Reservation, ...]:
        """Standing reservations of a resource that share a moment with ``span``, soonest first."""

    def badged(self, member_ids: Iterable[str]) -> frozenset[str]:
        """Those of these members who have a live badge."""

    def reader(self, slug: str) -> Device | None:
        """A reader, or a device that nobody has assigned yet, ours alone from here on."""

    def set_list(self, reader_id: str, workshop_id: str | None, since: datetime | None, until: datetime | None) -> None:
        """Open a workshop's attendance list at a reader, or close what is open there."""

    def readers_of(self, workshop_id: str) -> tuple[Device, ...]:
        """The readers at which a workshop's list was opened and not closed."""
