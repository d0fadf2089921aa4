"""Visits: counted, never named."""

from datetime import datetime

from sqlalchemy import Integer, bindparam, func, insert, select

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.shapes import plain
from gateway.adapters.sql.views_part import ViewsPart
from gateway.domain.visits import Visit

_rows = schema.visits.c
ADD_VISIT = insert(schema.visits)
VISITORS = select(func.coalesce(func.sum(_rows.people), 0)).where(
    _rows.site_id == SITE, _rows.at >= bindparam("since", type_=_rows.at.type)
)
COMMUNES = (
    select(_rows.commune)
    .where(_rows.site_id == SITE, _rows.commune.is_not(None))
    .group_by(_rows.commune)
    .order_by(func.count().desc(), _rows.commune)
    .limit(bindparam("limit", type_=Integer()))
)


class VisitsPart(Part):
    """Visits in one open transaction."""

    def add_visit(self, visit: Visit) -> None:
        """Count somebody, or a group."""
        self._tx.run(ADD_VISIT, **plain(visit), site_id=self.site_id())


class VisitViewsPart(ViewsPart):
    """Reads of visits."""

    def visitors(self, since: datetime) -> int:
        """How many people have been counted since then."""
        return int(self._all(VISITORS, since=since)[0][0])

    def communes(self, limit: int) -> tuple[str, ...]:
        """Where most of them come from, the most named first."""
        return tuple(str(row[0]) for row in self._all(COMMUNES, limit=limit))
