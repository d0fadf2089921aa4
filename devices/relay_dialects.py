"""The table of relay firmwares: the topics each speaks on, and its words for on, off and *how are you*.

Topics and payloads are :class:`string.Template` texts. A command is never retained: a retained ON would power the
machine again after a power cut.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from devices.relay_readings import (
    ONLINE,
    TRUE_FALSE,
    Reader,
    esphome_energy,
    esphome_uptime,
    gen1_energy,
    gen1_info,
    gen1_power,
    gen2_answer,
    gen2_notice,
    gen2_status,
    plain_power,
    plain_watts,
    presence,
    tasmota_any,
    z2m_availability,
    z2m_bridge,
    z2m_state,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ear:
    """One filter and the function that reads what comes on it."""

    topic: str
    read: Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """One message to the relay."""

    topic: str
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One firmware. ``max_ceiling_s`` is 0 where its timer cannot be set by MQTT."""

    title: str
    default_channel: str
    channel: re.Pattern[str]
    ears: tuple[Ear, ...]
    on: tuple[Say, ...]
    on_until: tuple[Say, ...]
    off: tuple[Say, ...]
    query: tuple[Say, ...]
    max_ceiling_s: int
    ceiling_as: Callable[[int], int] = int
    silent_when_unchanged: bool = False
    energy_starts_at_boot: bool = False


def pulse_time(seconds: int) -> int:
    """Seconds as Tasmota's PulseTime: 1 … 111 count tenths of a second, 112 … 64900 count seconds plus 100."""
    return seconds * 10 if seconds <= 11 else seconds + 100


TASMOTA = Dialect(
    title="Tasmota",
    default_channel="1",
    channel=re.compile(r"[1-9][0-9]?"),
    ears=(Ear(topic="stat/$name/+", read=tasmota_any), Ear(topic="tele/$name/+", read=tasmota_any)),
    on=(Say(topic="cmnd/$name/PulseTime$channel", payload="0"), Say(topic="cmnd/$name/POWER$channel", payload="ON")),
    on_until=(
        Say(topic="cmnd/$name/PulseTime$channel", payload="$ceiling"),
        Say(topic="cmnd/$name/POWER$channel", payload="ON"),
    ),
    off=(Say(topic="cmnd/$name/POWER$channel", payload="OFF"),),
    query=(Say(topic="cmnd/$name/STATUS", payload="11"), Say(topic="cmnd/$name/STATUS", payload="8")),
    max_ceiling_s=64_800,
    ceiling_as=pulse_time,
)


SHELLY_GEN1 = Dialect(
    title="Shelly Gen1",
    default_channel="0",
    channel=re.compile(r"[0-9]"),
    ears=(
        Ear(topic="shellies/$name/online", read=presence(TRUE_FALSE)),
        Ear(topic="shellies/$name/relay/$channel", read=gen1_power),
        Ear(topic="shellies/$name/relay/$channel/power", read=plain_watts),
        Ear(topic="shellies/$name/relay/$channel/energy", read=gen1_energy),
        Ear(topic="shellies/$name/info", read=gen1_info),
    ),
    on=(Say(topic="shellies/$name/relay/$channel/command", payload="on"),),
    # Its auto-off timer is a setting of its own page: MQTT cannot reach it.
    on_until=(Say(topic="shellies/$name/relay/$channel/command", payload="on"),),
    off=(Say(topic="shellies/$name/relay/$channel/command", payload="off"),),
    query=(Say(topic="shellies/$name/command", payload="update"),),
    max_ceiling_s=0,
    energy_starts_at_boot=True,
)


def _gen2_say(number_: int, method: str, params: str) -> Say:
    payload = f'{{"id":{number_},"src":"$reply","method":"{method}","params":{{{params}}}}}'
    return Say(topic="$name/rpc", payload=payload)


_GEN2_HOW = _gen2_say(2, "Switch.GetStatus", '"id":$channel')

SHELLY_GEN2 = Dialect(
    title="Shelly Gen2+",
    default_channel="0",
    channel=re.compile(r"[0-9]"),
    ears=(
        Ear(topic="$name/online", read=presence(TRUE_FALSE)),
        Ear(topic="$name/events/rpc", read=gen2_notice),
        Ear(topic="$name/status/switch:$channel", read=gen2_status),
        Ear(topic="$reply/rpc", read=gen2_answer),
    ),
    # Nothing is notified when nothing changes, so each command asks as well.
    on=(_gen2_say(1, "Switch.Set", '"id":$channel,"on":true'), _GEN2_HOW),
    on_until=(_gen2_say(1, "Switch.Set", '"id":$channel,"on":true,"toggle_after":$ceiling'), _GEN2_HOW),
    off=(_gen2_say(1, "Switch.Set", '"id":$channel,"on":false'), _GEN2_HOW),
    query=(_GEN2_HOW, _gen2_say(3, "Sys.GetStatus", "")),
    max_ceiling_s=7 * 24 * 3600,
)


ESPHOME = Dialect(
    title="ESPHome",
    default_channel="relay",
    channel=re.compile(r"[a-z0-9_-]{1,64}"),
    # A node names its entities itself; ours are the relay's name with _power, _energy (kWh), _uptime and _ceiling.
    ears=(
        Ear(topic="$name/status", read=presence(ONLINE)),
        Ear(topic="$name/switch/$channel/state", read=plain_power),
        Ear(topic="$name/sensor/${channel}_power/state", read=plain_watts),
        Ear(topic="$name/sensor/${channel}_energy/state", read=esphome_energy),
        Ear(topic="$name/sensor/${channel}_uptime/state", read=esphome_uptime),
    ),
    on=(
        Say(topic="$name/number/${channel}_ceiling/command", payload="0"),
        Say(topic="$name/switch/$channel/command", payload="ON"),
    ),
    on_until=(
        Say(topic="$name/number/${channel}_ceiling/command", payload="$ceiling"),
        Say(topic="$name/switch/$channel/command", payload="ON"),
    ),
    off=(Say(topic="$name/switch/$channel/command", payload="OFF"),),
    query=(),
    max_ceiling_s=7 * 24 * 3600,
    # Its switches publish a state only when it changes, and keep the last one retained.
    silent_when_unchanged=True,
)


ZIGBEE2MQTT = Dialect(
    title="Zigbee2MQTT",
    default_channel="",
    channel=re.compile(r"(?:[a-z0-9_]{1,32})?"),
    ears=(
        Ear(topic="$base/bridge/state", read=z2m_bridge),
        Ear(topic="$base/$name", read=z2m_state),
        Ear(topic="$base/$name/availability", read=z2m_availability),
    ),
    on=(Say(topic="$base/$name/set", payload='{"$state":"ON"}'),),
    on_until=(Say(topic="$base/$name/set", payload='{"$state":"ON","on_time":$ceiling}'),),
    off=(Say(topic="$base/$name/set", payload='{"$state":"OFF"}'),),
    query=(Say(topic="$base/$name/get", payload='{"$state":""}'),),
    # Zigbee counts this timer in tenths of a second, in 16 bits.
    max_ceiling_s=6_553,
)


DIALECTS: MappingProxyType[str, Dialect] = MappingProxyType(
    {
        "tasmota": TASMOTA,
        "shelly-gen1": SHELLY_GEN1,
        "shelly-gen2": SHELLY_GEN2,
        "esphome": ESPHOME,
        "zigbee2mqtt": ZIGBEE2MQTT,
    }
)
"""Every relay firmware that is understood, by the name that the configuration uses."""
