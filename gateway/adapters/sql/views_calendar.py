"""Reads about opening hours and closures."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, select

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE
from gateway.adapters.sql.shapes import MEMBER, RESERVATION, opening_in
from gateway.adapters.sql.shapes_calendar import CLOSURE, CLOSURES, SITE_OPENING
from gateway.adapters.sql.statements import led_by
from gateway.adapters.sql.transaction import Transaction
from gateway.adapters.sql.views_part import ViewsPart
from gateway.domain.opening import Schedule
from gateway.domain.timespan import Span
from gateway.ports.views_calendar import Planned, Schedules

_resources, _booked = schema.resources.c, schema.reservations.c
OWN_OPENINGS = select(_resources.id, _resources.opening).where(
    _resources.site_id == SITE, _resources.opening.is_not(None)
)


_with_member = (
    select(MEMBER.packed, *RESERVATION.columns)
    .select_from(schema.reservations)
    .outerjoin(schema.members, schema.members.c.id == _booked.member_id)
    .where(_booked.site_id == SITE)
)
PLANNED = (
    led_by(_with_member, schema.reservations, "ix_reservations_ends")
    .where(_booked.cancelled_at.is_(None), _booked.ends > bindparam("since", type_=_booked.ends.type))
    .where(_booked.starts < bindparam("until", type_=_booked.starts.type))
    .order_by(_booked.starts, _booked.id)
)
PLANNED_ONE = _with_member.where(_booked.id == bindparam("id"))


class CalendarViewsPart(ViewsPart):
    """When the place and its resources are open."""

    def schedules(self, window: Span) -> Schedules:
        """All hours, and all closures that touch the window, soonest first."""
        with self._read() as tx:
            return schedules(tx, self._site.get(tx), window)

    def planned(self, window: Span) -> tuple[Planned, ...]:
        """Every standing reservation that touches the window, soonest first."""
        return tuple(_planned(row) for row in self._all(PLANNED, since=window.starts, until=window.ends))

    def planned_one(self, id: str) -> Planned | None:
        """One reservation, standing or not."""
        rows = self._all(PLANNED_ONE, id=id)
        return _planned(rows[0]) if rows else None


def _planned(row: Sequence[Any]) -> Planned:
    return Planned(reservation=RESERVATION.read(row[1:]), member=MEMBER.unpack(row[0]))


def schedules(tx: Transaction, site: str, window: Span) -> Schedules:
    """The same within a reading."""
    row = tx.one(SITE_OPENING, site_id=site)
    own = tx.all(OWN_OPENINGS, site_id=site)
    closed = tx.all(CLOSURES, site_id=site, starts=window.starts, ends=window.ends)
    closures = tuple(CLOSURE.read(row) for row in closed)
    hours = {row[0]: found for row in own if (found := opening_in(row[1]))}
    of_site = tuple(closure for closure in closures if closure.resource_id is None)
    return Schedules(
        site=Schedule(opening=opening_in(row[0]) if row else None, closures=of_site), own=hours, closures=closures
    )
