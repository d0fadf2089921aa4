"""Power cuts: each image that a disk may hold is opened, and must hold every promise made before the cut."""

import json
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from firmware_bridges.outbox import Outbox
from gateway.adapters.ids import TimeOrderedIds
from gateway.adapters.sql.migrate import migrate
from gateway.adapters.sql.store import SqlStore
from gateway.domain.events import EventKind
from tests.faults.disk import Step, cuts, lay, record
from tests.faults.fleet import SITE
from tests.faults.recorded import DEVICES, go_on
from tests.faults.tally import Tally

FACTS, OUTBOX_FACTS = 200, 330
"""Enough for SQLite to copy its log into its database on the way: its most delicate moment."""
GO_ON = 100
"""After one image in so many everything is sent once more: a database that opens must also go on."""
Found = Callable[[Path], list[str]]


def prepared(folder: Path) -> None:
    """A folder with a migrated database of one site, as it is on the disk for certain."""
    folder.mkdir()
    migrate(folder / "store.db")
    opened = SqlStore(folder / "store.db")
    with opened.begin() as work:
        work.put_site(id=TimeOrderedIds().new(), slug=SITE, name="Lyon", timezone="Europe/Paris")
    opened.close()


def recorded(
    folder: Path, what: str, bug: str = "none", facts: int | None = None, inject: str = ""
) -> tuple[list[Step], Path]:
    """What the store or the outbox did, and the folder as it was before."""
    before, during = folder / f"{what}-{bug}-before", folder / f"{what}-{bug}"
    prepared(before) if what == "store" else before.mkdir()
    shutil.copytree(before, during)
    number = facts or (FACTS if what == "store" else OUTBOX_FACTS)
    return record(
        during, "tests.faults.recorded", what, str(during / f"{what}.db"), bug, str(number), inject=inject
    ), before


def cut_the_power(
    steps: list[Step], before: Path, found: Found, scratch: Path, *, images: int, seed: int, until_found: bool = False
) -> Tally:
    """Every promise made before each cut is compared with what is found after it."""
    tally, promised, read = Tally.of(trials=0, said=set(), acknowledged=set(), found=()), set[str](), 0
    everything = {name for step in steps for _, name in words_of(step)}
    for number, (point, image) in enumerate(cuts(steps, before, images=images, seed=seed), 1):
        for word, name in (each for step in steps[read:point] for each in words_of(step)):
            if word == "kept":
                promised.add(name)
            elif word == "free":
                promised.discard(name)
        read = point
        lay(image, scratch)
        there = found(scratch)
        said = promised | (everything & set(there))
        tally += Tally.of(trials=1, said=said, acknowledged=promised, found=there)
        if until_found and tally.lost:
            break
        if found is in_store and not until_found and number % GO_ON == GO_ON // 2:
            go_on(scratch, len(everything) // DEVICES)
            assert sorted(found(scratch)) == sorted(everything)
    return tally


def words_of(step: Step) -> list[list[str]]:
    return [line.split(" ", 1) for line in step.data.decode().splitlines()] if step.what == "told" else []


def in_store(folder: Path) -> list[str]:
    """The facts in a database, applied or waiting for the ones before them; none when SQLite finds it damaged."""
    with closing(sqlite3.connect(folder / "store.db")) as db:
        try:
            if [row[0] for row in db.execute("PRAGMA integrity_check")] != ["ok"]:
                return []
            rows = db.execute("SELECT device_id, data FROM events WHERE kind = ?", (EventKind.ALARM_RAISED,)).fetchall()
            held = [row[0] for row in db.execute("SELECT payload FROM held_facts")]
            streams = dict(db.execute("SELECT device_id, applied_seq FROM device_streams"))
        except sqlite3.DatabaseError:
            return []
    # How far a device has come stands in the same transaction as what it said.
    assert Counter(row[0] for row in rows) == {device: applied for device, applied in streams.items() if applied}
    return [json.loads(data)["text"] for _, data in rows] + [_text(payload) for payload in held]


def _text(payload: bytes) -> str:
    return re.search(rb'"text": ?"([^"]*)"', payload)[1].decode()


def in_outbox(folder: Path) -> list[str]:
    """What an outbox still has to tell, as its own bridge would read it."""
    opened = Outbox(folder / "outbox.db")
    try:
        return [kept.fact.text for kept in opened.waiting("d0", limit=100_000)]
    finally:
        opened.close()
