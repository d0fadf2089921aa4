"""A copy of a database in use: made beside its writer, and never waited for without end."""

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime

import pytest

from devices.messages import AlarmRaised
from firmware_bridges.outbox import Outbox
from gateway.adapters.sql import copying
from gateway.ports.errors import StoreUnavailable


def test_an_outbox_is_copied_while_its_bridge_goes_on(tmp_path):
    outbox = Outbox(tmp_path / "bridges.db")
    outbox.append("d", AlarmRaised(code="x"), at=datetime.now(UTC), mono_s=1)
    copying.copy_database(tmp_path / "bridges.db", tmp_path / "copy.db")
    outbox.append("d", AlarmRaised(code="y"), at=datetime.now(UTC), mono_s=2)
    outbox.close()
    copy = Outbox(tmp_path / "copy.db")
    assert [kept.fact.code for kept in copy.waiting("d")] == ["x"]
    copy.close()


def test_a_database_that_a_program_keeps_for_itself_is_said_and_not_waited_for_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(copying, "PATIENCE_S", 0.1)
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as held:
        held.execute("CREATE TABLE t(x)")
        held.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="keeps it for itself"):
            copying.copy_database(tmp_path / "a.db", tmp_path / "copy.db")
        assert time.monotonic() - began < 5
