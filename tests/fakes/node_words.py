"""What a gateway would say to a node, signed; and the lists it would hold. For MicroPython too: no dataclass here."""

import json

from firmware_bridges.firmware.badge_node.wire import hashes, signature

try:
    from typing import Any
except ImportError:
    pass

SITE, DEVICE = "lab", "laser-node"
KEY, BADGE_KEY = bytes(range(32)), bytes(range(32, 64))
ADA, BOB, EVE = "em:010063E9AE", "uid:04DE5F1EACC040", "em:0100000001"
NOW = 1_772_442_000


def topic(channel: str) -> str:
    return "etabli/" + SITE + "/" + DEVICE + "/" + channel


def settings(**more: "Any") -> "dict[str, Any]":
    told = {"site": SITE, "device": DEVICE, "key": KEY, "badge_key": BADGE_KEY}
    told.update(more)
    return told


def said(channel: str, kind: str, body: "dict[str, Any]", key: bytes = KEY) -> bytes:
    data = json.dumps({"v": 1, "kind": kind, "body": body}).encode() + b"\n"
    return data + signature(data, topic(channel), key)


def person(number: str, **more: "Any") -> "dict[str, Any]":
    badge = {}
    for form, digest in hashes(number, BADGE_KEY):
        badge[form] = digest[:16]
    told = {"badges": [badge], "until_s": None, "longest_s": None}
    told.update(more)
    return told


def listed(**more: "Any") -> "dict[str, Any]":
    """Ada may use it; a list good for three days."""
    body = {
        "site": SITE, "device": DEVICE, "version": 7, "issued_s": NOW - 60, "expires_s": NOW + 3 * 86400,
        "lockout": None, "ceiling_s": 3600, "quiet_s": 120, "rest_s": 0, "early_s": 0, "pause_s": 0,
        "reservation_required": False, "open": None, "booked": [], "people": [person(ADA)],
    }  # fmt: skip
    body.update(more)
    return body


def list_of(key: bytes = KEY, **more: "Any") -> bytes:
    return said("list", "access_list", listed(**more), key)


def order(on: bool, id: str, expires: str, **more: "Any") -> bytes:
    body = {"id": id, "expires_at": expires, "on": on, "ceiling_s": None}
    body.update(more)
    return said("command", "set_power", body)


def verdict(tone: str, code: str, id: str, expires: str) -> bytes:
    return said("command", "show_verdict", {"id": id, "expires_at": expires, "tone": tone, "code": code})
