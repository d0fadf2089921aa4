"""Opening hours of the site, and closures."""

from sqlalchemy import bindparam, delete, insert, select, update

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.shapes import opening_in, opening_row
from gateway.adapters.sql.shapes_calendar import CLOSURE, CLOSURES, SITE_OPENING, closure_row
from gateway.domain.opening import Closure, Opening, Schedule
from gateway.domain.timespan import Span

_closures, _resources = schema.closures.c, schema.resources.c

PUT_SITE_OPENING = (
    update(schema.sites)
    .where(schema.sites.c.id == SITE)
    .values(opening=bindparam("opening", type_=schema.sites.c.opening.type))
)
OWN_OPENING = select(_resources.opening).where(_resources.id == bindparam("resource_id"))
ADD_CLOSURE = insert(schema.closures)
CLOSURE_OF_ID = select(*CLOSURE.columns).where(_closures.site_id == SITE, _closures.id == bindparam("id"))
FORGET_CLOSURE = delete(schema.closures).where(_closures.site_id == SITE, _closures.id == bindparam("id"))


class CalendarPart(Part):
    """When the place is open."""

    def site_opening(self) -> Opening | None:
        """The site's hours; None when none are set."""
        row = self._tx.one(SITE_OPENING, site_id=self.site_id())
        return opening_in(row[0]) if row else None

    def put_site_opening(self, opening: Opening | None) -> None:
        """Set the site's hours, or take them away."""
        self._tx.run(PUT_SITE_OPENING, site_id=self.site_id(), opening=opening_row(opening))

    def add_closure(self, closure: Closure) -> None:
        """Keep a closure."""
        self._tx.run(ADD_CLOSURE, **closure_row(closure), site_id=self.site_id())

    def closure(self, id: str) -> Closure | None:
        """A closure by id."""
        row = self._tx.one(CLOSURE_OF_ID, id=id, site_id=self.site_id())
        return CLOSURE.read(row) if row else None

    def forget_closure(self, id: str) -> None:
        """Remove a closure."""
        self._tx.run(FORGET_CLOSURE, id=id, site_id=self.site_id())

    def schedule(self, resource_id: str, window: Span) -> Schedule:
        """The hours of a resource (its own, else the site's) and the closures that touch the window."""
        row = self._tx.one(OWN_OPENING, resource_id=resource_id)
        own = opening_in(row[0]) if row else None
        rows = self._tx.all(CLOSURES, site_id=self.site_id(), starts=window.starts, ends=window.ends)
        found = (CLOSURE.read(row) for row in rows)
        touching = tuple(closure for closure in found if closure.resource_id in {None, resource_id})
        return Schedule(opening=own or self.site_opening(), closures=touching)
