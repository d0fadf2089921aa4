"""The log as durable sinks read it: the order in which nothing is skipped, and how far each has come."""

from typing import Any

from sqlalchemy import Executable, Integer, bindparam, func, select, tuple_

from devices.messages import HashedBadge
from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.shapes import STORED_EVENTS, badge_in
from gateway.adapters.sql.statements import settled_xid, unpacked, upsert

_events, _cursors = schema.events.c, schema.sink_cursors.c

CURSOR = select(_cursors.cursor).where(_cursors.site_id == SITE, _cursors.sink == bindparam("sink"))
SAVE_CURSOR = upsert(schema.sink_cursors, ("site_id", "sink"))
DATA_OF_EVENT = select(_events.data).where(_events.id == bindparam("event_id"))


def events_after(dialect: str) -> Executable:
    """Committed events after a cursor.

    PostgreSQL hands out numbers before transactions commit, and in another order: there the order is that of the
    transactions, those that are surely over, and the cursor is the number of the last event read.
    """
    limit = bindparam("limit", type_=Integer())
    query = STORED_EVENTS.where(_events.site_id == SITE).limit(limit)
    cursor = bindparam("cursor", type_=_events.id.type)
    if dialect != "postgresql":
        return query.where(_events.id > cursor).order_by(_events.id)
    read: Any = schema.events.alias("read")
    xid = func.coalesce(select(read.c.xid).where(read.c.id == cursor).scalar_subquery(), -1)
    return (
        query.where(tuple_(_events.xid, _events.id) > tuple_(xid, cursor))
        .where(_events.xid < settled_xid())
        .order_by(_events.xid, _events.id)
    )


class LogPart(Part):
    """What durable sinks and one-click enrolment ask of the log."""

    def save_cursor(self, sink: str, cursor: int) -> None:
        """Remember how far a sink has come."""
        self._tx.run(SAVE_CURSOR, site_id=self.site_id(), sink=sink, cursor=cursor)

    def tapped_badge(self, event_id: int) -> tuple[HashedBadge, ...]:
        """The hashed badge of a refused tap, for one-click enrolment; empty when that event holds none."""
        row = self._tx.one(DATA_OF_EVENT, event_id=event_id)
        return badge_in(unpacked(row[0])) if row else ()

    def tapped_counter(self, event_id: int) -> int | None:
        """How often the card of that tap said it was read; None for a badge that proved nothing."""
        row = self._tx.one(DATA_OF_EVENT, event_id=event_id)
        told = unpacked(row[0]).get("counter") if row else None
        return told if isinstance(told, int) else None
