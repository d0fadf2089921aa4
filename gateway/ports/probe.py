"""A look at a machine before it is written down: does it answer, and does it let us in?"""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of it; ``told`` is what the machine says of itself, or the fault in English."""

    outcome: Outcome
    told: str = ""


class Probe(Protocol):
    """Looks that change nothing and take some seconds at most."""

    def printer(self, url: str, key: str) -> Answer:
        """An OctoPrint: its version, by this key."""

    def port(self, name: str) -> Answer:
        """A serial port: whether it can be opened."""

    def ports(self) -> tuple[str, ...]:
        """The serial ports of this computer."""
