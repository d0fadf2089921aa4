"""The hot path: everything a tap needs in one read, and the session it makes."""

from datetime import datetime
from typing import Any

from sqlalchemy import Executable, and_, bindparam, select, union

from devices.messages import HashedBadge
from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.reading_access import RESOURCE_FACTS, by_badge, by_member, powers
from gateway.adapters.sql.shapes import DEVICE, JOB, RESOURCE, SESSION, plain
from gateway.adapters.sql.statements import packed, unpacked, upsert
from gateway.adapters.sql.transaction import Refused
from gateway.adapters.sql.work_policies import LAYERS, policies, with_layers
from gateway.domain.resources import Device
from gateway.domain.sessions import Session
from gateway.ports.errors import StoreUnavailable
from gateway.ports.store import ResourceFacts, TapFacts

_resources, _devices, _sessions, _jobs = schema.resources, schema.devices, schema.sessions, schema.jobs

FACTS_OF_RESOURCE = (
    select(packed(*RESOURCE_FACTS, LAYERS)).select_from(with_layers).where(_resources.c.id == bindparam("resource_id"))
)
_busy = union(
    select(_sessions.c.resource_id).where(_sessions.c.closed_at.is_(None)),
    select(_jobs.c.resource_id).where(_jobs.c.ended_at.is_(None), _jobs.c.resource_id.is_not(None)),
    select(_devices.c.resource_id).where(powers(_devices.c.role), _devices.c.resource_id.is_not(None)),
)
_to_sweep = and_(_resources.c.site_id == SITE, _resources.c.id.in_(_busy.scalar_subquery()))
FACTS_TO_SWEEP = (
    select(packed(*RESOURCE_FACTS, LAYERS)).select_from(with_layers).where(_to_sweep).order_by(_resources.c.id)
)
# Rows that point to a resource may be added all the while.
LOCK_RESOURCE = (
    select(_resources.c.id).where(_resources.c.id == bindparam("resource_id")).with_for_update(key_share=True)
)
LOCK_TO_SWEEP = select(_resources.c.id).where(_to_sweep).order_by(_resources.c.id).with_for_update(key_share=True)
SAVE_SESSION = upsert(_sessions, ("id",))


def _resource_facts(row: Any) -> ResourceFacts:
    resource, session, running, interlock, layers = row
    found = RESOURCE.unpack(resource)
    assert found is not None
    return ResourceFacts(
        resource=found, session=SESSION.unpack(session), running=JOB.unpack_all(running),
        interlock=DEVICE.unpack(interlock), use=policies(layers).use,
    )  # fmt: skip


class TapsPart(Part):
    """The tap, and what sweeps and reports need of a resource."""

    def facts_for_tap(self, reader: Device, badge: tuple[HashedBadge, ...], now: datetime) -> TapFacts:
        """Everything about this reader's resource, this badge's member, in one read."""
        return by_badge(self._tx, site_id=self.site_id(), resource_id=reader.resource_id, badge=badge, now=now)

    def facts_for_member(self, resource_id: str, member_id: str, now: datetime) -> TapFacts:
        """The same about a member who has not tapped."""
        return by_member(self._tx, site_id=self.site_id(), resource_id=resource_id, member_id=member_id, now=now)

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
