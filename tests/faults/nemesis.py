"""Kills under load, with what must hold after each: the gateway with ``kill -9``, and the broker."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devices.topics import Channel, subscription
from gateway.adapters.bus_mqtt import MqttBus
from gateway.adapters.ids import TimeOrderedIds
from gateway.adapters.sql.migrate import migrate
from gateway.adapters.sql.store import SqlStore
from gateway.domain.resources import DeviceRole, Resource
from gateway.ports.bus import Delivery
from tests.faults.fleet import LIVE, SITE, Fleet
from tests.faults.reading import alarms, in_order, sound
from tests.faults.tally import Tally
from tests.fixtures_broker import Mosquitto, wait_until

ROOT = Path(__file__).parents[2]
MOST_S = 0.06
"""A kill by the clock comes at most so long after the gateway is ready."""
MOST_RECEIPTS = 30
"""A kill by a receipt comes at one of the first so many."""
DRAIN_S = 60.0


class Stock:
    """Forks gateways, one at a time."""

    def __init__(self, path: Path) -> None:
        self._log = path.with_suffix(".log")
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.small_gateway", str(path)], cwd=ROOT, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        self.pid = 0

    def start(self, port: int, bug: str = "none") -> None:
        """Another gateway, once the last one is gone; returns when it hears the devices."""
        self._process.stdin.write(f"start {port} {bug}\n")
        self._process.stdin.flush()
        words = {self._process.stdout.readline().strip(), self._process.stdout.readline().strip()}
        assert "ready" in words, (words, self._process.poll(), self._log.read_text()[-2000:])
        self.pid = int((words - {"ready"}).pop())

    def kill(self) -> None:
        """kill -9."""
        os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(DRAIN_S)
        self._process.stdout.close()


@contextmanager
def bench(folder: Path, program: str) -> Iterator[tuple[Path, Mosquitto, Stock]]:
    """A database with a machine and its reader, a broker and a stock of gateways."""
    path = folder / "etabli.db"
    migrate(path)
    store = SqlStore(path)
    with store.begin() as work:
        ids = TimeOrderedIds()
        work.put_site(id=ids.new(), slug=SITE, name="Lyon", timezone="Europe/Paris")
        work.put_resource(Resource(id=ids.new(), slug="laser", names={"fr": "Laser"}))
        work.put_device(id=ids.new(), slug=LIVE, role=DeviceRole.READER, resource="laser")
    store.close()
    broker = Mosquitto(program, folder)
    broker.start()
    stock = Stock(path)
    try:
        yield path, broker, stock
    finally:
        stock.close()
        broker.stop()


class Trigger:
    """Kills at a receipt: the moment at which a promise has just been made."""

    def __init__(self, port: int, stock: Stock) -> None:
        self._stock, self._left = stock, 0
        self.pulled = threading.Event()
        self._bus = MqttBus("127.0.0.1", port, client_id="nemesis", protocol=4, retry_min_s=0.02, retry_max_s=0.1)
        self._bus.subscribe([(subscription(Channel.RECEIPT, site=SITE), 1)], self._hear)
        self.close = self._bus.close

    def set(self, receipts: int) -> None:
        """Kill at the receipt of that number from now."""
        self.pulled.clear()
        self._left = receipts

    def _hear(self, _delivery: Delivery) -> None:
        self._left -= 1
        if self._left == 0:
            self._stock.kill()
            self.pulled.set()


def kill_gateway(
    folder: Path, program: str, *, kills: int, seed: int, bug: str = "none", until_found: bool = False
) -> Tally:
    """Half of the kills come at a receipt, half at any moment; the gateway starts again at once."""
    chance, made = random.Random(seed), 0
    with bench(folder, program) as (path, broker, stock), Fleet(folder, broker.port) as fleet:
        trigger = Trigger(broker.port, stock)
        try:
            fleet.talk()
            for made in range(1, kills + 1):
                stock.start(broker.port, bug)
                if made % 2:
                    trigger.set(chance.randint(1, MOST_RECEIPTS))
                    assert trigger.pulled.wait(DRAIN_S), "no receipt comes"
                else:
                    time.sleep(chance.uniform(0.0, MOST_S))
                    stock.kill()
                if until_found and made % 5 == 0 and not _so_far(path, fleet, made).clean:
                    break
            fleet.fall_silent()
            stock.start(broker.port, bug)
            wait_until(lambda: fleet.waiting == 0, "every fact has its receipt", timeout=DRAIN_S)
        finally:
            trigger.close()
        stock.kill()
        assert bug != "none" or in_order(alarms(path))
        return _so_far(path, fleet, made)


def kill_broker(folder: Path, program: str, *, kills: int, seed: int) -> Tally:
    """The broker keeps nothing on its disk: what was on its way is gone with each kill."""
    chance = random.Random(seed)
    with bench(folder, program) as (path, broker, stock), Fleet(folder, broker.port) as fleet:
        stock.start(broker.port)
        fleet.talk()
        for _ in range(kills):
            before = len(fleet.acknowledged)
            wait_until(lambda before=before: len(fleet.acknowledged) > before, "facts come through", timeout=DRAIN_S)
            time.sleep(chance.uniform(0.0, 2 * MOST_S))
            broker.kill()
            time.sleep(chance.uniform(0.0, MOST_S))
            broker.start()
        fleet.fall_silent()
        wait_until(lambda: fleet.waiting == 0, "every fact has its receipt", timeout=DRAIN_S)
        stock.kill()
        assert in_order(alarms(path))
        return _so_far(path, fleet, kills)


def _so_far(path: Path, fleet: Fleet, trials: int) -> Tally:
    """Acknowledged is read before the database: what comes meanwhile is not missed."""
    acknowledged = fleet.acknowledged
    assert sound(path)
    return Tally.of(trials=trials, said=fleet.said, acknowledged=acknowledged, found=alarms(path))
