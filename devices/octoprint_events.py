"""What OctoPrint tells by itself: events over its push socket, and the same over its MQTT plugin's topics."""

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from devices.codec import BadMessage
from devices.foreign_json import load_mapping, mapping, number, text
from devices.jobs import JobSignal
from devices.octoprint import read_heater


@dataclass(frozen=True, slots=True, kw_only=True)
class EventReading:
    """One event, pushed or from the MQTT plugin; ``percent`` is 0 … 100 whichever way the event counts."""

    signal: JobSignal | None = None
    path: str | None = None
    name: str | None = None
    owner: str | None = None
    seconds: float | None = None
    percent: float | None = None
    reason: str | None = None
    alarm: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttReading:
    """One message of the MQTT plugin: an event, readings, or whether OctoPrint lives."""

    event: EventReading | None = None
    values: dict[str, float] = field(default_factory=dict, hash=False)
    online: bool | None = None


EVENTS: MappingProxyType[str, JobSignal] = MappingProxyType(
    {
        "PrintStarted": JobSignal.START,
        "PrintPaused": JobSignal.PAUSE,
        "PrintResumed": JobSignal.RESUME,
        "PrintDone": JobSignal.FINISH,
        "PrintCancelled": JobSignal.CANCEL,
        "PrintFailed": JobSignal.FAIL,
    }
)
"""A cancelled print says PrintCancelled and then PrintFailed: the tracker takes the first end."""


def read_event(name: str, payload: Any) -> EventReading:
    """One event by its name; an event that does not concern us gives an empty reading."""
    signal = EVENTS.get(name)
    value = mapping(payload, "payload")
    reason, error = text(value.get("reason"), "reason"), text(value.get("error"), "error")
    if name == "Error":
        return EventReading(alarm=error or "no reason given", reason=reason)
    if signal is None:
        return EventReading()
    if signal is JobSignal.FAIL and reason == "cancelled":
        signal = JobSignal.CANCEL
    percent = number(value.get("progress"), "progress")
    if signal is JobSignal.FAIL and percent is not None and percent <= 1.0:
        percent *= 100.0  # a failure counts from 0 to 1, a pause or a cancel from 0 to 100
    return EventReading(
        signal=signal,
        path=text(value.get("path"), "path"),
        name=text(value.get("name"), "name"),
        owner=text(value.get("owner"), "owner") or text(value.get("user"), "user"),
        seconds=number(value.get("time"), "time"),
        percent=percent,
        reason=error or reason,
    )


def read_mqtt(subtopic: str, payload: bytes) -> MqttReading:
    """One message of the MQTT plugin, ``subtopic`` being what follows its base topic."""
    if subtopic == "mqtt":
        words = {b"connected": True, b"disconnected": False}
        if payload not in words:
            raise BadMessage(f"expected connected or disconnected, got {payload!r:.60}")
        return MqttReading(online=words[payload])
    kind, _, rest = subtopic.partition("/")
    if kind == "event":
        return MqttReading(event=read_event(rest, load_mapping(payload)))
    if kind == "temperature":
        return MqttReading(values=read_heater(rest, load_mapping(payload)))
    if subtopic == "progress/printing":
        value = load_mapping(payload)
        percent = number(value.get("progress"), "progress")
        # Kept from before a restart, it speaks of no file.
        known = text(value.get("path"), "path") is not None and percent is not None
        return MqttReading(values={"progress_percent": percent} if known and percent is not None else {})
    return MqttReading()
