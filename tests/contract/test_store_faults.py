"""A store that is locked, full, damaged or away says so in a sentence, keeps nothing by halves, and works again after."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest

from gateway.adapters.sql import SqlStore
from gateway.adapters.sql.guards import EXCLUSION, LIVE_BADGE, ONE_OPEN, TRIGGERS
from gateway.adapters.sql.migrate import migrate
from gateway.domain.events import Event, EventKind
from gateway.ports.errors import StoreUnavailable
from tests.fixtures_broker import wait_until
from tests.fixtures_store import NOW, make_lab

ROOT = Path(__file__).parents[2]
HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
connection.close()
"""
BATCHES = """
import os, sys
from pathlib import Path
from gateway.adapters.sql import SqlStore
from gateway.domain.streams import Stream
from tests.fixtures_store import NOW, badge, make_lab
from gateway.domain.events import Event, EventKind

store = SqlStore(Path(sys.argv[1]))
lab = make_lab(store)
reader = lab.devices["reader-1"]

def batch(n):
    with store.begin() as work:
        work.lock_devices(["reader-1"], NOW, ())
        for tap in range(5):
            work.facts_for_tap(reader, badge("ada"), NOW)
            work.append(lab.site_id, [Event(kind=EventKind.TAP_NOTED, at=NOW, data={"n": n})] * 2)
            work.save_stream(reader.id, "b1", Stream(n * 5 + tap + 1), NOW)

batch(0)
os.chdir("/")
for n in range(10):
    batch(n + 1)
os.chdir("/")
store.close()
"""


def some(n=1, text=""):
    return [Event(kind=EventKind.TAP_NOTED, at=NOW, data={"text": text}) for _ in range(n)]


@pytest.fixture
def quick(sqlite_path):
    """A store on a file that loses patience after a tenth of a second."""
    opened = SqlStore(sqlite_path, busy_s=0.1)
    yield opened
    opened.close()


class TestSqlite:
    def test_held_by_another_process(self, quick, sqlite_path):
        lab = make_lab(quick)
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLD, sqlite_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        with holder:
            holder.stdout.readline()
            with pytest.raises(StoreUnavailable, match="another program holds the database"), quick.begin():
                pytest.fail("nothing may be promised now")
            assert len(quick.views().floor(NOW)) == 2
            holder.stdin.close()
        with quick.begin() as work:
            work.append(lab.site_id, some())

    def test_held_by_another_thread(self, quick):
        lab, writing, done = make_lab(quick), threading.Event(), threading.Event()

        def write():
            with quick.begin() as work:
                work.append(lab.site_id, some())
                writing.set()
                done.wait(10)

        thread = threading.Thread(target=write)
        thread.start()
        writing.wait(10)
        with pytest.raises(StoreUnavailable, match="another thread"), quick.begin():
            pytest.fail("one writer at a time")
        assert quick.views().events_after(0, 10) == ()
        done.set()
        thread.join()
        assert len(quick.views().events_after(0, 10)) == 1

    def test_whoever_has_waited_for_a_thread_does_not_wait_as_long_again_for_a_program(self, sqlite_path):
        """Held by a program, with a patient thread already in line: a person is told within one patience, not two."""
        patient = SqlStore(sqlite_path, busy_s=1.0)
        make_lab(patient)
        with closing(sqlite3.connect(sqlite_path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            waits = []

            def wait() -> None:
                began = time.monotonic()
                with pytest.raises(StoreUnavailable), patient.begin():
                    pytest.fail("it is held")
                waits.append(time.monotonic() - began)

            threads = [threading.Thread(target=wait) for _ in range(2)]
            for thread in threads:
                thread.start()
                time.sleep(0.4)
            for thread in threads:
                thread.join()
            began = time.monotonic()
            with pytest.raises(StoreUnavailable), patient.begin(within_s=0.1):
                pytest.fail("it is held")
            assert time.monotonic() - began < 0.9, "who can come back does not stand in line"
            other.execute("ROLLBACK")
        assert max(waits) < 1.4
        with patient.begin() as work:
            work.append(work.site_id(), some())
        patient.close()

    def test_full(self, quick):
        lab = make_lab(quick)
        writer = quick._database._writer
        (pages,) = writer.execute("PRAGMA page_count").fetchone()
        writer.execute(f"PRAGMA max_page_count = {pages + 10}")
        with pytest.raises(StoreUnavailable, match="full"), quick.begin() as work:
            work.append(lab.site_id, some(100, "x" * 4000))
        assert quick.views().events_after(0, 10) == ()
        with quick.begin() as work:
            work.append(lab.site_id, some())
        assert len(quick.views().events_after(0, 10)) == 1

    def test_an_error_at_commit_means_unknown(self, quick):
        lab = make_lab(quick)
        with pytest.raises(StoreUnavailable, match="unknown"), quick.begin() as work:
            quick._database._writer.execute("PRAGMA defer_foreign_keys = ON")
            work.append(lab.site_id, some())
            work.save_session(lab.session(operator_id="nobody"))
        assert quick.views().events_after(0, 10) == ()
        with quick.begin() as work:
            work.append(lab.site_id, some())

    @pytest.mark.parametrize("content", [b"this is no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4000])
    def test_damaged(self, tmp_path, content):
        path = tmp_path / "etabli.db"
        path.write_bytes(content)
        with pytest.raises(StoreUnavailable, match="SQLite: "):
            SqlStore(path).check()
        with pytest.raises(StoreUnavailable, match="SQLite: "):
            migrate(path)

    def test_no_such_folder(self, tmp_path):
        for attempt in (SqlStore, migrate):
            with pytest.raises(StoreUnavailable, match="is its folder there"):
                attempt(tmp_path / "nowhere" / "etabli.db")

    def test_before_the_file(self, tmp_path):
        with pytest.raises(StoreUnavailable, match="etabli migrate"):
            SqlStore(tmp_path / "etabli.db")
        assert not (tmp_path / "etabli.db").exists()

    def test_before_the_tables(self, tmp_path):
        (tmp_path / "etabli.db").touch()
        opened = SqlStore(tmp_path / "etabli.db")
        try:
            with pytest.raises(StoreUnavailable, match="etabli migrate"):
                opened.check()
            with pytest.raises(StoreUnavailable, match="etabli migrate"):
                opened.views().floor(NOW)
        finally:
            opened.close()

    def test_the_log_that_a_killed_program_left_is_copied_by_the_next_and_does_not_grow_for_ever(
        self, quick, sqlite_path, tmp_path
    ):
        make_lab(quick)
        for name in ("killed.db", "killed.db-wal"):
            shutil.copy(sqlite_path.with_name(name.replace("killed.db", sqlite_path.name)), tmp_path / name)
        opened = SqlStore(tmp_path / "killed.db")
        try:
            copy = tmp_path / "copy.db"

            def copied():
                shutil.copy(tmp_path / "killed.db", copy)
                with closing(sqlite3.connect(copy)) as alone, suppress(sqlite3.DatabaseError):
                    return alone.execute("SELECT count(*) FROM members").fetchone()[0]

            assert len(opened.views().floor(NOW)) == 2
            wait_until(copied, "what was only in the log is in the database")
        finally:
            opened.close()

    @pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
    def test_one_fsync_per_batch(self, sqlite_path, tmp_path):
        trace = tmp_path / "trace"
        subprocess.run(
            ["strace", "-f", "-e", "trace=fsync,fdatasync,chdir", "-o", trace, sys.executable, "-c", BATCHES, sqlite_path],
            check=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=50,
        )  # fmt: skip
        _, during, _ = trace.read_text().split('chdir("/")')
        assert during.count("sync(") == 10


@pytest.mark.postgres
class TestPostgres:
    @pytest.fixture
    def opened(self, postgres_store_url):
        found = SqlStore(postgres_store_url, busy_s=0.3)
        yield found
        found.close()

    def test_no_server(self, tmp_path):
        away = f"postgresql://etabli@/etabli?host={tmp_path}"
        found = SqlStore(away, busy_s=0.3)
        for attempt in (
            found.check,
            lambda: found.views().floor(NOW),
            lambda: found.begin().__enter__(),
            lambda: migrate(away),
        ):
            with pytest.raises(StoreUnavailable, match="PostgreSQL: "):
                attempt()
        found.close()

    def test_connections_cut_while_idle_are_replaced(self, opened, postgres_store_url):
        lab = make_lab(opened)
        opened.views().floor(NOW)
        self.cut(postgres_store_url)
        with opened.begin() as work:
            work.append(lab.site_id, some())
        assert len(opened.views().events_after(0, 10)) == 1

    def test_a_connection_cut_in_the_middle(self, opened, postgres_store_url):
        lab = make_lab(opened)
        with pytest.raises(StoreUnavailable), opened.begin() as work:
            work.append(lab.site_id, some())
            self.cut(postgres_store_url)
            work.append(lab.site_id, some())
        with pytest.raises(StoreUnavailable, match="unknown"), opened.begin() as work:
            work.append(lab.site_id, some())
            self.cut(postgres_store_url)
        assert opened.views().events_after(0, 10) == ()

    def cut(self, url):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'etabli'"
            )

    def test_a_lock_that_is_never_let_go(self, opened):
        make_lab(opened)
        with opened.begin() as holder:
            holder.lock_devices(["reader-1"], NOW, ())
            with pytest.raises(StoreUnavailable, match="try again"), opened.begin() as work:
                work.lock_devices(["plug-1", "reader-1"], NOW, ())

    def test_readers_of_one_resource_wait_for_each_other(self, opened):
        """Two readers of one machine are two rows: it is the machine's own lock that orders them."""
        lab = make_lab(opened)
        with opened.begin() as holder:
            holder.lock_devices(["reader-1"], NOW, ())
            with pytest.raises(StoreUnavailable), opened.begin() as work:
                work.lock_devices(["grbl-1"], NOW, ())
            with opened.begin() as work:
                work.lock_devices(["stranger"], NOW, iter([lab.ids.new()]))

    def test_a_caught_fault_does_not_pass_for_a_commit(self, opened):
        lab = make_lab(opened)
        with pytest.raises(StoreUnavailable, match="rolled back"), opened.begin() as work:
            work.append(lab.site_id, some())
            with pytest.raises(ValueError):
                work.add_qualification(lab.right)
        assert opened.views().events_after(0, 10) == ()


def test_closed(store):
    store.close()
    for attempt in (store.check, lambda: store.views().floor(NOW), lambda: store.begin().__enter__()):
        with pytest.raises(StoreUnavailable, match="closed"):
            attempt()


class TestGuards:
    def test_all_stand(self, store):
        store.check()

    @pytest.mark.parametrize(
        "drop", [*(f"DROP TRIGGER {name}" for name in TRIGGERS), f"DROP INDEX {ONE_OPEN}", f"DROP INDEX {LIVE_BADGE}"]
    )
    def test_a_missing_one_on_sqlite(self, quick, sqlite_path, drop):
        with sqlite3.connect(sqlite_path) as connection:
            connection.execute(drop)
        connection.close()
        with pytest.raises(StoreUnavailable, match=f"{drop.split()[-1]}.*etabli migrate"):
            quick.check()

    @pytest.mark.postgres
    def test_a_missing_one_on_postgresql(self, postgres_store_url):
        opened = SqlStore(postgres_store_url)
        try:
            with psycopg.connect(postgres_store_url, autocommit=True) as connection:
                for drop, name in (
                    (f"ALTER TABLE reservations DROP CONSTRAINT {EXCLUSION}", EXCLUSION),
                    (f"ALTER INDEX {ONE_OPEN} RENAME TO other", ONE_OPEN),
                ):
                    connection.execute(drop)
                    with pytest.raises(StoreUnavailable, match=name):
                        opened.check()
                connection.execute(f"ALTER INDEX other RENAME TO {ONE_OPEN}")
            migrate(postgres_store_url)
            opened.check()
        finally:
            opened.close()

    def test_another_version(self, quick, sqlite_path):
        with sqlite3.connect(sqlite_path) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '0000'")
        connection.close()
        with pytest.raises(StoreUnavailable, match=r"version 0000.*etabli migrate"):
            quick.check()
