"""What one member sees of their own, in the indexes that begin with the member."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import bindparam, func, or_, select

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE
from gateway.adapters.sql.shapes import RESERVATION
from gateway.adapters.sql.shapes_workshops import PLACE, WORKSHOP_VIEW
from gateway.adapters.sql.views_free import requirements
from gateway.adapters.sql.views_part import ViewsPart
from gateway.adapters.sql.work_bookings import RESERVATION_OF_ID
from gateway.domain.booking import Purpose, Reservation
from gateway.domain.sessions import Beneficiary
from gateway.domain.training import Requirement
from gateway.domain.workshops import LIVE, PlaceState
from gateway.ports.views_member import OwnPlace

MOST = 200
_booked, _sessions, _needs = schema.reservations.c, schema.sessions.c, schema.resource_trainings.c
_places, _workshops = schema.workshop_places.c, schema.workshops.c
_before = schema.workshop_places.alias("before").c

BOOKINGS = (
    select(*RESERVATION.columns)
    .where(_booked.site_id == SITE, _booked.member_id == bindparam("member_id"), _booked.cancelled_at.is_(None))
    .where(_booked.ends > bindparam("since", type_=_booked.ends.type), _booked.purpose == Purpose.USE.value)
    .order_by(_booked.starts, _booked.id)
    .limit(MOST)
)
USED = (
    select(func.coalesce(func.sum(_sessions.enabled_s), 0.0))
    .where(_sessions.beneficiary_id == bindparam("member_id"), _sessions.site_id == SITE)
    .where(_sessions.beneficiary_kind == Beneficiary.MEMBER.value, _sessions.closed_at.is_not(None))
    .where(_sessions.opened_at >= bindparam("since", type_=_sessions.opened_at.type))
)
ASKING = (
    select(_needs.resource_id)
    .join(schema.resources, schema.resources.c.id == _needs.resource_id)
    .where(schema.resources.c.site_id == SITE)
    .distinct()
)
_ahead = (
    select(func.count())
    .where(_before.workshop_id == _places.workshop_id, _before.state == PlaceState.WAITING.value)
    .where(_before.joined_at < _places.joined_at)
    .correlate(schema.workshop_places)
    .scalar_subquery()
)
PLACES = (
    select(*PLACE.columns, _ahead, *WORKSHOP_VIEW.columns)
    .join(schema.workshops, _workshops.id == _places.workshop_id)
    .where(_places.site_id == SITE, _places.member_id == bindparam("member_id"))
    .where(or_(*(_places.state == state.value for state in sorted(LIVE))))
    .where(_workshops.ends > bindparam("since", type_=_workshops.ends.type))
    .order_by(_workshops.starts, _workshops.id)
    .limit(MOST)
)
_PLACE_COLUMNS = len(PLACE.columns)


class MemberViewsPart(ViewsPart):
    """Reads about one member's own."""

    def bookings_of(self, member_id: str, since: datetime) -> tuple[Reservation, ...]:
        """A member's standing bookings that end after ``since``, soonest first."""
        return tuple(RESERVATION.read(row) for row in self._all(BOOKINGS, member_id=member_id, since=since))

    def booking_of(self, member_id: str, id: str) -> Reservation | None:
        """One of a member's bookings, standing or not; None when it is not theirs."""
        with self._read() as tx:
            row = tx.one(RESERVATION_OF_ID, id=id)
        held = RESERVATION.read(row) if row else None
        return held if held is not None and held.member_id == member_id and held.purpose is Purpose.USE else None

    def seconds_used(self, member_id: str, since: datetime) -> float:
        """Seconds under power of the member's closed sessions that began since then."""
        return float(self._all(USED, member_id=member_id, since=since)[0][0])

    def requirements_of(self, member_id: str, now: datetime) -> Mapping[str, tuple[Requirement, ...]]:
        """By resource that asks for any: each training, and how the member stands towards it."""
        with self._read() as tx:
            site = self._site.get(tx)
            ids = [row[0] for row in tx.all(ASKING, site_id=site)]
            return requirements(tx, site, ids, member_id, now) if ids else {}

    def places_of(self, member_id: str, since: datetime) -> tuple[OwnPlace, ...]:
        """A member's live lines on the lists of workshops that end after ``since``, soonest first."""
        rows = self._all(PLACES, member_id=member_id, since=since)
        return tuple(
            OwnPlace(
                place=PLACE.read(row[:_PLACE_COLUMNS]), ahead=int(row[_PLACE_COLUMNS]),
                view=WORKSHOP_VIEW.read(row[_PLACE_COLUMNS + 1 :]),
            )
            for row in rows
        )  # fmt: skip
