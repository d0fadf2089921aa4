"""Facts for the question when machines are free, in a number of queries that does not grow with them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, or_, select

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE
from gateway.adapters.sql.shapes import MEMBER
from gateway.adapters.sql.statements import one_of, packed, packed_all, unpacked
from gateway.adapters.sql.transaction import Transaction
from gateway.adapters.sql.types import Words, from_micros
from gateway.adapters.sql.views_calendar import CalendarViewsPart, schedules
from gateway.adapters.sql.work_people import MEMBER_OF_ID
from gateway.adapters.sql.work_policies import LAYERS, policies, with_layers
from gateway.adapters.sql.work_workshops import LONGEST_PAUSE
from gateway.domain.booking import Purpose
from gateway.domain.booking_quotas import counts
from gateway.domain.free_spans import Machine, Starts
from gateway.domain.people import Member
from gateway.domain.quota import local_week
from gateway.domain.timespan import Span
from gateway.domain.training import Asked, Held, Requirement, requirement
from gateway.ports.views_calendar import Machines

_resources, _sites, _groups = schema.resources.c, schema.sites.c, schema.resource_groups.c
_booked, _rights, _trainings = schema.reservations.c, schema.qualifications.c, schema.trainings.c
_needs, _under = schema.resource_trainings.c, schema.training_prerequisites.c
_ids = bindparam("ids", type_=Words())

_MACHINES = (
    select(
        _resources.id, _resources.slug, _resources.group_id, _resources.out_of_service, _resources.back_at,
        _sites.timezone, LAYERS,
    )
    .select_from(with_layers)
    .where(_resources.site_id == SITE)
    .order_by(_resources.position, _resources.slug)
)  # fmt: skip
MACHINES = _MACHINES.where(or_(_resources.slug == bindparam("resource"), _groups.slug == bindparam("group")))
MACHINES_OF_IDS = _MACHINES.where(one_of(_resources.id, _ids))
# Thousands of times: packed, they are read far quicker than as rows.
BUSY = (
    select(_booked.resource_id, packed_all(packed(_booked.starts, _booked.busy_until)))
    .where(one_of(_booked.resource_id, _ids), _booked.cancelled_at.is_(None))
    .where(_booked.ends > bindparam("since", type_=_booked.ends.type))
    .where(_booked.starts < bindparam("until", type_=_booked.starts.type))
    .group_by(_booked.resource_id)
)
OF_MEMBER = (
    select(_booked.resource_id, _resources.group_id, _booked.starts, _booked.ends, _booked.created_at)
    .select_from(schema.reservations.join(schema.resources, _resources.id == _booked.resource_id))
    .where(_booked.member_id == bindparam("member_id"), _booked.cancelled_at.is_(None))
    .where(_booked.site_id == SITE, _booked.purpose == Purpose.USE.value)
    .where(_booked.ends > bindparam("since", type_=_booked.ends.type))
    .order_by(_booked.starts)
)
ASKED = select(_needs.resource_id, _needs.training_id, _needs.level).where(one_of(_needs.resource_id, _ids))
UNDER = select(_under.training_id, _under.needs_id).where(_under.site_id == SITE)
TRAININGS = select(_trainings.id, _trainings.slug, _trainings.names).where(_trainings.site_id == SITE)
RIGHTS = select(_rights.training_id, _rights.level, _rights.awaiting, _rights.expires_at).where(
    _rights.member_id == bindparam("member_id"), _rights.revoked_at.is_(None), _rights.refused_at.is_(None)
)


class FreeViewsPart(CalendarViewsPart):
    """Machines with all that bears on when they are free."""

    def machines(
        self, *, resource: str | None, group: str | None, member_id: str | None, window: Span, now: datetime
    ) -> Machines | None:
        """One resource, or those of a group, for one member or anybody; None when one of them does not exist."""
        with self._read() as tx:
            site = self._site.get(tx)
            rows = tx.all(MACHINES, site_id=site, resource=resource, group=group)
            return read_machines(tx, site, rows, member_id, window, now) if rows else None


def read_machines(
    tx: Transaction, site: str, rows: Sequence[Any], member_id: str | None, window: Span, now: datetime
) -> Machines | None:
    """The machines of these rows, for one member or anybody; None when there is no such member."""
    found = tx.one(MEMBER_OF_ID, id=member_id, site_id=site) if member_id is not None else None
    if member_id is not None and found is None:
        return None
    member = MEMBER.read(found) if found else None
    ids = [row[0] for row in rows]
    hours, busy = schedules(tx, site, window), _busy(tx, ids, window)
    zone = ZoneInfo(rows[0][5])
    asked: dict[str, tuple[Requirement, ...]] = {}
    others: list[Any] = []
    if member is not None:
        asked = requirements(tx, site, ids, member.id, now)
        since = local_week(min(now, window.starts), zone).starts
        others = list(tx.all(OF_MEMBER, site_id=site, member_id=member.id, since=since))
    made = []
    for id, slug, group_id, out_of_service, back_at, _, layers in rows:  # noqa: A001
        in_force = policies(layers)
        own = (
            Span(starts, ends)
            for of, group, starts, ends, made_at in others
            if (of == id or (group_id is not None and group == group_id))
            and counts(starts, made_at, in_force.booking, zone)
        )
        made.append(Machine(
            id=id, slug=slug, policy=in_force.booking, schedule=hours.of(id), zone=zone, busy=busy.get(id, ()),
            others=tuple(own), requirements=asked.get(id, ()),
            out_of_service=bool(out_of_service), back_at=back_at if back_at is not None and back_at > now else None,
            membership_ends=_membership_ends(member, in_force.use.membership_grace_days),
        ))  # fmt: skip
    return Machines(machines=tuple(made), member=member)


def _membership_ends(member: Member | None, grace_days: int | None) -> datetime | None:
    until = member.member_until if member else None
    return until + timedelta(days=grace_days or 0) if until else None


def _busy(tx: Transaction, ids: list[str], window: Span) -> dict[str, tuple[Starts, ...]]:
    """Of each machine, the holding reservations that may stand against one in the window."""
    since, until = window.starts - LONGEST_PAUSE, window.ends + LONGEST_PAUSE
    # Bookings begin and end on the hours of the lab: equal machines share most of these moments.
    moment = cache(from_micros)
    return {
        of: tuple((moment(starts), moment(busy_until)) for starts, busy_until in sorted(unpacked(spans)))
        for of, spans in tx.all(BUSY, ids=ids, since=since, until=until)
    }


def requirements(
    tx: Transaction, site: str, ids: list[str], member_id: str, now: datetime
) -> dict[str, tuple[Requirement, ...]]:
    """Of each machine, what it asks for and how the member stands towards it."""
    asked = tx.all(ASKED, ids=ids)
    if not asked:
        return {}
    names = {row[0]: (row[1], unpacked(row[2])) for row in tx.all(TRAININGS, site_id=site)}
    under: dict[str, list[str]] = defaultdict(list)
    for training_id, needs_id in tx.all(UNDER, site_id=site):
        under[training_id].append(needs_id)
    held: dict[str, list[Held]] = defaultdict(list)
    for training_id, level, awaiting, expires_at in tx.all(RIGHTS, member_id=member_id):
        held[training_id].append(Held(level, bool(awaiting), expires_at))

    def one(training_id: str, level: int) -> Asked:
        slug, words = names[training_id]
        return Asked(slug=slug, names=words, level=level, held=tuple(held[training_id]))

    found: dict[str, list[Requirement]] = defaultdict(list)
    for id, training_id, level in asked:  # noqa: A001
        needs: Iterable[Asked] = [one(need, 1) for need in under[training_id]]
        found[id].append(requirement(one(training_id, level), needs, now))
    return {id: tuple(sorted(needs, key=lambda need: need.slug)) for id, needs in found.items()}  # noqa: A001
