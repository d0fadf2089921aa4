"""A day without a broker, a series server or the Internet: what waits comes afterwards, once, at the hour it happened."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from devices.messages import AlarmRaised
from firmware_bridges.courier import Courier
from gateway.adapters.bus_mqtt import MqttBus
from gateway.adapters.clock import SystemClock
from tests.faults.fleet import SITE, WatchedOutbox
from tests.faults.nemesis import ROOT, bench
from tests.faults.reading import dated_alarms, in_order, sound
from tests.faults.tally import Tally
from tests.fixtures_broker import wait_until

BRIDGES = 10
MOST_S = 60.0
NEAR_S = 30.0
"""A fact is at its hour when it is dated so near to it: its age is told when it is sent, and not how long it travels."""


class PastClock(SystemClock):
    """The machine's clock, some time ago; the monotonic one has room for all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.ago = timedelta()

    def now(self) -> datetime:
        return super().now() - self.ago

    def monotonic(self) -> float:
        return super().monotonic() + 100 * 86400.0 - self.ago.total_seconds()


@dataclass(frozen=True, kw_only=True)
class Outage:
    """What became of a back-fill, and of the taps made meanwhile."""

    away: timedelta
    tally: Tally
    off_hour: int
    """Facts dated elsewhere than when they happened."""
    furthest_s: float
    backfill_s: float
    taps_s: list[float]


class Bridge:
    """A bridge process as it comes: outbox, courier and bus with their own settings."""

    def __init__(self, folder: Path, port: int, name: str) -> None:
        self.name, self.clock = name, PastClock()
        self.said: set[str] = set()
        self.acknowledged: set[str] = set()
        self.outbox = WatchedOutbox(folder / f"{name}.db", self.said, self.acknowledged)
        self.bus = MqttBus("127.0.0.1", port, client_id=name, protocol=4, retry_min_s=0.02, retry_max_s=0.2)
        self.courier = Courier(self.bus, self.outbox, SITE, self.clock)
        self.courier.start()

    def live_through(self, away: timedelta, facts: int) -> None:
        """Facts spread evenly over a time without a broker; their words are their hour."""
        # Syncing each would take longer than all the rest, and no power is cut here.
        self.outbox._db.execute("PRAGMA synchronous=OFF")
        for number in range(facts):
            self.clock.ago = away * (1 - number / facts)
            words = f"{self.name}/{number}@{self.clock.now().timestamp():.3f}"
            self.courier.keep(self.name, AlarmRaised(code="load", text=words))
        self.outbox._db.execute("PRAGMA synchronous=FULL")
        self.clock.ago = timedelta()

    def close(self) -> None:
        self.courier.stop()
        self.bus.close()
        self.outbox.close()


@contextmanager
def bridges(folder: Path, port: int) -> Iterator[list[Bridge]]:
    made = [Bridge(folder, port, f"b{number}") for number in range(BRIDGES)]
    try:
        yield made
    finally:
        for each in made:
            each.close()


@contextmanager
def tapping(folder: Path, port: int) -> Iterator[list[float]]:
    """People tap during the block; how long each waited stands in the list after it."""
    taps: list[float] = []
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.reader", str(folder), str(port)], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout.readline() == "ready\n"
        yield taps
    finally:
        said, _ = process.communicate(timeout=60)
        taps += map(float, said.splitlines())


def broker_away(folder: Path, program: str, *, away: timedelta, facts: int, bug: str = "none") -> Outage:
    """Every bridge keeps its share of the facts; then the broker is back, and people tap while all of it comes."""
    with bench(folder, program) as (path, broker, stock):
        stock.start(broker.port, bug)
        broker.kill()
        with bridges(folder, broker.port) as made:
            for each in made:
                each.live_through(away, facts // BRIDGES)
            broker.start()
            began = time.monotonic()
            with tapping(folder, broker.port) as taps:
                wait_until(
                    lambda: not any(len(each.outbox) for each in made), "the back-fill", timeout=MOST_S + facts / 500
                )
            took = time.monotonic() - began
            stock.kill()
            said = set[str]().union(*(each.said for each in made))
            acknowledged = set[str]().union(*(each.acknowledged for each in made))
        assert sound(path)
        found = dated_alarms(path)
    assert in_order(words for words, _ in found)
    tally = Tally.of(trials=1, said=said, acknowledged=acknowledged, found=[words for words, _ in found])
    off_s = [abs(at - float(words.partition("@")[2])) for words, at in found]
    return Outage(
        away=away, tally=tally, off_hour=sum(each > NEAR_S for each in off_s), furthest_s=max(off_s, default=0.0),
        backfill_s=took, taps_s=taps,
    )  # fmt: skip
