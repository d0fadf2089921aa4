"""Workshops as people see them."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, Select, bindparam, exists, func, or_, select

from gateway.adapters.sql import schema
from gateway.adapters.sql.pages import Paging, page
from gateway.adapters.sql.part import SITE
from gateway.adapters.sql.shapes import MEMBER
from gateway.adapters.sql.shapes_workshops import PLACE, WORKSHOP_VIEW
from gateway.adapters.sql.statements import led_by
from gateway.adapters.sql.views_part import ViewsPart
from gateway.domain.people import Names
from gateway.domain.workshop_plan import LONGEST
from gateway.domain.workshops import EARLY, OPEN
from gateway.ports.views import Page
from gateway.ports.views_workshops import NextSession, PlaceView, WorkshopView

MOST_DUE = 200
_AHEAD = 500
_workshops, _places, _badges = schema.workshops.c, schema.workshop_places.c, schema.badge_hashes.c
_sessions = schema.sessions.c
WORKSHOPS = Paging("workshops", _workshops.starts, _workshops.id, descending=False)
_OPEN = or_(*(_workshops.state == state.value for state in sorted(OPEN)))


def workshops(*filters: str) -> Select[Any]:
    """Workshops of the site."""
    query = led_by(select(*WORKSHOP_VIEW.columns), schema.workshops, "ix_workshops_starts_id")
    query = query.where(_workshops.site_id == SITE)
    if "starts" in filters:
        # None is longer than this, so the index by start serves.
        query = query.where(_workshops.ends > bindparam("starts", type_=_workshops.ends.type))
        query = query.where(_workshops.starts > bindparam("earliest", type_=_workshops.starts.type))
    if "ends" in filters:
        query = query.where(_workshops.starts < bindparam("ends", type_=_workshops.starts.type))
    if "training" in filters:
        found = select(schema.trainings.c.id).where(
            schema.trainings.c.site_id == SITE, schema.trainings.c.slug == bindparam("training")
        )
        query = query.where(_workshops.training_id == found.scalar_subquery())
    return query.where(_OPEN) if "upcoming" in filters else query


WORKSHOP_OF_ID = select(*WORKSHOP_VIEW.columns).where(_workshops.site_id == SITE, _workshops.id == bindparam("id"))
PLACES_OF = (
    select(
        *PLACE.columns, MEMBER.packed,
        exists().where(_badges.member_id == _places.member_id, _badges.revoked_at.is_(None)),
    )
    .outerjoin(schema.members, schema.members.c.id == _places.member_id)
    .where(_places.workshop_id == bindparam("workshop_id"), _places.site_id == SITE)
    .order_by(_places.joined_at, _places.id)
)  # fmt: skip
NEXT = (
    led_by(
        select(schema.trainings.c.slug, _workshops.id, _workshops.titles, _workshops.starts, _workshops.seats, _workshops.taken),
        schema.workshops, "ix_workshops_starts_id",
    )
    .join(schema.trainings, schema.trainings.c.id == _workshops.training_id)
    .where(_workshops.site_id == SITE, _OPEN, _workshops.starts > bindparam("now", type_=_workshops.starts.type))
    .order_by(_workshops.starts, _workshops.id)
    .limit(_AHEAD)
)  # fmt: skip
DUE = (
    select(_workshops.id)
    .where(_workshops.site_id == SITE, _workshops.due_at <= bindparam("now", type_=_workshops.due_at.type))
    .order_by(_workshops.due_at)
    .limit(bindparam("limit", type_=Integer()))
)


HOURS_OF = (
    led_by(select(schema.resources.c.names, func.sum(_sessions.enabled_s)), schema.sessions, "ix_sessions_opened_at_id")
    .select_from(schema.sessions.join(schema.resources, schema.resources.c.id == _sessions.resource_id))
    .where(_sessions.site_id == SITE, _sessions.workshop_id == bindparam("workshop_id"), _sessions.enabled_s > 0)
    .where(_sessions.opened_at >= bindparam("since", type_=_sessions.opened_at.type))
    .where(_sessions.opened_at < bindparam("until", type_=_sessions.opened_at.type))
    .group_by(schema.resources.c.id)
    .order_by(schema.resources.c.position, schema.resources.c.slug)
)


class WorkshopsViewsPart(ViewsPart):
    """Reads about workshops."""

    def workshops(
        self, *, limit: int, cursor: str | None, starts: datetime | None = None, ends: datetime | None = None,
        training: str | None = None, upcoming: bool = False,
    ) -> Page[WorkshopView]:  # fmt: skip
        """Those that overlap ``[starts, ends)``, soonest first; ``upcoming`` leaves out cancelled and held ones."""
        earliest = starts - LONGEST - timedelta(days=1) if starts else None
        given = {
            "starts": starts, "earliest": earliest, "ends": ends, "training": training, "upcoming": upcoming or None,
        }  # fmt: skip
        with self._read() as tx:
            return page(
                tx, WORKSHOP_VIEW, WORKSHOPS, workshops, lambda row: (row.workshop.span.starts, row.workshop.id),
                limit=limit, cursor=cursor, given=given, site_id=self._site.get(tx),
            )  # fmt: skip

    def workshop(self, id: str) -> WorkshopView | None:
        """One workshop."""
        rows = self._all(WORKSHOP_OF_ID, id=id)
        return WORKSHOP_VIEW.read(rows[0]) if rows else None

    def places(self, workshop_id: str) -> tuple[PlaceView, ...]:
        """Its list, in the order of the line."""
        rows = self._all(PLACES_OF, workshop_id=workshop_id)
        return tuple(
            PlaceView(place=PLACE.read(row), member=MEMBER.unpack(row[-2]), badged=bool(row[-1])) for row in rows
        )

    def hours_of_workshop(self, workshop_id: str) -> tuple[tuple[Names, float], ...]:
        """Seconds under power that count for it, of each resource that has any."""
        view = self.workshop(workshop_id)
        if view is None:
            return ()
        span = view.workshop.span
        found = self._all(HOURS_OF, workshop_id=workshop_id, since=span.starts - EARLY, until=span.ends + EARLY)
        return tuple((row[0], float(row[1])) for row in found)

    def next_sessions(self, now: datetime) -> dict[str, NextSession]:
        """For each training that has one, by slug, the next workshop that starts after ``now``."""
        found: dict[str, NextSession] = {}
        for slug, workshop_id, titles, starts, seats, taken in self._all(NEXT, now=now):
            session = NextSession(workshop_id=workshop_id, titles=titles, starts=starts, seats_left=seats - taken)
            if slug not in found or (found[slug].seats_left == 0 and session.seats_left > 0):
                found[slug] = session
        return found

    def next_session(self, training: str, now: datetime) -> NextSession | None:
        """The same for one training."""
        return self.next_sessions(now).get(training)

    def workshops_due(self, now: datetime) -> tuple[str, ...]:
        """Ids of workshops for which time alone has changed something."""
        return tuple(row[0] for row in self._all(DUE, now=now, limit=MOST_DUE))
