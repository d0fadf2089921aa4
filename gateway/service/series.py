"""Points for the time series: what an event or a sample means there, and the ways they get there.

Tags are few and of low cardinality (site, resource, its kind, device, verdict, outcome). No member stands in the series
at all: whoever may know more follows the field ``event``, the number in the log. Every other number is a float.
"""

import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

from devices.messages import Sample
from gateway.domain.events import Event, EventKind, Plain, StoredEvent
from gateway.ports.errors import SeriesUnavailable
from gateway.ports.timeseries import FieldValue, Point, TimeSeries

Tags = tuple[tuple[str, str], ...]

ONLINE, NO_NEWS, OFFLINE = 2.0, 1.0, 0.0
"""Values of the field ``presence``: three different states."""

MOST_EVENT_IDS = 20
"""A refusal names so many of its events, and counts the others."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_USE_S = ("enabled_s", "active_s", "idle_s")
_JOB_NUMBERS = ("wall_s", "active_s", "paused_s", "laser_on_s", "filament_mm")

_NUMBER = (int, float)
_LARGEST = sys.float_info.max

_VERDICTS = {
    EventKind.TAP_GRANTED: "granted",
    EventKind.TAP_REFUSED: "refused",
    EventKind.TAP_NOTED: "noted",
    EventKind.TAP_LATE: "late",
}
_RESOURCE_STATES: dict[EventKind, dict[str, FieldValue]] = {
    EventKind.SESSION_OPENED: {"in_use": 1.0},
    EventKind.SESSION_CLOSED: {"in_use": 0.0},
    EventKind.SESSION_FAILED: {"in_use": 0.0},
    EventKind.JOB_STARTED: {"running": 1.0, "paused": 0.0},
    EventKind.JOB_PAUSED: {"paused": 1.0},
    EventKind.JOB_RESUMED: {"paused": 0.0},
    EventKind.JOB_ENDED: {"running": 0.0, "paused": 0.0},
    EventKind.ALARM_RAISED: {"alarm": 1.0},
    EventKind.ALARM_CLEARED: {"alarm": 0.0},
    EventKind.RESOURCE_OUT: {"in_service": 0.0},
    EventKind.RESOURCE_BACK: {"in_service": 1.0},
}
_DEVICE_STATES: dict[EventKind, dict[str, FieldValue]] = {
    EventKind.DEVICE_CONNECTED: {"presence": ONLINE},
    EventKind.DEVICE_STALE: {"presence": NO_NEWS},
    EventKind.DEVICE_LOST: {"presence": OFFLINE},
    EventKind.DEVICE_FLOODS: {"presence": OFFLINE},
    EventKind.DEVICE_NONSENSE: {"nonsense": 1.0},
    EventKind.FACT_QUARANTINED: {"quarantined": 1.0},
}


def points_of(stored: StoredEvent) -> tuple[Point, ...]:
    """What one event means in the series; nothing for most kinds, the same points each time for the same event."""
    return tuple(_POINTS[stored.event.kind](stored)) if stored.event.kind in _POINTS else ()


def points_of_sample(
    sample: Sample, *, at: datetime, site: str, resource: str | None, device: str | None, kind: str | None = None
) -> tuple[Point, ...]:
    """One point ``reading`` with a field per value; what is not a finite number is left out."""
    fields = _numbers(sample.values, sample.values)
    if not fields:
        return ()
    tags = _tags(site, resource, kind, device)
    return (Point(measurement="reading", tags=tags, at_ns=_ns(at), fields=fields),)


@lru_cache(maxsize=10_000)
def _tags(site: str, resource: str | None, kind: str | None, device: str | None, *more: tuple[str, str]) -> Tags:
    named = (("device", device), ("kind", kind), ("resource", resource), ("site", site))
    return (*((name, value) for name, value in named if value), *more)


def _ns(at: datetime) -> int:
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000


def _of(
    stored: StoredEvent, measurement: str, fields: dict[str, FieldValue], *more: tuple[str, str], device: bool = False
) -> Point:
    """A point of this event; its device is a tag where the state is the device's own, or where nothing else is known."""
    told = stored.device if device or not stored.resource else None
    tags = _tags(stored.site, stored.resource, stored.resource_kind, told, *more)
    # Two events of one microsecond stay two points.
    at_ns = _ns(stored.event.at) + stored.id % 1000
    return Point(measurement=measurement, tags=tags, at_ns=at_ns, fields=fields | {"event": stored.id})


def _numbers(data: Mapping[str, Plain], names: Iterable[str]) -> dict[str, FieldValue]:
    return {name: float(value) for name in names if isinstance(value := data.get(name), _NUMBER) and _finite(value)}


def _finite(value: float) -> bool:
    return -_LARGEST <= value <= _LARGEST


def _text(data: dict[str, Plain], name: str, otherwise: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) and value else otherwise


def _resource_state(stored: StoredEvent) -> Iterable[Point]:
    yield _of(stored, "state", _RESOURCE_STATES[stored.event.kind])


def _device_state(stored: StoredEvent) -> Iterable[Point]:
    yield _of(stored, "state", _DEVICE_STATES[stored.event.kind], device=True)


def _alarm(stored: StoredEvent) -> Iterable[Point]:
    code = _text(stored.event.data, "code", "unknown")
    yield _of(stored, "state", {**_RESOURCE_STATES[stored.event.kind], "alarm_code": code})


def _power(stored: StoredEvent) -> Iterable[Point]:
    on = stored.event.data.get("on")
    # A relay that answered nonsense is neither on nor off.
    known: dict[str, FieldValue] = {"powered": float(on), "power_unknown": 0.0} if isinstance(on, bool) else {}
    yield _of(stored, "state", known or {"power_unknown": 1.0})


def _session(stored: StoredEvent) -> Iterable[Point]:
    data = stored.event.data
    fields = _numbers(data, _USE_S)
    fields["reason"] = _text(data, "reason", "unknown")
    yield _of(stored, "session", fields)
    yield from _resource_state(stored)


def _job(stored: StoredEvent) -> Iterable[Point]:
    outcome = _text(stored.event.data, "outcome", "unknown")
    yield _of(stored, "job", _numbers(stored.event.data, _JOB_NUMBERS), ("outcome", outcome))
    yield from _resource_state(stored)


def _tap(stored: StoredEvent) -> Iterable[Point]:
    told = stored.event.data.get("refusals")
    codes = [code for code in told if isinstance(code, str)] if isinstance(told, list) else []
    fields: dict[str, FieldValue] = {"refusals": float(len(codes))}
    if codes:
        fields["codes"] = " ".join(codes)
    yield _of(stored, "tap", fields, ("verdict", _VERDICTS[stored.event.kind]))


_POINTS: dict[EventKind, Callable[[StoredEvent], Iterable[Point]]] = {
    **dict.fromkeys(_RESOURCE_STATES, _resource_state),
    **dict.fromkeys(_DEVICE_STATES, _device_state),
    **dict.fromkeys(_VERDICTS, _tap),
    EventKind.SESSION_CLOSED: _session,
    EventKind.SESSION_FAILED: _session,
    EventKind.JOB_ENDED: _job,
    EventKind.ALARM_RAISED: _alarm,
    EventKind.ALARM_CLEARED: _alarm,
    EventKind.POWER_REPORTED: _power,
}


class SeriesSink:
    """Carries events to one time series, at least once: the same event gives the same points, which count once."""

    def __init__(self, series: TimeSeries, name: str) -> None:
        self._series = series
        self.name = name

    def deliver(self, events: tuple[StoredEvent, ...]) -> tuple[Event, ...]:
        """Write what the events mean; points refused for good come back as events, for the log."""
        points = [point for stored in events for point in points_of(stored)]
        if not points:
            return ()
        refused = self._series.write(points).refused
        return _refusals(refused, {stored.id: stored.event for stored in events}, self.name) if refused else ()


def _refusals(
    refused: Iterable[tuple[Point, str]], events: dict[int, Event], sink: str
) -> tuple[Event, ...]:  # fmt: skip
    """One event per reason and measurement: a thousand points refused alike must not flood the log."""
    alike: dict[tuple[str, str], list[int]] = {}
    for point, reason in refused:
        number = point.fields["event"]
        assert isinstance(number, int)
        alike.setdefault((point.measurement, reason), []).append(number)
    return tuple(
        Event(
            kind=EventKind.POINT_REFUSED, at=first.at, resource_id=first.resource_id, device_id=first.device_id,
            data={
                "sink": sink, "measurement": measurement, "reason": reason,
                "event": ids[0], "events": [*ids[:MOST_EVENT_IDS]], "count": len(ids),
            },
        )
        for (measurement, reason), ids in alike.items()
        for first in (events[ids[0]],)
    )  # fmt: skip


class SampleBuffer:
    """Samples on their way to a series. Thread-safe and bounded: while the series is away the oldest are dropped."""

    def __init__(self, series: TimeSeries, most: int = 50_000) -> None:
        self._series, self._most = series, most
        self._waiting: deque[Point] = deque()
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self.dropped = 0
        """Samples lost because the series was away for too long."""
        self.refused = 0
        """Samples that the series refused for good."""

    def __len__(self) -> int:
        with self._lock:
            return len(self._waiting)

    def add(self, points: Iterable[Point]) -> None:
        """Take samples; never waits for the series."""
        with self._lock:
            self._waiting.extend(points)
            self._drop_oldest()

    def flush(self) -> int:
        """Write all that waits and say how many were kept; SeriesUnavailable leaves them waiting."""
        with self._flushing:
            with self._lock:
                points, self._waiting = self._waiting, deque()
            if not points:
                return 0
            try:
                written = self._series.write(tuple(points))
            except SeriesUnavailable:
                with self._lock:
                    points.extend(self._waiting)
                    self._waiting = points
                    self._drop_oldest()
                raise
            self.refused += len(written.refused)
            return written.kept

    def _drop_oldest(self) -> None:
        while len(self._waiting) > self._most:
            self._waiting.popleft()
            self.dropped += 1
