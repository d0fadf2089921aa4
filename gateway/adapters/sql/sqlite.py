"""SQLite: one writer behind a lock, readers with connections of their own."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy.schema import CreateIndex, CreateTable

from gateway.adapters.sql import guards
from gateway.adapters.sql.schema import REVISION, metadata
from gateway.adapters.sql.sqlite_tidy import Tidier
from gateway.adapters.sql.statements import Statements, dialect_of
from gateway.adapters.sql.transaction import Refused, Transaction
from gateway.ports.errors import StoreUnavailable

FAULTS: tuple[type[Exception], ...] = (sqlite3.Error,)
_SENTENCES = {
    sqlite3.SQLITE_BUSY: "another program holds the database; nothing can be recorded until it lets go",
    sqlite3.SQLITE_LOCKED: "another program holds the database; nothing can be recorded until it lets go",
    sqlite3.SQLITE_FULL: "the disk (or the database's quota) is full; free some space",
    sqlite3.SQLITE_IOERR: "the disk gave an error; look at it before anything else",
    sqlite3.SQLITE_READONLY: "the database may not be written; give this user the right to write to its folder",
    sqlite3.SQLITE_CANTOPEN: "the database cannot be opened; is its folder there, and may this user write to it?",
    sqlite3.SQLITE_CORRUPT: "the database is damaged; restore the last backup",
    sqlite3.SQLITE_NOTADB: "the file is not a database",
}


def explain(fault: Exception) -> Exception:
    """Our fault for one of sqlite3's."""
    if isinstance(fault, sqlite3.IntegrityError | sqlite3.DataError | sqlite3.InterfaceError):
        return Refused(f"the database refuses this: {fault}")
    if str(fault).startswith(("no such table", "no such column")):
        return StoreUnavailable("SQLite: the tables are not as expected: run `etabli migrate`")
    code = getattr(fault, "sqlite_errorcode", None)
    sentence = _SENTENCES.get(code & 0xFF) if code is not None else None
    return StoreUnavailable(f"SQLite: {sentence or fault}")


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


class SqliteDatabase:
    """A database in a file, or in memory (then readers share the writer's connection and wait for it)."""

    def __init__(self, path: Path | None, *, busy_s: float = 5.0) -> None:
        self.statements = Statements(dialect_of("sqlite"))
        self._path = path
        self._busy_s = busy_s
        self._writing = threading.RLock()
        self._owner: int | None = None
        self._idle: list[sqlite3.Connection] = []
        self._idle_lock = threading.Lock()
        self._closed = False
        self._tidier = Tidier(lambda: self._connect(readonly=False)) if path is not None else None
        try:
            if path is not None and not path.exists() and path.parent.is_dir():
                raise StoreUnavailable(f"there is no database at {path} yet: run `etabli migrate`")
            left = path is not None and _log_of(path).exists()
            self._writer = self._connect(readonly=False)
        except sqlite3.Error as fault:
            raise explain(fault) from fault
        if left and self._tidier is not None:
            # Killed again and again before its hundredth commit, a program would have more to read at each start.
            self._tidier.copy()
        if path is None:
            self._create_all()

    def _connect(self, *, readonly: bool) -> sqlite3.Connection:
        name = str(self._path) if self._path else ":memory:"
        connection = sqlite3.connect(
            name, timeout=self._busy_s, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        try:
            if readonly:
                connection.execute("PRAGMA query_only = ON")
            else:
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                # The log is copied beside the writer (Tidier); this is for when that cannot keep up.
                connection.execute("PRAGMA wal_autocheckpoint = 20000")
            connection.execute(f"PRAGMA cache_size = {-4096 if readonly else -16384}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _create_all(self) -> None:
        dialect = self.statements.dialect
        for table in metadata.sorted_tables:
            self._writer.execute(str(CreateTable(table).compile(dialect=dialect)))
            for index in table.indexes:
                if index._ddl_if is None:  # noqa: SLF001 - no public way to ask
                    self._writer.execute(str(CreateIndex(index).compile(dialect=dialect)))
        for statement in guards.SQLITE_GUARDS:
            self._writer.execute(statement)
        self._writer.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        self._writer.execute("INSERT INTO alembic_version VALUES (?)", (REVISION,))

    @contextmanager
    def write(self, within_s: float | None = None) -> Iterator[Transaction]:
        """The one write transaction; committed with fsync on leaving."""
        patience = self._busy_s if within_s is None else within_s
        deadline = time.monotonic() + patience
        with self._writer_alone(patience):
            try:
                # What was waited for another thread is not waited again for another program.
                left_ms = max(1, int(1000 * (deadline - time.monotonic())))
                self._writer.execute(f"PRAGMA busy_timeout = {left_ms}")
                self._writer.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as fault:
                raise explain(fault) from fault
            try:
                yield Transaction(self._writer.cursor(), self.statements, FAULTS, explain)
            except BaseException:
                self._roll_back()
                raise
            self._commit()

    @contextmanager
    def _writer_alone(self, patience: float) -> Iterator[None]:
        me = threading.get_ident()
        if self._owner == me:
            raise RuntimeError("a transaction of this thread is open already")
        if not self._writing.acquire(timeout=patience):
            raise StoreUnavailable(f"SQLite: another thread has been writing for over {patience:g} s")
        try:
            if self._closed:
                raise StoreUnavailable("SQLite: the database is closed")
            self._owner = me
            yield
        finally:
            self._owner = None
            self._writing.release()

    def _commit(self) -> None:
        try:
            self._writer.execute("COMMIT")
        except sqlite3.Error as fault:
            self._roll_back()
            raise StoreUnavailable(f"{explain(fault)}; whether the last change was kept is unknown") from fault
        if self._tidier is not None:
            self._tidier.committed()

    def _roll_back(self) -> None:
        # After a full disk or an I/O error SQLite may have rolled back by itself.
        with suppress(sqlite3.Error):
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A consistent reading, as of now; never waits for the writer (but in memory it does)."""
        if self._path is None:
            with self._shared() as connection:
                yield Transaction(connection.cursor(), self.statements, FAULTS, explain)
            return
        connection = self._take_reader()
        try:
            try:
                connection.execute("BEGIN")
            except sqlite3.Error as fault:
                raise explain(fault) from fault
            yield Transaction(connection.cursor(), self.statements, FAULTS, explain)
        finally:
            self._give_reader(connection)

    @contextmanager
    def _shared(self) -> Iterator[sqlite3.Connection]:
        if not self._writing.acquire(timeout=self._busy_s):
            raise StoreUnavailable(f"SQLite: another thread has been writing for over {self._busy_s:g} s")
        try:
            if self._closed:
                raise StoreUnavailable("SQLite: the database is closed")
            yield self._writer
        finally:
            self._writing.release()

    def _take_reader(self) -> sqlite3.Connection:
        with self._idle_lock:
            if self._closed:
                raise StoreUnavailable("SQLite: the database is closed")
            if self._idle:
                return self._idle.pop()
        try:
            return self._connect(readonly=True)
        except sqlite3.Error as fault:
            raise explain(fault) from fault

    def _give_reader(self, connection: sqlite3.Connection) -> None:
        with suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("COMMIT")
        with self._idle_lock:
            if not self._closed and len(self._idle) < 8 and not connection.in_transaction:
                self._idle.append(connection)
                return
        connection.close()

    def standing(self) -> tuple[str | None, set[str]]:
        """The revision of the schema and the names of what guards it."""
        with self._writer_alone(self._busy_s):
            try:
                names = {row[0] for row in self._writer.execute(guards.SQLITE_STANDING)}
                tables = {row[0] for row in self._writer.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
                if "alembic_version" not in tables:
                    return None, names
                row = self._writer.execute("SELECT version_num FROM alembic_version").fetchone()
            except sqlite3.Error as fault:
                raise explain(fault) from fault
        return (row[0] if row else None), names

    def close(self) -> None:
        """Close every connection, once whoever writes is done."""
        if self._tidier is not None:
            self._tidier.close()
        with self._writing:
            with self._idle_lock:
                self._closed = True
                idle, self._idle = self._idle, []
            for connection in idle:
                connection.close()
            self._writer.close()
