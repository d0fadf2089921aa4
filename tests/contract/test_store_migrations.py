"""Migrations lead to exactly the tables the code works with, on both databases, from nothing and from themselves."""

import sqlite3
import stat

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from gateway.adapters.sql import SqlStore
from gateway.adapters.sql.guards import TRIGGERS
from gateway.adapters.sql.migrate import _FOLDER, connected, migrate
from gateway.adapters.sql.schema import REVISION, metadata
from tests.fixtures_store import NOW, make_lab


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def where(request, tmp_path):
    """An empty place for a database."""
    if request.param == "sqlite":
        yield tmp_path / "new.db"
        return
    server = request.getfixturevalue("postgres_server")
    url = server.create()
    yield url
    server.drop(url)


def differences(where):
    """What alembic would still change."""
    with connected(where) as connection:
        dialect = connection.dialect.name

        def counts(thing, name, kind, reflected, other):
            if kind == "table" and name == "alembic_version":
                return False
            # An index of one dialect only: alembic does not ask it.
            return not (kind == "index" and name == "ix_events_xid_id" and dialect == "sqlite")

        options = {"include_object": counts, "compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def test_the_newest_migration_is_the_one_the_code_asks_for():
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    assert ScriptDirectory.from_config(config).get_heads() == [REVISION]


def test_from_nothing_to_exactly_the_tables(where):
    migrate(where)
    assert differences(where) == []


def test_again_changes_nothing_and_loses_nothing(where):
    migrate(where)
    store = SqlStore(where)
    try:
        lab = make_lab(store)
        migrate(where)
        store.check()
        assert store.views().resource("laser-1", NOW).resource == lab.laser
    finally:
        store.close()
    assert differences(where) == []


def test_the_comparison_sees_a_difference(where):
    """Plant one: a comparison that sees nothing proves nothing."""
    migrate(where)
    with connected(where) as connection, connection.begin():
        connection.execute(text("ALTER TABLE members ADD COLUMN planted TEXT"))
        connection.execute(text("DROP INDEX ix_jobs_running_device"))
    assert sorted(found[0] for found in differences(where)) == ["add_index", "remove_column"]


def test_down_and_up_again(where):
    from alembic import command

    migrate(where)
    with connected(where) as connection, connection.begin():
        config = Config()
        config.set_main_option("script_location", str(_FOLDER))
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    migrate(where)
    assert differences(where) == []
    store = SqlStore(where)
    store.check()
    store.close()


def test_memory_has_the_same_tables_as_a_migrated_file(tmp_path):
    migrate(tmp_path / "new.db")
    file, memory = SqlStore(tmp_path / "new.db"), SqlStore.memory()
    try:
        shapes = [
            {
                table.name: (
                    store._database._writer.execute(f"PRAGMA table_info({table.name})").fetchall(),
                    sorted(row[1:] for row in store._database._writer.execute(f"PRAGMA index_list({table.name})")),
                )
                for table in metadata.sorted_tables
            }
            for store in (file, memory)
        ]
        assert shapes[0] == shapes[1]
    finally:
        file.close()
        memory.close()


def test_triggers_dropped_by_a_rebuild_are_made_again(tmp_path):
    path = tmp_path / "new.db"
    migrate(path)
    with sqlite3.connect(path) as connection:
        for name in TRIGGERS:
            connection.execute(f"DROP TRIGGER {name}")
    connection.close()
    migrate(path)
    store = SqlStore(path)
    store.check()
    store.close()


def test_the_file_is_for_its_owner_only(tmp_path):
    migrate(tmp_path / "new.db")
    assert stat.S_IMODE((tmp_path / "new.db").stat().st_mode) == 0o600


def test_a_migration_that_fails_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.adapters.sql.guards.SQLITE_GUARDS", ("CREATE NONSENSE",))
    with pytest.raises(Exception, match="NONSENSE"):
        migrate(tmp_path / "new.db")
    with sqlite3.connect(tmp_path / "new.db") as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    connection.close()
