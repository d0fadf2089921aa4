"""Statements: built by SQLAlchemy, compiled once per database, bound and read without it."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    BindParameter,
    ColumnElement,
    Executable,
    Float,
    Integer,
    ScalarSelect,
    Select,
    String,
    Table,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.types import TypeEngine

from gateway.adapters.sql.types import Moment, dump_json

Statement = Executable | Callable[[str], Executable]
"""A construct, or what makes one for the name of a dialect."""
Process = Callable[[Any], Any]


class _SqliteCompiler(SQLiteCompiler):
    def get_from_hint_text(self, table: Any, text: str | None) -> str | None:
        """SQLAlchemy knows hints, but not that SQLite has one."""
        return text

    def visit_bindparam(self, bindparam: BindParameter[Any], *args: Any, **kw: Any) -> Any:
        """Write constants out.

        A parameter that is compared with the column of a partial index makes SQLite plan the statement anew at each
        run: for the read of a tap, eight times its cost.
        """
        constant = not bindparam.required and isinstance(bindparam.type, String | Integer)
        return super().visit_bindparam(bindparam, *args, **(kw | {"literal_binds": True} if constant else kw))


class _SqliteDialect(SQLiteDialect_pysqlite):
    statement_compiler = _SqliteCompiler
    supports_statement_cache = True


def dialect_of(name: str) -> Dialect:
    """The dialect to compile for, with parameters by position."""
    if name == "postgresql":
        return PGDialect_psycopg(paramstyle="format", json_serializer=dump_json)
    return _SqliteDialect(paramstyle="qmark", json_serializer=dump_json)


class Prepared:
    """A compiled statement: its text, how to bind, how to read a row."""

    __slots__ = ("_readers", "_slots", "sql")

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        self.sql = str(compiled)
        self._slots = tuple(self._slot(compiled, name, dialect) for name in compiled.positiontup or ())
        columns = statement.selected_columns if isinstance(statement, Select) else ()
        readers = [_reader(column.type, dialect) for column in columns]
        self._readers = tuple((i, read) for i, read in enumerate(readers) if read)

    @staticmethod
    def _slot(compiled: Any, name: str, dialect: Dialect) -> tuple[str | None, Process | None, Any]:
        parameter = compiled.binds[name]
        write = parameter.type.dialect_impl(dialect).bind_processor(dialect)
        if parameter.required:
            return parameter.key, write, None
        value = parameter.effective_value
        return None, None, write(value) if write else value

    def bind(self, params: Mapping[str, Any]) -> tuple[Any, ...]:
        """The values in the order of the statement."""
        return tuple(
            [
                fixed if name is None else (write(params[name]) if write else params[name])
                for name, write, fixed in self._slots
            ]
        )

    def read(self, rows: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
        """The rows in Python's own types."""
        if not self._readers:
            return list(rows)
        found: list[Sequence[Any]] = []
        for row in rows:
            values = list(row)
            for i, read in self._readers:
                values[i] = read(values[i])
            found.append(values)
        return found


def _reader(type_: TypeEngine[Any], dialect: Dialect) -> Process | None:
    if isinstance(type_, Float):
        return None  # both drivers give floats
    return type_.dialect_impl(dialect).result_processor(dialect, None)


class Statements:
    """Every statement of one database, compiled at its first use and kept."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._known: dict[Statement, Prepared] = {}

    def __getitem__(self, statement: Statement) -> Prepared:
        found = self._known.get(statement)
        if found is None:
            built = statement if isinstance(statement, Executable) else statement(self.dialect.name)
            found = self._known[statement] = Prepared(built, self.dialect)
        return found


@cache
def upsert(table: Table, key: tuple[str, ...], keep: tuple[str, ...] = ()) -> Callable[[str], Executable]:
    """Insert a whole row; where ``key`` exists, update everything but ``key`` and ``keep``."""

    def build(dialect: str) -> Executable:
        insert = (postgresql_insert if dialect == "postgresql" else sqlite_insert)(table)
        changed = {c.name: insert.excluded[c.name] for c in table.columns if c.name not in {*key, *keep}}
        return insert.on_conflict_do_update(index_elements=key, set_=changed)

    return build


@cache
def insert_new(table: Table) -> Callable[[str], Executable]:
    """Insert a whole row unless any constraint stands against it."""

    def build(dialect: str) -> Executable:
        return (postgresql_insert if dialect == "postgresql" else sqlite_insert)(table).on_conflict_do_nothing()

    return build


class one_of(FunctionElement[int]):  # noqa: N801 - reads as a function
    """``column`` is one of the texts in one parameter of type Words."""

    # Not Boolean: SQLAlchemy would compare that with 1 on SQLite, and no index would serve.
    type = Integer()
    inherit_cache = True


@compiles(one_of)
def _one_of(element: one_of, compiler: SQLCompiler, **kw: Any) -> str:
    column, words = (compiler.process(part, **kw) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({words}))"


@compiles(one_of, "postgresql")
def _one_of_postgresql(element: one_of, compiler: SQLCompiler, **kw: Any) -> str:
    column, words = (compiler.process(part, **kw) for part in element.clauses)
    return f"{column} = ANY({words})"


def led_by(query: Select[Any], table: Table, index: str) -> Select[Any]:
    """Make SQLite, which keeps no statistics here, use this index; PostgreSQL knows by itself."""
    return query.with_hint(table, f"INDEXED BY {index}", "sqlite")


class packed(FunctionElement[Any]):  # noqa: N801 - reads as a function
    """Columns as one JSON array; times in it are microseconds on both databases."""

    type = JSON()
    inherit_cache = True


class packed_all(FunctionElement[Any]):  # noqa: N801 - reads as a function
    """Every row's JSON, number or time (as microseconds) as one JSON array."""

    type = JSON()
    inherit_cache = True


def _is_json(part: ColumnElement[Any]) -> bool:
    return isinstance(part.type, JSON) or (
        isinstance(part, ScalarSelect) and isinstance(part.element.selected_columns[0].type, JSON)
    )


@compiles(packed)
def _packed(element: packed, compiler: SQLCompiler, **kw: Any) -> str:
    parts = []
    for part in element.clauses:
        text = compiler.process(part, **kw)
        # SQLite forgets that a text is JSON when it comes out of a column or a subquery.
        parts.append(f"json({text})" if _is_json(part) and not isinstance(part, FunctionElement) else text)
    return f"json_array({', '.join(parts)})"


@compiles(packed, "postgresql")
def _packed_postgresql(element: packed, compiler: SQLCompiler, **kw: Any) -> str:
    parts = [_in_json(part, compiler.process(part, **kw)) for part in element.clauses]
    return f"json_build_array({', '.join(parts)})"


def _in_json(part: ColumnElement[Any], text: str) -> str:
    return f"CAST(EXTRACT(EPOCH FROM {text}) * 1000000 AS BIGINT)" if isinstance(part.type, Moment) else text


@compiles(packed_all)
def _packed_all(element: packed_all, compiler: SQLCompiler, **kw: Any) -> str:
    (part,) = element.clauses
    text = compiler.process(element.clauses, **kw)
    # Some versions of SQLite forget that a text is JSON when it comes out of a subquery, others do not.
    return f"json_group_array(json({text}))" if _is_json(part) else f"json_group_array({text})"


@compiles(packed_all, "postgresql")
def _packed_all_postgresql(element: packed_all, compiler: SQLCompiler, **kw: Any) -> str:
    (part,) = element.clauses
    return f"COALESCE(json_agg({_in_json(part, compiler.process(element.clauses, **kw))}), '[]'::json)"


class current_xid(FunctionElement[int]):  # noqa: N801 - reads as a function
    """The number of this transaction, where the database has such."""

    type = BigInteger()
    inherit_cache = True


@compiles(current_xid)
def _current_xid(element: current_xid, compiler: SQLCompiler, **kw: Any) -> str:
    return "NULL"


@compiles(current_xid, "postgresql")
def _current_xid_postgresql(element: current_xid, compiler: SQLCompiler, **kw: Any) -> str:
    return "CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)"


class settled_xid(FunctionElement[int]):  # noqa: N801 - reads as a function
    """Every transaction below this number is over (PostgreSQL only)."""

    type = BigInteger()
    inherit_cache = True


@compiles(settled_xid, "postgresql")
def _settled_xid(element: settled_xid, compiler: SQLCompiler, **kw: Any) -> str:
    return "CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)"


def unpacked(value: Any) -> Any:
    """What `packed` made: drivers give it as text or already read."""
    return json.loads(value) if isinstance(value, str | bytes) else value
