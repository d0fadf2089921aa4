"""Reservations; their overlap is refused by the database itself."""

from datetime import datetime

from sqlalchemy import Executable, bindparam, insert, or_, select, text, update

from gateway.adapters.sql import schema
from gateway.adapters.sql.guards import EXCLUSION
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.reading_access import by_member
from gateway.adapters.sql.shapes import RESERVATION, reservation_row
from gateway.adapters.sql.statements import insert_new
from gateway.adapters.sql.transaction import Refused
from gateway.domain.booking import Purpose, Reservation, Status
from gateway.domain.training import Requirement
from gateway.ports.errors import StoreUnavailable

_reservations = schema.reservations.c

RESERVATION_OF_ID = select(*RESERVATION.columns).where(_reservations.id == bindparam("id"))
CANCEL = (
    update(schema.reservations)
    .where(_reservations.id == bindparam("reservation_id"), _reservations.cancelled_at.is_(None))
    .values(
        cancelled_at=bindparam("now", type_=_reservations.cancelled_at.type),
        changed_at=bindparam("now", type_=_reservations.changed_at.type),
        status=bindparam("new_status"),
        version=_reservations.version + 1,
    )
)
SAVE = (
    update(schema.reservations)
    .where(_reservations.id == bindparam("reservation_id"), _reservations.version == bindparam("version_before"))
    .values({column: bindparam(f"new_{column.name}", type_=column.type) for column in (
        _reservations.resource_id, _reservations.member_id, _reservations.starts, _reservations.ends, _reservations.busy_until,
        _reservations.status, _reservations.cancelled_at, _reservations.version, _reservations.note, _reservations.changed_at,
    )})
)  # fmt: skip
IN_SERIES = (
    select(*RESERVATION.columns)
    .where(_reservations.series_id == bindparam("series_id"), _reservations.cancelled_at.is_(None))
    .order_by(_reservations.starts, _reservations.id)
)
_equals, _itself = schema.resources.alias("equals").c, schema.resources.alias("itself").c
OF_MEMBER = (
    select(*RESERVATION.columns)
    .where(_reservations.member_id == bindparam("member_id"), _reservations.cancelled_at.is_(None))
    .where(_reservations.ends > bindparam("since", type_=_reservations.ends.type))
    .where(_reservations.site_id == SITE, _reservations.purpose == Purpose.USE.value)
    .where(
        or_(
            _reservations.resource_id == bindparam("resource_id"),
            _reservations.resource_id.in_(
                select(_equals.id).where(
                    _equals.group_id
                    == select(_itself.group_id).where(_itself.id == bindparam("resource_id")).scalar_subquery()
                )
            ),
        )
    )
    .order_by(_reservations.starts)
)
LOCK_MEMBER = (
    select(schema.members.c.id).where(schema.members.c.id == bindparam("member_id")).with_for_update(key_share=True)
)
_CHANGED = frozenset(
    f"new_{name}"
    for name in (
        "resource_id", "member_id", "starts", "ends", "busy_until", "status", "cancelled_at", "version", "note", "changed_at",
    )
)  # fmt: skip
TRY, UNDO = text("SAVEPOINT change"), text("ROLLBACK TO SAVEPOINT change")


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

    def save_reservation(self, reservation: Reservation) -> bool:
        """Write a change, whose ``version`` is one more than the row's; False when the database refuses an overlap.

        StoreUnavailable when somebody else has changed it meanwhile.
        """
        before = self.reservation(reservation.id)
        if before == reservation:
            return True
        row = {
            f"new_{name}": value for name, value in reservation_row(reservation).items() if f"new_{name}" in _CHANGED
        }
        postgresql = self._tx.dialect == "postgresql"
        if postgresql:
            self._tx.run(TRY)
        try:
            changed = self._tx.run(SAVE, reservation_id=reservation.id, version_before=reservation.version - 1, **row)
        except Refused as fault:
            if postgresql:
                self._tx.run(UNDO)
            if EXCLUSION in str(fault):
                return False
            raise
        if not changed:
            raise StoreUnavailable("somebody else has changed this reservation meanwhile; read it again")
        return True

    def reservations_in(self, series_id: str) -> tuple[Reservation, ...]:
        """Those that were made in one go and still hold, soonest first."""
        return tuple(RESERVATION.read(row) for row in self._tx.all(IN_SERIES, series_id=series_id))

    def bookings_of(self, member_id: str, resource_id: str, since: datetime) -> tuple[Reservation, ...]:
        """A member's bookings for use after ``since``, of the resource or its equals; theirs alone from here on."""
        # SQLite has one writer anyway. In PostgreSQL two requests at once must not both find room in a quota.
        if self._tx.dialect == "postgresql":
            self._tx.all(LOCK_MEMBER, member_id=member_id)
        rows = self._tx.all(
            OF_MEMBER, site_id=self.site_id(), member_id=member_id, resource_id=resource_id, since=since
        )
        return tuple(RESERVATION.read(row) for row in rows)

    def requirements(self, resource_id: str, member_id: str, now: datetime) -> tuple[Requirement, ...]:
        """What the resource asks of a member, and what they hold of it."""
        facts = by_member(self._tx, site_id=self.site_id(), resource_id=resource_id, member_id=member_id, now=now)
        return facts.access.requirements
