"""Facts for the question when machines are free, in a number of queries that does not grow with them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, bindparam, case, or_, select

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE
from gateway.adapters.sql.shapes import MEMBER, opening_in
from gateway.adapters.sql.shapes_calendar import CLOSURE
from gateway.adapters.sql.statements import one_of, packed_all, unpacked
from gateway.adapters.sql.transaction import Transaction
from gateway.adapters.sql.types import Words, from_micros
from gateway.adapters.sql.views_calendar import CalendarViewsPart
from gateway.adapters.sql.work_people import MEMBER_OF_ID
from gateway.adapters.sql.work_policies import LAYERS, policies, with_layers
from gateway.adapters.sql.work_workshops import LONGEST_PAUSE
from gateway.domain.booking import Purpose
from gateway.domain.booking_quotas import counts
from gateway.domain.free_spans import Machine, Starts
from gateway.domain.layers import Policies
from gateway.domain.opening import Closure, Schedule
from gateway.domain.people import Member, Role
from gateway.domain.priority import policy_for
from gateway.domain.quota import local_week
from gateway.domain.timespan import Span
from gateway.domain.training import Asked, Held, Requirement, requirement
from gateway.ports.views_calendar import Machines, Site

_resources, _sites, _groups = schema.resources.c, schema.sites.c, schema.resource_groups.c
_booked, _rights, _trainings = schema.reservations.c, schema.qualifications.c, schema.trainings.c
_needs, _under = schema.resource_trainings.c, schema.training_prerequisites.c
_closures, _joined = schema.closures.c, schema.member_sites.c
_ids, _at = bindparam("ids", type_=Words()), bindparam("sites", type_=Words())

_MACHINES = (
    select(
        _resources.id, _resources.slug, _resources.group_id, _resources.out_of_service, _resources.back_at,
        _sites.id, _resources.opening, LAYERS,
    )
    .select_from(with_layers)
    .order_by(case((_sites.id == SITE, 0), else_=1), _sites.name, _resources.position, _resources.slug)
)  # fmt: skip
# Equal machines stand in one group at each site; the groups of one kind bear one slug.
MACHINES = _MACHINES.where(
    or_(
        and_(_resources.site_id == SITE, _resources.slug == bindparam("resource")), _groups.slug == bindparam("group")
    )
)  # fmt: skip
MACHINES_OF_IDS = _MACHINES.where(_resources.site_id == SITE, one_of(_resources.id, _ids))
SITES = select(_sites.id, _sites.slug, _sites.name, _sites.timezone, _sites.address, _sites.opening).where(
    one_of(_sites.id, _at)
)
JOINED = select(_joined.site_id, _joined.role).where(_joined.member_id == bindparam("member_id"))
CLOSED = (
    select(_closures.site_id, *CLOSURE.columns)
    .where(one_of(_closures.site_id, _at), _closures.ends > bindparam("since", type_=_closures.ends.type))
    .where(_closures.starts < bindparam("until", type_=_closures.starts.type))
    .order_by(_closures.starts, _closures.id)
)
# Thousands of times: packed, they are read far quicker than as rows.
BUSY = (
    select(_booked.resource_id, packed_all(_booked.starts), packed_all(_booked.busy_until))
    .where(one_of(_booked.resource_id, _ids), _booked.cancelled_at.is_(None))
    .where(_booked.ends > bindparam("since", type_=_booked.ends.type))
    .where(_booked.starts < bindparam("until", type_=_booked.starts.type))
    .group_by(_booked.resource_id)
)
OF_MEMBER = (
    select(_booked.resource_id, _resources.group_id, _booked.starts, _booked.ends, _booked.created_at)
    .select_from(schema.reservations.join(schema.resources, _resources.id == _booked.resource_id))
    .where(_booked.member_id == bindparam("member_id"), _booked.cancelled_at.is_(None))
    .where(one_of(_booked.site_id, _at), _booked.purpose == Purpose.USE.value)
    .where(_booked.ends > bindparam("since", type_=_booked.ends.type))
    .order_by(_booked.starts)
)
ASKED = select(_needs.resource_id, _needs.training_id, _needs.level).where(one_of(_needs.resource_id, _ids))
UNDER = select(_under.training_id, _under.needs_id).where(one_of(_under.site_id, _at))
TRAININGS = select(_trainings.id, _trainings.slug, _trainings.names).where(one_of(_trainings.site_id, _at))
RIGHTS = select(_rights.training_id, _rights.level, _rights.awaiting, _rights.expires_at).where(
    _rights.member_id == bindparam("member_id"), _rights.revoked_at.is_(None), _rights.refused_at.is_(None)
)


class FreeViewsPart(CalendarViewsPart):
    """Machines with all that bears on when they are free."""

    def machines(
        self, *, resource: str | None, group: str | None, member_id: str | None, window: Span, now: datetime
    ) -> Machines | None:
        """One resource here, or those of a group here and at every other site that calls it the same."""
        with self._read() as tx:
            site = self._site.get(tx)
            rows = tx.all(MACHINES, site_id=site, resource=resource, group=group)
            return read_machines(tx, site, rows, member_id, window, now) if rows else None


def read_machines(
    tx: Transaction, site: str, rows: Sequence[Any], member_id: str | None, window: Span, now: datetime
) -> Machines | None:
    """The machines of these rows, for one member (where they joined) or anybody; None when there is no such member."""
    found = tx.one(MEMBER_OF_ID, id=member_id, site_id=site) if member_id is not None else None
    if member_id is not None and found is None:
        return None
    member = MEMBER.read(found) if found else None
    at = list(dict.fromkeys(row[5] for row in rows))
    joined = {}
    if member is not None:
        joined = {row[0]: Role(row[1]) for row in tx.all(JOINED, member_id=member.id)}
        at = [each for each in at if each == site or each in joined]
    if not at:
        return None
    known = _Known(tx, at, [row[0] for row in rows if row[5] in at], window)
    if member is not None:
        known.of_member(tx, member, joined, now)
    made = tuple(known.machine(row, now) for row in rows if row[5] in at)
    return Machines(machines=made, member=member, sites=tuple(known.sites[each] for each in at))


class _Known:
    """All that was read once for all machines."""

    def __init__(self, tx: Transaction, at: list[str], ids: list[str], window: Span) -> None:
        self._at, self._ids, self._window = at, ids, window
        self.sites: dict[str, Site] = {}
        self._opening: dict[str, Any] = {}
        self._closures: dict[str, list[Closure]] = defaultdict(list)
        for id, slug, name, timezone, address, opening in tx.all(SITES, sites=at):  # noqa: A001
            self.sites[id] = Site(slug=slug, name=name, zone=ZoneInfo(timezone), address=address)
            self._opening[id] = opening
        for id, *closure in tx.all(CLOSED, sites=at, since=window.starts, until=window.ends):  # noqa: A001
            self._closures[id].append(CLOSURE.read(closure))
        self._busy = _busy(tx, ids, window)
        self._member: Member | None = None
        self._roles: dict[str, Role] = {}
        self._asked: dict[str, tuple[Requirement, ...]] = {}
        self._others: list[Any] = []
        self._policies: dict[str, Policies] = {}

    def of_member(self, tx: Transaction, member: Member, roles: dict[str, Role], now: datetime) -> None:
        """What bears on the answer for them; ``roles`` by site."""
        self._member, self._roles, first = member, roles, min(now, self._window.starts)
        self._asked = requirements(tx, self._at, self._ids, member.id, now)
        since = min((local_week(first, site.zone).starts for site in self.sites.values()), default=first)
        self._others = list(tx.all(OF_MEMBER, sites=self._at, member_id=member.id, since=since))

    def machine(self, row: Sequence[Any], now: datetime) -> Machine:
        """One of them."""
        id, slug, group_id, out_of_service, back_at, at, opening, layers = row  # noqa: A001
        in_force, site = self._in_force(layers), self.sites[at]
        touching = tuple(each for each in self._closures[at] if each.resource_id in {None, id})
        own = (
            Span(starts, ends)
            for of, group, starts, ends, made_at in self._others
            if (of == id or (group_id is not None and group == group_id))
            and counts(starts, made_at, in_force.booking, site.zone)
        )
        return Machine(
            id=id, slug=slug, policy=policy_for(in_force.booking, self._roles.get(at)), zone=site.zone, site=site.slug, busy=self._busy.get(id, ()),
            schedule=Schedule(opening=opening_in(self._opening[at] if opening is None else opening), closures=touching),
            others=tuple(own), requirements=self._asked.get(id, ()),
            out_of_service=bool(out_of_service), back_at=back_at if back_at is not None and back_at > now else None,
            membership_ends=_membership_ends(self._member, in_force.use.membership_grace_days),
        )  # fmt: skip

    def _in_force(self, layers: Any) -> Policies:
        """Equal machines mostly say the same."""
        said = repr(layers)
        if said not in self._policies:
            self._policies[said] = policies(layers)
        return self._policies[said]


def _membership_ends(member: Member | None, grace_days: int | None) -> datetime | None:
    until = member.member_until if member else None
    return until + timedelta(days=grace_days or 0) if until else None


def _busy(tx: Transaction, ids: list[str], window: Span) -> dict[str, tuple[Starts, ...]]:
    """Of each machine, the holding reservations that may stand against one in the window."""
    since, until = window.starts - LONGEST_PAUSE, window.ends + LONGEST_PAUSE
    # Bookings begin and end on the hours of the lab: equal machines share most of these moments.
    moment = cache(from_micros)
    return {
        of: tuple(
            (moment(first), moment(last)) for first, last in sorted(zip(unpacked(starts), unpacked(ends), strict=True))
        )
        for of, starts, ends in tx.all(BUSY, ids=ids, since=since, until=until)
    }


def requirements(
    tx: Transaction, sites: list[str], ids: list[str], member_id: str, now: datetime
) -> dict[str, tuple[Requirement, ...]]:
    """Of each machine, what it asks for and how the member stands towards it."""
    asked = tx.all(ASKED, ids=ids)
    if not asked:
        return {}
    names = {row[0]: (row[1], unpacked(row[2])) for row in tx.all(TRAININGS, sites=sites)}
    under: dict[str, list[str]] = defaultdict(list)
    for training_id, needs_id in tx.all(UNDER, sites=sites):
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
