"""Gives a simulated serial device a pseudo-terminal, so that programs open it like a cable."""

import os
import pty
import tty
from collections.abc import Callable
from pathlib import Path
from threading import Event, RLock, Thread
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from gateway.ports.clock import Clock


class SimulatedSerial(Protocol):
    """A device that behaves in time: bytes in, bytes out."""

    def receive(self, data: bytes, now: float) -> None:
        """Take the bytes that were written to it."""

    def tick(self, now: float) -> bytes:
        """Move on to ``now`` and give what it says."""


Device = TypeVar("Device", bound=SimulatedSerial)
CHUNK = 4096


class PtyTwin(Generic[Device]):
    """A running twin behind ``link``, a path that leads to its present pty: an unplugged one has no such path.

    The device goes on living while it is unplugged, as one with power of its own does; nobody hears what it says.
    """

    def __init__(self, device: Device, link: Path, clock: Clock, *, tick_s: float = 0.02) -> None:
        self.device = device
        self.link = link
        self._clock = clock
        self._tick_s = tick_s
        self._lock = RLock()
        self._stop = Event()
        self._ends: tuple[int, int] | None = None
        self._thread = Thread(target=self._live, name=f"twin-{link.name}", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Plug in and let time pass."""
        self.replug()
        self._thread.start()

    def stop(self) -> None:
        """Unplug for good and end the thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.unplug()

    def unplug(self) -> None:
        """Pull the cable: whoever has the port open loses it, and its path is gone."""
        with self._lock:
            if self._ends is None:
                return
            ends, self._ends = self._ends, None
            self.link.unlink(missing_ok=True)
            for end in ends:
                os.close(end)

    def replug(self) -> None:
        """Plug the cable in again: a new pty behind the same path."""
        with self._lock:
            if self._ends is not None:
                return
            host, device = pty.openpty()
            self._ends = host, device  # the device's end stays open: without it the host's end would read errors
            tty.setraw(device)
            os.set_blocking(host, False)
            fresh = self.link.with_name(f"{self.link.name}.new")
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(os.ttyname(device))
            fresh.replace(self.link)

    def do(self, what: Callable[[Device, float], object]) -> None:
        """Let something happen to the device now: ``do(lambda laser, now: laser.fail(1))``."""
        with self._lock:
            what(self.device, self._clock.monotonic())

    def _live(self) -> None:
        while not self._stop.wait(self._tick_s):
            with self._lock:
                self._step(self._clock.monotonic())

    def _step(self, now: float) -> None:
        if self._ends is None:
            self.device.tick(now)
            return
        host = self._ends[0]
        try:
            self.device.receive(os.read(host, CHUNK), now)
        except BlockingIOError:
            pass  # nothing was written to it
        try:
            os.write(host, self.device.tick(now))
        except BlockingIOError:
            pass  # nobody has read for long: a cable keeps nothing either
