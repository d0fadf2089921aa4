"""Cutting the link between devices and gateway, and counting what became of every fact."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass

from etabli.bootstrap import App, Basis, Broker
from etabli.bootstrap.parts import embedded_broker
from etabli.supervisor import Supervisor
from gateway.adapters.broker import EmbeddedBroker

DRAIN_S = 30.0
Say = Callable[[str, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Facts as the store has applied them: each number once, and what is missing below the highest."""

    applied: int
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """What one outage cost: nothing, if ``received`` equals what was made and ``missing`` is 0."""

    seconds: float
    kept: int
    received: int
    missing: int
    sent_twice: int


class Link:
    """The demo's broker, which can be taken away and given back."""

    def __init__(self) -> None:
        self._broker: EmbeddedBroker | None = None
        self.app: App | None = None

    def embed(self, base: Basis, supervisor: Supervisor) -> Broker:
        """Start the broker, as `etabli run` would, and keep it in hand."""
        self._broker, found = embedded_broker(base)
        supervisor.on_close("broker", self._broker.stop)
        return found

    def cut(self) -> None:
        """Take the broker away."""
        assert self._broker is not None
        self._broker.stop()

    def mend(self) -> None:
        """Give it back, on the same port."""
        assert self._broker is not None
        self._broker.start()

    @property
    def waiting(self) -> int:
        """Facts in the outbox without a receipt."""
        bridges = self.app.bridges if self.app else None
        return len(bridges.outbox) if bridges else 0

    def tally(self) -> Tally:
        """Count in the store."""
        assert self.app is not None
        assert self.app.store is not None
        ids = self.app.basis.ids
        slugs = [device.slug for device in self.app.basis.settings.devices]
        with self.app.store.begin() as work:
            locked = work.lock_devices(slugs, self.app.basis.clock.now(), (ids.new() for _ in itertools.count()))
        streams = [stream for each in locked.values() for stream in each.streams.values()]
        missing = sum(last - first + 1 for stream in streams for first, last in stream.gaps)
        return Tally(applied=sum(stream.applied for stream in streams) - missing, missing=missing)

    def outage(self, seconds: float, say: Say, sleep: Callable[[float], object]) -> Outage:
        """Cut, wait, mend, and wait until everything kept has its receipt."""
        assert self.app is not None
        assert self.app.gateway is not None
        meters = self.app.gateway.consumer.meters
        before, heard, began = self.tally(), meters.facts, time.monotonic()
        self.cut()
        say("✂ Lien coupé : les appareils continuent, leurs faits attendent sur leur disque.",
            "✂ Link cut: devices go on, their facts wait on their disk.")  # fmt: skip
        while time.monotonic() - began < seconds:
            sleep(min(1.0, max(0.05, seconds - (time.monotonic() - began))))
            say(f"  … faits gardés : {self.waiting}", f"  … facts kept: {self.waiting}")
        kept = self.waiting
        self.mend()
        say("🔗 Lien rétabli : tout repart.", "🔗 Link mended: everything is sent again.")
        deadline = time.monotonic() + DRAIN_S
        while self.waiting and time.monotonic() < deadline:
            sleep(0.2)
        after = self.tally()
        received = after.applied - before.applied
        return Outage(
            seconds=time.monotonic() - began, kept=kept, received=received, missing=after.missing - before.missing,
            sent_twice=max(0, meters.facts - heard - received),
        )  # fmt: skip
