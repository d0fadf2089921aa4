"""Reads about opening hours and closures."""

from sqlalchemy import select

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE
from gateway.adapters.sql.shapes import opening_in
from gateway.adapters.sql.shapes_calendar import CLOSURE, CLOSURES, SITE_OPENING
from gateway.adapters.sql.transaction import Transaction
from gateway.adapters.sql.views_part import ViewsPart
from gateway.domain.opening import Schedule
from gateway.domain.timespan import Span
from gateway.ports.views_calendar import Schedules

_resources = schema.resources.c
OWN_OPENINGS = select(_resources.id, _resources.opening).where(
    _resources.site_id == SITE, _resources.opening.is_not(None)
)


class CalendarViewsPart(ViewsPart):
    """When the place and its resources are open."""

    def schedules(self, window: Span) -> Schedules:
        """All hours, and all closures that touch the window, soonest first."""
        with self._read() as tx:
            return schedules(tx, self._site.get(tx), window)


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
