"""A program to be recorded: ``python -m tests.faults.recorded store|outbox FILE BUG FACTS``.

The real consumer on the real store, or the real outbox, in one thread. Each promise is told on the output, one name a
line, at the moment at which it is made: ``kept NAME``, and ``free NAME`` when an outbox is let go of a fact. ``refused
NAME`` had no receipt, since the disk failed.
"""

import os
import random
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path

from devices import codec
from devices.envelope import Envelope, seal
from devices.messages import AlarmRaised, Receipt
from devices.topics import Channel, parse, topic
from firmware_bridges.outbox import Outbox
from gateway.adapters.clock import SystemClock
from gateway.adapters.ids import TimeOrderedIds
from gateway.adapters.sql.sqlite_tidy import COMMITS
from gateway.adapters.sql.store import SqlStore
from gateway.ports.bus import Delivery
from gateway.service.consume import Consumer
from gateway.service.deliver import Deliver
from tests.fakes.service_lab import RecordingBus
from tests.faults.fleet import SITE

DEVICES = 3
Consume = Callable[[Iterable[tuple[Delivery, datetime]]], None]


class Lax(sqlite3.Connection):
    """A planted bug: commits are not synced."""

    def execute(self, sql, *more):
        return super().execute(sql.replace("synchronous = FULL", "synchronous = OFF").replace("=FULL", "=OFF"), *more)


def tell(word: str, *names: str) -> None:
    """In one write, so that its place among the others is clear."""
    if names:
        os.write(1, "".join(f"{word} {name}\n" for name in names).encode())


class TellingBus(RecordingBus):
    """Tells each receipt."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: set[str] = set()

    def publish(self, topic, payload, *, qos=1, retain=False):
        message, address = codec.decode(payload), parse(topic)
        if isinstance(message, Receipt):
            seqs = [seq for first, last in message.ranges for seq in range(first, last + 1)]
            names = [f"{address.device}/{seq}" for seq in seqs]
            tell("kept", *names)
            self.kept.update(names)


def store(path: Path, number: int) -> None:
    """So many facts of each device, a few in each commit, some of them early; what has no receipt is said again."""
    chance, facts, bus = random.Random(3), everything(number), TellingBus()
    with consumer(path, bus) as (consume, clock):
        for commits in count(1):
            # Any of the next few: a fact that comes before its time is held, and receipted all the same.
            batch = [
                facts.pop(chance.randrange(min(4, len(facts)))) for _ in range(min(len(facts), chance.randint(1, 4)))
            ]
            consume([(each, clock.now()) for _, each in batch])
            again = [(name, each) for name, each in batch if name not in bus.kept]
            tell("refused", *(name for name, _ in again))
            facts = again + facts
            if not facts:
                return
            if commits % COMMITS == COMMITS - 1:
                # A quiet moment while the log is copied (looking for early facts was a commit too): it is copied to its
                # end, and the next commit begins it anew.
                time.sleep(0.2)


def go_on(folder: Path, number: int) -> None:
    """Everything is sent once more, as devices do that have had no receipt."""
    with consumer(folder / "store.db", RecordingBus()) as (consume, clock):
        consume([(each, clock.now()) for _, each in everything(number)])


def everything(number: int) -> list[tuple[str, Delivery]]:
    """By name."""
    return [(f"d{device}/{seq}", fact(f"d{device}", seq)) for seq in range(1, number + 1) for device in range(DEVICES)]


@contextmanager
def consumer(path: Path, bus: RecordingBus) -> Iterator[tuple[Consume, SystemClock]]:
    """The real one, without its thread."""
    clock, ids = SystemClock(), TimeOrderedIds()
    opened = SqlStore(path)
    opened.check()
    deliver = Deliver(store=opened, bus=bus, clock=clock, ids=ids, site=SITE)
    made = Consumer(store=opened, bus=bus, clock=clock, ids=ids, site=SITE, deliver=deliver)
    made._recall_early()
    try:
        yield made.consume, clock
    finally:
        opened.close()


def fact(device: str, seq: int) -> Delivery:
    """The bytes of one alarm; its words are its name."""
    envelope = Envelope(
        site=SITE, device=device, boot="b1", seq=seq, mono_ms=0, age_ms=0, at=None,
        message=AlarmRaised(code="load", text=f"{device}/{seq}"),
    )  # fmt: skip
    where = topic(Channel.FACT, site=SITE, device=device)
    return Delivery(where, seal(envelope, topic=where))


def outbox(path: Path, number_of_facts: int) -> None:
    """Facts that come in, and receipts that let some of them go."""
    chance, opened, waiting = random.Random(4), Outbox(path), []
    for number in range(number_of_facts):
        kept = opened.append("d0", AlarmRaised(code="load", text=f"d0/{number}"), at=datetime.now(UTC), mono_s=number)
        tell("kept", f"d0/{number}")
        waiting.append((number, kept))
        if len(waiting) > chance.randint(5, 60):
            gone, waiting = waiting[:5], waiting[5:]
            tell("free", *(f"d0/{number}" for number, _ in gone))
            opened.receipted([(each.device, each.boot, each.seq, each.seq) for _, each in gone])
    opened.close()


if __name__ == "__main__":
    what, path, bug, facts = sys.argv[1:]
    if bug == "no-sync":
        sqlite3.connect = partial(sqlite3.connect, factory=Lax)
    {"store": store, "outbox": outbox}[what](Path(path), int(facts))
