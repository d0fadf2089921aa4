"""The one read behind every answer about access: a resource, a member, and all that the rules look at."""

from collections import defaultdict
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Select,
    String,
    and_,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)

from devices.messages import HashedBadge
from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE
from gateway.adapters.sql.shapes import DEVICE, JOB, MEMBER, RESERVATION, RESOURCE, SESSION
from gateway.adapters.sql.shapes_calendar import SCHEDULE, schedule_in
from gateway.adapters.sql.statements import packed, packed_all, unpacked
from gateway.adapters.sql.transaction import Transaction
from gateway.adapters.sql.types import Moment, from_micros
from gateway.adapters.sql.work_policies import LAYERS, policies
from gateway.adapters.sql.work_presence import DOOR_HEARD, others_here
from gateway.adapters.sql.work_ways import beside, unpack_beside
from gateway.domain.access_facts import AccessFacts
from gateway.domain.cards import Shown, ShownBadge
from gateway.domain.people import Member
from gateway.domain.presence import Place
from gateway.domain.resources import DeviceRole, interlock_known
from gateway.domain.sessions import Way
from gateway.domain.timespan import Span
from gateway.domain.training import Asked, Held, Requirement, requirement
from gateway.ports.store import TapFacts

BOOKED_AHEAD = 5
MOST_FORMS = 16
"""A reader gives a number in a handful of forms; whoever sends more is not a reader."""
USES_SINCE = timedelta(days=15)
"""A local week, and a session that began in the one before."""
NOBODYS_QUOTA = (Way.CLASS, Way.REPAIR)

_resources, _devices, _members = schema.resources, schema.devices, schema.members
_sites, _groups = schema.sites, schema.resource_groups
_sessions, _jobs, _booked = schema.sessions, schema.jobs, schema.reservations.c
_needs, _trainings, _rights, _badges = (
    schema.resource_trainings, schema.trainings, schema.qualifications.c, schema.badge_hashes.c,
)  # fmt: skip
_under = schema.training_prerequisites
_resource_id: BindParameter[Any] = bindparam("resource_id")


def powers(role: Any) -> Any:
    """Whether a device of that role switches its resource."""
    return or_(*(role == each.value for each in DeviceRole if each.powers))


_session = (
    select(SESSION.packed)
    .where(_sessions.c.resource_id == _resources.c.id, _sessions.c.closed_at.is_(None))
    .correlate(_resources)
    .scalar_subquery()
)
_running = (
    select(packed_all(JOB.packed))
    .where(_jobs.c.resource_id == _resources.c.id, _jobs.c.ended_at.is_(None))
    .correlate(_resources)
    .scalar_subquery()
)
_interlock = (
    select(DEVICE.packed)
    .where(_devices.c.resource_id == _resources.c.id, powers(_devices.c.role))
    .order_by(_devices.c.id)
    .limit(1)
    .correlate(_resources)
    .scalar_subquery()
)
RESOURCE_FACTS = (RESOURCE.packed, _session, _running, _interlock)


def _is_form(columns: Any, i: int) -> Any:
    return and_(columns.form == bindparam(f"form{i}"), columns.key_id == bindparam(f"key_id{i}"))


def _same_badge(forms: int) -> Any:
    """One of its forms is the same, and no more precise one says otherwise: 24 bits alone are shared by strangers."""
    finer = schema.badge_hashes.alias("finer").c
    return or_(
        *(
            and_(
                _badges.digest == bindparam(f"digest{i}"),
                _is_form(_badges, i),
                *(
                    ~exists().where(
                        finer.badge_id == _badges.badge_id, _is_form(finer, j), finer.digest != bindparam(f"digest{j}")
                    )
                    for j in range(i)
                ),
            )
            for i in range(forms)
        )
    )


def _badge_holder(forms: int) -> Any:
    """Whose badge it is, its forms being given most precise first: a live one before a revoked one.

    A badge that was lent is nobody's once its day is over.
    """
    return (
        select(_badges.member_id, _badges.revoked_at, _badges.badge_id, _badges.counter)
        .where(_badges.site_id == SITE, _same_badge(forms))
        .where(or_(_badges.lent_until.is_(None), _badges.lent_until > bindparam("now")))
        .order_by(_badges.revoked_at.is_not(None), _badges.revoked_at.desc())
        .limit(1)
        .subquery("holder")
    )


def _one_member() -> Any:
    """The member of that id, as if they had tapped."""
    return (
        select(
            _members.c.id.label("member_id"),
            literal(None, Moment()).label("revoked_at"),
            literal(None, String()).label("badge_id"),
            literal(None, BigInteger()).label("counter"),
        )
        .where(_members.c.id == bindparam("member_id"))
        .subquery("holder")
    )


@cache
def _facts_of(forms: int | None) -> Select[Any]:
    """One row with all that the rules look at, for a badge in so many forms, or None: for the member of an id."""
    holder = _one_member() if forms is None else _badge_holder(forms)
    one = select(literal(1).label("one")).subquery("one")
    parts = packed(
        *RESOURCE_FACTS, MEMBER.packed, holder.c.revoked_at, holder.c.badge_id, holder.c.counter, _required(holder),
        _ahead(), LAYERS, _sites.c.timezone, _uses(holder), _open_elsewhere(holder), _last_session(), _last_job(), DOOR_HEARD,
        others_here(holder.c.member_id).correlate(holder).scalar_subquery(), beside(holder), *SCHEDULE,
    )  # fmt: skip
    return select(parts).select_from(
        one.outerjoin(holder, true())
        .outerjoin(_members, _members.c.id == holder.c.member_id)
        .outerjoin(_resources, _resources.c.id == _resource_id)
        .outerjoin(_groups, _groups.c.id == _resources.c.group_id)
        .outerjoin(_sites, _sites.c.id == SITE)
    )


def _ahead() -> Any:
    # They never overlap, so the order of their ends is that of their starts, and one index serves.
    ahead = (
        select(RESERVATION.packed.label("row"))
        .where(_booked.resource_id == _resource_id, _booked.cancelled_at.is_(None))
        .where(_booked.ends > bindparam("now"))
        .order_by(_booked.ends)
        .limit(BOOKED_AHEAD)
        .subquery("ahead")
    )
    return select(packed_all(ahead.c.row)).scalar_subquery()


def _uses(holder: Any) -> Any:
    """When the holder lately had this resource or an equal one under power; a job left running counts for nobody."""
    used, equal = _sessions.alias("used"), _resources.alias("equal")
    return (
        select(packed_all(packed(used.c.energised_at, func.coalesce(used.c.person_gone_at, used.c.closed_at))))
        .select_from(used.join(equal, equal.c.id == used.c.resource_id))
        .where(used.c.beneficiary_id == holder.c.member_id, used.c.opened_at > bindparam("uses_since"))
        .where(used.c.energised_at.is_not(None), *(used.c.way != way.value for way in NOBODYS_QUOTA))
        .where(or_(used.c.resource_id == _resources.c.id, equal.c.group_id == _resources.c.group_id))
        .correlate(holder, _resources)
        .scalar_subquery()
    )


def _open_elsewhere(holder: Any) -> Any:
    return (
        select(func.count())
        .select_from(_sessions)
        .where(_sessions.c.operator_id == holder.c.member_id, _sessions.c.closed_at.is_(None))
        .where(_sessions.c.resource_id != _resource_id)
        .correlate(holder)
        .scalar_subquery()
    )


def _last_session() -> Any:
    return (
        select(_sessions.c.closed_at)
        .where(_sessions.c.resource_id == _resource_id, _sessions.c.closed_at.is_not(None))
        .order_by(_sessions.c.opened_at.desc())
        .limit(1)
        .scalar_subquery()
    )


def _last_job() -> Any:
    return (
        select(_jobs.c.ended_at)
        .where(_jobs.c.resource_id == _resource_id, _jobs.c.ended_at.is_not(None))
        .order_by(_jobs.c.ended_at.desc())
        .limit(1)
        .scalar_subquery()
    )


def _required(holder: Any) -> Any:
    """Each training that the resource asks for, and each that one stands on (``below``), with the holder's rights."""
    direct = select(_needs.c.training_id, _needs.c.level, literal(None, String()).label("below")).where(
        _needs.c.resource_id == bindparam("resource_id")
    )
    under = (
        select(_under.c.needs_id, literal(1), _under.c.training_id)
        .select_from(_needs.join(_under, _under.c.training_id == _needs.c.training_id))
        .where(_needs.c.resource_id == bindparam("resource_id"))
    )
    asked = union_all(direct, under).subquery("asked")
    held = (
        select(packed_all(packed(_rights.level, _rights.awaiting, _rights.expires_at)))
        .where(_rights.member_id == holder.c.member_id, _rights.training_id == _trainings.c.id)
        .where(_rights.revoked_at.is_(None), _rights.refused_at.is_(None))
        .correlate(holder, _trainings)
        .scalar_subquery()
    )
    return (
        select(
            packed_all(
                packed(_trainings.c.id, _trainings.c.slug, _trainings.c.names, asked.c.level, asked.c.below, held)
            )
        )
        .select_from(asked.join(_trainings, _trainings.c.id == asked.c.training_id))
        .correlate(holder)
        .scalar_subquery()
    )


def _requirements(rows: Any, now: datetime) -> tuple[Requirement, ...]:
    asked: list[tuple[str, Asked]] = []
    needs: dict[str, list[Asked]] = defaultdict(list)
    for training_id, slug, names, level, below, held in unpacked(rows):
        rights = tuple(
            Held(of, bool(awaiting), None if ends is None else from_micros(ends))
            for of, awaiting, ends in unpacked(held)
        )
        one = Asked(slug=slug, names=unpacked(names), level=level, held=rights)
        if below is None:
            asked.append((training_id, one))
        else:
            needs[below].append(one)
    asked.sort(key=lambda pair: pair[1].slug)
    return tuple(requirement(one, needs[training_id], now) for training_id, one in asked)


def by_badge(
    tx: Transaction, *, site_id: str, resource_id: str | None, badge: tuple[HashedBadge, ...], now: datetime
) -> TapFacts:
    """Whoever holds this badge, at this resource."""
    forms = badge[:MOST_FORMS] or (HashedBadge(form="", key_id="", digest=""),)
    params: dict[str, str] = {}
    for i, form in enumerate(forms):
        params |= {f"digest{i}": form.digest, f"form{i}": form.form, f"key_id{i}": form.key_id}
    return _read(tx, len(forms), site_id, resource_id, now, params, Shown.NUMBER)


def by_member(tx: Transaction, *, site_id: str, resource_id: str, member_id: str, now: datetime) -> TapFacts:
    """This member, at this resource."""
    return _read(tx, None, site_id, resource_id, now, {"member_id": member_id})


def _read(
    tx: Transaction, forms: int | None, site_id: str, resource_id: str | None, now: datetime, who: dict[str, str],
    shown: Shown | None = None,
) -> TapFacts:  # fmt: skip
    row = tx.one(
        _facts_of(forms), site_id=site_id, resource_id=resource_id, now=now, uses_since=now - USES_SINCE, **who
    )
    assert row is not None
    (
        resource, session, running, relay, member, revoked, badge, counter, required, booked, layers, timezone, uses,
        elsewhere, session_ended, job_ended, door_heard, others, around, *hours,
    ) = unpacked(row[0])  # fmt: skip
    in_force, interlock, person = policies(layers), DEVICE.unpack(relay), MEMBER.unpack(member)
    jobs = JOB.unpack_all(running)
    return TapFacts(
        access=AccessFacts(
            resource=RESOURCE.unpack(resource),
            member=person,
            badge_revoked=revoked is not None,
            requirements=_requirements(required, now),
            booked=tuple(sorted(RESERVATION.unpack_all(booked), key=lambda r: r.span.starts)),
            session=SESSION.unpack(session),
            interlock_known=interlock_known(interlock),
            use=in_force.use,
            booking=in_force.booking,
            uses=_spans(uses, now),
            open_elsewhere=elsewhere,
            last_ended_at=max(
                (from_micros(end) for end in (session_ended, job_ended) if end is not None), default=None
            ),
            zone=ZoneInfo(timezone),
            schedule=schedule_in(*hours),
            place=_place(others, person, heard=bool(door_heard)),
            shown=shown,
        ),
        running=jobs,
        interlock=interlock,
        beside=unpack_beside(around, running=bool(jobs)),
        badge=ShownBadge(id=badge, counter=counter) if badge is not None else None,
    )


def _place(others: Any, asks: Member | None, *, heard: bool) -> Place:
    """Whoever asks is here, whether they tapped at the door or not."""
    people, responsible = unpacked(others)
    return Place(
        known=heard,
        people=people + (asks is not None),
        responsible=responsible + (asks is not None and asks.responsible),
    )


def _spans(uses: Any, now: datetime) -> tuple[Span, ...]:
    pairs = ((from_micros(starts), now if ends is None else from_micros(ends)) for starts, ends in unpacked(uses))
    return tuple(Span(starts, ends) for starts, ends in pairs if starts < ends)
