"""Puts a simulated node on the bus: the very core that runs on the microcontroller, in a simulated machine."""

import logging
from collections.abc import Callable
from threading import Event, RLock, Thread

from devices.simulated.badge_node import Said, SimulatedNode
from devices.topics import Channel, parse, topic
from firmware_bridges.firmware.badge_node.node import Node
from firmware_bridges.firmware.badge_node.running import status
from gateway.ports.bus import Bus, Delivery
from gateway.ports.clock import Clock
from gateway.ports.errors import BusUnavailable
from gateway.ports.ids import Ids

log = logging.getLogger(__name__)


class NodeOnTheBus:
    """A running twin. ``do`` lets something happen to it: ``do(lambda node, now: node.present(number, now))``."""

    def __init__(
        self, bus: Bus, clock: Clock, ids: Ids, *, site: str, device: str, key: bytes, badge_key: bytes,
        tick_s: float = 0.1,
    ) -> None:  # fmt: skip
        settings = {"site": site, "device": device, "key": key, "badge_key": badge_key}
        mine = ids.new()[-8:]
        self.twin = SimulatedNode(lambda flash, boot: Node(settings, flash, f"{mine}{boot}"))
        self._bus, self._clock, self._tick_s = bus, clock, tick_s
        self._site, self._device = site, device
        self._lock, self._stop = RLock(), Event()
        self._away = False
        self._thread = Thread(target=self._live, name=f"twin-{device}", daemon=True)

    def start(self) -> None:
        """Listen, boot, and let time pass."""
        names = [topic(channel, site=self._site, device=self._device) for channel in
                 (Channel.COMMAND, Channel.RECEIPT, Channel.LIST)]  # fmt: skip
        self._bus.subscribe([(name, 1) for name in names], self._hear)
        self._bus.on_connection(self._link)
        self.do(SimulatedNode.boot)
        self._link(self._bus.connected)
        self._thread.start()

    def stop(self) -> None:
        """Leave as a node does whose plug is pulled."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._bus.unsubscribe(self._hear)
        self._present(False)

    def do(self, what: Callable[[SimulatedNode, float], list[Said] | None]) -> None:
        """Let something happen to it now, and say what it says."""
        with self._lock:
            for channel, payload, qos in what(self.twin, self._clock.monotonic()) or ():
                name = topic(Channel(channel), site=self._site, device=self._device)
                try:
                    self._bus.publish(name, payload, qos=qos)
                except BusUnavailable as error:
                    log.debug("the twin of %s speaks to nobody: %s", self._device, error)

    def leave_network(self, *, away: bool) -> None:
        """Its radio is lost, or back; whoever listens is told by the broker."""
        self._away = away
        self._link(self._bus.connected)

    def _link(self, up: bool) -> None:  # noqa: FBT001  (the bus's own signature)
        linked = up and not self._away
        self._present(linked)
        self.do(lambda twin, now: twin.link(linked, now))

    def _present(self, online: bool) -> None:  # noqa: FBT001
        name = topic(Channel.STATUS, site=self._site, device=self._device)
        try:
            self._bus.publish(name, status(online), qos=1, retain=True)
        except BusUnavailable:
            log.debug("nobody hears that %s is %s", self._device, "there" if online else "gone")

    def _hear(self, delivery: Delivery) -> None:
        address = parse(delivery.topic)
        if address is not None and not delivery.retained:
            self.do(lambda twin, now: twin.hear(address.channel, delivery.payload, now))

    def _live(self) -> None:
        while not self._stop.wait(self._tick_s):
            self.do(SimulatedNode.tick)
