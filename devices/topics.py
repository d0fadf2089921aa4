"""The one topic table: where each kind of message travels, and how a topic is built and read."""

import re
from dataclasses import dataclass
from enum import StrEnum

from devices.messages import (
    COMMANDS,
    FACTS,
    AccessList,
    Changed,
    ClockTold,
    DeviceStatus,
    ListAsked,
    Receipt,
    Sample,
)

ROOT = "etabli"
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


class Channel(StrEnum):
    """The last level of a topic."""

    FACT = "fact"
    SAMPLE = "sample"
    STATUS = "status"
    COMMAND = "command"
    RECEIPT = "receipt"
    ASK = "ask"
    LIST = "list"
    LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRow:
    """One row of the table."""

    channel: Channel
    pattern: str
    sender: str
    listener: str
    qos: int
    retained: bool
    enveloped: bool
    carries: tuple[type, ...]
    promise: str


TOPICS: tuple[TopicRow, ...] = (
    TopicRow(channel=Channel.FACT, pattern="etabli/{site}/{device}/fact", sender="device", listener="gateway", qos=1,
             retained=False, enveloped=True, carries=FACTS, promise="kept by the device until its receipt"),
    TopicRow(channel=Channel.SAMPLE, pattern="etabli/{site}/{device}/sample", sender="device", listener="gateway",
             qos=0, retained=False, enveloped=True, carries=(Sample,), promise="may be lost"),
    TopicRow(channel=Channel.STATUS, pattern="etabli/{site}/{device}/status", sender="device", listener="gateway",
             qos=1, retained=True, enveloped=False, carries=(DeviceStatus,), promise="last one counts; also the will"),
    TopicRow(channel=Channel.COMMAND, pattern="etabli/{site}/{device}/command", sender="gateway", listener="device",
             qos=1, retained=False, enveloped=False, carries=COMMANDS, promise="obeyed once, before it expires"),
    TopicRow(channel=Channel.RECEIPT, pattern="etabli/{site}/{device}/receipt", sender="gateway", listener="device",
             qos=1, retained=False, enveloped=False, carries=(Receipt,), promise="sent after COMMIT with fsync"),
    TopicRow(channel=Channel.ASK, pattern="etabli/{site}/{device}/ask", sender="device", listener="gateway", qos=1,
             retained=False, enveloped=True, carries=(ListAsked,), promise="asked again every 30 s; signed"),
    TopicRow(channel=Channel.LIST, pattern="etabli/{site}/{device}/list", sender="gateway", listener="device", qos=1,
             retained=False, enveloped=False, carries=(ClockTold, AccessList),
             promise="signed; sent when asked for and at each change"),
    TopicRow(channel=Channel.LIVE, pattern="etabli/{site}/{device}/live", sender="gateway", listener="dashboard",
             qos=0, retained=False, enveloped=False, carries=(Changed,), promise="a hint to read again; no names"),
)  # fmt: skip

BY_CHANNEL = {row.channel: row for row in TOPICS}
GATEWAY = "gateway"
"""The device slug under which the gateway itself speaks (live hints, its own status)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A topic, read: site slug, device slug, channel."""

    site: str
    device: str
    channel: Channel


def topic(channel: Channel, *, site: str, device: str) -> str:
    """The topic for one device; raises ValueError for anything that is not a slug (``+``, ``#``, ``/`` never pass)."""
    for slug in (site, device):
        if not SLUG.fullmatch(slug):
            raise ValueError(f"{slug!r} is not a slug: lower-case letters, digits and inner hyphens, 64 at most")
    return f"{ROOT}/{site}/{device}/{channel}"


def subscription(channel: Channel, *, site: str = "+", device: str = "+") -> str:
    """The MQTT filter for a channel over all sites or devices, or one."""
    return f"{ROOT}/{site}/{device}/{channel}"


def parse(text: str) -> Address | None:
    """The address a topic names, or None when it is not one of ours."""
    parts = text.split("/")
    if len(parts) != 4 or parts[0] != ROOT or not SLUG.fullmatch(parts[1]) or not SLUG.fullmatch(parts[2]):
        return None
    try:
        return Address(site=parts[1], device=parts[2], channel=Channel(parts[3]))
    except ValueError:
        return None
