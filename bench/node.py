"""Nodes: how soon a right that is taken back is known at 200 of them, and a tap to relay while nobody answers."""

import json
import queue
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from bench import lab
from bench.figures import Figure, percentile
from devices.topics import Channel, parse, subscription
from firmware_bridges.firmware.badge_node.flash import Flash
from firmware_bridges.firmware.badge_node.listing import Listing
from firmware_bridges.firmware.badge_node.running import Running
from firmware_bridges.firmware.badge_node.wire import hashes, signature
from gateway.adapters.broker import EmbeddedBroker
from gateway.adapters.bus_mqtt import MqttBus
from gateway.adapters.clock import SystemClock
from gateway.adapters.ids import TimeOrderedIds
from gateway.adapters.sql.store import SqlStore
from gateway.domain.events import Event, EventKind
from gateway.domain.resources import DeviceRole
from gateway.ports.bus import Bus, Delivery
from gateway.service.deliver import Deliver
from gateway.service.node_lists import NodeLists

NODES, MEMBERS, REVOKED, TAPS, PACE_S = 200, 100, 10, 200, 0.01
KEY, BADGE_KEY, WAIT_S = bytes(range(32)), bytes(range(32, 64)), 60.0


class _Memory:
    """Flash that forgets."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    def names(self) -> list[str]:
        return list(self._files)

    def read(self, name: str) -> bytes:
        if name not in self._files:
            raise OSError(2)
        return self._files[name]

    def replace(self, name: str, data: bytes) -> None:
        self._files[name] = data


class Nodes:
    """Two hundred nodes' lists, checked and taken by the firmware's own code."""

    def __init__(self, bus: Bus) -> None:
        self.taken: queue.SimpleQueue[tuple[str, float]] = queue.SimpleQueue()
        self.held = {
            f"node-{n}": Listing(_Memory(), f"etabli/{lab.SITE}/node-{n}/list", KEY, lab.SITE, f"node-{n}")
            for n in range(NODES)
        }
        bus.subscribe([(subscription(Channel.LIST, site=lab.SITE), 1)], self._hear)

    def _hear(self, delivery: Delivery) -> None:
        address = parse(delivery.topic)
        if address is not None and self.held[address.device].take(delivery.payload, None) is None:
            self.taken.put((address.device, time.monotonic()))


def measure() -> list[Figure]:
    """Both figures."""
    seconds = _revocations()
    taps = _taps()
    return [
        Figure("revocation_p99_s", percentile(seconds, 0.99), "s",
               f"COMMIT of a lost badge → the new list checked and taken, {REVOKED} badges × {NODES} nodes, "
               f"{MEMBERS} people on each list; one gateway on SQLite, Mosquitto, the firmware's own code on one core", "< 2"),
        Figure("node_tap_p99_ms", percentile(taps, 0.99) * 1000, "ms",
               f"badge read → coil driven, gateway away, {TAPS} taps, list of 400, fsync of each fact, a loop of 10 ms; "
               "on this machine, not on an ESP32", "< 150"),
    ]  # fmt: skip


def _revocations() -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "etabli.db"
        lab.build(path, members=MEMBERS, sessions=0)
        broker = EmbeddedBroker(Path(folder) / "broker")
        address = broker.start()
        bus = MqttBus("127.0.0.1", address.port, client_id="bench-nodes", protocol=4)
        nodes = Nodes(bus)
        gateway = subprocess.Popen(
            [sys.executable, "-m", "bench.node", str(path), str(address.port)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert gateway.stdin is not None
            assert gateway.stdout is not None
            _each(nodes)
            found = []
            for number in range(REVOKED):
                gateway.stdin.write(f"{number}\n")
                gateway.stdin.flush()
                committed = float(gateway.stdout.readline())
                found += [at - committed for at in _each(nodes)]
            return found
        finally:
            gateway.communicate(timeout=20)
            bus.close()
            broker.stop()


def _each(nodes: Nodes) -> list[float]:
    """When each node took a list."""
    at: dict[str, float] = {}
    while len(at) < NODES:
        device, when = nodes.taken.get(timeout=WAIT_S)
        at[device] = when
    return list(at.values())


class _Desk:
    """A board that notes when its coil is driven."""

    def __init__(self) -> None:
        self.number: str | None = None
        self.on = False
        self.since = 0.0

    def coil(self, on: bool) -> None:
        if on and not self.on:
            self.since = time.perf_counter()
        self.on = on

    def reads_back(self) -> bool:
        return self.on

    def runs(self) -> bool:
        return False

    def badge(self, ms: int) -> str | None:
        number, self.number = self.number, None
        return number

    def show(self, tone: str, code: str, gateway: bool) -> None:
        """No light here."""

    def play(self, ms: int) -> None:
        """No buzzer here."""


class _NoNet:
    """A broker that is away."""

    def __init__(self, *_how: object) -> None:
        self.up = False

    def poll(self, ms: int) -> None:
        """Nothing comes."""

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Nothing goes."""


def _number(n: int) -> str:
    return f"em:{n + 1:010X}"


def _taps() -> list[float]:
    dice, now_s = random.Random(3), int(time.time())
    people = [
        {"badges": [{form: digest[:16] for form, digest in hashes(_number(n), BADGE_KEY)}], "until_s": None, "longest_s": None}
        for n in range(400)
    ]  # fmt: skip
    body = {
        "site": lab.SITE, "device": "node-0", "version": 1, "issued_s": now_s, "expires_s": now_s + 86400, "lockout": None,
        "ceiling_s": 3600, "quiet_s": 600, "rest_s": 0, "early_s": 0, "pause_s": 0, "reservation_required": False,
        "open": None, "booked": [], "people": people,
    }  # fmt: skip
    topic = f"etabli/{lab.SITE}/node-0/list"
    data = json.dumps({"v": 1, "kind": "access_list", "body": body}).encode() + b"\n"
    found = []
    with tempfile.TemporaryDirectory() as folder:
        settings = {"site": lab.SITE, "device": "node-0", "key": KEY, "badge_key": BADGE_KEY}
        desk = _Desk()
        running = Running(settings, desk, Flash(folder), _NoNet)
        begin = time.perf_counter()

        def step() -> None:
            running.step(int(1000 * (time.perf_counter() - begin)))
            time.sleep(PACE_S)

        running.node.heard("list", data + signature(data, topic, KEY), 0)
        running.node.clock.set(1000 * now_s, 0)
        while len(found) < TAPS:
            desk.number, tapped = _number(dice.randrange(400)), time.perf_counter()
            while not desk.on:
                step()
            found.append(desk.since - tapped)
            step()
            running.node.power.end(int(1000 * (time.perf_counter() - begin)), "tap")
            step()
            for record in running.node.out.ring.oldest(50):
                running.node.out.ring.forget(record.boot, record.seq, record.seq)
    return found


def main(path: str, port: str) -> None:
    """A gateway's part: keep the lists, and take back a badge for each line."""
    clock, stop = SystemClock(), threading.Event()
    store = SqlStore(path)
    with store.begin() as work:
        for n in range(NODES):
            work.put_device(id=TimeOrderedIds().new(), slug=f"node-{n}", role=DeviceRole.NODE, resource=f"machine-{n}")
    bus = MqttBus("127.0.0.1", int(port), client_id="bench-gateway", protocol=4)
    deliver = Deliver(store=store, bus=bus, clock=clock, ids=TimeOrderedIds(), site=lab.SITE, keys=lambda _slug: KEY)
    lists = NodeLists(store=store, clock=clock, deliver=deliver, site=lab.SITE, signs=lambda _slug: True)
    thread = threading.Thread(target=lists.run, args=(stop,))
    thread.start()
    members = store.views().members(limit=100, cursor=None).rows
    for line in sys.stdin:
        member = members[int(line)]
        with store.begin() as work:
            work.revoke_badges(member.id, clock.now())
            gone = Event(kind=EventKind.BADGE_REVOKED, at=clock.now(), member_id=member.id)
            work.append(work.site_id(), [gone])
        print(time.monotonic(), flush=True)
        deliver.after_commit((), [gone])
    stop.set()
    thread.join()
    bus.close()
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
