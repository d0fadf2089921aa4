"""A badge reader on a serial line: each tap is told once, as keyed hashes. The number itself goes no further than here."""

import logging
from collections.abc import Callable
from threading import Event
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from devices.badge_reader import (
    SILENCE_S,
    AnyReader,
    BadgeParser,
    BadgeRefused,
    BadgeSeen,
    CardSpoke,
    EmFrames,
    KeyboardLines,
    ReaderEvent,
    Style,
    TapFilter,
)
from devices.messages import BadgeTapped, Command, SunMessage
from devices.pn532 import Pn532, Stage
from firmware_bridges.bridge import BridgeContext, Reporter
from firmware_bridges.serial_link import READ_S, SerialLink
from gateway.ports.errors import BridgeLost, StoreUnavailable

log = logging.getLogger(__name__)

PATIENCE = 3
"""So many commands in a row may a PN532 leave unanswered."""

STEP_S = 2 * READ_S
"""One read counts for this much at most: when this program was held up, that was no silence of the reader."""

PARSERS: dict[str, Callable[[], BadgeParser]] = {
    "auto": AnyReader,
    "rdm6300": EmFrames,
    "id12la": EmFrames,
    "keyboard-hex": lambda: KeyboardLines(Style.HEX),
    "keyboard-decimal": lambda: KeyboardLines(Style.DECIMAL),
    "pn532": Pn532,
}


class Settings(BaseModel):
    """One badge reader on a serial port."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: str = Field(min_length=1, description="The serial port, best /dev/serial/by-id/..., or socket://host:port.")
    baudrate: int | None = Field(
        default=None,
        ge=300,
        le=4_000_000,
        description="The speed of the line; by itself 115200 for a PN532, else 9600.",
    )
    protocol: Literal["auto", "rdm6300", "id12la", "pn532", "keyboard-hex", "keyboard-decimal"] = Field(
        default="auto",
        description="What the reader speaks; auto knows 125 kHz frames and lines of text, not the PN532.",
    )

    @property
    def speed(self) -> int:
        """The baud rate to use."""
        return self.baudrate or (115200 if self.protocol == "pn532" else 9600)


def build(context: BridgeContext, settings: Settings) -> "BadgeReaderBridge":
    """The bridge for one reader."""
    return BadgeReaderBridge(context, settings)


class BadgeReaderBridge:
    """One reader: bytes in, taps out."""

    def __init__(self, context: BridgeContext, settings: Settings) -> None:
        self._context = context
        self._settings = settings

    def run(self, report: Reporter, connected: Callable[[str | None], None], stop: Event) -> None:
        """As the protocol says; a pulled cable, or a PN532 that does not answer, raises BridgeLost."""
        settings, clock = self._settings, self._context.clock
        parser, taps = PARSERS[settings.protocol](), TapFilter(SILENCE_S)
        chip = parser if isinstance(parser, Pn532) else None
        reached, listened_s, before = False, 0.0, clock.monotonic()
        # Readers take their power from the port or not at all: DTR means nothing to them, but some adapters want it.
        with SerialLink(settings.port, settings.speed, dtr=True) as line:
            while not stop.is_set():
                if chip is not None:
                    line.write(chip.send(at=clock.monotonic()))
                    self._check(chip)
                data, now = line.read(), clock.monotonic()
                listened_s, before = listened_s + min(now - before, STEP_S), now
                for event in parser.feed(data):
                    try:
                        self._tell(event, report, taps, at=listened_s)
                    except StoreUnavailable as error:
                        # What is not kept opens nothing; the line stays open for the next tap.
                        log.error("%s: a tap is refused, it cannot be kept: %s", self._context.device, error)
                if not reached and (chip is None or chip.stage in (Stage.READY, Stage.LISTENING)):
                    reached = True
                    connected(settings.protocol)

    def obey(self, command: Command) -> None:
        """Nothing: these readers have neither lamp nor buzzer of ours."""
        log.debug("%s takes no commands, %s was left", self._context.device, command.kind)

    def _tell(self, event: ReaderEvent, report: Reporter, taps: TapFilter, *, at: float) -> None:
        if isinstance(event, BadgeSeen):
            if taps.seen(event.number, at=at):
                report.fact(BadgeTapped(badge=self._context.hash_badge(event.number)))
        elif isinstance(event, CardSpoke):
            # It says another message each time it is read, and whatever reads it reads it once.
            said = event.said if isinstance(event.said, SunMessage) else self._context.hide_card(event.said)
            report.fact(BadgeTapped(badge=(), sun=said))
        elif isinstance(event, BadgeRefused):
            if taps.seen(event.reason, at=at):
                report.nonsense(event.reason, b"")
        else:
            report.nonsense(event.what, event.example)

    def _check(self, chip: Pn532) -> None:
        if chip.unanswered >= PATIENCE:
            raise BridgeLost(
                f"{self._settings.port}: the PN532 does not answer; is it set to HSU, and {self._settings.speed} baud?"
            )
