"""What a bridge reports through: facts to the courier, nonsense counted so that a noisy cable cannot flood anyone."""

import threading
from typing import Protocol

from devices.messages import Fact, NonsenseHeard
from devices.nonsense import fit_to_show

KINDS_KEPT = 100
"""More different kinds of nonsense than this from one device are counted as one."""
OTHER = "other"


class Carrier(Protocol):
    """The part of the courier that a reporter needs."""

    def keep(self, device: str, fact: Fact) -> None:
        """Put the fact on disk and on its way."""

    def send_sample(self, device: str, values: dict[str, float]) -> None:
        """Send readings once."""


class DeviceReporter:
    """The Reporter of one device."""

    def __init__(self, carrier: Carrier, device: str) -> None:
        self._carrier = carrier
        self._device = device
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}

    def fact(self, fact: Fact) -> None:
        """Keep the fact until the gateway's receipt, and send it; returns once it is on disk."""
        self._carrier.keep(self._device, fact)

    def sample(self, values: dict[str, float]) -> None:
        """Send readings once; they may be lost."""
        self._carrier.send_sample(self._device, values)

    def nonsense(self, what: str, example: bytes) -> None:
        """Count it; the first, tenth, hundredth … of each kind is reported as a fact."""
        with self._lock:
            if what not in self._counts and len(self._counts) >= KINDS_KEPT:
                what = OTHER
            count = self._counts[what] = self._counts.get(what, 0) + 1
        if str(count).strip("0") == "1":
            self.fact(NonsenseHeard(what=what, count=count, example=fit_to_show(example)))
