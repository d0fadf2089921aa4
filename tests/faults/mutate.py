"""Inputs that are nearly right: bytes turned, cut, doubled and spliced, and JSON with the wrong thing in the right place."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any

ODD_BYTES = (
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\r\n", b'"', b"'", b"\\", b";", b",", b"\t", b"{", b"[" * 200,
    b"}" * 50, b"\x02", b"\x03", b"\x00\x00\xff", b"|", b"<", b">", b"%s", b"NaN", b"-Infinity", b"1e999", b"null",
    b"-0", b"9" * 400, b"0x", b"\xc2\xb2", b"\\ud800", b"a" * 3000, b"=cmd|", b"$", b"T", b"+00:00", b":",
)  # fmt: skip
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, -(2**63), 2**64, 10**40, 1e308, -1e-308, float("nan"), float("inf"), "", " ", "\0",
    "é" * 2000, "²", "\ud800", "9" * 5000, "2026-02-30T25:61:61+99:99", "0001-01-01T00:00:00+14:00", "-1", "1e999", [],
    {}, [[]], [None] * 300, {"": {"": {}}}, [1, "a", None], {"v": 1},
)  # fmt: skip


class Mutator:
    """Makes inputs out of good ones; those that are JSON also by their structure."""

    def __init__(self, seeds: Sequence[bytes], chance: Random) -> None:
        self._seeds, self._chance = tuple(seeds), chance
        self._values = [value for seed in self._seeds if (value := _json(seed)) is not None]

    def next(self) -> bytes:
        """One more."""
        chance = self._chance
        if self._values and chance.random() < 0.6:
            value = json.loads(json.dumps(chance.choice(self._values)))
            for _ in range(chance.choice((1, 1, 1, 2, 4))):
                value = self._odd_inside(value)
            data, turns = json.dumps(value).encode(), chance.choice((0, 0, 0, 1))
        else:
            data, turns = chance.choice(self._seeds), chance.choice((1, 1, 2, 3, 8))
        for _ in range(turns):
            data = self._turned(data)
        return data

    def _odd_inside(self, value: Any) -> Any:
        """The same value with something odd at one place in it."""
        chance = self._chance
        if isinstance(value, dict) and value and chance.random() < 0.85:
            key = chance.choice(list(value))
            what = chance.random()
            if what < 0.1:
                del value[key]
            elif what < 0.2:
                value[chance.choice(("", "v", "kind", "é", key + "x"))] = value[key]
            else:
                value[key] = self._odd_inside(value[key])
            return value
        if isinstance(value, list) and value and chance.random() < 0.8:
            index = chance.randrange(len(value))
            value[index] = self._odd_inside(value[index])
            return value
        # Half of the time of the same kind, so that what comes after a check of types is reached as well.
        alike = [each for each in ODD_VALUES if type(each) is type(value)] if chance.random() < 0.5 else []
        return json.loads(json.dumps(chance.choice(alike or ODD_VALUES)))

    def _turned(self, data: bytes) -> bytes:
        chance = self._chance
        at = chance.randint(0, len(data))
        match chance.randrange(7):
            case 0:
                return data[:at] + bytes((chance.randrange(256),)) + data[at + 1 :]
            case 1:
                return data[:at] + data[at + chance.randint(1, 8) :]
            case 2:
                return data[:at] + chance.choice(ODD_BYTES) + data[at:]
            case 3:
                return data[:at]
            case 4:
                other = chance.choice(self._seeds)
                return data[:at] + other[chance.randint(0, len(other)) :]
            case 5:
                part = data[at : at + chance.randint(1, 40)]
                return data[:at] + part * chance.choice((2, 3, 20)) + data[at:]
            case _:
                turned = bytearray(data)
                for _ in range(min(len(turned), chance.choice((1, 3)))):
                    turned[chance.randrange(len(turned))] ^= 1 << chance.randrange(8)
                return bytes(turned)


def _json(seed: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(seed.partition(b"\n")[0])
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
