"""Puts a simulated relay on the bus: it hears its maker's command topics and speaks there in its own time."""

import logging
from collections.abc import Callable
from threading import Event, RLock, Thread

from devices.relay import Relay
from devices.simulated.relay import SimulatedRelay, Spoken
from gateway.ports.bus import Bus, Delivery
from gateway.ports.clock import Clock
from gateway.ports.errors import BusUnavailable

log = logging.getLogger(__name__)


class RelayOnTheBus:
    """A running twin. ``do`` lets something happen to it: ``do(SimulatedRelay.press_button)``."""

    def __init__(self, bus: Bus, clock: Clock, twin: SimulatedRelay, *, tick_s: float = 0.1) -> None:
        self.twin = twin
        self._bus = bus
        self._clock = clock
        self._tick_s = tick_s
        self._lock = RLock()
        self._stop = Event()
        self._thread = Thread(target=self._live, name=f"twin-{twin.relay.name.name}", daemon=True)

    @property
    def relay(self) -> Relay:
        """The relay that it is the twin of."""
        return self.twin.relay

    def start(self) -> None:
        """Listen, boot, and let time pass."""
        self._bus.subscribe([(text, 0) for text in self.twin.commands], self._hear)
        self.do(SimulatedRelay.boot)
        self._thread.start()

    def stop(self) -> None:
        """Leave as a plug does whose cable is pulled, and end its thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._bus.unsubscribe(self._hear)
        self.do(SimulatedRelay.vanish)

    def do(self, what: Callable[[SimulatedRelay, float], tuple[Spoken, ...]]) -> None:
        """Let something happen to the twin now, and say what it says."""
        with self._lock:
            self._say(what(self.twin, self._clock.monotonic()))

    def _hear(self, delivery: Delivery) -> None:
        self.do(lambda twin, now: twin.hear(delivery.topic, delivery.payload, now))

    def _live(self) -> None:
        while not self._stop.wait(self._tick_s):
            self.do(SimulatedRelay.tick)

    def _say(self, spoken: tuple[Spoken, ...]) -> None:
        try:
            for each in spoken:
                self._bus.publish(each.topic, each.payload, qos=0, retain=each.retain)
        except BusUnavailable as error:
            log.debug("the twin of %s speaks to nobody: %s", self.twin.relay.name.name, error)
