"""What relays on others' firmwares say: one reader per kind of topic, each from bytes to a delta or BadMessage."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from devices.codec import BadMessage
from devices.foreign_json import load, load_mapping, mapping, number, number_in_text, text


class BadPower(BadMessage):
    """The relay spoke of its own state, and that is what nobody understands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayName:
    """Where one relay lives on the bus, in its maker's words."""

    name: str
    channel: str
    base: str
    reply_to: str

    @property
    def state_key(self) -> str:
        """Zigbee2MQTT's key for the state: ``state``, or ``state_l1`` on a device with several outlets."""
        return f"state_{self.channel}" if self.channel else "state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one message says: a delta over what was known, None for all it does not speak of."""

    on: bool | None = None
    cause: str | None = None
    watts: float | None = None
    energy_wh: float | None = None
    online: bool | None = None
    uptime_s: float | None = None
    booted: bool = False
    refusal: str | None = None


NOTHING = Heard()

Reader = Callable[[RelayName, str, bytes], Heard]


def _word(payload: bytes, words: dict[str, bool], error: type[BadMessage] = BadMessage) -> bool:
    try:
        return words[payload.decode("ascii").strip().lower()]
    except (UnicodeDecodeError, KeyError):
        raise error(f"expected {' or '.join(words)}, got {payload!r:.60}") from None


ON_OFF = {"on": True, "off": False}
ONLINE = {"online": True, "offline": False}
TRUE_FALSE = {"true": True, "false": False}


def _power_word(value: Any) -> bool:
    if not isinstance(value, str):
        raise BadPower(f"expected ON or OFF, got {value!r:.60}")
    return _word(value.encode("utf-8", "replace"), ON_OFF, BadPower)


def _watt_hours(kwh: float | None) -> float | None:
    return None if kwh is None else kwh * 1000.0


def presence(words: dict[str, bool]) -> Reader:
    return lambda _name, _topic, payload: Heard(online=_word(payload, words))


def plain_power(_name: RelayName, _topic: str, payload: bytes) -> Heard:
    return Heard(on=_word(payload, ON_OFF, BadPower))


def plain_watts(_name: RelayName, topic: str, payload: bytes) -> Heard:
    return Heard(watts=number_in_text(payload, topic))


# --- Tasmota ----------------------------------------------------------------------------------------------------------


def tasmota_any(name: RelayName, topic: str, payload: bytes) -> Heard:
    """``stat/…`` and ``tele/…``: RESULT, POWER, STATE, SENSOR, STATUS8, STATUS11, INFO3; others say nothing of ours."""
    last = topic.rpartition("/")[2]
    if last == "LWT":
        return Heard(online=_word(payload, ONLINE))
    # A device with one relay says POWER, with several POWER1, POWER2 …; SetOption26 makes the single one say POWER1.
    keys = ("POWER", "POWER1") if name.channel == "1" else (f"POWER{name.channel}",)
    if last in keys and not payload.startswith(b"{"):
        return Heard(on=_word(payload, ON_OFF, BadPower))
    if last == "INFO3":  # sent only at the first connection after a restart
        return Heard(booted=True)
    if last not in ("RESULT", "STATE", "SENSOR", "STATUS8", "STATUS11", *keys):
        return NOTHING
    value = load_mapping(payload)
    value = mapping(value.get("StatusSTS", value.get("StatusSNS", value)), last)
    energy = mapping(value.get("ENERGY"), "ENERGY")
    found = [value[key] for key in keys if key in value]
    return Heard(
        on=_power_word(found[0]) if found else None,
        # With several relays on one meter, Power is a list.
        watts=None if isinstance(energy.get("Power"), list) else number(energy.get("Power"), "ENERGY.Power"),
        energy_wh=None if isinstance(energy.get("Total"), list) else _watt_hours(number(energy.get("Total"), "Total")),
        uptime_s=number(value.get("UptimeSec"), "UptimeSec"),
    )


# --- Shelly, first generation -----------------------------------------------------------------------------------------


def gen1_power(_name: RelayName, _topic: str, payload: bytes) -> Heard:
    return Heard(on=_word(payload, {**ON_OFF, "overpower": False}, BadPower))


def gen1_energy(_name: RelayName, topic: str, payload: bytes) -> Heard:
    """Counted in watt-minutes, from zero at each boot."""
    return Heard(energy_wh=number_in_text(payload, topic) / 60.0)


def gen1_info(_name: RelayName, _topic: str, payload: bytes) -> Heard:
    return Heard(uptime_s=number(load_mapping(payload).get("uptime"), "uptime"))


# --- Shelly, second generation and later ------------------------------------------------------------------------------

_GEN2_CAUSES = {
    "init": "boot", "button": "button", "switch": "button", "input": "button", "timer": "timer",
    "mqtt": "command", "rpc": "command",
}  # fmt: skip


def _gen2_switch(value: dict[str, Any]) -> Heard:
    """One switch's status: whole in an answer, only what changed in a notification."""
    output = value.get("output")
    if output is not None and not isinstance(output, bool):
        raise BadPower(f"output: expected true or false, got {output!r:.60}")
    source = text(value.get("source"), "source")
    return Heard(
        on=output,
        cause=_GEN2_CAUSES.get(source.lower()) if source and output is not None else None,
        watts=number(value.get("apower"), "apower"),
        energy_wh=number(mapping(value.get("aenergy"), "aenergy").get("total"), "aenergy.total"),
    )


def gen2_status(_name: RelayName, _topic: str, payload: bytes) -> Heard:
    return _gen2_switch(load_mapping(payload))


def gen2_notice(name: RelayName, _topic: str, payload: bytes) -> Heard:
    value = load_mapping(payload)
    if value.get("method") not in ("NotifyStatus", "NotifyFullStatus"):
        return NOTHING
    params = mapping(value.get("params"), "params")
    heard = _gen2_switch(mapping(params.get(f"switch:{name.channel}"), "switch"))
    uptime = number(mapping(params.get("sys"), "sys").get("uptime"), "sys.uptime")
    return Heard(on=heard.on, cause=heard.cause, watts=heard.watts, energy_wh=heard.energy_wh, uptime_s=uptime)


def gen2_answer(name: RelayName, _topic: str, payload: bytes) -> Heard:
    value = load_mapping(payload)
    error = mapping(value.get("error"), "error")
    if error:
        return Heard(refusal=text(error.get("message"), "error.message") or "no reason given")
    result = mapping(value.get("result"), "result")
    if "uptime" in result:
        return Heard(uptime_s=number(result["uptime"], "uptime"))
    if number(result.get("id"), "result.id") == int(name.channel):
        return _gen2_switch(result)
    return NOTHING


# --- ESPHome ----------------------------------------------------------------------------------------------------------


def esphome_energy(_name: RelayName, topic: str, payload: bytes) -> Heard:
    return Heard(energy_wh=_watt_hours(number_in_text(payload, topic)))


def esphome_uptime(_name: RelayName, topic: str, payload: bytes) -> Heard:
    return Heard(uptime_s=number_in_text(payload, topic))


# --- Zigbee2MQTT ------------------------------------------------------------------------------------------------------


def z2m_state(name: RelayName, _topic: str, payload: bytes) -> Heard:
    value = load_mapping(payload)
    state = value.get(name.state_key)
    return Heard(
        on=None if state is None else _power_word(state),
        watts=number(value.get("power"), "power"),
        energy_wh=_watt_hours(number(value.get("energy"), "energy")),
    )


def _z2m_presence(payload: bytes) -> bool:
    """``{"state": "online"}``, or plain text in older versions."""
    if not payload.startswith(b"{"):
        return _word(payload, ONLINE)
    state = text(mapping(load(payload), "availability").get("state"), "state")
    return _word((state or "").encode(), ONLINE)


def z2m_availability(_name: RelayName, _topic: str, payload: bytes) -> Heard:
    return Heard(online=_z2m_presence(payload))


def z2m_bridge(_name: RelayName, _topic: str, payload: bytes) -> Heard:
    """The coordinator's death is the relay's; its life says nothing of the relay."""
    return NOTHING if _z2m_presence(payload) else Heard(online=False)
