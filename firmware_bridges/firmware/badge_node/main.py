"""Copy the folder ``badge_node`` and ``node.json`` to an ESP32 with MicroPython, and call ``badge_node.main.main()``.

The watchdog is fed by this loop and by nothing else: whatever hangs it, the board starts again with the relay off.
"""

import binascii
import json
import time

import network
from machine import WDT

from .board import Board
from .flash import Flash
from .mqtt import Mqtt
from .running import Running

try:
    from typing import Any
except ImportError:
    pass  # MicroPython reads no annotations

WATCHDOG_MS = 8000


class Ticks:
    """Milliseconds that do not turn over: the chip's own do after twelve days."""

    def __init__(self) -> None:
        self._last = time.ticks_ms()  # type: ignore[attr-defined]
        self._ms = 0

    def ms(self) -> int:
        """Since this start."""
        now = time.ticks_ms()  # type: ignore[attr-defined]
        self._ms += time.ticks_diff(now, self._last)  # type: ignore[attr-defined]
        self._last = now
        return self._ms


def told() -> "dict[str, Any]":
    """``node.json``, its keys read: what `etabli device add` printed, with pins, words and the way into the network."""
    with open("node.json") as file:
        settings: dict[str, Any] = json.load(file)
    for name in ("key", "badge_key"):
        settings[name] = binascii.unhexlify(settings[name])
    if settings.get("tls"):
        raise ValueError("this firmware signs what it says, but speaks without TLS: give it the broker's plain port")
    return settings


def main() -> None:
    """Run for as long as there is power."""
    settings = told()
    # Before anything that may wait: the pins, so that the relay is off.
    board = Board(settings["pins"], settings.get("words", {}))
    watchdog = WDT(timeout=WATCHDOG_MS)
    wifi = network.WLAN(network.STA_IF)
    wifi.active(True)
    wifi.config(reconnects=-1)
    wifi.connect(settings["wifi"]["name"], settings["wifi"]["password"])

    def connect(will: "tuple[str, bytes]", topics: "list[str]", hear: "Any", linked: "Any") -> Mqtt:
        return Mqtt(
            settings["host"], settings["port"], settings["device"], settings.get("user"), settings.get("password"),
            will, topics, hear, linked,
        )  # fmt: skip

    running, ticks = Running(settings, board, Flash("node"), connect), Ticks()
    while True:
        running.step(ticks.ms())
        watchdog.feed()
        time.sleep_ms(10)  # type: ignore[attr-defined]
