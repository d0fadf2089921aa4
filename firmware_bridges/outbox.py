"""What a bridge has to tell, on disk until the gateway has said that it keeps it.

One SQLite file: WAL and ``synchronous=FULL``, so :meth:`Outbox.append` returns after an fsync and neither ``kill -9``
nor a power cut takes a fact back. SQLite itself drops a torn tail of its log; a file damaged beyond that is set aside,
what can be read of it is carried over, and a new one is begun: an outbox never keeps a bridge from starting.
It is bounded: when full it raises, since a fact dropped in silence is worse than a tap refused.
"""

import fcntl
import logging
import os
import secrets
import sqlite3
import threading
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from devices.codec import BadMessage, decode, encode
from devices.messages import Fact
from devices.topics import SLUG
from gateway.ports.errors import BadConfiguration, StoreUnavailable

log = logging.getLogger(__name__)

MAX_FACTS = 100_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    device TEXT NOT NULL,
    boot TEXT NOT NULL,
    seq INTEGER NOT NULL,
    mono_ms INTEGER NOT NULL,
    system_boot TEXT NOT NULL,
    at TEXT NOT NULL,
    message BLOB NOT NULL,
    digest INTEGER NOT NULL,
    UNIQUE(device, boot, seq))
"""
_COLUMNS = "id, device, boot, seq, mono_ms, system_boot, at, message, digest"
_FAULTS = (sqlite3.Error, UnicodeDecodeError)
"""What sqlite3 raises: the second when damage has got into the words of an error message."""
_NOT_DAMAGE = (
    sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
)  # fmt: skip
"""Primary codes of a fault that a new file would meet as well."""


class OutboxFull(StoreUnavailable):
    """The outbox holds as many facts as it may: the gateway has not acknowledged any for too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFact:
    """One fact that waits for its receipt. ``mono_ms`` counts since the machine's start that ``system_boot`` names."""

    id: int
    device: str
    boot: str
    seq: int
    mono_ms: int
    system_boot: str
    at: datetime
    fact: Fact


def system_boot_id() -> str:
    """Changes at each start of this machine; where the system does not tell, at each start of this process."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return secrets.token_hex(8)


def _digest(row: tuple[object, ...]) -> int:
    """A check sum: SQLite has none of its own for the pages of the main file, and a flipped bit must not be reported."""
    return zlib.crc32(repr(row).encode())


class Outbox:
    """The facts of one bridge process, from all its devices. Thread-safe; one process at a time."""

    def __init__(self, path: Path, *, system_boot: str | None = None, max_facts: int = MAX_FACTS) -> None:
        self.path = path
        self.boot = secrets.token_hex(8)
        self.system_boot = system_boot or system_boot_id()
        self._max_facts = max_facts
        self._lock = threading.Lock()
        self._next_seq: dict[str, int] = {}
        self._unreadable: set[int] = set()
        self._trouble = False
        self._full = False
        path.parent.mkdir(parents=True, exist_ok=True)
        self._hold = _alone(path)
        try:
            self._db = self._open()
        except BaseException:
            self._hold.close()
            raise
        self._count: int = self._db.execute("SELECT count(*) FROM facts").fetchone()[0]

    def append(self, device: str, fact: Fact, *, at: datetime, mono_s: float) -> KeptFact:
        """Keep a fact and return once it is on disk; OutboxFull or StoreUnavailable when it is not."""
        if not isinstance(fact, Fact):
            raise TypeError(f"only facts are kept, not {type(fact).__name__}")
        with self._lock:
            self._watch_fullness()
            seq = self._next_seq.get(device, 1)
            row = (device, self.boot, seq, int(mono_s * 1000), self.system_boot, at.isoformat(), encode(fact))
            try:
                cursor = self._db.execute(
                    f"INSERT INTO facts({_COLUMNS}) VALUES (NULL,?,?,?,?,?,?,?,?)",  # noqa: S608
                    (*row, _digest(row)),
                )
            except _FAULTS as error:
                # The number stays for the next fact: a gap in seq would make the gateway wait for what never comes.
                raise self._unavailable(error) from error
            self._next_seq[device] = seq + 1
            self._count += 1
            self._trouble = False
        return KeptFact(
            id=int(cursor.lastrowid or 0),
            device=device,
            boot=self.boot,
            seq=seq,
            mono_ms=row[3],
            system_boot=self.system_boot,
            at=at,
            fact=fact,
        )

    def waiting(self, device: str, *, after: int = 0, limit: int = 500) -> list[KeptFact]:
        """The oldest facts of a device that have no receipt yet and come after the one with this id, in order."""
        query = f"SELECT {_COLUMNS} FROM facts WHERE device = ? AND id > ? ORDER BY id LIMIT ?"  # noqa: S608
        with self._lock:
            try:
                rows = self._db.execute(query, (device, after, limit)).fetchall()
            except _FAULTS as error:
                raise self._unavailable(error) from error
        return [kept for row in rows if (kept := self._read(row)) is not None]

    def receipted(self, receipts: Iterable[tuple[str, str, int, int]]) -> int:
        """Let go of what the gateway keeps: ``(device, boot, first, last)`` ranges of ``seq``. Answers how many."""
        with self._lock:
            try:
                with self._db:
                    self._db.execute("BEGIN IMMEDIATE")
                    cursor = self._db.executemany(
                        "DELETE FROM facts WHERE device = ? AND boot = ? AND seq BETWEEN ? AND ?", list(receipts)
                    )
            except _FAULTS as error:
                raise self._unavailable(error) from error
            self._count -= cursor.rowcount
            return cursor.rowcount

    def devices(self) -> list[str]:
        """Every device that still has something to tell, also one that is no longer configured."""
        with self._lock:
            found = [row[0] for row in self._db.execute("SELECT DISTINCT device FROM facts ORDER BY device")]
        return [device for device in found if isinstance(device, str) and SLUG.fullmatch(device)]

    def usable(self) -> bool:
        """Whether facts can be kept; after a fault (a full disk) it is tried anew each time this is asked."""
        with self._lock:
            if self._trouble:
                try:
                    self._db.execute(f"PRAGMA user_version = {secrets.randbelow(2**31)}")
                    self._trouble = False
                except _FAULTS:
                    return False
        return True

    def __len__(self) -> int:
        return self._count

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()
            self._hold.close()

    def _watch_fullness(self) -> None:
        full = self._count >= self._max_facts
        if full and not self._full:
            log.error(
                "the outbox %s is full: %d facts wait for the gateway; new ones are refused", self.path, self._count
            )
        elif self._full and not full:
            log.warning("the outbox %s has room again", self.path)
        self._full = full
        if full:
            raise OutboxFull(f"the outbox {self.path} is full: {self._count} facts wait for the gateway")

    def _read(self, row: tuple[Any, ...]) -> KeptFact | None:
        fact_id, device, boot, seq, mono_ms, system_boot, at, message, digest = row
        try:
            if digest != _digest(row[1:-1]):
                raise BadMessage("its check sum is wrong")
            fact = decode(message)
            if not isinstance(fact, Fact):
                raise BadMessage(f"{fact.kind} is not a fact")
            when = datetime.fromisoformat(at)
        except (BadMessage, TypeError, ValueError) as error:
            if fact_id not in self._unreadable:
                self._unreadable.add(fact_id)
                log.error("the outbox %s keeps a fact of %s that cannot be read: %s", self.path, device, error)
            return None
        return KeptFact(
            id=fact_id,
            device=device,
            boot=boot,
            seq=seq,
            mono_ms=mono_ms,
            system_boot=system_boot,
            at=when,
            fact=fact,
        )

    def _unavailable(self, error: Exception) -> StoreUnavailable:
        self._trouble = True
        with suppress(*_FAULTS):
            self._db.rollback()
        return StoreUnavailable(f"the outbox {self.path} cannot be used: {error}")

    # --- opening, whatever is found there

    def _open(self) -> sqlite3.Connection:
        try:
            return _connect(self.path)
        except _FAULTS as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
            # SQLite also calls a file read-only whose header is damaged.
            if code in _NOT_DAMAGE or (code == sqlite3.SQLITE_READONLY and not os.access(self.path, os.W_OK)):
                raise StoreUnavailable(f"the outbox {self.path} cannot be opened: {error}") from error
            damage = str(error).splitlines()[0]
        aside = _set_aside(self.path)
        db = _connect(self.path)
        saved = _carry_over(aside, db)
        log.error("the outbox %s was damaged (%s): kept as %s, %d facts carried over", self.path, damage, aside, saved)
        return db


def _alone(path: Path) -> IO[bytes]:
    """A lock that goes with its process: two with one outbox would send each fact twice.

    Beside the file and not SQLite's own, which would keep a backup from reading it as well.
    """
    hold = path.with_name(path.name + ".lock").open("ab")
    try:
        fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        hold.close()
        raise BadConfiguration(f"the outbox {path} is in use by another process") from None
    return hold


def _connect(path: Path) -> sqlite3.Connection:
    """Open or create; sqlite3.DatabaseError when the file is damaged."""
    db = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)
    try:
        # Text that damage has made invalid must not stop the reading of the rest.
        db.text_factory = lambda data: data.decode(errors="replace")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("BEGIN IMMEDIATE")
        db.execute(_SCHEMA)
        db.execute(f"SELECT {_COLUMNS} FROM facts LIMIT 1").fetchall()  # noqa: S608
        db.execute("COMMIT")
        for (answer,) in db.execute("PRAGMA integrity_check"):
            if answer != "ok":
                damage = sqlite3.DatabaseError(answer)
                damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
                raise damage
    except BaseException:
        db.close()
        raise
    return db


def _set_aside(path: Path) -> Path:
    """Move the file and its log out of the way, under a name that is still free."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("", "-wal"):
        source = path.with_name(path.name + suffix)
        if source.exists():
            source.rename(aside.with_name(aside.name + suffix))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    return aside


def _carry_over(aside: Path, db: sqlite3.Connection) -> int:
    """Copy what can still be read, from both ends towards the damage."""
    rows: dict[int, tuple[object, ...]] = {}
    source = sqlite3.connect(aside, isolation_level=None)
    source.text_factory = lambda data: data.decode(errors="replace")
    for order in ("ASC", "DESC"):
        with suppress(*_FAULTS):
            for row in source.execute(f"SELECT {_COLUMNS} FROM facts ORDER BY id {order}"):  # noqa: S608
                if row[0] in rows:
                    break
                rows[row[0]] = row
    source.close()
    saved = 0
    db.execute("BEGIN IMMEDIATE")
    for _id, row in sorted(rows.items()):
        with suppress(*_FAULTS):
            saved += db.execute(f"INSERT INTO facts({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)", row).rowcount  # noqa: S608
    db.execute("COMMIT")
    return saved
