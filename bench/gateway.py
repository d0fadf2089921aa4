"""A gateway as a process of its own for the tap benchmark: ``python -m bench.gateway DATABASE PORT``.

The ten seconds in which a holder's second tap changes nothing are switched off: every tap here must move a relay.
Prints ``ready``.
"""

import sys
import threading

from bench.lab import SITE
from gateway.adapters.bus_mqtt import MqttBus
from gateway.adapters.clock import SystemClock
from gateway.adapters.ids import TimeOrderedIds
from gateway.adapters.sql.store import SqlStore
from gateway.domain import sessions
from gateway.service.consume import Consumer
from gateway.service.deliver import Deliver
from gateway.service.sweeps import Sweeper


def main(path: str, port: str) -> None:
    """Serve until standard input closes."""
    sessions.TAP_AGAIN_S = 0
    clock, ids, stop = SystemClock(), TimeOrderedIds(), threading.Event()
    store = SqlStore(path)
    bus = MqttBus("127.0.0.1", int(port), client_id="bench-gateway", protocol=4)
    deliver = Deliver(store=store, bus=bus, clock=clock, ids=ids, site=SITE)
    consumer = Consumer(store=store, bus=bus, clock=clock, ids=ids, site=SITE, deliver=deliver)
    sweeper = Sweeper(store=store, clock=clock, ids=ids, deliver=deliver, heard=dict)
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
