"""What SQLite is given to run is planned once: planning costs many times the run."""

import sqlite3
from datetime import timedelta

from gateway.adapters.sql import SqlStore
from tests.fixtures_store import NOW, badge, make_lab


def test_the_read_of_a_tap_is_planned_once(sqlite_path):
    store, planned = SqlStore(sqlite_path), []
    try:
        lab = make_lab(store)
        with store.begin() as work:
            # SQLite asks an authorizer whenever it plans, and at no other time.
            store._database._writer.set_authorizer(lambda *what: planned.append(what) or sqlite3.SQLITE_OK)

            def read(name, at):
                work.facts_for_tap(lab.devices["reader-1"], badge(name), at)
                work.facts_for(lab.laser.id)

            read("ada", NOW)
            assert planned, "the authorizer hears nothing: this test proves nothing"
            planned.clear()
            read("bob", NOW + timedelta(seconds=1))
            assert planned == []
            store._database._writer.set_authorizer(None)
    finally:
        store.close()
