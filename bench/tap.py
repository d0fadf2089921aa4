"""Tap to interlock command, through a real Mosquitto and a gateway of its own on SQLite, commit with fsync included.

The load generator plays readers and relays: each command is confirmed by the relay, as a real plug does. The echo is a
bare QoS 1 round trip through the same broker, by the same client library, to a process that answers at once.
"""

import queue
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from bench import lab
from bench.figures import Figure, middle, percentile
from devices import codec
from devices.envelope import Envelope, seal
from devices.messages import BadgeTapped, Fact, PowerReported, SetPower, ShowVerdict
from devices.topics import Channel, parse, subscription, topic
from gateway.adapters.broker import EmbeddedBroker
from gateway.adapters.bus_mqtt import MqttBus
from gateway.ports.bus import Bus, Delivery

RUNS, ONE_BY_ONE, PACED, PACE_HZ, FLOOD, WINDOW = 3, 400, 1000, 100, 6000, 150
WAIT_S = 30.0
PAUSE_S = 0.004
"""Between one tap, or one echo, and the next: the relay's confirmation must be in, and it is not part of the figure."""


class Lab:
    """Two hundred readers and relays on one connection."""

    def __init__(self, bus: Bus, boot: str) -> None:
        self._bus, self._boot = bus, boot
        self._seq: dict[str, int] = {}
        self._tapped: dict[int, float] = {}
        self.confirming = True
        """Whether relays confirm; without it a tap is answered by its verdict, and half of them move nothing."""
        self._lock = threading.Lock()
        self.answered: queue.SimpleQueue[float] = queue.SimpleQueue()
        """Seconds from each tap to its command; an order that a sweep gives again is not an answer."""
        bus.subscribe([(subscription(Channel.COMMAND, site=lab.SITE), 1)], self._obey)

    def tap(self, machine: int) -> None:
        """Tap at a machine with the badge of the member of its number."""
        self._tapped[machine] = time.perf_counter()
        self._say(f"reader-{machine}", BadgeTapped(badge=lab.badge_of(machine)))

    def _obey(self, delivery: Delivery) -> None:
        address, command = parse(delivery.topic), codec.decode(delivery.payload)
        if address is None or not isinstance(command, SetPower if self.confirming else ShowVerdict):
            return
        tapped = self._tapped.pop(int(address.device.partition("-")[2]), None)
        if tapped is not None:
            self.answered.put(time.perf_counter() - tapped)
        if isinstance(command, SetPower):
            self._say(address.device, PowerReported(on=command.on, cause="command"))

    def _say(self, device: str, fact: Fact) -> None:
        with self._lock:
            seq = self._seq[device] = self._seq.get(device, 0) + 1
        name = topic(Channel.FACT, site=lab.SITE, device=device)
        envelope = Envelope(
            site=lab.SITE, device=device, boot=self._boot, seq=seq, mono_ms=0, age_ms=0, at=None, message=fact
        )
        self._bus.publish(name, seal(envelope, topic=name))


def measure() -> list[Figure]:
    """The three figures of a tap, medians of several runs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "etabli.db"
        lab.build(path)
        broker = EmbeddedBroker(Path(folder) / "broker")
        address = broker.start()
        try:
            return _measure(path, address.port)
        finally:
            broker.stop()


def _measure(path: Path, port: int) -> list[Figure]:
    ratios, taps_ms, p99s, rates, confirmed = [], [], [], [], []
    for run in range(RUNS):
        echo = _echo(port)
        gateway = _start("bench.gateway", str(path), str(port))
        bus = MqttBus("127.0.0.1", port, client_id="bench-load", protocol=4)
        try:
            machines = Lab(bus, f"run-{run}")
            alone = _one_by_one(machines)
            ratios.append(percentile(alone, 0.5) / echo)
            taps_ms.append(percentile(alone, 0.5) * 1000)
            p99s.append(percentile(_paced(machines), 0.99) * 1000)
            confirmed.append(_flood(machines))
            # The last relays' confirmations must be in, or what follows would begin with half-open sessions.
            time.sleep(1.0)
            machines.confirming = False
            rates.append(_flood(machines))
            time.sleep(0.5)
        finally:
            bus.close()
            _stop(gateway)
    size = "10,000 members, 50,000 qualifications, 200 resources, 100,000 sessions; SQLite, fsync in each commit"
    return [
        Figure("tap_ratio_p50", middle(ratios), "x",
               f"p50 tap → command ÷ p50 bare QoS 1 echo, both one at a time and 4 ms apart, median of {RUNS}; {size}", "≤ 4 (aim 2)"),
        Figure("tap_p50_ms", middle(taps_ms), "ms", "the same, in milliseconds"),
        Figure("tap_p99_ms", middle(p99s), "ms", f"{PACE_HZ} taps/s for {PACED // PACE_HZ} s", "≤ 20"),
        Figure("taps_per_second", middle(rates), "1/s",
               f"{FLOOD} taps, {WINDOW} in flight, each answered at its reader; gateway, broker and load on two cores",
               "≥ 1,000"),
        Figure("taps_confirmed_per_second", middle(confirmed), "1/s",
               "the same, each order confirmed by its relay: two facts a tap"),
    ]  # fmt: skip


def _start(module: str, *args: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-m", module, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    if process.stdout.readline().strip() != "ready":
        raise RuntimeError(f"{module} did not start")
    return process


def _stop(process: "subprocess.Popen[str]") -> None:
    process.communicate(timeout=10)


def _echo(port: int) -> float:
    responder = _start("bench.echo", str(port))
    bus = MqttBus("127.0.0.1", port, client_id="bench-echo-load", protocol=4)
    back: queue.SimpleQueue[float] = queue.SimpleQueue()
    bus.subscribe([("bench/back", 1)], lambda _delivery: back.put(time.perf_counter()))
    try:
        times = []
        for _ in range(ONE_BY_ONE + 50):
            sent = time.perf_counter()
            bus.publish("bench/there", b"x" * 80)
            times.append(back.get(timeout=WAIT_S) - sent)
            time.sleep(PAUSE_S)
        return percentile(times[50:], 0.5)
    finally:
        bus.close()
        _stop(responder)


def _one_by_one(machines: Lab) -> list[float]:
    times = []
    for n in range(ONE_BY_ONE + 50):
        machines.tap(n % lab.RESOURCES)
        times.append(machines.answered.get(timeout=WAIT_S))
        time.sleep(PAUSE_S)
    return times[50:]


def _paced(machines: Lab) -> list[float]:
    begin = time.perf_counter()
    for n in range(PACED):
        while (wait := begin + n / PACE_HZ - time.perf_counter()) > 0:
            time.sleep(wait)
        machines.tap((ONE_BY_ONE + 50 + n) % lab.RESOURCES)
    return [machines.answered.get(timeout=WAIT_S) for _ in range(PACED)]


def _flood(machines: Lab) -> float:
    begin, waiting = time.perf_counter(), 0
    for n in range(FLOOD):
        machines.tap((ONE_BY_ONE + 50 + PACED + n) % lab.RESOURCES)
        waiting += 1
        while waiting >= WINDOW or (waiting and not machines.answered.empty()):
            machines.answered.get(timeout=WAIT_S)
            waiting -= 1
    for _ in range(waiting):
        machines.answered.get(timeout=WAIT_S)
    return FLOOD / (time.perf_counter() - begin)
