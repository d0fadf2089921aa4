"""What a transaction knows of reservations."""

from datetime import datetime
from typing import Protocol

from gateway.domain.booking import Reservation, Status
from gateway.domain.training import Requirement


class BookingsWork(Protocol):
    """Reservations in one open transaction."""

    def add_reservation(self, reservation: Reservation) -> bool:
        """Insert; False when the database refuses an overlap (the transaction stays usable)."""

    def save_reservation(self, reservation: Reservation) -> bool:
        """Write a change, whose ``version`` is one more than the row's; False when the database refuses an overlap.

        StoreUnavailable when somebody else has changed it meanwhile.
        """

    def reservation(self, id: str) -> Reservation | None:
        """A reservation by id."""

    def cancel_reservation(self, id: str, now: datetime, status: Status = Status.CANCELLED) -> None:
        """Free its span; ``status`` says why."""

    def reservations_in(self, series_id: str) -> tuple[Reservation, ...]:
        """Those that were made in one go and still hold, soonest first."""

    def bookings_of(self, member_id: str, resource_id: str, since: datetime) -> tuple[Reservation, ...]:
        """A member's bookings for use after ``since``, of the resource or its equals; theirs alone from here on."""

    def requirements(self, resource_id: str, member_id: str, now: datetime) -> tuple[Requirement, ...]:
        """What the resource asks of a member, and what they hold of it."""
