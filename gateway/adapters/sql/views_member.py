"""What one member sees of their own, in the indexes that begin with the member."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, or_, select

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE
from gateway.adapters.sql.shapes import MEMBER, RESERVATION, RESOURCE, SESSION
from gateway.adapters.sql.shapes_workshops import PLACE, WORKSHOP_VIEW
from gateway.adapters.sql.statements import led_by
from gateway.adapters.sql.views_free import requirements
from gateway.adapters.sql.views_part import ViewsPart
from gateway.adapters.sql.work_bookings import RESERVATION_OF_ID
from gateway.adapters.sql.work_people import MEMBER_OF_ID
from gateway.adapters.sql.work_policies import LAYERS, policies, with_layers
from gateway.domain.access_facts import AccessFacts
from gateway.domain.booking import Purpose, Reservation
from gateway.domain.resources import Resource
from gateway.domain.sessions import Beneficiary, Session
from gateway.domain.workshops import LIVE, PlaceState
from gateway.ports.views_member import OwnPlace

MOST = 200
_booked, _sessions = schema.reservations.c, schema.sessions.c
_places, _workshops = schema.workshop_places.c, schema.workshops.c
_before = schema.workshop_places.alias("before").c

RESOURCES = (
    select(*RESOURCE.columns)
    .where(schema.resources.c.site_id == SITE)
    .order_by(schema.resources.c.position, schema.resources.c.slug)
)
OPEN_SESSIONS = (
    led_by(select(*SESSION.columns), schema.sessions, "ix_sessions_open_operator")
    .where(_sessions.operator_id == bindparam("member_id"), _sessions.closed_at.is_(None), _sessions.site_id == SITE)
    .order_by(_sessions.opened_at, _sessions.id)
)
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
EVERYTHING = (
    select(schema.sites.c.timezone, LAYERS, *RESOURCE.columns)
    .select_from(with_layers)
    .where(schema.resources.c.site_id == SITE)
    .order_by(schema.resources.c.position, schema.resources.c.slug)
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

    def resources(self) -> tuple[Resource, ...]:
        """Every resource by position, with nothing of the moment."""
        return tuple(RESOURCE.read(row) for row in self._all(RESOURCES))

    def open_sessions_of(self, member_id: str) -> tuple[Session, ...]:
        """What a member uses now, first come first."""
        return tuple(SESSION.read(row) for row in self._all(OPEN_SESSIONS, member_id=member_id))

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

    def personal_facts(self, member_id: str, now: datetime) -> tuple[AccessFacts, ...]:
        """For each resource, what it asks of a person, and how this member stands towards it."""
        with self._read() as tx:
            site = self._site.get(tx)
            found = tx.one(MEMBER_OF_ID, id=member_id, site_id=site)
            member = MEMBER.read(found) if found else None
            rows = [(zone, layers, RESOURCE.read(row)) for zone, layers, *row in tx.all(EVERYTHING, site_id=site)]
            asked = requirements(tx, [site], [resource.id for _, _, resource in rows], member_id, now) if rows else {}
        return tuple(
            AccessFacts(
                resource=resource, member=member, use=policies(layers).use, zone=ZoneInfo(zone),
                requirements=asked.get(resource.id, ()),
            )
            for zone, layers, resource in rows
        )  # fmt: skip

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
