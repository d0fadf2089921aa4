"""Jobs, what devices were last heard to say, and the log of what happened with the alarms it raises."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, or_, select, update

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part, SiteId
from gateway.adapters.sql.shapes import DEVICE, JOB, plain
from gateway.adapters.sql.statements import current_xid, upsert
from gateway.domain.events import Event, EventKind
from gateway.domain.jobs import Job
from gateway.domain.resources import Device, Presence

_jobs, _devices, _alarms = schema.jobs.c, schema.devices.c, schema.alarms.c
_HEARD = (
    "role", "resource_id", "presence", "presence_reason", "last_seen_at", "power_on", "power_at", "nonsense_count",
    "nonsense_example",
)  # fmt: skip

JOB_OF_KEY = select(*JOB.columns).where(_jobs.device_id == bindparam("device_id"), _jobs.key == bindparam("key"))
RUNNING_JOBS = (
    select(*JOB.columns)
    .where(_jobs.device_id == bindparam("device_id"), _jobs.ended_at.is_(None))
    .order_by(_jobs.started_at)
)
SAVE_JOB = upsert(schema.jobs, ("id",))
SAVE_DEVICE = (
    update(schema.devices)
    .where(_devices.id == bindparam("device_id"))
    .values({name: bindparam(name, type_=_devices[name].type) for name in _HEARD})
)
QUIET = (
    select(*DEVICE.columns)
    .where(_devices.site_id == SITE, _devices.presence != Presence.OFFLINE.value)
    .where(_devices.last_seen_at < bindparam("before"))
    .order_by(_devices.id)
)
_LOGGED = ("site_id", "kind", "at", "resource_id", "member_id", "session_id", "device_id", "data")
APPEND = insert(schema.events).values(
    {name: bindparam(name, type_=schema.events.c[name].type) for name in _LOGGED} | {"xid": current_xid()}
)
RAISE_ALARM = upsert(schema.alarms, ("resource_id", "source", "code"), keep=("raised_at",))
CLEAR_ALARM = delete(schema.alarms).where(
    _alarms.resource_id == bindparam("resource_id"), _alarms.code == bindparam("code"),
    or_(_alarms.source == bindparam("source"), bindparam("source") == ""),
)  # fmt: skip


class ReportsPart(Part):
    """Jobs, devices, events."""

    def __init__(self, tx: Any, site: SiteId, after_commit: Any) -> None:
        super().__init__(tx, site, after_commit)
        self._appended: list[Event] = []
        self._by: str | None = None

    def acting(self, by: str) -> None:
        """Whoever does what this transaction does: every event of it says so from here on."""
        self._by = by

    @property
    def appended(self) -> tuple[Event, ...]:
        """The events this transaction has added so far, in order."""
        return tuple(self._appended)

    def job(self, device_id: str, key: str) -> Job | None:
        """The device's job of that key."""
        row = self._tx.one(JOB_OF_KEY, device_id=device_id, key=key)
        return JOB.read(row) if row else None

    def running_jobs(self, device_id: str) -> tuple[Job, ...]:
        """Jobs of this device that have not ended."""
        return tuple(JOB.read(row) for row in self._tx.all(RUNNING_JOBS, device_id=device_id))

    def save_job(self, job: Job) -> None:
        """Insert or update a job."""
        self._tx.run(SAVE_JOB, **plain(job), site_id=self.site_id())

    def save_device(self, device: Device) -> None:
        """Update what a device was last heard to say."""
        row = plain(device)
        self._tx.run(SAVE_DEVICE, device_id=row["id"], **{name: row[name] for name in _HEARD})

    def quiet_devices(self, before: datetime) -> tuple[Device, ...]:
        """Devices last seen before ``before`` and not yet known to be offline."""
        return tuple(DEVICE.read(row) for row in self._tx.all(QUIET, site_id=self.site_id(), before=before))

    def append(self, site_id: str, events: Iterable[Event]) -> None:
        """Add to the log of what happened."""
        added = tuple(events)
        if self._by is not None:
            added = tuple(replace(event, data={"actor": self._by, **event.data}) for event in added)
        if not added:
            return
        self._tx.many(APPEND, [plain(event) | {"site_id": site_id} for event in added])
        self._appended += added
        for event in added:
            if event.kind in {EventKind.ALARM_RAISED, EventKind.ALARM_CLEARED} and event.resource_id:
                self._alarm(site_id, event.resource_id, event)

    def _alarm(self, site_id: str, resource_id: str, event: Event) -> None:
        key = {"resource_id": resource_id, "source": event.device_id or "", "code": str(event.data.get("code", ""))}
        if event.kind is EventKind.ALARM_RAISED:
            self._tx.run(RAISE_ALARM, **key, site_id=site_id, raised_at=event.at)
        else:
            self._tx.run(CLEAR_ALARM, **key)
