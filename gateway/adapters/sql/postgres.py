"""PostgreSQL: a few connections each for writing and reading, statements prepared on the server."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import errors

from gateway.adapters.sql import guards
from gateway.adapters.sql.statements import Statements, dialect_of
from gateway.adapters.sql.transaction import Refused, Transaction
from gateway.ports.errors import StoreUnavailable

FAULTS: tuple[type[Exception], ...] = (psycopg.Error,)
MOST_CONNECTIONS = 8
"""For writing, and as many again for reading; whoever comes next waits."""
_STALE = (psycopg.OperationalError, psycopg.InterfaceError)
_SENTENCES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (errors.DiskFull, "its disk is full; free some space"),
    ((errors.SerializationFailure, errors.DeadlockDetected), "two changes met; try again"),
    ((errors.LockNotAvailable, errors.QueryCanceled), "another program holds what is needed; try again"),
    (errors.ReadOnlySqlTransaction, "it only takes reads now; is this a standby?"),
    ((errors.UndefinedTable, errors.UndefinedColumn), "the tables are not as expected: run `etabli migrate`"),
    (errors.InsufficientPrivilege, "this user may not do that; give it the rights it needs"),
)


def explain(fault: Exception) -> Exception:
    """Our fault for one of psycopg's."""
    if isinstance(fault, psycopg.IntegrityError | psycopg.DataError | errors.ProgramLimitExceeded):
        return Refused(f"the database refuses this: {fault}")
    for kind, sentence in _SENTENCES:
        if isinstance(fault, kind):
            return StoreUnavailable(f"PostgreSQL: {sentence}")
    first = str(fault).strip().splitlines()
    return StoreUnavailable(f"PostgreSQL: {first[0] if first else type(fault).__name__}")


class _Pool:
    """Connections in autocommit, kept for the next one who asks; broken ones are thrown away."""

    def __init__(self, url: str, busy_s: float, begin: str) -> None:
        self._url, self._busy_s, self._begin = url, busy_s, begin
        self._places = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._idle: list[psycopg.Connection[Any]] = []
        self._lock = threading.Lock()
        self._closed = False

    def _connect(self) -> psycopg.Connection[Any]:
        settings = (
            f"-c timezone=UTC -c lock_timeout={int(self._busy_s * 1000)} -c idle_in_transaction_session_timeout=60s"
        )
        connection: psycopg.Connection[Any] = psycopg.connect(
            self._url, autocommit=True, connect_timeout=max(2, int(self._busy_s)), options=settings,
            application_name="etabli", prepare_threshold=1,
        )  # fmt: skip
        connection.prepared_max = 300
        return connection

    def _begun(self) -> psycopg.Connection[Any]:
        """A connection with a transaction open; one that has gone stale while idle is replaced."""
        while True:
            with self._lock:
                if self._closed:
                    raise StoreUnavailable("PostgreSQL: the connection is closed")
                idle = self._idle.pop() if self._idle else None
            try:
                connection = idle or self._connect()
            except FAULTS as fault:
                raise explain(fault) from fault
            try:
                connection.execute(self._begin)
            except FAULTS as fault:
                connection.close()
                if idle is None or not isinstance(fault, _STALE):
                    raise explain(fault) from fault
            else:
                return connection

    @contextmanager
    def transaction(self, within_s: float | None = None) -> Iterator[psycopg.Connection[Any]]:
        """A connection with an open transaction; whoever uses it must end that."""
        if not self._places.acquire(timeout=self._busy_s if within_s is None else within_s):
            raise StoreUnavailable("PostgreSQL: every connection is busy; try again")
        try:
            connection = self._begun()
            try:
                yield connection
            finally:
                self._give(connection)
        finally:
            self._places.release()

    def _give(self, connection: psycopg.Connection[Any]) -> None:
        fit = not connection.closed and connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        with self._lock:
            if fit and not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()


class PostgresDatabase:
    """A database on a server."""

    def __init__(self, url: str, *, busy_s: float = 5.0) -> None:
        self.statements = Statements(dialect_of("postgresql"))
        # The explicit locks of a batch need each statement to see what was committed while it waited.
        self._writers = _Pool(url, busy_s, "BEGIN ISOLATION LEVEL READ COMMITTED")
        self._readers = _Pool(url, busy_s, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    @contextmanager
    def write(self, within_s: float | None = None) -> Iterator[Transaction]:
        """A write transaction; committed on leaving."""
        with self._writers.transaction(within_s) as connection:
            try:
                yield Transaction(connection.cursor(), self.statements, FAULTS, explain)
            except BaseException:
                _roll_back(connection)
                raise
            _commit(connection)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A reading, consistent in itself."""
        with self._readers.transaction() as connection:
            try:
                yield Transaction(connection.cursor(), self.statements, FAULTS, explain)
            finally:
                _roll_back(connection)

    def standing(self) -> tuple[str | None, set[str]]:
        """The revision of the schema and the names of what guards it."""
        with self._readers.transaction() as connection:
            try:
                names = {row[0] for row in connection.execute(guards.POSTGRESQL_STANDING)}
                there = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
                if there is None or there[0] is None:
                    return None, names
                row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            except FAULTS as fault:
                raise explain(fault) from fault
            finally:
                _roll_back(connection)
        return (row[0] if row else None), names

    def close(self) -> None:
        """Close every idle connection; those in use close when they are given back."""
        self._writers.close()
        self._readers.close()


def _commit(connection: psycopg.Connection[Any]) -> None:
    try:
        # A transaction that has failed answers COMMIT with ROLLBACK and no error.
        kept = connection.execute("COMMIT").statusmessage
    except FAULTS as fault:
        raise StoreUnavailable(f"{explain(fault)}; whether the last change was kept is unknown") from fault
    if kept != "COMMIT":
        raise StoreUnavailable("PostgreSQL: the change was rolled back; try again")


def _roll_back(connection: psycopg.Connection[Any]) -> None:
    with suppress(psycopg.Error):
        connection.execute("ROLLBACK")
