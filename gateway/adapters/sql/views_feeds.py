"""What stands in calendars that people subscribe to."""

from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Select, and_, bindparam, exists, or_, select

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE
from gateway.adapters.sql.shapes import MEMBER, RESERVATION, Shape
from gateway.adapters.sql.shapes_calendar import CLOSURE, CLOSURES
from gateway.adapters.sql.shapes_workshops import WORKSHOP_VIEW
from gateway.adapters.sql.statements import led_by, unpacked
from gateway.adapters.sql.transaction import Transaction
from gateway.adapters.sql.views_part import ViewsPart
from gateway.domain.booking import Purpose
from gateway.domain.opening import Closure
from gateway.domain.people import Member
from gateway.domain.timespan import Span
from gateway.domain.workshop_plan import LONGEST
from gateway.domain.workshops import PlaceState
from gateway.ports.store_feeds import CalendarLink
from gateway.ports.views_feeds import Agenda, Booked
from gateway.ports.views_workshops import WorkshopView

_booked, _resources, _links = schema.reservations.c, schema.resources.c, schema.calendar_links.c
_workshops, _places = schema.workshops.c, schema.workshop_places.c
_member: BindParameter[Any] = bindparam("member_id")
_resource: BindParameter[Any] = bindparam("resource_id")

LINK: Shape[CalendarLink] = Shape(CalendarLink, {name: _links[name] for name in ("member_id", "digest", "made_at")})
LINK_OF = select(*LINK.columns).where(_links.site_id == SITE, _links.member_id == _member)
OWNER = (
    select(*MEMBER.columns)
    .join(schema.calendar_links, _links.member_id == schema.members.c.id)
    .where(_links.site_id == SITE, _links.digest == bindparam("digest"))
)
_WITH_NAMES = select(*RESERVATION.columns, _resources.slug, _resources.names).join(
    schema.resources, _resources.id == _booked.resource_id
)
BOOKED = _WITH_NAMES.where(_booked.site_id == SITE, _booked.id == bindparam("reservation_id"))
BY_ENDS = "ix_reservations_ends"
OF_MEMBER = and_(_booked.member_id == _member, _booked.purpose == Purpose.USE.value)
OF_RESOURCE = _booked.resource_id == _resource
OF_SITE = _booked.purpose != Purpose.WORKSHOP.value


@cache
def _over(whose: Any, index: str) -> tuple[Select[Any], Select[Any]]:
    """Reservations that share a moment with the window: those that stand, by that index, and those that do not."""
    query = _WITH_NAMES.where(
        _booked.site_id == SITE,
        _booked.ends > bindparam("starts", type_=_booked.ends.type),
        _booked.starts < bindparam("ends", type_=_booked.starts.type),
        whose,
    )
    standing = led_by(query.where(_booked.cancelled_at.is_(None)), schema.reservations, index)
    gone = led_by(query.where(_booked.cancelled_at.is_not(None)), schema.reservations, "ix_reservations_gone_ends")
    return standing, gone


# None is longer than LONGEST, so the index by start serves.
WORKSHOPS = (
    led_by(select(*WORKSHOP_VIEW.columns), schema.workshops, "ix_workshops_starts_id")
    .where(_workshops.site_id == SITE, _workshops.ends > bindparam("starts", type_=_workshops.ends.type))
    .where(_workshops.starts > bindparam("earliest", type_=_workshops.starts.type))
    .where(_workshops.starts < bindparam("ends", type_=_workshops.starts.type))
    .order_by(_workshops.starts, _workshops.id)
)
WORKSHOPS_OF = WORKSHOPS.where(
    or_(
        _workshops.trainer_id == _member,
        exists().where(
            _places.workshop_id == _workshops.id,
            _places.member_id == _member,
            _places.state == PlaceState.ENROLLED.value,
        ),
    )
)


class FeedViewsPart(ViewsPart):
    """Reads for calendars."""

    def calendar_link(self, member_id: str) -> CalendarLink | None:
        """A member's secret address, if there is one."""
        rows = self._all(LINK_OF, member_id=member_id)
        return LINK.read(rows[0]) if rows else None

    def calendar_owner(self, digest: str) -> Member | None:
        """Whose secret this is."""
        rows = self._all(OWNER, digest=digest)
        return MEMBER.read(rows[0]) if rows else None

    def agenda_of_member(self, member_id: str, window: Span) -> Agenda:
        """Their bookings for use, and workshops that they lead or have a seat in."""
        with self._read() as tx:
            site = self._site.get(tx)
            bookings = _bookings(tx, site, window, OF_MEMBER, "ix_reservations_member_id_ends", member_id=member_id)
            workshops = _read_workshops(tx, site, window, WORKSHOPS_OF, member_id=member_id)
        return Agenda(bookings=bookings, workshops=workshops)

    def agenda_of_resource(self, resource_id: str, window: Span) -> Agenda:
        """Every reservation of it; closures of the site and its own."""
        index = "ix_reservations_resource_id_ends"
        with self._read() as tx:
            site = self._site.get(tx)
            bookings = _bookings(tx, site, window, OF_RESOURCE, index, resource_id=resource_id)
            closures = _closures(tx, site, window)
        touching = tuple(closure for closure in closures if closure.resource_id in {None, resource_id})
        return Agenda(bookings=bookings, closures=touching)

    def agenda_of_site(self, window: Span) -> Agenda:
        """Reservations of every resource but those that workshops hold; all workshops; all closures."""
        with self._read() as tx:
            site = self._site.get(tx)
            return Agenda(
                bookings=_bookings(tx, site, window, OF_SITE, BY_ENDS),
                workshops=_read_workshops(tx, site, window, WORKSHOPS),
                closures=_closures(tx, site, window),
            )

    def booked(self, reservation_id: str) -> Booked | None:
        """One reservation."""
        rows = self._all(BOOKED, reservation_id=reservation_id)
        return _read(rows[0]) if rows else None


def _bookings(tx: Transaction, site: str, window: Span, whose: Any, index: str, **more: str) -> tuple[Booked, ...]:
    given = {"site_id": site, "starts": window.starts, "ends": window.ends, **more}
    found = [_read(row) for query in _over(whose, index) for row in tx.all(query, **given)]
    return tuple(sorted(found, key=lambda one: (one.reservation.span.starts, one.reservation.id)))


def _read(row: Any) -> Booked:
    return Booked(reservation=RESERVATION.read(row), slug=row[-2], names=unpacked(row[-1]))


def _read_workshops(tx: Transaction, site: str, window: Span, query: Any, **more: str) -> tuple[WorkshopView, ...]:
    earliest = window.starts - LONGEST - timedelta(days=1)
    rows = tx.all(query, site_id=site, starts=window.starts, earliest=earliest, ends=window.ends, **more)
    return tuple(WORKSHOP_VIEW.read(row) for row in rows)


def _closures(tx: Transaction, site: str, window: Span) -> tuple[Closure, ...]:
    rows = tx.all(CLOSURES, site_id=site, starts=window.starts, ends=window.ends)
    return tuple(CLOSURE.read(row) for row in rows)
