"""A gateway as a process of its own for the tap benchmark: ``python -m bench.gateway DATABASE PORT SPEED``.

Its clock runs SPEED times as fast as ours, so that a second tap of a holder is never *too soon*. Prints ``ready``.
"""

import sys
import threading
import time
from datetime import UTC, datetime, timedelta

from bench.lab import SITE
from gateway.adapters.bus_mqtt import MqttBus
from gateway.adapters.clock import SystemClock
from gateway.adapters.ids import TimeOrderedIds
from gateway.adapters.sql.store import SqlStore
from gateway.service.consume import Consumer
from gateway.service.deliver import Deliver
from gateway.service.sweeps import Sweeper


class FastClock:
    """Time that runs ``speed`` times as fast."""

    def __init__(self, speed: float) -> None:
        self._speed, self._from, self._mono = speed, datetime.now(UTC), time.monotonic()

    def now(self) -> datetime:
        """The present, sped up."""
        return self._from + timedelta(seconds=(time.monotonic() - self._mono) * self._speed)

    def monotonic(self) -> float:
        """Seconds at their own pace."""
        return time.monotonic()


def main(path: str, port: str, speed: str) -> None:
    """Serve until standard input closes."""
    sys.setswitchinterval(0.0005)
    clock, ids, stop = FastClock(float(speed)), TimeOrderedIds(), threading.Event()
    store = SqlStore(path)
    bus = MqttBus("127.0.0.1", int(port), client_id="bench-gateway", protocol=4)
    deliver = Deliver(store=store, bus=bus, clock=clock, ids=ids, site=SITE)
    consumer = Consumer(store=store, bus=bus, clock=clock, ids=ids, site=SITE, deliver=deliver)
    # At its own pace, or a relay would have a tenth of a second to confirm.
    sweeper = Sweeper(store=store, clock=SystemClock(), ids=ids, deliver=deliver, heard=dict)
    consumer.listen()
    threads = [threading.Thread(target=work.run, args=(stop,)) for work in (consumer, sweeper)]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    sys.stdin.read()
    stop.set()
    for thread in threads:
        thread.join()
    bus.close()
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
