"""Copies of SQLite files: whole at one moment, and found sound before anybody trusts them."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from gateway.ports.errors import StoreUnavailable

PATIENCE_S = 30.0
_COUNTED = ("members", "sessions", "reservations", "qualifications", "events")


def copy_database(source: Path, copy: Path) -> None:
    """A copy of a database that may be in use; StoreUnavailable when it is damaged or cannot be read."""
    copy.unlink(missing_ok=True)
    try:
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=1)) as there,
            closing(sqlite3.connect(copy)) as here,
        ):
            there.backup(here, progress=_patience(time.monotonic() + PATIENCE_S))
    except sqlite3.Error as fault:
        raise StoreUnavailable(f"{source.name}: {fault}") from fault
    check_database(copy, source.name)


def _patience(deadline: float) -> Callable[[int, int, int], None]:
    """sqlite3 itself tries for ever to read a file that another program keeps for itself."""

    def tried(status: int, _left: int, _all: int) -> None:
        if status in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED} and time.monotonic() > deadline:
            raise sqlite3.OperationalError("another program keeps it for itself")

    return tried


def check_database(file: Path, name: str) -> None:
    """StoreUnavailable when SQLite finds anything wrong in it."""
    try:
        with closing(sqlite3.connect(file)) as connection:
            (sound,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as fault:
        raise StoreUnavailable(f"{name}: {fault}") from fault
    if sound != "ok":
        raise StoreUnavailable(f"{name}: {sound}")


def count_rows(store: Path) -> tuple[dict[str, int], str]:
    """How many rows there are of what people would miss, and the version of the schema."""
    with closing(sqlite3.connect(store)) as connection:
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        rows = {name: int(connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]) for name in _COUNTED}
    return rows, str(revision)
