"""How simulated relays speak: for each firmware, what it understands of an order and the bytes it answers with."""

import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from devices.relay import Relay


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One message from the relay."""

    topic: str
    payload: bytes
    retain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the relay understood: switch, set a timer for this switching or for all from now on, or say how it is."""

    on: bool | None = None
    timer_s: float | None = None
    pulse_s: float | None = None
    ask: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How the relay is, as far as it knows itself."""

    on: bool
    source: str
    watts: float
    energy_wh: float
    uptime_s: float


class Voice(Protocol):
    """One firmware's words. ``clock`` is its own idea of the time, which nobody should trust."""

    def commands(self, relay: Relay) -> tuple[str, ...]:
        """The filters it listens on."""

    def presence(self, relay: Relay, *, online: bool) -> Spoken:
        """Its last will, or the word that takes it back."""

    def boot(self, relay: Relay, status: Status) -> tuple[Spoken, ...]:
        """What it says once, after a restart."""

    def state(self, relay: Relay, status: Status, *, changed: bool) -> tuple[Spoken, ...]:
        """Its answer to an order to switch."""

    def readings(self, relay: Relay, status: Status, ask: str = "") -> tuple[Spoken, ...]:
        """Its telemetry; ``ask`` names the question when it was asked."""

    def understand(self, relay: Relay, topic: str, payload: bytes) -> Order | None:
        """The order in a message; None when it is not understood, which real relays pass over in silence."""


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _on(payload: bytes) -> bool | None:
    return {b"on": True, b"off": False}.get(payload.strip().lower())


def _seconds(payload: bytes) -> float | None:
    try:
        return float(payload)
    except ValueError:
        return None


def _object(payload: bytes) -> dict[str, Any]:
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


class _Tasmota:
    def commands(self, relay: Relay) -> tuple[str, ...]:
        return (f"cmnd/{relay.name.name}/+",)

    def presence(self, relay: Relay, *, online: bool) -> Spoken:
        payload = b"Online" if online else b"Offline"
        return Spoken(topic=f"tele/{relay.name.name}/LWT", payload=payload, retain=True)

    def boot(self, relay: Relay, status: Status) -> tuple[Spoken, ...]:
        info = {"Info3": {"RestartReason": "Power On", "BootCount": 7}}
        topic = f"tele/{relay.name.name}/INFO3"
        return (Spoken(topic=topic, payload=_json(info)), *self.state(relay, status, changed=True))

    def state(self, relay: Relay, status: Status, *, changed: bool) -> tuple[Spoken, ...]:
        del changed  # it answers each order
        word, key = "ON" if status.on else "OFF", self._key(relay)
        return (
            Spoken(topic=f"stat/{relay.name.name}/RESULT", payload=_json({key: word})),
            Spoken(topic=f"stat/{relay.name.name}/{key}", payload=word.encode()),
        )

    def readings(self, relay: Relay, status: Status, ask: str = "") -> tuple[Spoken, ...]:
        name, time = relay.name.name, "2024-02-24T22:20:38"
        uptime = int(status.uptime_s)
        state = {"Time": time, "UptimeSec": uptime, "Heap": 25, self._key(relay): "ON" if status.on else "OFF"}
        kwh, watts = round(status.energy_wh / 1000, 3), round(status.watts)
        energy = {"TotalStartTime": time, "Total": kwh, "Today": kwh, "Power": watts, "Voltage": 231, "Factor": 0.98}
        sensor = {"Time": time, "ENERGY": energy}
        if ask == "8":
            return (Spoken(topic=f"stat/{name}/STATUS8", payload=_json({"StatusSNS": sensor})),)
        if ask == "11":
            return (Spoken(topic=f"stat/{name}/STATUS11", payload=_json({"StatusSTS": state})),)
        return (
            Spoken(topic=f"tele/{name}/STATE", payload=_json(state)),
            Spoken(topic=f"tele/{name}/SENSOR", payload=_json(sensor)),
        )

    def understand(self, relay: Relay, topic: str, payload: bytes) -> Order | None:
        word = topic.rpartition("/")[2]
        if word == "STATUS" and payload in (b"8", b"11"):
            return Order(ask=payload.decode())
        if word == f"PulseTime{relay.name.channel}" and payload.isdigit():
            pulse = int(payload)
            return Order(pulse_s=pulse / 10 if pulse <= 111 else float(pulse - 100))
        if word in ("POWER", f"POWER{relay.name.channel}") and _on(payload) is not None:
            return Order(on=_on(payload))
        return None

    def _key(self, relay: Relay) -> str:
        return "POWER" if relay.name.channel == "1" else f"POWER{relay.name.channel}"


class _ShellyGen1:
    def commands(self, relay: Relay) -> tuple[str, ...]:
        return (f"{self._root(relay)}/command", f"shellies/{relay.name.name}/command")

    def presence(self, relay: Relay, *, online: bool) -> Spoken:
        payload = b"true" if online else b"false"
        return Spoken(topic=f"shellies/{relay.name.name}/online", payload=payload, retain=True)

    def boot(self, relay: Relay, status: Status) -> tuple[Spoken, ...]:
        return self.readings(relay, status)

    def state(self, relay: Relay, status: Status, *, changed: bool) -> tuple[Spoken, ...]:
        del changed  # it answers each order
        return (Spoken(topic=self._root(relay), payload=b"on" if status.on else b"off"),)

    def readings(self, relay: Relay, status: Status, ask: str = "") -> tuple[Spoken, ...]:
        del ask
        root = self._root(relay)
        return (
            Spoken(topic=f"shellies/{relay.name.name}/info", payload=_json({"uptime": int(status.uptime_s)})),
            Spoken(topic=f"{root}/power", payload=f"{status.watts:.2f}".encode()),
            Spoken(topic=f"{root}/energy", payload=str(int(status.energy_wh * 60)).encode()),
            *self.state(relay, status, changed=False),
        )

    def understand(self, relay: Relay, topic: str, payload: bytes) -> Order | None:
        if topic == f"shellies/{relay.name.name}/command":
            return Order(ask="update") if payload == b"update" else None
        return Order(on=_on(payload)) if _on(payload) is not None else None

    def _root(self, relay: Relay) -> str:
        return f"shellies/{relay.name.name}/relay/{relay.name.channel}"


class _ShellyGen2:
    def commands(self, relay: Relay) -> tuple[str, ...]:
        return (f"{relay.name.name}/rpc",)

    def presence(self, relay: Relay, *, online: bool) -> Spoken:
        return Spoken(topic=f"{relay.name.name}/online", payload=b"true" if online else b"false", retain=True)

    def boot(self, relay: Relay, status: Status) -> tuple[Spoken, ...]:
        params = {"ts": 1.0, "sys": {"uptime": int(status.uptime_s)}, self._key(relay): self._switch(relay, status)}
        return (self._notify(relay, "NotifyFullStatus", params),)

    def state(self, relay: Relay, status: Status, *, changed: bool) -> tuple[Spoken, ...]:
        if not changed:
            return ()
        delta = {"id": int(relay.name.channel), "output": status.on, "source": status.source}
        return (self._notify(relay, "NotifyStatus", {"ts": 2.0, self._key(relay): delta}),)

    def readings(self, relay: Relay, status: Status, ask: str = "") -> tuple[Spoken, ...]:
        if ask == "Switch.GetStatus":
            return (self._reply(relay, self._switch(relay, status)),)
        if ask == "Sys.GetStatus":
            return (self._reply(relay, {"mac": "A8032ABE54DC", "uptime": int(status.uptime_s)}),)
        delta = {"id": int(relay.name.channel), "apower": round(status.watts, 1)}
        energy = {"id": int(relay.name.channel), "aenergy": {"total": round(status.energy_wh, 3), "minute_ts": 3}}
        return (
            self._notify(relay, "NotifyStatus", {"ts": 3.0, self._key(relay): delta}),
            self._notify(relay, "NotifyStatus", {"ts": 3.0, self._key(relay): energy}),
        )

    def understand(self, relay: Relay, topic: str, payload: bytes) -> Order | None:
        del topic
        call = _object(payload)
        params = call.get("params")
        if not isinstance(params, dict) or call.get("src") != relay.name.reply_to:
            return None
        method, on, after = call.get("method"), params.get("on"), params.get("toggle_after")
        if method in ("Switch.GetStatus", "Sys.GetStatus"):
            return Order(ask=method)
        if method == "Switch.Set" and isinstance(on, bool) and params.get("id") == int(relay.name.channel):
            return Order(on=on, timer_s=float(after) if isinstance(after, int | float) else None)
        return None

    def _switch(self, relay: Relay, status: Status) -> dict[str, Any]:
        return {
            "id": int(relay.name.channel), "source": status.source, "output": status.on, "voltage": 231.2,
            "apower": round(status.watts, 1), "aenergy": {"total": round(status.energy_wh, 3), "by_minute": [0, 0, 0]},
        }  # fmt: skip

    def _key(self, relay: Relay) -> str:
        return f"switch:{relay.name.channel}"

    def _notify(self, relay: Relay, method: str, params: dict[str, Any]) -> Spoken:
        body = {"src": relay.name.name, "dst": f"{relay.name.name}/events", "method": method, "params": params}
        return Spoken(topic=f"{relay.name.name}/events/rpc", payload=_json(body))

    def _reply(self, relay: Relay, result: dict[str, Any]) -> Spoken:
        body = {"id": 2, "src": relay.name.name, "dst": relay.name.reply_to, "result": result}
        return Spoken(topic=f"{relay.name.reply_to}/rpc", payload=_json(body))


class _EspHome:
    def commands(self, relay: Relay) -> tuple[str, ...]:
        name, channel = relay.name.name, relay.name.channel
        return (f"{name}/switch/{channel}/command", f"{name}/number/{channel}_ceiling/command")

    def presence(self, relay: Relay, *, online: bool) -> Spoken:
        payload = b"online" if online else b"offline"
        return Spoken(topic=f"{relay.name.name}/status", payload=payload, retain=True)

    def boot(self, relay: Relay, status: Status) -> tuple[Spoken, ...]:
        return (*self.state(relay, status, changed=True), *self.readings(relay, status))

    def state(self, relay: Relay, status: Status, *, changed: bool) -> tuple[Spoken, ...]:
        if not changed:
            return ()
        topic = f"{relay.name.name}/switch/{relay.name.channel}/state"
        return (Spoken(topic=topic, payload=b"ON" if status.on else b"OFF", retain=True),)

    def readings(self, relay: Relay, status: Status, ask: str = "") -> tuple[Spoken, ...]:
        del ask
        root = f"{relay.name.name}/sensor/{relay.name.channel}"
        told = {"power": status.watts, "energy": status.energy_wh / 1000, "uptime": status.uptime_s}
        return tuple(
            Spoken(topic=f"{root}_{what}/state", payload=f"{value:.3f}".encode(), retain=True)
            for what, value in told.items()
        )

    def understand(self, relay: Relay, topic: str, payload: bytes) -> Order | None:
        if topic.endswith(f"{relay.name.channel}_ceiling/command"):
            seconds = _seconds(payload)
            return None if seconds is None else Order(pulse_s=seconds)
        return Order(on=_on(payload)) if _on(payload) is not None else None


class _Zigbee2Mqtt:
    def commands(self, relay: Relay) -> tuple[str, ...]:
        return (f"{self._root(relay)}/set", f"{self._root(relay)}/get")

    def presence(self, relay: Relay, *, online: bool) -> Spoken:
        payload = _json({"state": "online" if online else "offline"})
        return Spoken(topic=f"{self._root(relay)}/availability", payload=payload, retain=True)

    def boot(self, relay: Relay, status: Status) -> tuple[Spoken, ...]:
        return self.readings(relay, status)

    def state(self, relay: Relay, status: Status, *, changed: bool) -> tuple[Spoken, ...]:
        del changed  # it answers each order
        return self.readings(relay, status)

    def readings(self, relay: Relay, status: Status, ask: str = "") -> tuple[Spoken, ...]:
        del ask
        body = {
            relay.name.state_key: "ON" if status.on else "OFF", "power": round(status.watts, 1), "voltage": 231,
            "energy": round(status.energy_wh / 1000, 3), "linkquality": 120,
        }  # fmt: skip
        return (Spoken(topic=self._root(relay), payload=_json(body)),)

    def understand(self, relay: Relay, topic: str, payload: bytes) -> Order | None:
        if topic.endswith("/get"):
            return Order(ask="state")
        value = _object(payload)
        on, timer = _on(str(value.get(relay.name.state_key)).encode()), value.get("on_time")
        if on is None:
            return None
        return Order(on=on, timer_s=float(timer) if isinstance(timer, int | float) else None)

    def _root(self, relay: Relay) -> str:
        return f"{relay.name.base}/{relay.name.name}"


VOICES: MappingProxyType[str, Voice] = MappingProxyType(
    {
        "Tasmota": _Tasmota(),
        "Shelly Gen1": _ShellyGen1(),
        "Shelly Gen2+": _ShellyGen2(),
        "ESPHome": _EspHome(),
        "Zigbee2MQTT": _Zigbee2Mqtt(),
    }
)
"""Every voice, by the title of its dialect."""
