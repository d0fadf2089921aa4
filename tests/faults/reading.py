"""Reading a database of the gateway's as it is, with nothing of ours in between."""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from gateway.domain.events import EventKind


def alarms(path: Path) -> list[str]:
    """The words of every alarm in the log, in its order."""
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT data FROM events WHERE kind = ? ORDER BY id", (EventKind.ALARM_RAISED,)).fetchall()
    return [json.loads(data)["text"] for (data,) in rows]


def dated_alarms(path: Path) -> list[tuple[str, float]]:
    """The same, each with its hour, in seconds since 1970."""
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute(
            "SELECT data, at FROM events WHERE kind = ? ORDER BY id", (EventKind.ALARM_RAISED,)
        ).fetchall()
    return [(json.loads(data)["text"], at / 1e6) for data, at in rows]


def sound(path: Path) -> bool:
    """Whether SQLite finds nothing wrong with it."""
    with closing(sqlite3.connect(path)) as db:
        return [row[0] for row in db.execute("PRAGMA integrity_check")] == ["ok"]


def in_order(words: Iterable[str]) -> bool:
    """Whether each device is heard in the order in which it spoke; words are its name, a slash, a number and any more."""
    last: dict[str, int] = {}
    for each in words:
        device, _, rest = each.partition("/")
        number = int(rest.partition("@")[0])
        if number < last.get(device, 0):
            return False
        last[device] = number
    return True
