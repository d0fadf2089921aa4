"""Workshops, their lists and what they hold."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, insert, or_, select, update

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.shapes import DEVICE, RESERVATION
from gateway.adapters.sql.shapes_workshops import PLACE, WORKSHOP, place_row, workshop_row
from gateway.adapters.sql.statements import led_by, one_of, upsert
from gateway.adapters.sql.transaction import Refused
from gateway.adapters.sql.types import Words
from gateway.domain.booking import Reservation
from gateway.domain.resources import Device, DeviceRole
from gateway.domain.timespan import Span
from gateway.domain.workshops import Place, Roll
from gateway.ports.store_workshops import Hold

_workshops, _places, _holds = schema.workshops.c, schema.workshop_places.c, schema.workshop_resources.c
_booked, _badges, _devices = schema.reservations.c, schema.badge_hashes.c, schema.devices.c

LOCK_WORKSHOP = select(_workshops.id).where(_workshops.id == bindparam("id")).with_for_update(key_share=True)
WORKSHOP_OF_ID = select(*WORKSHOP.columns).where(_workshops.site_id == SITE, _workshops.id == bindparam("id"))
PLACES_OF = (
    select(*PLACE.columns)
    .where(_places.workshop_id == bindparam("workshop_id"))
    .order_by(_places.joined_at, _places.id)
)
SAVE_WORKSHOP = upsert(schema.workshops, ("id",), keep=("site_id", "created_at"))
SAVE_PLACE = upsert(schema.workshop_places, ("id",), keep=("site_id", "workshop_id"))
TRAINING_ID = select(schema.trainings.c.id).where(
    schema.trainings.c.site_id == SITE, schema.trainings.c.slug == bindparam("slug")
)
SERIES = (
    select(_workshops.id)
    .where(_workshops.site_id == SITE, _workshops.series_id == bindparam("series_id"))
    .where(_workshops.starts >= bindparam("since", type_=_workshops.starts.type))
    .order_by(_workshops.starts, _workshops.id)
)
HOLDS_OF = (
    select(_holds.resource_id, schema.resources.c.slug, _holds.reservation_id)
    .join(schema.resources, schema.resources.c.id == _holds.resource_id)
    .where(_holds.workshop_id == bindparam("workshop_id"))
    .order_by(schema.resources.c.slug)
)
FORGET_HOLDS = delete(schema.workshop_resources).where(_holds.workshop_id == bindparam("workshop"))
ADD_HOLD = insert(schema.workshop_resources)
# The pause after a reservation is a day at most: what ended earlier is left alone however long the past is.
LONGEST_PAUSE = timedelta(days=1)
OVER = led_by(
    select(*RESERVATION.columns)
    .where(_booked.resource_id == bindparam("resource_id"), _booked.cancelled_at.is_(None))
    .where(_booked.ends > bindparam("since", type_=_booked.ends.type))
    .where(_booked.starts < bindparam("ends", type_=_booked.starts.type))
    .where(_booked.busy_until > bindparam("starts", type_=_booked.ends.type))
    .order_by(_booked.ends),
    schema.reservations,
    "ix_reservations_resource_id_ends",
)
BADGED = (
    select(_badges.member_id)
    .where(_badges.site_id == SITE, _badges.revoked_at.is_(None))
    .where(one_of(_badges.member_id, bindparam("member_ids", type_=Words())))
    .distinct()
)
READER = select(*DEVICE.columns).where(
    _devices.site_id == SITE, _devices.slug == bindparam("slug"),
    or_(*(_devices.role == role.value for role in DeviceRole if role.reads or role is DeviceRole.UNASSIGNED)),
)  # fmt: skip
LOCK_READER = READER.with_only_columns(_devices.id).with_for_update(key_share=True)
SET_LIST = (
    update(schema.devices)
    .where(_devices.id == bindparam("reader_id"))
    .values(
        {name: bindparam(name, type_=_devices[name].type) for name in ("list_workshop_id", "list_since", "list_until")}
    )
)
READERS_OF = (
    select(*DEVICE.columns)
    .where(_devices.site_id == SITE, _devices.list_workshop_id == bindparam("workshop_id"))
    .order_by(_devices.slug)
)


class WorkshopsPart(Part):
    """Dated sessions and who is in them."""

    def roll(self, workshop_id: str) -> Roll | None:
        """A workshop with its list, ours alone from here on."""
        if self._tx.dialect == "postgresql":
            # What was waited for must be read as it is afterwards.
            self._tx.all(LOCK_WORKSHOP, id=workshop_id)
        row = self._tx.one(WORKSHOP_OF_ID, site_id=self.site_id(), id=workshop_id)
        if row is None:
            return None
        places = tuple(PLACE.read(place) for place in self._tx.all(PLACES_OF, workshop_id=workshop_id))
        return Roll(workshop=WORKSHOP.read(row), places=places)

    def save_roll(self, roll: Roll, places: Iterable[Place]) -> None:
        """Insert or update a workshop and these lines of its list."""
        site, slug = self.site_id(), roll.workshop.training
        training = self._tx.one(TRAINING_ID, site_id=site, slug=slug) if slug is not None else None
        if slug is not None and training is None:
            raise Refused(f"there is no training {slug}")
        self._tx.run(SAVE_WORKSHOP, **workshop_row(roll, training[0] if training else None), site_id=site)
        for place in places:
            self._tx.run(SAVE_PLACE, **place_row(place), site_id=site)

    def series(self, series_id: str, since: datetime) -> tuple[str, ...]:
        """Ids of the workshops of a series that start at ``since`` or later, soonest first."""
        rows = self._tx.all(SERIES, site_id=self.site_id(), series_id=series_id, since=since)
        return tuple(row[0] for row in rows)

    def workshop_holds(self, workshop_id: str) -> tuple[Hold, ...]:
        """What a workshop has taken, by slug; a reservation may have been cancelled since."""
        rows = self._tx.all(HOLDS_OF, workshop_id=workshop_id)
        return tuple(Hold(resource_id=row[0], resource=row[1], reservation_id=row[2]) for row in rows)

    def set_holds(self, workshop_id: str, holds: Iterable[Hold]) -> None:
        """These are all that it has taken."""
        self._tx.run(FORGET_HOLDS, workshop=workshop_id)
        rest = {"workshop_id": workshop_id, "site_id": self.site_id()}
        for hold in holds:
            self._tx.run(ADD_HOLD, resource_id=hold.resource_id, reservation_id=hold.reservation_id, **rest)

    def reservations_over(self, resource_id: str, span: Span) -> tuple[Reservation, ...]:
        """Standing reservations of a resource that share a moment with ``span``, soonest first."""
        since = span.starts - LONGEST_PAUSE
        rows = self._tx.all(OVER, resource_id=resource_id, since=since, starts=span.starts, ends=span.ends)
        return tuple(RESERVATION.read(row) for row in rows)

    def badged(self, member_ids: Iterable[str]) -> frozenset[str]:
        """Those of these members who have a live badge."""
        rows = self._tx.all(BADGED, site_id=self.site_id(), member_ids=sorted(set(member_ids)))
        return frozenset(row[0] for row in rows)

    def reader(self, slug: str) -> Device | None:
        """A reader, or a device that nobody has assigned yet, ours alone from here on."""
        if self._tx.dialect == "postgresql":
            self._tx.all(LOCK_READER, site_id=self.site_id(), slug=slug)
        row = self._tx.one(READER, site_id=self.site_id(), slug=slug)
        return DEVICE.read(row) if row else None

    def set_list(self, reader_id: str, workshop_id: str | None, since: datetime | None, until: datetime | None) -> None:
        """Open a workshop's attendance list at a reader, or close what is open there."""
        self._tx.run(SET_LIST, reader_id=reader_id, list_workshop_id=workshop_id, list_since=since, list_until=until)

    def readers_of(self, workshop_id: str) -> tuple[Device, ...]:
        """The readers at which a workshop's list was opened and not closed."""
        rows = self._tx.all(READERS_OF, site_id=self.site_id(), workshop_id=workshop_id)
        return tuple(DEVICE.read(row) for row in rows)
