"""A look at a device before it is written down: does it answer, and does it do as it is told?"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """What came of a look."""

    WELL = "well"
    NO_ANSWER = "no_answer"
    KEY_REFUSED = "key_refused"
    NOT_THERE = "not_there"
    """Something answers, but it is not what was looked for; or there is no such port."""
    FORBIDDEN = "forbidden"
    BUSY = "busy"
    SILENT = "silent"
    """It can be opened, and nobody speaks there."""
    DISOBEYS = "disobeys"
    """It answers, and does not do as it is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of it; ``told`` is what the device says of itself, or the fault in English."""

    outcome: Outcome
    told: str = ""
    on: bool | None = None
    """Of a plug: whether it is on."""
    watts: float | None = None
    ready: bool | None = None
    """Of an OctoPrint: whether it reaches its printer."""


class Probe(Protocol):
    """Looks that take some seconds at most, and keep nothing. Only ``switch`` changes anything."""

    def ports(self) -> tuple[str, ...]:
        """The serial ports of this computer."""

    def printer(self, url: str, key: str) -> Answer:
        """An OctoPrint, by this key."""

    def controller(self, port: str) -> Answer:
        """A laser or mill on a serial port: what it says of itself."""

    def reader(self, port: str, protocol: str) -> Answer:
        """A badge reader on a serial port: whether a badge is heard meanwhile."""

    def plug(self, dialect: str, name: str) -> Answer:
        """A plug: how it says it is."""

    def switch(self, dialect: str, name: str) -> Answer:
        """A plug: on for a moment, then off; WELL when it says both."""
