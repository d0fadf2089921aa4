"""Devices of a batch, their streams, facts that came early, facts set aside."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Executable, bindparam, delete, func, insert, select

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.shapes import DEVICE, plain
from gateway.adapters.sql.statements import insert_new, one_of, packed, packed_all, unpacked, upsert
from gateway.adapters.sql.transaction import Transaction
from gateway.adapters.sql.types import Words
from gateway.domain.resources import Device, DeviceRole
from gateway.domain.streams import Stream
from gateway.ports.store import HeldFact, Locked, Quarantined

MOST_UNASSIGNED = 500
"""So many devices nobody has assigned may be known: beyond, a stranger on the bus could fill the disk."""
_STREAMS_AT_ONCE = 4
"""A device's latest boots come with it; older ones are looked up when asked for."""

_devices, _streams, _held = schema.devices.c, schema.device_streams.c, schema.held_facts.c
_latest = (
    select(packed(_streams.boot, _streams.applied_seq, _streams.gaps).label("stream"))
    .where(_streams.device_id == _devices.id)
    .order_by(_streams.first_at.desc())
    .limit(_STREAMS_AT_ONCE)
    .correlate(schema.devices)
    .subquery()
)
_with_streams = select(packed_all(_latest.c.stream)).correlate(schema.devices).scalar_subquery()
_asked = one_of(_devices.slug, bindparam("slugs", type_=Words()))


def devices_and_streams(dialect: str) -> Executable:
    """The devices asked for, each with its latest streams; SQLite must be led to its index by a join."""
    query = select(*DEVICE.columns, _with_streams).where(_devices.site_id == SITE).order_by(_devices.id)
    if dialect == "postgresql":
        return query.where(_asked)
    asked = func.json_each(bindparam("slugs", type_=Words())).table_valued("value")
    return query.select_from(asked).join(schema.devices, _devices.slug == asked.c.value)


# Not against rows that merely point to them: a booking made meanwhile need not wait.
LOCK_DEVICES = (
    select(_devices.id).where(_devices.site_id == SITE, _asked).order_by(_devices.id).with_for_update(key_share=True)
)
LOCK_RESOURCES = (
    select(schema.resources.c.id)
    .where(
        schema.resources.c.id.in_(
            select(_devices.resource_id).where(_devices.site_id == SITE, _asked).scalar_subquery()
        )
    )
    .order_by(schema.resources.c.id)
    .with_for_update(key_share=True)
)
UNASSIGNED = select(func.count()).where(_devices.site_id == SITE, _devices.role == DeviceRole.UNASSIGNED.value)
STREAM = select(_streams.applied_seq, _streams.gaps).where(
    _streams.device_id == bindparam("device_id"), _streams.boot == bindparam("boot")
)
HELD = (
    select(*(_held[name] for name in ("device_id", "boot", "seq", "received_at", "topic", "payload")))
    .where(_held.device_id == bindparam("device_id"), _held.boot == bindparam("boot"))
    .order_by(_held.seq)
)
HELD_SINCE = (
    select(_devices.slug, _held.boot)
    .join(schema.devices, _devices.id == _held.device_id)
    .where(_held.site_id == SITE, _held.received_at < bindparam("before"))
    .distinct()
    .order_by(_devices.slug, _held.boot)
)
RELEASE = delete(schema.held_facts).where(
    _held.device_id == bindparam("device_id"), _held.boot == bindparam("boot"), _held.seq == bindparam("seq")
)
QUARANTINE = insert(schema.quarantine)
SAVE_STREAM = upsert(schema.device_streams, ("device_id", "boot"), keep=("first_at",))
ADD_DEVICE = insert_new(schema.devices)
HOLD = insert_new(schema.held_facts)


def _stream(applied: int, gaps: Any) -> Stream:
    return Stream(applied, tuple((first, last) for first, last in unpacked(gaps)))


class Streams(Mapping[str, Stream]):
    """A device's streams by boot: the latest are at hand, an older one is read when it is asked for."""

    def __init__(self, tx: Transaction, device_id: str, latest: dict[str, Stream]) -> None:
        self._tx = tx
        self._device_id = device_id
        self._known = latest
        self._all = len(latest) < _STREAMS_AT_ONCE

    def __getitem__(self, boot: str) -> Stream:
        if boot not in self._known and not self._all:
            row = self._tx.one(STREAM, device_id=self._device_id, boot=boot)
            if row is not None:
                self._known[boot] = _stream(row[0], row[1])
        return self._known[boot]

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._known))

    def __len__(self) -> int:
        return len(self._known)


class StreamsPart(Part):
    """Streams and facts."""

    def lock_devices(self, slugs: Iterable[str], now: datetime, new_id: Iterable[str]) -> Mapping[str, Locked]:
        """The devices by slug, locked in id order together with their resources; unknown ones are added unassigned."""
        wanted = sorted(set(slugs))
        found = self._lock(wanted)
        missing = [slug for slug in wanted if slug not in found]
        if missing and self._add_unassigned(missing, new_id):
            found = self._lock(wanted)
        return found

    def _lock(self, slugs: list[str]) -> dict[str, Locked]:
        site = self.site_id()
        if self._tx.dialect == "postgresql":
            # The locks come first, the reading after: a row that was waited for must be read as it is now.
            self._tx.all(LOCK_DEVICES, site_id=site, slugs=slugs)
            self._tx.all(LOCK_RESOURCES, site_id=site, slugs=slugs)
        found = {}
        for row in self._tx.all(devices_and_streams, site_id=site, slugs=slugs):
            device = DEVICE.read(row)
            latest = {boot: _stream(applied, gaps) for boot, applied, gaps in unpacked(row[-1])}
            found[device.slug] = Locked(device=device, streams=Streams(self._tx, device.id, latest))
        return found

    def _add_unassigned(self, slugs: list[str], new_id: Iterable[str]) -> bool:
        site = self.site_id()
        known = self._tx.one(UNASSIGNED, site_id=site)
        room = MOST_UNASSIGNED - (known[0] if known else 0)
        rows = [
            plain(Device(id=new, slug=slug, role=DeviceRole.UNASSIGNED)) | {"site_id": site}
            for slug, new in zip(slugs[: max(0, room)], new_id, strict=False)
        ]
        if rows:
            self._tx.many(ADD_DEVICE, rows)
        return bool(rows)

    def save_stream(self, device_id: str, boot: str, stream: Stream, now: datetime) -> None:
        """Remember how far this boot's facts are applied."""
        self._tx.run(
            SAVE_STREAM, device_id=device_id, boot=boot, site_id=self.site_id(), applied_seq=stream.applied,
            gaps=stream.gaps, first_at=now,
        )  # fmt: skip

    def hold(self, fact: HeldFact) -> None:
        """Keep an early fact; the same (device, boot, seq) twice is kept once."""
        self._tx.run(HOLD, **plain(fact), site_id=self.site_id())

    def held(self, device_id: str, boot: str) -> tuple[HeldFact, ...]:
        """The early facts of a boot, in seq order."""
        names = ("device_id", "boot", "seq", "received_at", "topic", "payload")
        rows = self._tx.all(HELD, device_id=device_id, boot=boot)
        facts = (HeldFact(**dict(zip(names, row, strict=True))) for row in rows)
        return tuple(replace(fact, payload=bytes(fact.payload)) for fact in facts)

    def held_since(self, before: datetime) -> tuple[tuple[str, str], ...]:
        """(device slug, boot) of early facts received before ``before``."""
        return tuple((row[0], row[1]) for row in self._tx.all(HELD_SINCE, site_id=self.site_id(), before=before))

    def release(self, device_id: str, boot: str, seqs: Iterable[int]) -> None:
        """Forget early facts that have been applied."""
        rows = [{"device_id": device_id, "boot": boot, "seq": seq} for seq in seqs]
        if rows:
            self._tx.many(RELEASE, rows)

    def quarantine(self, row: Quarantined) -> None:
        """Set a raw fact aside."""
        # PostgreSQL holds no NUL in a text, and a broken fact may well speak one.
        texts = {
            name: getattr(row, name).replace("\0", "\N{REPLACEMENT CHARACTER}") for name in ("device", "topic", "error")
        }
        self._tx.run(QUARANTINE, **plain(row) | texts, site_id=self.site_id())
