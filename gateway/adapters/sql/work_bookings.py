"""Reservations; their overlap is refused by the database itself."""

from datetime import datetime

from sqlalchemy import Executable, bindparam, insert, select, update

from gateway.adapters.sql import schema
from gateway.adapters.sql.guards import EXCLUSION
from gateway.adapters.sql.part import Part
from gateway.adapters.sql.shapes import RESERVATION, reservation_row
from gateway.adapters.sql.statements import insert_new
from gateway.adapters.sql.transaction import Refused
from gateway.domain.booking import Reservation, Status

_reservations = schema.reservations.c

RESERVATION_OF_ID = select(*RESERVATION.columns).where(_reservations.id == bindparam("id"))
CANCEL = (
    update(schema.reservations)
    .where(_reservations.id == bindparam("reservation_id"), _reservations.cancelled_at.is_(None))
    .values(
        cancelled_at=bindparam("now", type_=_reservations.cancelled_at.type),
        status=bindparam("new_status"),
        version=_reservations.version + 1,
    )
)


def add_reservation(dialect: str) -> Executable:
    """On PostgreSQL a refused row must not end the transaction; SQLite's trigger only undoes its own statement."""
    return insert_new(schema.reservations)(dialect) if dialect == "postgresql" else insert(schema.reservations)


class BookingsPart(Part):
    """Who has booked what."""

    def add_reservation(self, reservation: Reservation) -> bool:
        """Insert; False when the database refuses an overlap (the transaction stays usable)."""
        if self.reservation(reservation.id) == reservation:
            # The same call again, after a COMMIT whose outcome was unknown.
            return True
        try:
            return self._tx.run(add_reservation, **reservation_row(reservation), site_id=self.site_id()) == 1
        except Refused as fault:
            if EXCLUSION in str(fault):
                return False
            raise

    def reservation(self, id: str) -> Reservation | None:
        """A reservation by id."""
        row = self._tx.one(RESERVATION_OF_ID, id=id)
        return RESERVATION.read(row) if row else None

    def cancel_reservation(self, id: str, now: datetime, status: Status = Status.CANCELLED) -> None:
        """Free its span; ``status`` says why."""
        self._tx.run(CANCEL, reservation_id=id, now=now, new_status=status.value)
