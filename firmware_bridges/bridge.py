"""What a bridge is: one device, reached; and what it is given to work with."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Protocol

from devices.messages import Command, Fact, HashedBadge, SunMessage
from devices.sun import PlainSun
from gateway.ports.bus import Bus
from gateway.ports.clock import Clock
from gateway.ports.ids import Ids


class Reporter(Protocol):
    """Where a bridge says what its device did. Thread-safe; returns once the fact is on disk."""

    def fact(self, fact: Fact) -> None:
        """Keep the fact in the outbox until the gateway's receipt, and send it."""

    def sample(self, values: dict[str, float]) -> None:
        """Send readings once; they may be lost."""

    def nonsense(self, what: str, example: bytes) -> None:
        """Count bytes that nobody understands; reported as one fact per ``what``, then at each power of ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeContext:
    """What every bridge is given besides its own settings."""

    site: str
    device: str
    bus: Bus
    clock: Clock
    ids: Ids
    hash_badge: Callable[[str], tuple[HashedBadge, ...]]
    """Canonical badge number in, one keyed hash per form out: the number itself goes no further."""
    hide_card: Callable[[PlainSun], SunMessage]
    """The same for a card that signs what it says: the signature is kept, for the gateway to look at."""


class Bridge(Protocol):
    """One device, reached. Built without touching the device."""

    def run(self, report: Reporter, connected: Callable[[str | None], None], stop: Event) -> None:
        """Reach the device and report until ``stop`` is set, then release it and return.

        Calls ``connected(detail)`` once it talks to the device. Raises BridgeLost (one plain sentence) when the device
        is gone; the runner says so once, waits and calls ``run`` again.
        """

    def obey(self, command: Command) -> None:
        """Carry out a command that has not expired; called from the bus's thread, must not block."""
