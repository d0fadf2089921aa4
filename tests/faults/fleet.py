"""Devices under load: real outboxes and couriers over a real broker, which remember all they said and had receipts for."""

import threading
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Self

from devices.messages import AlarmRaised
from firmware_bridges.courier import Courier
from firmware_bridges.outbox import Outbox
from gateway.adapters.bus_mqtt import MqttBus
from gateway.adapters.clock import SystemClock
from gateway.ports.clock import Clock
from gateway.ports.errors import StoreUnavailable

SITE = "lyon"
LIVE = "live"
"""The reader of a machine, for runs in which people tap."""
MOST_WAITING = 60
"""So many facts of one bridge wait at most: the load goes on through a fault without growing for ever."""


class WatchedOutbox(Outbox):
    """An outbox that tells what it was given and what it has let go of."""

    def __init__(self, path: Path, said: set[str], acknowledged: set[str]) -> None:
        self.said, self.acknowledged = said, acknowledged
        self._names: dict[tuple[str, str, int], str] = {}
        super().__init__(path)

    def append(self, device, fact, *, at, mono_s):
        self.said.add(fact.text)
        kept = super().append(device, fact, at=at, mono_s=mono_s)
        self._names[kept.device, kept.boot, kept.seq] = fact.text
        return kept

    def receipted(self, receipts: Iterable[tuple[str, str, int, int]]) -> int:
        receipts = list(receipts)
        gone = super().receipted(receipts)
        for device, boot, first, last in receipts:
            names = (self._names.pop((device, boot, seq), None) for seq in range(first, last + 1))
            self.acknowledged.update(name for name in names if name)
        return gone


class Bridge:
    """One bridge process with some devices: says facts without a pause while :attr:`talking`."""

    def __init__(self, folder: Path, port: int, name: str, devices: int, clock: Clock) -> None:
        self.said: set[str] = set()
        self.acknowledged: set[str] = set()
        self.talking = threading.Event()
        self.outbox = WatchedOutbox(folder / f"{name}.db", self.said, self.acknowledged)
        self.bus = MqttBus("127.0.0.1", port, client_id=name, protocol=4, retry_min_s=0.02, retry_max_s=0.1)
        self.courier = Courier(self.bus, self.outbox, SITE, clock, window=40, resend_s=(0.05, 0.4))
        self._devices = [f"{name}-{n}" for n in range(devices)]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._talk, name=f"fleet-{name}")
        self.courier.start()
        self._thread.start()

    def _talk(self) -> None:
        numbers = count(1)
        while not self._stop.is_set():
            if len(self.outbox) >= MOST_WAITING or not self.talking.is_set():
                self._stop.wait(0.002)
                continue
            number = next(numbers)
            for device in self._devices:
                try:
                    self.courier.keep(device, AlarmRaised(code="load", text=f"{device}/{number}"))
                except StoreUnavailable:
                    pass  # said and not kept: nothing was promised

    def close(self) -> None:
        """Fall silent; what has no receipt stays in the outbox."""
        self._stop.set()
        self._thread.join()
        self.courier.stop()
        self.bus.close()
        self.outbox.close()


class Fleet:
    """Some bridges with some devices each. Use as a context."""

    def __init__(self, folder: Path, port: int, *, bridges: int = 3, devices: int = 4) -> None:
        self._made = (folder, port, bridges, devices)
        self.bridges: list[Bridge] = []

    def __enter__(self) -> Self:
        folder, port, bridges, devices = self._made
        clock = SystemClock()
        self.bridges = [Bridge(folder, port, f"bridge-{n}", devices, clock) for n in range(bridges)]
        return self

    def __exit__(self, *_: object) -> None:
        for bridge in self.bridges:
            bridge.close()

    def talk(self) -> None:
        """Begin, or go on."""
        for bridge in self.bridges:
            bridge.talking.set()

    def fall_silent(self) -> None:
        """Say nothing new; what waits still goes its way."""
        for bridge in self.bridges:
            bridge.talking.clear()

    @property
    def waiting(self) -> int:
        """Facts without a receipt."""
        return sum(len(bridge.outbox) for bridge in self.bridges)

    @property
    def said(self) -> set[str]:
        return set().union(*(bridge.said for bridge in self.bridges))

    @property
    def acknowledged(self) -> set[str]:
        return set().union(*(bridge.acknowledged for bridge in self.bridges))
