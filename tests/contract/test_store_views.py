"""What pages read: the floor in a constant number of statements, and every list page by page."""

from dataclasses import replace
from datetime import timedelta

import pytest

from devices.messages import Outcome
from gateway.adapters.sql import SqlStore
from gateway.adapters.sql.transaction import Transaction
from gateway.domain.booking import Status
from gateway.domain.events import Event, EventKind
from gateway.domain.jobs import Job
from gateway.domain.qualifications import Qualification
from gateway.domain.resources import DeviceRole, Presence, Resource
from gateway.domain.sessions import State
from gateway.domain.training import Training
from gateway.ports.errors import StoreUnavailable
from tests.fixtures_store import NOW, make_lab

HOUR = timedelta(hours=1)


def pages(ask, limit):
    rows, cursor = [], None
    while True:
        page = ask(limit=limit, cursor=cursor)
        rows += page.rows
        cursor = page.next
        if cursor is None:
            return rows
        assert len(page.rows) == limit


def a_job(lab, key, started, **changes):
    values = {
        "id": lab.ids.new(), "device_id": lab.devices["grbl-1"].id, "key": key, "resource_id": lab.laser.id,
        "session_id": None, "member_id": None, "name": None, "started_at": started,
    }  # fmt: skip
    return Job(**values | changes)


class TestFloor:
    def test_a_tile_has_all_it_needs(self, store, stored_lab):
        lab = stored_lab
        session, running = lab.session(), a_job(lab, "run", NOW)
        last = a_job(lab, "last", NOW - 3 * HOUR, ended_at=NOW - HOUR, outcome=Outcome.FAILED)
        before = a_job(lab, "before", NOW - 2 * HOUR, ended_at=NOW - 2 * HOUR, outcome=Outcome.FINISHED)
        with store.begin() as work:
            work.save_session(session)
            for job in (running, last, before):
                work.save_job(job)
            for booking in (lab.booking(-3, -2), lab.booking(4, 5), lab.booking(2, 3)):
                work.add_reservation(booking)
        laser, desk = store.views().floor(NOW)
        assert laser.resource == lab.laser
        assert [device.slug for device in laser.devices] == ["grbl-1", "plug-1", "reader-1"]
        assert (laser.session, laser.job, laser.last_job) == (session, running, last)
        assert laser.reservation.span.starts == NOW + 2 * HOUR
        assert laser.trainings == (lab.training,)
        assert (laser.alarms, laser.progress) == ((), None)
        assert desk.resource == lab.desk
        assert (desk.devices, desk.session, desk.job, desk.last_job, desk.reservation) == ((), None, None, None, None)
        assert store.views().resource("laser-1", NOW) == laser
        assert store.views().resource("desk-1", NOW) == desk
        assert store.views().resource("ghost", NOW) is None

    def test_the_reservation_that_covers_now_else_the_next_within_a_day(self, store, stored_lab):
        lab = stored_lab
        cover, far = lab.booking(-1, 1), lab.booking(25, 26)
        with store.begin() as work:
            for booking in (lab.booking(3, 4), cover, far):
                work.add_reservation(booking)

        def shown(hours):
            return store.views().resource("laser-1", NOW + hours * HOUR).reservation

        assert shown(0) == cover
        assert shown(1).span.starts == NOW + 3 * HOUR
        assert shown(1) == store.views().floor(NOW + HOUR)[0].reservation
        with store.begin() as work:
            work.cancel_reservation(cover.id, NOW)
        assert shown(4) == far
        assert shown(26) is None

    def test_as_many_statements_for_two_hundred_machines_as_for_two(self, store, stored_lab, monkeypatch):
        asked = []
        run = Transaction.all
        monkeypatch.setattr(Transaction, "all", lambda tx, *a, **k: asked.append(1) or run(tx, *a, **k))
        store.views().floor(NOW)
        few = len(asked)
        with store.begin() as work:
            for n in range(200):
                resource = Resource(
                    id=stored_lab.ids.new(), slug=f"m-{n:03}", names={"fr": "M"}, trainings=("laser",), position=2 + n
                )
                work.put_resource(resource)
                work.put_device(
                    id=stored_lab.ids.new(), slug=f"d-{n:03}", role=DeviceRole.INTERLOCK, resource=resource.slug
                )
        asked.clear()
        floor = store.views().floor(NOW)
        assert len(floor) == 202
        assert [view.resource.slug for view in floor[:4]] == ["laser-1", "desk-1", "m-000", "m-001"]
        assert (len(asked), few) == (few, few)


class TestLastTap:
    def test_the_latest_verdict_with_a_first_name(self, store, stored_lab):
        lab = stored_lab
        views = store.views()
        assert views.last_tap(lab.laser.id) is None

        def log(kind, member, at=NOW):
            with store.begin() as work:
                work.append(
                    lab.site_id,
                    [Event(kind=kind, at=at, resource_id=lab.laser.id, member_id=member.id if member else None)],
                )

        log(EventKind.TAP_GRANTED, lab.ada)
        assert views.last_tap(lab.laser.id).first_name == "Ada"
        log(EventKind.TAP_REFUSED, None)
        log(EventKind.TAP_LATE, lab.bob)
        log(EventKind.SESSION_OPENED, lab.bob)
        last = views.last_tap(lab.laser.id)
        assert (last.event.event.kind, last.first_name) == (EventKind.TAP_REFUSED, None)
        assert (last.event.resource, last.event.site) == ("laser-1", "hesdin")
        assert views.last_tap(lab.desk.id) is None


class TestLists:
    @pytest.fixture
    def sessions(self, store, stored_lab):
        """Eleven sessions, some of the same moment, the last two open."""
        lab, made = stored_lab, []
        with store.begin() as work:
            for n in range(11):
                resource = lab.desk if n % 2 else lab.laser
                over = {} if n > 8 else {"closed_at": NOW + n * HOUR, "state": State.CLOSED}
                session = lab.session(resource_id=resource.id, opened_at=NOW + (n // 3) * HOUR, **over)
                work.save_session(session)
                made.append(session)
        return sorted(made, key=lambda row: (row.opened_at, row.id), reverse=True)

    @pytest.mark.parametrize("limit", [1, 2, 5, 10, 11, 100])
    def test_sessions_newest_first_each_once(self, store, sessions, limit):
        views = store.views()
        assert pages(views.sessions, limit) == sessions
        laser = [row for row in sessions if row.resource_id == store.views().resource("laser-1", NOW).resource.id]
        assert pages(lambda **k: views.sessions(resource="laser-1", **k), limit) == laser
        still = [row for row in sessions if row.closed_at is None]
        assert pages(lambda **k: views.sessions(open_only=True, **k), limit) == still
        assert pages(lambda **k: views.sessions(open_only=True, resource="laser-1", **k), limit) == [
            row for row in laser if row.closed_at is None
        ]
        assert views.sessions(limit=limit, cursor=None, resource="ghost").rows == ()

    @pytest.mark.parametrize(
        "cursor", ["", "nonsense", "é", "W10", "bnVsbA", "WyJzZXNzaW9ucyIsMSwyXQ", "%00", "a" * 9999]
    )
    def test_a_foreign_cursor_is_a_value_error(self, store, sessions, cursor):
        views = store.views()
        for ask in (views.sessions, views.jobs, views.reservations, views.members, views.qualifications, views.events):
            with pytest.raises(ValueError, match="cursor"):
                ask(limit=1, cursor=cursor)

    def test_a_cursor_of_another_list_is_foreign_too(self, store, sessions):
        with pytest.raises(ValueError, match="another page"):
            store.views().jobs(limit=1, cursor=store.views().sessions(limit=1, cursor=None).next)

    def test_jobs_newest_first(self, store, stored_lab):
        lab = stored_lab
        jobs = [a_job(lab, f"j{n}", NOW + (n // 2) * HOUR) for n in range(5)]
        stray = a_job(lab, "stray", NOW - HOUR, resource_id=None)
        with store.begin() as work:
            for job in (*jobs, stray):
                work.save_job(job)
        newest = sorted(jobs, key=lambda row: (row.started_at, row.id), reverse=True)
        views = store.views()
        assert pages(views.jobs, 2) == [*newest, stray]
        assert pages(lambda **k: views.jobs(resource="laser-1", **k), 2) == newest

    def test_reservations_soonest_first_where_they_overlap_the_window(self, store, stored_lab):
        lab, views = stored_lab, store.views()
        rows = [lab.booking(n, n + 1) for n in range(6)]
        gone = lab.booking(8, 9, cancelled_at=NOW, status=Status.CANCELLED)
        elsewhere = lab.booking(2, 3, resource_id=lab.desk.id)
        with store.begin() as work:
            for booking in (*reversed(rows), gone, elsewhere):
                assert work.add_reservation(booking)
        window = {"starts": NOW + 1 * HOUR, "ends": NOW + 4 * HOUR, "resource": "laser-1"}
        assert pages(lambda **k: views.reservations(**window, **k), 2) == rows[1:4]
        assert pages(lambda **k: views.reservations(resource="laser-1", **k), 4) == rows
        assert len(pages(views.reservations, 3)) == 7
        assert pages(lambda **k: views.reservations(starts=NOW + 5.5 * HOUR, **k), 3) == rows[5:]
        assert pages(lambda **k: views.reservations(ends=NOW + 0.5 * HOUR, **k), 3) == rows[:1]

    def test_qualifications_newest_first(self, store, stored_lab):
        lab, views = stored_lab, store.views()
        with store.begin() as work:
            fire = work.put_training(Training(id=lab.ids.new(), slug="fire", names={"fr": "Incendie"}))
            late = Qualification(
                id=lab.ids.new(), member_id=lab.bob.id, training_id=fire.id, granted_at=NOW + HOUR, granted_by="jury",
                expires_at=NOW + 9 * HOUR, note="ok",
            )  # fmt: skip
            work.add_qualification(late)
        assert pages(views.qualifications, 1) == [late, lab.right]
        assert pages(lambda **k: views.qualifications(member_id=lab.ada.id, **k), 1) == [lab.right]
        assert pages(lambda **k: views.qualifications(training="fire", **k), 1) == [late]
        assert pages(lambda **k: views.qualifications(training="fire", member_id=lab.ada.id, **k), 1) == []
        assert [training.slug for training in views.trainings()] == ["fire", "laser"]

    def test_events_newest_first_by_kind(self, store, stored_lab):
        views = store.views()
        kinds = [EventKind.TAP_NOTED, EventKind.JOB_STARTED, EventKind.JOB_ENDED, EventKind.TAP_NOTED]
        with store.begin() as work:
            work.append(stored_lab.site_id, [Event(kind=kind, at=NOW, data={"n": n}) for n, kind in enumerate(kinds)])
        assert [row.event.data["n"] for row in pages(views.events, 3)] == [3, 2, 1, 0]
        jobs = pages(lambda **k: views.events(kinds=("job_started", "job_ended"), **k), 1)
        assert [row.event.data["n"] for row in jobs] == [2, 1]

    def test_devices_that_need_someone_come_first(self, store, stored_lab):
        lab = stored_lab
        with store.begin() as work:
            for slug in ("reader-1", "grbl-1"):
                work.save_device(replace(lab.devices[slug], presence=Presence.ONLINE))
            work.lock_devices(["zz-new"], NOW, iter([lab.ids.new()]))
        assert [device.slug for device in store.views().devices()] == ["zz-new", "grbl-1", "plug-1", "reader-1"]
        with store.begin() as work:
            work.save_device(replace(lab.devices["reader-1"], presence=Presence.ONLINE, nonsense_count=1))
        assert [device.slug for device in store.views().devices()] == ["reader-1", "zz-new", "grbl-1", "plug-1"]


def test_views_of_an_empty_database_say_that_there_is_no_site(store):
    with pytest.raises(StoreUnavailable, match="site"):
        store.views().floor(NOW)


def test_no_list_reads_a_whole_table_on_sqlite(sqlite_path, monkeypatch):
    """SQLite keeps no statistics here: each list must lead it to the index that makes its page short."""
    store = SqlStore(sqlite_path)
    make_lab(store)
    plans = []
    run = Transaction.all

    def explained(tx, statement, /, **params):
        prepared = tx._statements[statement]
        plans.extend(row[3] for row in tx._cursor.execute(f"EXPLAIN QUERY PLAN {prepared.sql}", prepared.bind(params)))
        return run(tx, statement, **params)

    monkeypatch.setattr(Transaction, "all", explained)
    long = ("sessions", "jobs", "reservations", "qualifications", "events", "held_facts", "badge_hashes")
    views, window = store.views(), {"starts": NOW, "ends": NOW + HOUR}
    asked = [
        (lambda: views.floor(NOW), "sessions USING INDEX uq_sessions_one_open"),
        (lambda: views.floor(NOW), "jobs USING INDEX ix_jobs_running_resource"),
        (lambda: views.floor(NOW), "reservations USING INDEX ix_reservations_ends"),
        (lambda: views.resource("laser-1", NOW), "reservations USING INDEX ix_reservations_resource_id_ends"),
        (lambda: views.sessions(limit=9, cursor=None), "sessions USING INDEX ix_sessions_opened_at_id"),
        (lambda: views.sessions(limit=9, cursor=None, open_only=True), "sessions USING INDEX uq_sessions_one_open"),
        (
            lambda: views.sessions(limit=9, cursor=None, resource="laser-1"),
            "sessions USING INDEX ix_sessions_resource_id_opened_at_id",
        ),
        (lambda: views.jobs(limit=9, cursor=None), "jobs USING INDEX ix_jobs_started_at_id"),
        (
            lambda: views.jobs(limit=9, cursor=None, resource="laser-1"),
            "jobs USING INDEX ix_jobs_resource_id_started_at_id",
        ),
        (lambda: views.reservations(limit=9, cursor=None, **window), "USING INDEX ix_reservations_ends"),
        (lambda: views.events(limit=9, cursor=None, kinds=("tap_noted",)), "USING COVERING INDEX ix_events_kind_id"),
        (lambda: views.unknown_badges(NOW), "events USING INDEX ix_events_refused"),
        (lambda: views.last_tap("x"), "events USING INDEX ix_events_taps"),
        (lambda: views.members(limit=9, cursor=None), "members USING INDEX ix_members_sort_name_id"),
    ]
    try:
        for ask, index in asked:
            plans.clear()
            ask()
            assert any(index in step for step in plans), (index, plans)
            assert not [step for step in plans if step.startswith("SCAN") and step.split()[-1] in long], plans
            assert not [step for step in plans if "ORDER BY" in step and "members" in index], plans
    finally:
        store.close()
