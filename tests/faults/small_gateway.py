"""The part of the gateway that keeps facts, as a process to be killed: ``python -m tests.faults.small_gateway DATABASE``.

It loads its libraries once and forks for each ``start PORT BUG`` line on its input, so that a kill costs a fork and not
a second of imports; says the child's process id, and the child says ``ready``. The consumer, the store, the deliveries
and the bus are the real ones.
"""

import os
import signal
import sys
import threading
import traceback
from collections import defaultdict

from gateway.adapters.bus_mqtt import MqttBus
from gateway.adapters.clock import SystemClock
from gateway.adapters.ids import TimeOrderedIds
from gateway.adapters.sql.store import SqlStore
from gateway.domain.streams import Fate, Stream, ranges
from gateway.service.consume import Consumer
from gateway.service.deliver import Deliver
from gateway.service.uses import Received
from tests.faults.fleet import SITE


class ReceiptFirst(Consumer):
    """A planted bug: the receipt leaves before COMMIT."""

    def _commit(self, facts, **more):
        kept = defaultdict(set)
        for fact in facts:
            kept[fact.envelope.device, fact.envelope.boot].add(fact.envelope.seq)
        for (device, boot), seqs in kept.items():
            self._deliver.receipt(device, boot, ranges(seqs))
        super()._commit(facts, **more)


def serve(path: str, port: int, bug: str) -> None:
    """Keep facts until killed."""
    if bug == "no-memory":
        # A planted bug: nobody looks whether a fact was kept before.
        Stream.fate = lambda _stream, _seq: Fate.APPLY
    if bug == "arrival-hour":
        # A planted bug: what comes late is dated when it comes.
        Received.happened_at = property(lambda fact: fact.received_at)
    clock, ids = SystemClock(), TimeOrderedIds()
    store = SqlStore(path)
    bus = MqttBus("127.0.0.1", port, client_id="gateway", protocol=4, retry_min_s=0.02, retry_max_s=0.1)
    deliver = Deliver(store=store, bus=bus, clock=clock, ids=ids, site=SITE)
    kind = ReceiptFirst if bug == "receipt-first" else Consumer
    consumer = kind(store=store, bus=bus, clock=clock, ids=ids, site=SITE, deliver=deliver)
    consumer.listen()
    tell("ready")
    consumer.run(threading.Event())


def tell(line: str) -> None:
    """In one write: parent and child say theirs on the same output."""
    os.write(1, f"{line}\n".encode())


def main(path: str) -> None:
    """Fork one gateway per line, until the input closes."""
    child = 0
    for line in sys.stdin:
        child = _end(child)
        _, port, bug = line.split()
        child = os.fork()
        if not child:
            try:
                serve(path, int(port), bug)
            except BaseException:
                traceback.print_exc()
            os._exit(1)
        tell(str(child))
    _end(child)


def _end(child: int) -> int:
    if child:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return 0


if __name__ == "__main__":
    main(sys.argv[1])
