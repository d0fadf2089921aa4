"""Bytes as docs/topics.md has them: signatures, times, badge hashes. For MicroPython, whose library has no hmac."""

import binascii
import hashlib
import json

try:
    from typing import Any
except ImportError:
    pass  # MicroPython reads no annotations

VERSION = 1
DIGEST = 16
"""So many hex digits of a badge's hash stand in a list."""


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA-256."""
    if len(key) > 64:
        key = hashlib.sha256(key).digest()
    key = key + bytes(64 - len(key))
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in key) + data).digest()
    return hashlib.sha256(bytes(b ^ 0x5C for b in key) + inner).digest()


def to_hex(data: bytes) -> str:
    """Lower-case hex."""
    return binascii.hexlify(data).decode()


def signature(data: bytes, topic: str, key: bytes) -> bytes:
    """The hex signature of ``data``, newline included, as published on ``topic``."""
    return to_hex(hmac_sha256(key, topic.encode() + b"\n" + data)).encode()


def same(one: bytes, other: bytes) -> bool:
    """Whether two signatures are equal, in a time that does not tell where they differ."""
    if len(one) != len(other):
        return False
    differ = 0
    for a, b in zip(one, other):
        differ |= a ^ b
    return differ == 0


def opened(payload: bytes, topic: str, key: bytes) -> "dict[str, Any] | None":
    """The object in these signed bytes; None when the signature is missing or wrong, or it is no message."""
    end = payload.find(b"\n") + 1
    if end == 0 or not same(signature(payload[:end], topic, key), payload[end:].strip()):
        return None
    try:
        value = json.loads(payload[:end].decode())
    except ValueError:
        return None
    if not isinstance(value, dict) or value.get("v") != VERSION or not isinstance(value.get("body"), dict):
        return None
    return value


def sealed(value: "dict[str, Any]", topic: str, key: bytes) -> bytes:
    """One line of JSON, signed."""
    data = json.dumps(value, separators=(",", ":")).encode() + b"\n"
    return data + signature(data, topic, key)


# --- badges ---


def forms(number: str) -> "list[tuple[str, str]]":
    """The forms in which any reader might give ``em:…`` or ``uid:…``, the most precise first."""
    kind, digits = number.split(":")
    if kind == "em":
        return [("em-10", digits), ("n-32", _either_order(digits[2:])), ("n-24", digits[4:])]
    return [("uid", digits), ("n-32", _either_order(digits))] if len(digits) == 8 else [("uid", digits)]


def _either_order(digits: str) -> str:
    turned = to_hex(bytes(reversed(binascii.unhexlify(digits)))).upper()
    return min(digits, turned)


def hashes(number: str, key: bytes) -> "list[tuple[str, str]]":
    """Each form with its keyed hash: the number itself goes no further."""
    return [(form, to_hex(hmac_sha256(key, (form + ":" + text).encode()))) for form, text in forms(number)]


def key_id(key: bytes) -> str:
    """Which key made a hash."""
    return to_hex(hashlib.sha256(key).digest())[:8]


# --- times: seconds since 1970, UTC. An ESP32 counts from 2000 and has no calendar of that length, so it stands here. ---


def _days(year: int, month: int, day: int) -> int:
    if month <= 2:
        year, month = year - 1, month + 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719469


def iso(ms: int) -> str:
    """``2026-03-02T09:00:05.250+00:00`` of milliseconds since 1970."""
    days, rest = divmod(ms // 1000, 86400)
    year = 1970 + days // 366
    while _days(year + 1, 1, 1) <= days:
        year += 1
    month = 12
    while _days(year, month, 1) > days:
        month -= 1
    day = days - _days(year, month, 1) + 1
    clock = "%02d:%02d:%02d.%03d" % (rest // 3600, rest // 60 % 60, rest % 60, ms % 1000)
    return "%04d-%02d-%02dT%s+00:00" % (year, month, day, clock)


def seconds_of(text: str) -> "int | None":
    """The whole seconds of ``2026-03-02T09:00:05.250000+00:00``; None for anything else. The gateway speaks UTC.

    No float on the way: an ESP32 has 32 bits of them, which is two minutes at this distance from 1970.
    """
    try:
        date, clock = text.split("T")
        if not clock.endswith("+00:00"):
            return None
        year, month, day = [int(part) for part in date.split("-")]
        hour, minute, second = clock[:-6].split(":")
        return _days(year, month, day) * 86400 + int(hour) * 3600 + int(minute) * 60 + int(second[:2])
    except (ValueError, AttributeError):
        return None
