"""People who stand at a reader: ``python -m tests.faults.reader FOLDER PORT`` taps until its input closes, and says each wait.

A process of its own, as a bridge is, so that it is not our own load that it waits for.
"""

import sys
import threading
import time
from pathlib import Path

from devices.codec import decode
from devices.messages import BadgeTapped, HashedBadge, ShowVerdict
from devices.topics import Channel, topic
from firmware_bridges.courier import Courier
from firmware_bridges.outbox import Outbox
from gateway.adapters.bus_mqtt import MqttBus
from gateway.adapters.clock import SystemClock
from gateway.ports.bus import Delivery
from tests.faults.fleet import LIVE, SITE

EVERY_S, MOST_S = 0.05, 30.0
BADGE = (HashedBadge(form="em-10", key_id="k", digest="0" * 64),)


def main(folder: str, port: str) -> None:
    """One tap after another; each line is the seconds until its verdict."""
    answered, stopped = threading.Event(), threading.Event()

    def hear(delivery: Delivery) -> None:
        if isinstance(decode(delivery.payload), ShowVerdict):
            answered.set()

    outbox, clock = Outbox(Path(folder) / "live.db"), SystemClock()
    bus = MqttBus("127.0.0.1", int(port), client_id=LIVE, protocol=4, retry_min_s=0.02, retry_max_s=0.2)
    courier = Courier(bus, outbox, SITE, clock)
    bus.subscribe([(topic(Channel.COMMAND, site=SITE, device=LIVE), 1)], hear)
    courier.start()
    threading.Thread(target=lambda: (sys.stdin.read(), stopped.set()), daemon=True).start()
    print("ready", flush=True)
    while not stopped.wait(EVERY_S):
        answered.clear()
        began = time.monotonic()
        courier.keep(LIVE, BadgeTapped(badge=BADGE))
        answered.wait(MOST_S)
        print(time.monotonic() - began, flush=True)
    courier.stop()
    bus.close()
    outbox.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
