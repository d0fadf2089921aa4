"""The pins: coil, contact behind it, run input, light and buzzer. Numbers are in ``node.json``; see docs/noeud.md."""

from machine import ADC, PWM, SPI, UART, Pin

from .display import Display
from .readers import Pn532, Rc522, Rdm6300

try:
    from typing import Any
except ImportError:
    pass  # MicroPython reads no annotations

TONES = {
    "granted": ((0, 255, 0), ((1800, 80), (0, 40), (2400, 120))),
    "refused": ((255, 0, 0), ((400, 350), (0, 80), (400, 350))),
    "noted": ((0, 80, 255), ((1800, 60),)),
    "wait": ((90, 90, 0), ()),
    "unavailable": ((255, 60, 0), ((400, 120), (0, 80), (400, 120), (0, 80), (400, 120))),
}
"""Colour and rhythm: neither alone says it to everyone."""


class Board:
    """What is soldered around the microcontroller."""

    def __init__(self, pins: "dict[str, Any]", words: "dict[str, list[str]]") -> None:
        # First of all, and with a resistor to ground besides: off.
        self._coil = Pin(pins["coil"], Pin.OUT, value=0)
        contact = pins.get("contact")
        self._contact = Pin(contact, Pin.IN, Pin.PULL_UP) if contact is not None else None
        self._runs = Pin(pins["runs"], Pin.IN, Pin.PULL_UP) if "runs" in pins else None
        self._current = ADC(Pin(pins["current"])) if "current" in pins else None
        self._threshold = pins.get("current_threshold", 300)
        self._lights = [PWM(Pin(pin), freq=1000, duty=0) for pin in pins.get("rgb", ())]
        self._buzzer = PWM(Pin(pins["buzzer"]), freq=1000, duty=0) if "buzzer" in pins else None
        self._reader = _reader(pins)
        self._display = Display(pins["display"], words) if "display" in pins else None
        self._song: list[tuple[int, int]] = []
        self._next_ms = 0

    def coil(self, on: bool) -> None:
        """Drive the relay."""
        self._coil.value(1 if on else 0)

    def reads_back(self) -> "bool | None":
        """The auxiliary contact: closed to ground when the contactor is on."""
        return None if self._contact is None else self._contact.value() == 0

    def runs(self) -> bool:
        """The machine's run output, closed to ground while it works, or the current it draws."""
        if self._runs is not None:
            return bool(self._runs.value() == 0)
        return self._current is not None and self._swing() > self._threshold

    def _swing(self) -> int:
        assert self._current is not None
        read = [self._current.read_u16() >> 4 for _ in range(40)]
        return max(read) - min(read)

    def badge(self, ms: int) -> "str | None":
        """A badge, once for each time it is presented."""
        number: str | None = self._reader.poll(ms)
        return number

    def show(self, tone: str, code: str, gateway: bool) -> None:
        """Light, sound and two lines."""
        colour, song = TONES.get(tone, TONES["wait"])
        for light, level in zip(self._lights, colour):
            light.duty(level * 4)
        self._song, self._next_ms = list(song), 0
        if self._display is not None:
            self._display.show(tone, code, gateway)

    def play(self, ms: int) -> None:
        """The next note, when it is time."""
        if self._buzzer is None or ms < self._next_ms:
            return
        if not self._song:
            self._buzzer.duty(0)
            return
        pitch, long_ms = self._song.pop(0)
        if pitch:
            self._buzzer.freq(pitch)
        self._buzzer.duty(512 if pitch else 0)
        self._next_ms = ms + long_ms


def _reader(pins: "dict[str, Any]") -> "Any":
    told = pins["reader"]
    if told["kind"] == "rc522":
        select = Pin(told["select"], Pin.OUT, value=1)
        spi = SPI(1, baudrate=1000000, sck=Pin(told["sck"]), mosi=Pin(told["mosi"]), miso=Pin(told["miso"]))
        return Rc522(spi, select.value)
    if told["kind"] == "pn532":
        return Pn532(UART(2, baudrate=115200, tx=told["tx"], rx=told["rx"], timeout=0))
    return Rdm6300(UART(2, baudrate=9600, rx=told["rx"], tx=told.get("tx", 17), timeout=0))
