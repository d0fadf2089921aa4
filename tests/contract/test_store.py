"""The store port, on SQLite in a file, SQLite in memory and PostgreSQL: transactions, sessions and jobs."""

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from devices.messages import Outcome
from gateway.domain.events import Event, EventKind
from gateway.domain.jobs import Job
from gateway.domain.sessions import EndReason, State
from gateway.ports.errors import StoreUnavailable
from tests.fixtures_store import NOW, badge, make_lab

SECOND = timedelta(seconds=1)


def job(lab, key="j1", **changes):
    machine = lab.devices["grbl-1"]
    values = {
        "id": lab.ids.new(), "device_id": machine.id, "key": key, "resource_id": lab.laser.id, "session_id": None,
        "member_id": None, "name": "étagère.gcode", "started_at": NOW,
    }  # fmt: skip
    return Job(**values | changes)


def tap(lab, work, name="ada", now=NOW):
    return work.facts_for_tap(lab.devices["reader-1"], badge(name), now)


class TestTransactions:
    def test_what_is_rolled_back_never_was(self, store, stored_lab):
        lab = stored_lab
        with pytest.raises(LookupError), store.begin() as work:
            work.append(lab.site_id, [Event(kind=EventKind.TAP_NOTED, at=NOW)])
            work.save_session(lab.session())
            assert len(work.appended) == 1
            raise LookupError("planted")
        assert store.views().events_after(0, 10) == ()
        with store.begin() as work:
            assert work.facts_for(lab.laser.id).session is None
            assert work.appended == ()

    def test_nobody_sees_what_is_not_committed(self, store, stored_lab, request):
        if "memory" in request.node.name:
            return  # one connection: a reader waits for the writer instead
        lab = stored_lab
        with store.begin() as work:
            work.save_session(lab.session())
            assert store.views().floor(NOW)[0].session is None
        assert store.views().floor(NOW)[0].session is not None

    def test_a_thread_that_writes_inside_its_own_writing_is_told_at_once(self, store, stored_lab, request):
        if "postgresql" in request.node.name:
            return  # there it is a second connection's transaction
        with store.begin(), pytest.raises(RuntimeError), store.begin():
            pass

    def test_writers_take_turns(self, store, stored_lab):
        lab, done = stored_lab, []

        def write(n):
            for _ in range(5):
                with store.begin() as work:
                    work.lock_devices(["reader-1"], NOW, ())
                    work.append(lab.site_id, [Event(kind=EventKind.TAP_NOTED, at=NOW, data={"n": n})])
            done.append(n)

        threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(done) == [0, 1, 2, 3]
        assert len(store.views().events_after(0, 100)) == 20

    def test_a_failed_statement_leaves_nothing_behind(self, store, stored_lab):
        lab = stored_lab
        with pytest.raises(ValueError), store.begin() as work:
            work.append(lab.site_id, [Event(kind=EventKind.TAP_NOTED, at=NOW)])
            work.add_qualification(replace(lab.right, id=lab.ids.new(), member_id="nobody"))
        assert store.views().events_after(0, 10) == ()

    def test_a_naive_time_is_refused(self, store, stored_lab):
        with pytest.raises(ValueError, match="zone"), store.begin() as work:
            work.save_session(stored_lab.session(opened_at=NOW.replace(tzinfo=None)))

    def test_every_microsecond_survives(self, store, stored_lab):
        at = NOW + timedelta(microseconds=123_457)
        session = stored_lab.session(opened_at=at, granted_until=NOW + timedelta(days=20_000, microseconds=1))
        with store.begin() as work:
            work.save_session(session)
            assert work.facts_for(stored_lab.laser.id).session == session
            assert tap(stored_lab, work).access.session == session
        assert store.views().sessions(limit=1, cursor=None).rows == (session,)

    def test_a_store_without_a_site_says_so(self, store):
        with pytest.raises(StoreUnavailable, match="site"), store.begin() as work:
            work.site_id()


class TestTwoWriters:
    @pytest.mark.parametrize("how", ["report", "sweep"])
    def test_who_reads_a_session_to_change_it_is_alone_with_it(self, store, stored_lab, how):
        lab, reading, seen = stored_lab, threading.Event(), []

        def read(work):
            return work.facts_for(lab.laser.id) if how == "report" else work.resources_to_sweep()[0]

        def second():
            reading.wait(5)
            with store.begin() as work:
                seen.append(read(work).session)

        with store.begin() as work:
            work.save_session(lab.session())
        other = threading.Thread(target=second)
        other.start()
        with store.begin() as work:
            session = read(work).session
            reading.set()
            other.join(0.3)
            work.save_session(replace(session, state=State.CLOSED, closed_at=NOW))
        other.join(5)

        assert seen == [None]

    def test_what_no_index_can_hold_is_refused_for_good_and_not_tried_for_ever(self, store, stored_lab):
        key = "".join(chr(0x4E00 + n * 7919 % 20000) for n in range(4000))
        with suppress(ValueError), store.begin() as work:
            work.save_job(job(stored_lab, key))


class TestSessionsAndJobs:
    def test_a_session_is_updated_in_place(self, store, stored_lab):
        session = stored_lab.session()
        closed = replace(
            session, state=State.CLOSED, closed_at=NOW + SECOND, end_reason=EndReason.TAPPED_OUT, enabled_s=1.5,
            active_s=0.25, idle_s=1.25, energised_at=NOW,
        )  # fmt: skip
        with store.begin() as work:
            work.save_session(session)
            work.save_session(closed)
            assert work.facts_for(stored_lab.laser.id).session is None
            work.save_session(stored_lab.session())
        assert closed in store.views().sessions(limit=5, cursor=None).rows

    def test_a_job_is_found_by_its_key_and_ends(self, store, stored_lab):
        lab, machine = stored_lab, stored_lab.devices["grbl-1"]
        first, second = job(lab), job(lab, "j2", started_at=NOW + SECOND)
        over = replace(
            first, ended_at=NOW, outcome=Outcome.CANCELLED, wall_s=3.5, active_s=2.0, paused_s=1.5, laser_on_s=1.0,
            filament_mm=None, reason="arrêt", paused=True,
        )  # fmt: skip
        with store.begin() as work:
            work.save_job(second)
            work.save_job(first)
            assert work.running_jobs(machine.id) == (first, second)
            work.save_job(over)
            assert work.running_jobs(machine.id) == (second,)
            assert work.job(machine.id, "j1") == over
            assert work.job(machine.id, "?") is None

    def test_a_device_has_one_job_of_a_key(self, store, stored_lab):
        with pytest.raises(ValueError), store.begin() as work:
            work.save_job(job(stored_lab))
            work.save_job(job(stored_lab))


def test_a_lab_can_be_made_twice_in_one_place(store):
    """The start-up writes what the configuration names, each time."""
    make_lab(store)
    with store.begin() as work:
        assert work.site_id()
