"""One open transaction: runs prepared statements on the driver's own connection and turns its errors into ours."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from gateway.adapters.sql.statements import Statement, Statements


class Refused(ValueError):
    """The database refuses these values for good (a constraint, a value it cannot hold): not worth a second try."""


class Cursor(Protocol):
    """The part of a DB-API cursor that is used."""

    @property
    def rowcount(self) -> int:
        """Rows changed."""

    def execute(self, sql: Any, params: Any = ..., /) -> Any:
        """Run."""

    def executemany(self, sql: Any, params: Any, /) -> Any:
        """Run for each."""

    def fetchone(self) -> Any:
        """The next row."""

    def fetchall(self) -> Any:
        """The rest."""


class Transaction:
    """Statements in, plain rows out. ``faults`` are the driver's exceptions, ``explain`` makes ours of one."""

    __slots__ = ("_cursor", "_explain", "_faults", "_statements")

    def __init__(
        self,
        cursor: Cursor,
        statements: Statements,
        faults: tuple[type[Exception], ...],
        explain: Callable[[Exception], Exception],
    ) -> None:
        self._cursor = cursor
        self._statements = statements
        self._faults = faults
        self._explain = explain

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._statements.dialect.name

    def all(self, statement: Statement, /, **params: Any) -> list[Sequence[Any]]:
        """Every row."""
        prepared = self._statements[statement]
        try:
            self._cursor.execute(prepared.sql, prepared.bind(params))
            return prepared.read(self._cursor.fetchall())
        except self._faults as fault:
            raise self._explain(fault) from fault

    def one(self, statement: Statement, /, **params: Any) -> Sequence[Any] | None:
        """The first row, or None."""
        rows = self.all(statement, **params)
        return rows[0] if rows else None

    def run(self, statement: Statement, /, **params: Any) -> int:
        """How many rows were changed."""
        prepared = self._statements[statement]
        try:
            self._cursor.execute(prepared.sql, prepared.bind(params))
            return self._cursor.rowcount
        except self._faults as fault:
            raise self._explain(fault) from fault

    def many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Once for each row."""
        prepared = self._statements[statement]
        try:
            self._cursor.executemany(prepared.sql, [prepared.bind(row) for row in rows])
        except self._faults as fault:
            raise self._explain(fault) from fault
