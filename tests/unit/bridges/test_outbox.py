import os
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.messages import BadgeTapped, HashedBadge, JobStarted, Sample
from firmware_bridges.outbox import Outbox, OutboxFull
from gateway.ports.errors import BadConfiguration, StoreUnavailable

ROOT = Path(__file__).resolve().parents[3]
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def job(number: int) -> JobStarted:
    return JobStarted(job=str(number))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "outbox" / "bridge.db"


@pytest.fixture
def open_outbox(path):
    opened = []

    def make(**options):
        opened.append(Outbox(path, **options))
        return opened[-1]

    yield make
    for outbox in opened:
        outbox.close()


def fill(outbox, count, device="laser"):
    return [outbox.append(device, job(i), at=AT, mono_s=10.0 + i) for i in range(count)]


def test_a_fact_is_kept_as_it_happened(open_outbox):
    tap = BadgeTapped(badge=(HashedBadge(form="hex8", key_id="k1", digest="ab" * 32),))
    outbox = open_outbox(system_boot="b1")
    kept = outbox.append("reader", tap, at=AT, mono_s=12.3456)
    assert outbox.waiting("reader") == [kept]
    assert (kept.fact, kept.at, kept.mono_ms, kept.system_boot, kept.seq) == (tap, AT, 12345, "b1", 1)


def test_numbers_run_from_one_per_device_and_start_anew_with_each_process(open_outbox):
    first = open_outbox()
    assert [kept.seq for kept in fill(first, 3)] == [1, 2, 3]
    assert [kept.seq for kept in fill(first, 2, device="mill")] == [1, 2]
    first.close()
    second = open_outbox()
    assert second.boot != first.boot
    assert fill(second, 1)[0].seq == 1
    assert [(kept.boot, kept.seq) for kept in second.waiting("laser")] == [
        (first.boot, 1), (first.boot, 2), (first.boot, 3), (second.boot, 1),
    ]  # fmt: skip
    assert second.devices() == ["laser", "mill"]


def test_only_what_the_receipt_names_is_let_go(open_outbox):
    outbox = open_outbox()
    fill(outbox, 6)
    fill(outbox, 2, device="mill")
    boot = outbox.boot
    assert outbox.receipted([("laser", boot, 1, 2), ("laser", boot, 5, 5), ("laser", "other", 3, 3)]) == 3
    assert [kept.seq for kept in outbox.waiting("laser")] == [3, 4, 6]
    assert len(outbox.waiting("mill")) == 2
    assert len(outbox) == 5
    assert outbox.receipted([("laser", boot, -(2**62), 2**62)]) == 3
    assert fill(outbox, 1)[0].seq == 7, "a number is never used twice"


def test_waiting_can_be_read_in_pieces(open_outbox):
    outbox = open_outbox()
    fill(outbox, 10)
    first = outbox.waiting("laser", limit=4)
    rest = outbox.waiting("laser", after=first[-1].id)
    assert [kept.seq for kept in first + rest] == list(range(1, 11))


def test_a_full_outbox_refuses_aloud_and_keeps_what_it_has(open_outbox, caplog):
    outbox = open_outbox(max_facts=3)
    fill(outbox, 3)
    for _ in range(2):
        with pytest.raises(OutboxFull, match="3 facts wait"):
            outbox.append("laser", job(4), at=AT, mono_s=1)
    assert [record.levelname for record in caplog.records] == ["ERROR"], "said once, not at each tap"
    outbox.receipted([("laser", outbox.boot, 1, 1)])
    assert outbox.append("laser", job(4), at=AT, mono_s=1).seq == 4
    assert len(outbox.waiting("laser")) == 3


def test_what_is_no_fact_does_not_get_in(open_outbox):
    with pytest.raises(TypeError):
        open_outbox().append("laser", Sample(values={"t": 1.0}), at=AT, mono_s=1)


def test_two_processes_cannot_send_from_one_outbox(open_outbox, path):
    open_outbox()
    with pytest.raises(BadConfiguration, match="in use by another process"):
        Outbox(path)


def test_a_disk_that_is_full_is_said_and_the_next_fact_closes_the_gap(open_outbox):
    outbox = open_outbox()
    fill(outbox, 2)
    pages = outbox._db.execute("PRAGMA page_count").fetchone()[0]
    outbox._db.execute(f"PRAGMA max_page_count = {pages}")
    kept = []
    with pytest.raises(StoreUnavailable, match="full"):
        while True:
            kept += fill(outbox, 1)
    outbox._db.execute("PRAGMA max_page_count = 1000000")
    assert outbox.append("laser", job(0), at=AT, mono_s=1).seq == len(kept) + 3
    assert [each.seq for each in outbox.waiting("laser", limit=5000)] == list(range(1, len(kept) + 4))


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from devices.messages import JobStarted
from firmware_bridges.outbox import Outbox
outbox = Outbox(Path(sys.argv[1]))
while True:
    kept = outbox.append("laser", JobStarted(job="x"), at=datetime.now(UTC), mono_s=1.0)
    print(kept.seq, flush=True)
"""


def test_a_process_killed_at_any_moment_loses_nothing_it_was_told_is_kept(open_outbox, path):
    promised = 0
    for run in range(3):
        with subprocess.Popen([sys.executable, "-c", WRITER, path], cwd=ROOT, stdout=subprocess.PIPE) as writer:
            for _ in range(40 + 17 * run):
                said = int(writer.stdout.readline())
            writer.kill()
            said += len(writer.stdout.read().splitlines())
        promised += said
    outbox = open_outbox()
    kept = outbox.waiting("laser", limit=100_000)
    # One more per run may be on disk without having been promised.
    assert promised <= len(kept) <= promised + 3
    for boot in {each.boot for each in kept}:
        seqs = [each.seq for each in kept if each.boot == boot]
        assert seqs == list(range(1, len(seqs) + 1))


def crash_image(outbox, path, target):
    """The files as a power cut would leave them."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", f"{target}{suffix}")


def test_a_torn_tail_costs_the_tail_and_nothing_before_it(open_outbox, path, tmp_path):
    fill(open_outbox(), 40)
    whole = Path(f"{path}-wal").stat().st_size
    for cut in range(0, whole, 9_999):
        image = tmp_path / f"cut-{cut}" / "o.db"
        crash_image(None, path, image)
        os.truncate(f"{image}-wal", whole - cut)
        survivor = Outbox(image)
        seqs = [each.seq for each in survivor.waiting("laser")]
        assert seqs == list(range(1, len(seqs) + 1))
        if cut == 0:
            assert len(seqs) == 40
        assert survivor.append("laser", job(1), at=AT, mono_s=1).seq == 1
        survivor.close()


def test_a_file_that_is_no_database_is_set_aside_and_said(open_outbox, path, caplog):
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this was never a database" * 500)
    outbox = open_outbox()
    fill(outbox, 1)
    assert (path.parent / "bridge.db.damaged-1").read_bytes().startswith(b"this was never")
    assert "damaged" in caplog.text
    assert "bridge.db.damaged-1" in caplog.text


def test_a_database_of_someone_else_is_set_aside_too(open_outbox, path):
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE facts(x)")
    other.close()
    assert fill(open_outbox(), 2)[1].seq == 2


def test_what_can_be_read_of_a_damaged_file_is_carried_over(open_outbox, path, caplog):
    outbox = open_outbox()
    fill(outbox, 400)
    outbox.close()
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = os.urandom(4096)
    path.write_bytes(data)
    survivor = open_outbox()
    seqs = [each.seq for each in survivor.waiting("laser", limit=1000)]
    assert len(seqs) > 250
    assert seqs == sorted(set(seqs))
    assert f"{len(seqs)} facts carried over" in caplog.text


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.floats(0, 1), noise=st.binary(min_size=1, max_size=3000))
def test_no_damage_keeps_an_outbox_from_starting(tmp_path, start, noise):
    folder = tmp_path / os.urandom(6).hex()
    path = folder / "o.db"
    outbox = Outbox(path)
    fill(outbox, 60)
    outbox.close()
    data = bytearray(path.read_bytes())
    at = int(start * len(data))
    data[at : at + len(noise)] = noise
    path.write_bytes(data)
    survivor = Outbox(path)
    survivor.append("laser", job(60), at=AT, mono_s=1)
    assert survivor.waiting("laser", limit=1000)[-1].fact == job(60)
    for kept in survivor.waiting("laser", limit=1000)[:-1]:
        assert (kept.fact, kept.mono_ms, kept.at) == (job(kept.seq - 1), 10_000 + 1000 * (kept.seq - 1), AT)
    assert "laser" in survivor.devices()
    survivor.close()


def test_a_fact_that_cannot_be_read_is_said_once_and_holds_up_none(open_outbox, caplog):
    outbox = open_outbox()
    fill(outbox, 3)
    outbox._db.execute("UPDATE facts SET message = x'00ff' WHERE seq = 2")
    for _ in range(2):
        assert [each.seq for each in outbox.waiting("laser")] == [1, 3]
    assert len(caplog.records) == 1
