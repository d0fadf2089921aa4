"""Connections and transactions of the time series: an SQLite file, memory, PostgreSQL."""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from gateway.adapters.timeseries_sql_dialects import POSTGRES, SQLITE, Statements
from gateway.ports.errors import SeriesUnavailable

T = TypeVar("T")


class Database(Protocol):
    """One writer under one lock, one reader of its own."""

    statements: Statements

    def change(self, do: Callable[[Any], T], *, alone: bool = False) -> T:
        """Run ``do(connection)`` in one transaction; ``alone`` keeps out others that also ask to be alone."""

    def read(self, do: Callable[[Any], T]) -> T:
        """Run ``do(connection)`` without waiting for the writer."""

    def put_points(self, connection: Any, rows: Sequence[tuple[int, int, str]]) -> None:
        """Add points, or unite their fields with those that are there."""

    def many(self, connection: Any, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement per row."""

    def among(self, ids: Sequence[int]) -> Any:
        """A list of ids as a value."""

    def close(self) -> None:
        """Close both connections."""


class Sqlite:
    """A file of its own, in WAL mode with ``synchronous=NORMAL``: a power cut may cost the points of the last moments,
    which a rebuild from the events brings back, and never the file.
    """

    statements = Statements(SQLITE)

    def __init__(self, path: str) -> None:
        self._path = path
        self._write_lock, self._read_lock = threading.Lock(), threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None

    def change(self, do: Callable[[sqlite3.Connection], T], *, alone: bool = False) -> T:
        """Run ``do(connection)`` in one transaction; SQLite's writer is always alone."""
        del alone
        with self._write_lock:
            try:
                connection = self._write_connection()
                connection.execute("BEGIN IMMEDIATE")
                try:
                    result = do(connection)
                    connection.execute("COMMIT")
                except BaseException:
                    with suppress(sqlite3.Error):
                        connection.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise SeriesUnavailable(f"The time series in {self._path} cannot be written now: {error}") from error
            return result

    def read(self, do: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``do(connection)`` without waiting for the writer."""
        with self._read_lock:
            try:
                return do(self._read_connection())
            except sqlite3.Error as error:
                raise SeriesUnavailable(f"The time series in {self._path} cannot be read now: {error}") from error

    def put_points(self, connection: sqlite3.Connection, rows: Sequence[tuple[int, int, str]]) -> None:
        """Add points, or unite their fields with those that are there; in order of their key, which is faster."""
        connection.executemany(
            f"INSERT INTO points (series_id, at_ns, fields) VALUES (?, ?, ?) {self.statements.unite}", sorted(rows)
        )

    def many(self, connection: sqlite3.Connection, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement per row."""
        connection.executemany(statement, rows)

    def among(self, ids: Sequence[int]) -> str:
        """A list of ids as a value: JSON, since SQLite has no lists."""
        return str(list(ids))

    def close(self) -> None:
        """Close both connections."""
        with self._write_lock, self._read_lock:
            for connection in (self._reader, self._writer):
                if connection:
                    connection.close()
            self._reader = self._writer = None

    def _connected(self) -> sqlite3.Connection:
        # Autocommit: transactions are begun by name, so that none is ever open by accident.
        connection = sqlite3.connect(self._path, timeout=5, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            # Room for one page of each series that a batch touches; the default spills at some hundreds.
            connection.execute("PRAGMA cache_size = -16000")
            # A page that many batches touch is copied into the file once for all of them.
            connection.execute("PRAGMA wal_autocheckpoint = 8000")
            for statement in self.statements.schema:
                connection.execute(statement)
        except BaseException:
            connection.close()
            raise
        return connection

    def _write_connection(self) -> sqlite3.Connection:
        if self._writer is None:
            self._writer = self._connected()
        return self._writer

    def _read_connection(self) -> sqlite3.Connection:
        if self._reader is None:
            self._reader = self._connected()
            self._reader.execute("PRAGMA query_only = ON")
        return self._reader


class SqliteMemory(Sqlite):
    """Memory cannot be opened twice: the reader is the writer, under one lock."""

    def __init__(self) -> None:
        super().__init__(":memory:")

    def read(self, do: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``do(connection)`` in turn with the writer."""
        return self.change(do)


class Postgres:
    """A schema of its own, ``etabli_series``, beside the store's."""

    statements = Statements(POSTGRES)

    def __init__(self, address: str) -> None:
        self._address = address.replace("postgresql+psycopg:", "postgresql:", 1)
        self._write_lock, self._read_lock = threading.Lock(), threading.Lock()
        self._open: dict[str, Any] = {}

    def change(self, do: Callable[[Any], T], *, alone: bool = False) -> T:
        """Run ``do(connection)`` in one transaction; ``alone`` keeps out others that also ask to be alone."""

        def change(connection: Any) -> T:
            with connection.transaction():
                if alone:
                    connection.execute("SELECT pg_advisory_xact_lock(hashtext('etabli_series'))")
                return do(connection)

        with self._write_lock:
            return self._with("writer", change)

    def read(self, do: Callable[[Any], T]) -> T:
        """Run ``do(connection)`` without waiting for the writer."""
        with self._read_lock:
            return self._with("reader", do)

    def put_points(self, connection: Any, rows: Sequence[tuple[int, int, str]]) -> None:
        """Add points, or unite their fields with those that are there; in order, so that two writers never cross."""
        series, at, fields = (list(column) for column in zip(*sorted(rows), strict=True))
        connection.execute(
            "INSERT INTO points (series_id, at_ns, fields)"
            f" SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::jsonb[]) {self.statements.unite}",
            (series, at, fields),
        )

    def many(self, connection: Any, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement per row."""
        with connection.cursor() as cursor:
            cursor.executemany(statement, rows)

    def among(self, ids: Sequence[int]) -> list[int]:
        """A list of ids as a value."""
        return list(ids)

    def close(self) -> None:
        """Close both connections."""
        with self._write_lock, self._read_lock:
            for connection in self._open.values():
                connection.close()
            self._open = {}

    def _with(self, name: str, do: Callable[[Any], T]) -> T:
        import psycopg

        try:
            return do(self._connection(name))
        except psycopg.Error as error:
            connection = self._open.get(name)
            if connection is not None and connection.closed:
                del self._open[name]
            raise SeriesUnavailable(f"The time series in PostgreSQL cannot be used now: {error}") from error

    def _connection(self, name: str) -> Any:
        import psycopg

        if name not in self._open:
            connection = psycopg.connect(self._address, autocommit=True, connect_timeout=5, application_name="etabli")
            try:
                with connection.transaction():
                    # Two processes that start together must not both create.
                    connection.execute("SELECT pg_advisory_xact_lock(hashtext('etabli_series'))")
                    connection.execute("CREATE SCHEMA IF NOT EXISTS etabli_series")
                    connection.execute("SET search_path TO etabli_series")
                    for statement in self.statements.schema:
                        connection.execute(statement)
            except BaseException:
                connection.close()
                raise
            self._open[name] = connection
        return self._open[name]
