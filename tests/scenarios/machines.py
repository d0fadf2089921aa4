"""The machines around the program: plugs that hear MQTT, readers and lasers on serial lines, and an ear on the broker."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from devices.relay import relay
from devices.simulated.badge_reader import SimulatedBadgeReader
from devices.simulated.grbl import Dialect, SimulatedGrbl
from devices.simulated.relay import SimulatedRelay
from firmware_bridges.twins.pty import PtyTwin
from firmware_bridges.twins.relay_topics import RelayOnTheBus
from gateway.adapters.bus_mqtt import MqttBus
from gateway.adapters.clock import SystemClock
from gateway.ports.bus import Delivery
from tests.scenarios.lab import SITE, Device, Person

Twin = TypeVar("Twin")


class Ear:
    """Everything that was said on some topics, in order."""

    def __init__(self, bus: MqttBus, *filters: str) -> None:
        self._lock = threading.Lock()
        self._heard: list[Delivery] = []
        self._last = 0.0
        bus.subscribe([(text, 1) for text in filters], self._hear)

    def _hear(self, delivery: Delivery) -> None:
        with self._lock:
            self._heard.append(delivery)
            self._last = time.monotonic()

    def heard(self, ends: str = "") -> list[Delivery]:
        with self._lock:
            return [each for each in self._heard if each.topic.endswith(ends)]

    @property
    def quiet_s(self) -> float:
        """How long nothing has been said."""
        with self._lock:
            return time.monotonic() - self._last


class Plug:
    """A Tasmota plug on the broker that remembers every order it was given."""

    def __init__(self, bus: MqttBus, name: str, dialect: str = "tasmota") -> None:
        self.name, self.dialect = name, dialect
        self._twin = SimulatedRelay(relay(dialect, name), telemetry_s=60.0)
        self._on_the_bus = RelayOnTheBus(bus, SystemClock(), self._twin, tick_s=0.05)
        self._ear = Ear(bus, f"cmnd/{name}/+")
        self._on_the_bus.start()

    @property
    def on(self) -> bool:
        return self._twin.on

    @property
    def orders(self) -> list[tuple[str, str]]:
        """``(POWER1, ON)`` and the like; questions are left out."""
        told = [(each.topic.rpartition("/")[2], each.payload.decode()) for each in self._ear.heard()]
        return [order for order in told if order[0] != "STATUS"]

    @property
    def switched_on(self) -> int:
        """How many times it was told to go on."""
        return self.orders.count(("POWER1", "ON"))

    def do(self, what: Callable[[SimulatedRelay, float], Any]) -> None:
        self._on_the_bus.do(what)

    def mains_cut(self) -> None:
        """Its mains goes away and comes back: it is off, and says that it has booted."""
        self.do(SimulatedRelay.boot)

    def broker_is_back(self) -> None:
        """Real plugs say how they are after each new connection."""
        if self._twin.online:
            self.do(SimulatedRelay.come_back)

    def stop(self) -> None:
        self._on_the_bus.stop()

    def device(self, slug: str) -> Device:
        return Device(
            slug=slug, role="interlock", bridge="relay-mqtt", settings={"dialect": self.dialect, "name": self.name}
        )


class Reader:
    """An RDM6300 on a serial line."""

    HELD_S = 0.15

    def __init__(self, link: Path) -> None:
        self._twin = PtyTwin(SimulatedBadgeReader("rdm6300"), link, SystemClock())
        self._free_at = 0.0
        self._twin.start()

    def tap(self, person: Person | bytes) -> None:
        """Hold the badge to it for a moment; a badge that was there just now is first taken away for long enough."""
        number = person.badge if isinstance(person, Person) else person
        time.sleep(max(0.0, self._free_at - time.monotonic()))
        self._twin.do(lambda reader, now: reader.hold(number, now, seconds=self.HELD_S))
        self._free_at = time.monotonic() + self.HELD_S + 0.45

    def babble(self, data: bytes) -> None:
        self._twin.do(lambda reader, _now: reader.babble(data))

    def unplug(self) -> None:
        self._twin.unplug()

    def replug(self) -> None:
        self._twin.replug()

    def stop(self) -> None:
        self._twin.stop()

    def device(self, slug: str) -> Device:
        settings = {"port": str(self._twin.link), "protocol": "rdm6300"}
        return Device(slug=slug, role="reader", bridge="badge-reader-serial", settings=settings)


class Laser:
    """A Grbl laser on a serial line, with a memory card of its own."""

    def __init__(self, link: Path, dialect: Dialect) -> None:
        self.dialect = dialect
        self._twin = PtyTwin(SimulatedGrbl(dialect=dialect), link, SystemClock())
        self._twin.start()

    def do(self, what: Callable[[SimulatedGrbl, float], object]) -> None:
        self._twin.do(what)

    def cut(self, *lines: str) -> None:
        """Run a job from its memory card."""
        self.do(lambda laser, _now: laser.load(lines))

    def press(self, byte: bytes) -> None:
        """Its own buttons: hold, resume, reset."""
        self.do(lambda laser, now: laser.receive(byte, now))

    @property
    def state(self) -> str:
        return self._twin.device.state

    def babble(self, data: bytes) -> None:
        self.do(lambda laser, _now: laser.babble(data))

    def unplug(self) -> None:
        self._twin.unplug()

    def replug(self) -> None:
        self._twin.replug()

    def stop(self) -> None:
        self._twin.stop()

    def device(self, slug: str, **more: Any) -> Device:
        settings = {"port": str(self._twin.link), "poll_hz": 5.0, "settle_s": 0.5, **more}
        return Device(slug=slug, role="machine", bridge="grbl-serial", settings=settings)


class Workshop:
    """All of them, on one broker; they belong to the test and outlive the program."""

    def __init__(self, folder: Path, broker_port: int) -> None:
        self._folder = folder
        self.bus = MqttBus("127.0.0.1", broker_port, client_id="workshop", retry_min_s=0.1, retry_max_s=0.2)
        self.spy = MqttBus("127.0.0.1", broker_port, client_id="spy", retry_min_s=0.1, retry_max_s=0.2)
        self.plugs: dict[str, Plug] = {}
        self.readers: dict[str, Reader] = {}
        self.lasers: dict[str, Laser] = {}
        self._commands = Ear(self.spy, f"etabli/{SITE}/+/command")
        self._receipts = Ear(self.spy, f"etabli/{SITE}/+/receipt")
        self._facts = Ear(self.spy, f"etabli/{SITE}/+/fact")
        self.bus.on_connection(self._connected)

    def _connected(self, connected: bool) -> None:
        for plug in self.plugs.values() if connected else ():
            plug.broker_is_back()

    def plug(self, name: str, dialect: str = "tasmota") -> Plug:
        made = self.plugs[name] = Plug(self.bus, name, dialect)
        return made

    def reader(self, name: str) -> Reader:
        made = self.readers[name] = Reader(self._folder / f"tty-{name}")
        return made

    def laser(self, name: str, dialect: Dialect) -> Laser:
        made = self.lasers[name] = Laser(self._folder / f"tty-{name}", dialect)
        return made

    def verdicts(self, reader: str) -> list[dict[str, Any]]:
        """What a reader was told to show, in order."""
        told = [json.loads(each.payload) for each in self._commands.heard(f"/{reader}/command")]
        return [command["body"] for command in told if command["kind"] == "show_verdict"]

    def receipts(self, device: str) -> int:
        return len(self._receipts.heard(f"/{device}/receipt"))

    def unreceipted(self) -> set[tuple[str, str, int]]:
        """``(device, boot, seq)`` of facts that were sent and that nobody has promised to keep."""
        sent: set[tuple[str, str, int]] = set()
        for each in self._facts.heard():
            told = json.loads(each.payload.partition(b"\n")[0])
            sent.add((told["device"], told["boot"], told["seq"]))
        for each in self._receipts.heard():
            device, told = each.topic.split("/")[2], json.loads(each.payload)["body"]
            for first, last in told["ranges"]:
                sent -= {(device, told["boot"], seq) for seq in range(first, last + 1)}
        return sent

    def settled(self) -> bool:
        """Whether every fact has its receipt and no further one is on its way from a badge that was just held."""
        return self._facts.quiet_s > 1.0 and not self.unreceipted()

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Anybody on the broker says anything."""
        self.spy.publish(topic, payload, qos=1, retain=retain)

    def close(self) -> None:
        for thing in (*self.readers.values(), *self.lasers.values(), *self.plugs.values()):
            thing.stop()
        self.bus.close()
        self.spy.close()
