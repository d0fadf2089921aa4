"""Which devices are heard: last wills, silence, and what that makes of what they last said."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from devices.messages import DeviceStatus
from gateway.domain.events import Event, EventKind
from gateway.domain.resources import BRIDGE_GONE, FLOODS, NO_NEWS, SILENCE, Device, Presence
from gateway.ports.store import Work
from gateway.service.uses import log


def note_status(
    work: Work, slug: str, status: DeviceStatus, now: datetime, new: Iterator[str], *, kept: bool = False
) -> None:
    """A presence or a last will; one that the broker has ``kept`` may be older than the silence since."""
    found = work.lock_devices([slug], now, new).get(slug)
    if found is None:
        return
    device = found.device
    takes_back = SILENCE - {NO_NEWS} if kept else SILENCE
    if status.online and device.presence is Presence.OFFLINE and device.presence_reason in takes_back:
        _back(work, device, now)
    elif not status.online and device.presence is not Presence.OFFLINE:
        _gone(work, device, EventKind.DEVICE_LOST, BRIDGE_GONE, now)


def _gone(work: Work, device: Device, kind: EventKind, reason: str, now: datetime) -> None:
    # What a relay said last is kept: its bridge holds back each change in its outbox, and says nothing twice.
    work.save_device(replace(device, presence=Presence.OFFLINE, presence_reason=reason))
    event = Event(kind=kind, at=now, resource_id=device.resource_id, device_id=device.id, data={"reason": reason})
    log(work, event)


def _back(work: Work, device: Device, now: datetime) -> None:
    work.save_device(replace(device, presence=Presence.ONLINE, presence_reason=None))
    log(work, Event(kind=EventKind.DEVICE_CONNECTED, at=now, resource_id=device.resource_id, device_id=device.id))


def note_flood(work: Work, slug: str, now: datetime, new: Iterator[str], *, over: bool) -> None:
    """A device is set apart for sending too much, or listened to again now that this is ``over``."""
    found = work.lock_devices([slug], now, new).get(slug)
    if found is None:
        return
    device = found.device
    if not over and device.presence_reason != FLOODS:
        _gone(work, device, EventKind.DEVICE_FLOODS, FLOODS, now)
    elif over and device.presence_reason == FLOODS:
        _back(work, device, now)


def note_heard(work: Work, heard: Mapping[str, datetime], now: datetime, new: Iterator[str]) -> None:
    """Write down when each device was last heard; one that had been given up as silent is back."""
    for found in work.lock_devices(sorted(heard), now, new).values():
        device = replace(found.device, last_seen_at=heard[found.device.slug])
        if device.presence is Presence.OFFLINE and device.presence_reason == NO_NEWS:
            _back(work, device, now)
        else:
            work.save_device(device)


def note_silent(work: Work, before: datetime, now: datetime, new: Iterator[str]) -> None:
    """Devices that have said nothing since ``before``: *no news*, which is neither *off* nor *out of order*."""
    quiet = [device.slug for device in work.quiet_devices(before)]
    if not quiet:
        return
    # Read again under their locks: another gateway may be writing down what they have just said.
    locked = work.lock_devices(quiet, now, new)
    for device in work.quiet_devices(before):
        if device.slug in locked:
            _gone(work, device, EventKind.DEVICE_STALE, NO_NEWS, now)
