"""The hot path: everything a tap needs in one read, and the session it makes."""

from collections import defaultdict
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Executable, Select, String, and_, bindparam, exists, literal, or_, select, true, union, union_all

from devices.messages import HashedBadge
from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.shapes import DEVICE, JOB, MEMBER, RESERVATION, RESOURCE, SESSION, plain
from gateway.adapters.sql.statements import packed, packed_all, unpacked, upsert
from gateway.adapters.sql.transaction import Refused
from gateway.adapters.sql.types import from_micros
from gateway.adapters.sql.work_policies import LAYERS, policies
from gateway.domain.access_facts import AccessFacts
from gateway.domain.resources import Device, DeviceRole, interlock_known
from gateway.domain.sessions import Session
from gateway.domain.training import Asked, Held, Requirement, requirement
from gateway.ports.errors import StoreUnavailable
from gateway.ports.store import ResourceFacts, TapFacts

BOOKED_AHEAD = 5
MOST_FORMS = 16
"""A reader gives a number in a handful of forms; whoever sends more is not a reader."""

_resources, _devices, _members = schema.resources, schema.devices, schema.members
_sites, _groups = schema.sites, schema.resource_groups
_sessions, _jobs, _booked = schema.sessions, schema.jobs, schema.reservations.c
_needs, _trainings, _rights, _badges = (
    schema.resource_trainings, schema.trainings, schema.qualifications.c, schema.badge_hashes.c,
)  # fmt: skip
_under = schema.training_prerequisites

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
    .where(_devices.c.resource_id == _resources.c.id, _devices.c.role == DeviceRole.INTERLOCK.value)
    .order_by(_devices.c.id)
    .limit(1)
    .correlate(_resources)
    .scalar_subquery()
)
_FACTS = (RESOURCE.packed, _session, _running, _interlock)
FACTS_OF_RESOURCE = select(packed(*_FACTS)).where(_resources.c.id == bindparam("resource_id"))
_busy = union(
    select(_sessions.c.resource_id).where(_sessions.c.closed_at.is_(None)),
    select(_jobs.c.resource_id).where(_jobs.c.ended_at.is_(None), _jobs.c.resource_id.is_not(None)),
    select(_devices.c.resource_id).where(
        _devices.c.role == DeviceRole.INTERLOCK.value, _devices.c.resource_id.is_not(None)
    ),
)
_to_sweep = and_(_resources.c.site_id == SITE, _resources.c.id.in_(_busy.scalar_subquery()))
FACTS_TO_SWEEP = select(packed(*_FACTS)).where(_to_sweep).order_by(_resources.c.id)
# Rows that point to a resource may be added all the while.
LOCK_RESOURCE = (
    select(_resources.c.id).where(_resources.c.id == bindparam("resource_id")).with_for_update(key_share=True)
)
LOCK_TO_SWEEP = select(_resources.c.id).where(_to_sweep).order_by(_resources.c.id).with_for_update(key_share=True)
SAVE_SESSION = upsert(_sessions, ("id",))


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


def _holder(forms: int) -> Any:
    """Whose badge it is, its forms being given most precise first: a live one before a revoked one."""
    return (
        select(_badges.member_id, _badges.revoked_at)
        .where(_badges.site_id == SITE, _same_badge(forms))
        .order_by(_badges.revoked_at.is_not(None), _badges.revoked_at.desc())
        .limit(1)
        .subquery("holder")
    )


@cache
def facts_for_tap(forms: int) -> Select[Any]:
    """One row with all that a tap needs, for a badge that comes in so many forms."""
    holder = _holder(forms)
    required = _required(holder)
    # They never overlap, so the order of their ends is that of their starts, and one index serves.
    ahead = (
        select(RESERVATION.packed.label("row"))
        .where(_booked.resource_id == bindparam("resource_id"), _booked.cancelled_at.is_(None))
        .where(_booked.ends > bindparam("now"))
        .order_by(_booked.ends)
        .limit(BOOKED_AHEAD)
        .subquery("ahead")
    )
    booked = select(packed_all(ahead.c.row)).scalar_subquery()
    one = select(literal(1).label("one")).subquery("one")
    return select(packed(*_FACTS, MEMBER.packed, holder.c.revoked_at, required, booked, LAYERS)).select_from(
        one.outerjoin(holder, true())
        .outerjoin(_members, _members.c.id == holder.c.member_id)
        .outerjoin(_resources, _resources.c.id == bindparam("resource_id"))
        .outerjoin(_groups, _groups.c.id == _resources.c.group_id)
        .outerjoin(_sites, _sites.c.id == SITE)
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


def _resource_facts(row: Any) -> ResourceFacts:
    resource, session, running, interlock = row
    found = RESOURCE.unpack(resource)
    assert found is not None
    return ResourceFacts(
        resource=found, session=SESSION.unpack(session), running=JOB.unpack_all(running),
        interlock=DEVICE.unpack(interlock),
    )  # fmt: skip


class TapsPart(Part):
    """The tap, and what sweeps and reports need of a resource."""

    def facts_for_tap(self, reader: Device, badge: tuple[HashedBadge, ...], now: datetime) -> TapFacts:
        """Everything about this reader's resource, this badge's member, in one read."""
        forms = badge[:MOST_FORMS] or (HashedBadge(form="", key_id="", digest=""),)
        params: dict[str, str] = {}
        for i, form in enumerate(forms):
            params |= {f"digest{i}": form.digest, f"form{i}": form.form, f"key_id{i}": form.key_id}
        row = self._tx.one(
            facts_for_tap(len(forms)), site_id=self.site_id(), resource_id=reader.resource_id, now=now, **params
        )
        assert row is not None
        resource, session, running, relay, member, revoked, required, booked, layers = unpacked(row[0])
        in_force = policies(layers)
        interlock = DEVICE.unpack(relay)
        return TapFacts(
            access=AccessFacts(
                resource=RESOURCE.unpack(resource),
                member=MEMBER.unpack(member),
                badge_revoked=revoked is not None,
                requirements=_requirements(required, now),
                booked=tuple(sorted(RESERVATION.unpack_all(booked), key=lambda r: r.span.starts)),
                session=SESSION.unpack(session),
                interlock_known=interlock_known(interlock),
                use=in_force.use,
                booking=in_force.booking,
            ),
            running=JOB.unpack_all(running),
            interlock=interlock,
        )

    def facts_for(self, resource_id: str) -> ResourceFacts | None:
        """Everything that a report or a sweep needs about a resource, which is ours alone from here on."""
        self._lock_first(LOCK_RESOURCE, resource_id=resource_id)
        row = self._tx.one(FACTS_OF_RESOURCE, resource_id=resource_id)
        return _resource_facts(unpacked(row[0])) if row else None

    def resources_to_sweep(self) -> tuple[ResourceFacts, ...]:
        """Every resource with an open session, a running job or an interlock, ours alone from here on."""
        self._lock_first(LOCK_TO_SWEEP, site_id=self.site_id())
        rows = self._tx.all(FACTS_TO_SWEEP, site_id=self.site_id())
        return tuple(_resource_facts(unpacked(row[0])) for row in rows)

    def _lock_first(self, lock: Executable, **params: Any) -> None:
        # SQLite has one writer anyway. In PostgreSQL a row that was waited for must be read as it is afterwards.
        if self._tx.dialect == "postgresql":
            self._tx.all(lock, **params)

    def save_session(self, session: Session) -> None:
        """Insert or update a session; StoreUnavailable when a second open one is tried on the same resource."""
        try:
            self._tx.run(SAVE_SESSION, **plain(session), site_id=self.site_id())
        except Refused as fault:
            if session.closed_at is None and _says_one_open(fault):
                raise StoreUnavailable(
                    "another session is open on this resource; read again and decide anew"
                ) from fault
            raise


def _says_one_open(fault: Refused) -> bool:
    return "uq_sessions_one_open" in str(fault) or "sessions.resource_id" in str(fault)
