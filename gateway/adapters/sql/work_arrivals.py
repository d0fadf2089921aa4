"""Reservations as they run, and the line for slots."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Executable, and_, bindparam, exists, func, or_, select, text, update

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.shapes import RESERVATION, RESOURCE, Shape, plain
from gateway.adapters.sql.statements import led_by, upsert
from gateway.adapters.sql.views_free import MACHINES_OF_IDS, read_machines
from gateway.adapters.sql.work_policies import LAYERS, policies
from gateway.domain.arrivals import Stay
from gateway.domain.booking import Purpose, Reservation, Status
from gateway.domain.resources import Resource
from gateway.domain.timespan import Span
from gateway.domain.waiting import Wait, WaitState
from gateway.ports.views_calendar import Machines

_booked, _sessions, _jobs = schema.reservations.c, schema.sessions.c, schema.jobs.c
_resources, _groups, _sites, _waits = schema.resources, schema.resource_groups, schema.sites, schema.slot_waits.c


def _at(name: str, column: ColumnElement[Any]) -> Any:
    return bindparam(name, type_=column.type)


def _wait(*, starts: Any, ends: Any, **rest: Any) -> Wait:
    return Wait(span=Span(starts, ends), **rest)


WAIT: Shape[Wait] = Shape(
    _wait,
    {
        name: _waits[name]
        for name in (
            "id", "member_id", "starts", "ends", "joined_at", "resource_id", "group_id", "moves", "state", "offered_id",
            "offered_until",
        )
    },
    {"moves": bool, "state": WaitState},
)  # fmt: skip
_standing = and_(_booked.id == bindparam("reservation_id"), _booked.cancelled_at.is_(None))
_unmet = and_(_standing, _booked.checked_in_at.is_(None))
CHECK_IN = update(schema.reservations).where(_unmet).values(checked_in_at=_at("at", _booked.checked_in_at))
RELEASE = (
    update(schema.reservations)
    .where(_unmet)
    .values(
        cancelled_at=_at("now", _booked.cancelled_at), changed_at=_at("now", _booked.changed_at),
        status=Status.NO_SHOW.value, version=_booked.version + 1,
    )
)  # fmt: skip
_members = and_(
    _booked.site_id == SITE, _booked.cancelled_at.is_(None), _booked.member_id.is_not(None),
    _booked.purpose == Purpose.USE.value, _booked.status == Status.STANDING.value,
)  # fmt: skip
_theirs = and_(
    _sessions.resource_id == _booked.resource_id,
    or_(_sessions.operator_id == _booked.member_id, _sessions.beneficiary_id == _booked.member_id),
)
_left_at = (
    select(func.max(_sessions.closed_at))
    .where(_theirs, _sessions.opened_at >= _booked.created_at, _sessions.closed_at >= _booked.checked_in_at)
    .correlate(schema.reservations)
    .scalar_subquery()
)
STAYS = (
    select(
        *RESERVATION.columns, _resources.c.out_of_service,
        exists().where(_theirs, _sessions.closed_at.is_(None)).correlate(schema.reservations),
        exists().where(_jobs.resource_id == _booked.resource_id, _jobs.ended_at.is_(None)).correlate(schema.reservations),
        _left_at, LAYERS,
    )
    .select_from(schema.reservations)
    .join(_resources, _resources.c.id == _booked.resource_id)
    .join(_sites, _sites.c.id == _resources.c.site_id)
    .outerjoin(_groups, _groups.c.id == _resources.c.group_id)
    .where(_members, _booked.starts <= _at("now", _booked.starts), _booked.ends > _at("now", _booked.ends))
    .order_by(_booked.ends, _booked.id)
)  # fmt: skip
AMONG_EQUALS = (
    select(*RESERVATION.columns)
    .join(_resources, _resources.c.id == _booked.resource_id)
    .where(_members, _booked.member_id == bindparam("member_id"), _resources.c.group_id == bindparam("group_id"))
    .where(_booked.checked_in_at.is_(None))
    .where(_booked.ends > _at("after", _booked.ends), _booked.starts <= _at("before", _booked.starts))
    .order_by(_booked.starts)
    .limit(1)
)
_TOUCHED = (
    select(*RESERVATION.columns)
    .where(_members, _booked.resource_id == bindparam("resource_id"), _booked.ends > _at("since", _booked.ends))
    .order_by(_booked.starts)
)
TOUCHED = _TOUCHED
TOUCHED_UNTIL = _TOUCHED.where(_booked.starts < _at("until", _booked.starts))
EQUALS = (
    select(*RESOURCE.columns)
    .where(_resources.c.site_id == SITE)
    .where(or_(_resources.c.id == bindparam("resource_id"), _resources.c.group_id == bindparam("group_id")))
    .order_by(_resources.c.position, _resources.c.slug)
)
LATE_RETURNS = (
    select(*RESOURCE.columns)
    .where(
        _resources.c.site_id == SITE,
        _resources.c.out_of_service,
        _resources.c.back_at <= _at("now", _resources.c.back_at),
    )
    .order_by(_resources.c.position, _resources.c.slug)
)
TAKEN = (
    select(_booked.id)
    .where(_booked.resource_id == bindparam("resource_id"), _booked.cancelled_at.is_(None))
    .where(_booked.starts < _at("ends", _booked.starts), _booked.busy_until > _at("starts", _booked.busy_until))
    .limit(1)
)
SAVE_WAIT = upsert(schema.slot_waits, ("id",), keep=("site_id",))
WAIT_OF_ID = select(*WAIT.columns).where(_waits.site_id == SITE, _waits.id == bindparam("id"))
LIVE_WAITS = (
    led_by(select(*WAIT.columns), schema.slot_waits, "ix_slot_waits_live")
    .where(text("slot_waits.state IN ('waiting', 'offered')"), _waits.site_id == SITE)
    .order_by(_waits.joined_at, _waits.id)
)
MOVES_FROM = LIVE_WAITS.where(
    _waits.moves,
    _waits.id == _booked.id,
    _booked.resource_id == bindparam("resource_id"),
    _booked.cancelled_at.is_(None),
)


class ArrivalsPart(Part):
    """Who came, who left, who waits."""

    def check_in(self, reservation_id: str, at: datetime) -> bool:
        """Note that its member came; False when that was known, or it no longer stands."""
        return self._tx.run(CHECK_IN, reservation_id=reservation_id, at=at) == 1

    def release_reservation(self, reservation_id: str, now: datetime) -> bool:
        """Free a reservation that nobody came for; False when somebody has, or it no longer stands."""
        return self._tx.run(RELEASE, reservation_id=reservation_id, now=now) == 1

    def stays(self, now: datetime) -> tuple[Stay, ...]:
        """Members' standing reservations that cover ``now``, soonest ended first."""
        found = []
        for row in self._tx.all(STAYS, site_id=self.site_id(), now=now):
            out, there, running, left_at, layers = row[len(RESERVATION.columns) :]
            found.append(
                Stay(
                    reservation=RESERVATION.read(row), policy=policies(layers).booking, out_of_service=bool(out),
                    there=bool(there), running=bool(running), left_at=left_at,
                )
            )  # fmt: skip
        return tuple(found)

    def booked_among_equals(
        self, member_id: str, group_id: str, *, after: datetime, before: datetime
    ) -> Reservation | None:
        """The member's first standing reservation in the group that nobody came for, ends after, starts before."""
        row = self._tx.one(
            AMONG_EQUALS, site_id=self.site_id(), member_id=member_id, group_id=group_id, after=after, before=before
        )
        return RESERVATION.read(row) if row else None

    def touched(self, resource_id: str, since: datetime, until: datetime | None) -> tuple[Reservation, ...]:
        """Members' standing reservations of a resource that share a moment with that time."""
        given = {"site_id": self.site_id(), "resource_id": resource_id, "since": since}
        rows = self._tx.all(TOUCHED_UNTIL, **given, until=until) if until else self._tx.all(TOUCHED, **given)
        return tuple(RESERVATION.read(row) for row in rows)

    def late_returns(self, now: datetime) -> tuple[Resource, ...]:
        """Resources that are out of service and should have been back by now."""
        return tuple(RESOURCE.read(row) for row in self._tx.all(LATE_RETURNS, site_id=self.site_id(), now=now))

    def equals(self, *, resource_id: str | None, group_id: str | None) -> tuple[Resource, ...]:
        """The resource, or all of the group, in the lab's order."""
        rows = self._tx.all(EQUALS, site_id=self.site_id(), resource_id=resource_id, group_id=group_id)
        return tuple(RESOURCE.read(row) for row in rows)

    def is_taken(self, resource_id: str, span: Span) -> bool:
        """Whether a reservation, or the pause after it, shares a moment with ``span``."""
        return self._tx.one(TAKEN, resource_id=resource_id, starts=span.starts, ends=span.ends) is not None

    def machines_for(self, resource_ids: Iterable[str], member_id: str, window: Span, now: datetime) -> Machines | None:
        """These machines with all that bears on when this member can have them; None when there is no such member."""
        site = self.site_id()
        rows = self._tx.all(MACHINES_OF_IDS, site_id=site, ids=sorted(resource_ids))
        return read_machines(self._tx, site, rows, member_id, window, now) if rows else None

    def wait(self, id: str) -> Wait | None:
        """A place in a line, ours alone from here on."""
        row = self._tx.one(self._ours(WAIT_OF_ID), site_id=self.site_id(), id=id)
        return WAIT.read(row) if row else None

    def save_wait(self, wait: Wait) -> None:
        """Insert or update by id."""
        row = plain(wait)
        span: Span = row.pop("span")
        self._tx.run(SAVE_WAIT, **row, starts=span.starts, ends=span.ends, site_id=self.site_id())

    def live_waits(self) -> tuple[Wait, ...]:
        """Whoever waits or is being asked, first come first, ours alone from here on."""
        return tuple(WAIT.read(row) for row in self._tx.all(self._ours(LIVE_WAITS), site_id=self.site_id()))

    def moves_from(self, resource_id: str) -> tuple[Wait, ...]:
        """Live places in line of those whose reservation stands on this resource."""
        rows = self._tx.all(MOVES_FROM, site_id=self.site_id(), resource_id=resource_id)
        return tuple(WAIT.read(row) for row in rows)

    def _ours(self, query: Any) -> Executable:
        return _LOCKED[query] if self._tx.dialect == "postgresql" else query


_LOCKED = {query: query.with_for_update() for query in (WAIT_OF_ID, LIVE_WAITS)}
