"""Bring a database to the newest schema, and put its guards in place."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from gateway.adapters.sql import guards
from gateway.adapters.sql.schema import REVISION
from gateway.adapters.sql.sqlite import explain as explain_sqlite
from gateway.adapters.sql.where import postgresql_url, sqlite_path
from gateway.ports.errors import StoreUnavailable

_FOLDER = Path(__file__).parent / "migrations"
_MIGRATING = 0x6574_6162
"""The number of the advisory lock that keeps two migrations of one PostgreSQL apart."""


def migrate(where: str | Path) -> None:
    """Create or update the tables of a store; does nothing that is done already. StoreUnavailable when it cannot."""
    # It tells its story at INFO, in words for developers.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with connected(where) as connection:
        config = Config()
        config.set_main_option("script_location", str(_FOLDER))
        config.attributes["connection"] = connection
        try:
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
                command.upgrade(config, "head")
                put_guards(connection)
        except SQLAlchemyError as fault:
            raise _explained(connection.dialect.name, fault) from fault


def revisions() -> tuple[str, ...]:
    """Every version of the schema that can be brought up to date, the oldest first."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return tuple(reversed([script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]))


def put_guards(connection: Connection) -> None:
    """Make the guards that tables alone cannot hold."""
    statements: tuple[str, ...] = guards.SQLITE_GUARDS
    if connection.dialect.name == "postgresql":
        standing = {row[0] for row in connection.exec_driver_sql(guards.POSTGRESQL_STANDING)}
        # Making it anew would read the whole table.
        statements = guards.POSTGRESQL_MENDING
        if guards.EXCLUSION not in standing:
            statements += guards.POSTGRESQL_GUARDS
    for statement in statements:
        connection.exec_driver_sql(statement)


@contextmanager
def connected(where: str | Path) -> Iterator[Connection]:
    """A connection for DDL, closed with its engine."""
    engine = _engine(where)
    try:
        try:
            connection = engine.connect()
        except SQLAlchemyError as fault:
            raise _explained(engine.dialect.name, fault) from fault
        with connection:
            yield connection
    finally:
        engine.dispose()


def _engine(where: str | Path) -> Engine:
    url = postgresql_url(where)
    if url is not None:
        return create_engine("postgresql+psycopg" + url.removeprefix("postgresql"), poolclass=NullPool)
    path = sqlite_path(where)
    if not path.exists() and path.parent.is_dir():
        # It will hold names and badges: for its owner's eyes only.
        path.touch(mode=0o600)
    engine = create_engine("sqlite:///" + str(path), poolclass=NullPool, connect_args={"isolation_level": None})

    @event.listens_for(engine, "connect")
    def _open(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _explained(dialect: str, fault: SQLAlchemyError) -> Exception:
    cause = getattr(fault, "orig", None)
    if not isinstance(cause, Exception):
        return StoreUnavailable(f"the database cannot be brought to version {REVISION}: {fault}")
    if dialect == "postgresql":
        from gateway.adapters.sql.postgres import explain as explain_postgresql

        return StoreUnavailable(str(explain_postgresql(cause)))
    return StoreUnavailable(str(explain_sqlite(cause)))
