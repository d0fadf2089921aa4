"""Two lines of sixteen letters: an HD44780 behind a PCF8574 on I2C. Its words come from ``node.json``."""

import time

from machine import I2C, Pin

try:
    from typing import Any
except ImportError:
    pass  # MicroPython reads no annotations

ALONE = "Hors ligne"


class Display:
    """What a person reads at the machine."""

    def __init__(self, pins: "dict[str, Any]", words: "dict[str, list[str]]") -> None:
        self._i2c = I2C(0, sda=Pin(pins["sda"]), scl=Pin(pins["scl"]), freq=100000)
        self._at, self._words = pins.get("address", 0x27), words
        for half in (3, 3, 3, 2):
            self._nibble(half << 4, 0)
            time.sleep_ms(5)  # type: ignore[attr-defined]
        for order in (0x28, 0x0C, 0x06, 0x01):
            self._byte(order, 0)
            time.sleep_ms(2)  # type: ignore[attr-defined]

    def show(self, tone: str, code: str, gateway: bool) -> None:
        """The code's two lines, else its tone's; the second says when nobody answers but the node itself."""
        lines = self._words.get(code) or self._words.get(tone) or ["", ""]
        second = lines[1] if gateway or lines[1] else ALONE
        for at, text in ((0x80, lines[0]), (0xC0, second)):
            self._byte(at, 0)
            for letter in (text + " " * 16)[:16]:
                self._byte(ord(letter) if ord(letter) < 128 else 0x3F, 1)

    def _byte(self, value: int, data: int) -> None:
        self._nibble(value & 0xF0, data)
        self._nibble(value << 4 & 0xF0, data)

    def _nibble(self, high: int, data: int) -> None:
        for strobe in (0x0C, 0x08):
            try:
                self._i2c.writeto(self._at, bytes((high | strobe | data,)))
            except OSError:
                return  # a display that was pulled out stops nothing
