"""The store port, on SQLite in a file, SQLite in memory and PostgreSQL: transactions, devices, streams, sessions."""

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from devices.messages import HashedBadge, Outcome
from gateway.domain.access import Requirement
from gateway.domain.events import Event, EventKind
from gateway.domain.jobs import Job
from gateway.domain.people import Qualification, Role, Training
from gateway.domain.resources import Device, DeviceRole, Presence, Resource
from gateway.domain.sessions import EndReason, State
from gateway.domain.streams import Stream
from gateway.ports.errors import StoreUnavailable
from gateway.ports.store import HeldFact, Quarantined, Token
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


class TestTaps:
    def test_two_taps_at_once_open_one_session(self, store, stored_lab):
        lab, opened, refused = stored_lab, [], []
        together = threading.Barrier(2)

        def tap_in():
            together.wait()
            with store.begin() as work:
                work.lock_devices(["reader-1"], NOW, ())
                if tap(lab, work).access.session is None:
                    session = lab.session()
                    work.save_session(session)
                    opened.append(session.id)
                else:
                    refused.append(True)

        for _ in range(10):
            threads = [threading.Thread(target=tap_in) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert (len(opened), len(refused)) == (1, 1)
            with store.begin() as work:
                session = work.facts_for(lab.laser.id).session
                work.save_session(replace(session, state=State.CLOSED, closed_at=NOW))
            opened.clear()
            refused.clear()

    def test_a_second_open_session_is_refused_by_the_database(self, store, stored_lab):
        with store.begin() as work:
            work.save_session(stored_lab.session())
        with pytest.raises(StoreUnavailable, match="another session"), store.begin() as work:
            work.save_session(stored_lab.session())

    def test_one_read_brings_everything(self, store, stored_lab):
        lab = stored_lab
        booking, session, running = lab.booking(0, 1), lab.session(), job(lab)
        with store.begin() as work:
            work.add_reservation(booking)
            work.save_session(session)
            work.save_job(running)
            facts = tap(lab, work)
        assert facts.access.resource == lab.laser
        assert facts.access.member == lab.ada
        assert not facts.access.badge_revoked
        assert facts.access.requirements == (Requirement(slug="laser", names=lab.training.names, held=True),)
        assert facts.access.booked == (booking,)
        assert facts.access.session == session
        assert facts.access.interlock_known
        assert facts.running == (running,)
        assert facts.interlock == lab.devices["plug-1"]

    def test_a_badge_is_known_by_any_of_its_forms(self, store, stored_lab):
        lab = stored_lab
        unknown = HashedBadge(form="uid", key_id="k1", digest="?")
        with store.begin() as work:
            for forms in (badge("ada")[:1], badge("ada")[1:], (unknown, badge("ada")[1])):
                assert work.facts_for_tap(lab.devices["reader-1"], forms, NOW).access.member == lab.ada
            for forms in (
                (unknown,),
                (),
                (replace(badge("ada")[0], key_id="k2"),),
                (replace(badge("ada")[0], form="x"),),
            ):
                assert work.facts_for_tap(lab.devices["reader-1"], forms, NOW).access.member is None

    def test_a_crowd_of_forms_is_no_badge_but_no_fault_either(self, store, stored_lab):
        forms = tuple(HashedBadge(form="f", key_id="k", digest=str(n)) for n in range(2000))
        with store.begin() as work:
            assert work.facts_for_tap(stored_lab.devices["reader-1"], forms, NOW).access.member is None

    def test_an_unassigned_reader_still_knows_the_member(self, store, stored_lab):
        stray = Device(id=stored_lab.ids.new(), slug="stray", role=DeviceRole.UNASSIGNED)
        with store.begin() as work:
            facts = work.facts_for_tap(stray, badge("bob"), NOW)
        assert (facts.access.resource, facts.access.member) == (None, stored_lab.bob)
        assert facts.access.interlock_known
        assert facts.interlock is None

    def test_a_revoked_badge_says_whose_it_was(self, store, stored_lab):
        with store.begin() as work:
            assert work.revoke_badges(stored_lab.ada.id, NOW) == 1
            facts = tap(stored_lab, work)
            assert (facts.access.member, facts.access.badge_revoked) == (stored_lab.ada, True)
            assert work.add_badge(id=stored_lab.ids.new(), member_id=stored_lab.bob.id, badge=badge("ada"), now=NOW)
            facts = tap(stored_lab, work)
            assert (facts.access.member, facts.access.badge_revoked) == (stored_lab.bob, False)

    @pytest.mark.parametrize(
        ("rights", "expected"),
        [
            ([], {"held": False}),
            ([{"expires_at": NOW - SECOND}], {"held": True, "expires_at": NOW - SECOND}),
            ([{"expires_at": NOW - SECOND}, {"expires_at": NOW + SECOND}], {"held": True, "expires_at": NOW + SECOND}),
            ([{"expires_at": NOW + SECOND}, {}], {"held": True}),
            ([{"revoked_at": NOW}], {"held": True, "revoked": True}),
            ([{"revoked_at": NOW}, {"expires_at": NOW - SECOND}], {"held": True, "expires_at": NOW - SECOND}),
        ],
    )
    def test_the_best_right_counts(self, store, stored_lab, rights, expected):
        lab = stored_lab
        with store.begin() as work:
            for right in rights:
                work.add_qualification(
                    Qualification(
                        id=lab.ids.new(), member_id=lab.bob.id, training_id=lab.training.id, granted_at=NOW, **right
                    )
                )
            (need,) = tap(lab, work, "bob").access.requirements
        assert need == Requirement(slug="laser", names=lab.training.names, **expected)

    def test_every_training_of_the_resource_is_named(self, store, stored_lab):
        lab = stored_lab
        with store.begin() as work:
            work.put_training(Training(id=lab.ids.new(), slug="fire", names={"fr": "Incendie"}))
            work.put_resource(replace(lab.laser, trainings=("laser", "fire")))
            needs = tap(lab, work).access.requirements
        assert [(need.slug, need.held) for need in needs] == [("fire", False), ("laser", True)]

    def test_the_next_standing_reservations_come_soonest_first(self, store, stored_lab):
        lab = stored_lab
        bookings = [lab.booking(n, n + 1) for n in (6, 2, 4, 0, 8, 10)]
        past, cancelled = lab.booking(-2, 0), lab.booking(20, 21, cancelled_at=NOW)
        with store.begin() as work:
            for booking in (*bookings, past, cancelled):
                assert work.add_reservation(booking)
            booked = tap(lab, work).access.booked
        assert booked == tuple(sorted(bookings, key=lambda b: b.span.starts)[:5])

    @pytest.mark.parametrize(
        ("presence", "power_on", "known"),
        [
            (Presence.ONLINE, False, True), (Presence.ONLINE, True, True), (Presence.ONLINE, None, False),
            (Presence.OFFLINE, False, False), (Presence.NEVER, None, False), (Presence.NEVER, True, False),
        ],
    )  # fmt: skip
    def test_a_relay_is_known_when_it_is_heard_and_can_be_believed(self, store, stored_lab, presence, power_on, known):
        plug = replace(stored_lab.devices["plug-1"], presence=presence, power_on=power_on)
        with store.begin() as work:
            work.save_device(plug)
            facts = tap(stored_lab, work)
        assert (facts.access.interlock_known, facts.interlock) == (known, plug)

    def test_facts_for_a_resource(self, store, stored_lab):
        lab = stored_lab
        session, running, ended = lab.session(), job(lab), job(lab, "j0", ended_at=NOW, outcome=Outcome.FINISHED)
        with store.begin() as work:
            work.save_session(session)
            work.save_job(running)
            work.save_job(ended)
            facts = work.facts_for(lab.laser.id)
            assert (facts.resource, facts.session, facts.running) == (lab.laser, session, (running,))
            assert facts.interlock == lab.devices["plug-1"]
            assert work.facts_for("nothing") is None

    def test_sweeps_see_resources_in_use_or_with_an_interlock(self, store, stored_lab):
        lab = stored_lab
        with store.begin() as work:
            assert [facts.resource.slug for facts in work.resources_to_sweep()] == ["laser-1"]
            work.save_session(lab.session(resource_id=lab.desk.id))
            both = {facts.resource.slug: facts for facts in work.resources_to_sweep()}
        assert set(both) == {"laser-1", "desk-1"}
        assert both["desk-1"].session is not None
        assert both["desk-1"].interlock is None


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


class TestDevicesAndStreams:
    def test_unknown_devices_are_added_unassigned(self, store, stored_lab):
        with store.begin() as work:
            found = work.lock_devices(["new-1", "reader-1"], NOW, iter([stored_lab.ids.new()]))
        assert found["new-1"].device == Device(
            id=found["new-1"].device.id, slug="new-1", role=DeviceRole.UNASSIGNED, resource_id=None
        )
        assert found["reader-1"].device == stored_lab.devices["reader-1"]
        with store.begin() as work:
            assert work.lock_devices(["new-1"], NOW, ())["new-1"].device.id == found["new-1"].device.id

    def test_so_many_strangers_and_no_more(self, store, stored_lab):
        strangers = [f"stranger-{n:03}" for n in range(498)]
        with store.begin() as work:
            assert len(work.lock_devices(strangers, NOW, (stored_lab.ids.new() for _ in count()))) == 498
        with store.begin() as work:
            found = work.lock_devices(["a", "b", "c", "plug-1"], NOW, (stored_lab.ids.new() for _ in count()))
        assert sorted(found) == ["a", "b", "plug-1"]

    def test_a_stream_is_kept_with_its_gaps(self, store, stored_lab):
        reader = stored_lab.devices["reader-1"]
        stream = Stream(9, ((3, 4), (7, 7)))
        with store.begin() as work:
            work.save_stream(reader.id, "b1", Stream(1), NOW)
            work.save_stream(reader.id, "b1", stream, NOW)
            work.save_stream(reader.id, "b2", Stream(2), NOW)
        with store.begin() as work:
            streams = work.lock_devices(["reader-1"], NOW, ())["reader-1"].streams
            assert dict(streams) == {"b1": stream, "b2": Stream(2)}
            assert streams.get("b3") is None

    def test_a_stream_of_long_ago_is_still_known(self, store, stored_lab):
        reader = stored_lab.devices["reader-1"]
        with store.begin() as work:
            for n in range(20):
                work.save_stream(reader.id, f"b{n}", Stream(n + 1), NOW + n * SECOND)
        with store.begin() as work:
            streams = work.lock_devices(["reader-1"], NOW, ())["reader-1"].streams
            assert [streams[f"b{n}"].applied for n in range(20)] == list(range(1, 21))
            assert "b20" not in streams
            assert streams.get("b20", Stream()) == Stream()

    def test_an_early_fact_is_held_once_and_in_order(self, store, stored_lab):
        reader = stored_lab.devices["reader-1"]

        def fact(seq, payload=b"\x00\xff"):
            return HeldFact(
                device_id=reader.id, boot="b1", seq=seq, received_at=NOW + seq * SECOND, topic="t", payload=payload
            )

        with store.begin() as work:
            for seq in (5, 3, 5, 4):
                work.hold(fact(seq))
            work.hold(fact(3, b"other"))
            assert work.held(reader.id, "b1") == (fact(3), fact(4), fact(5))
            assert work.held_since(NOW + 4 * SECOND) == (("reader-1", "b1"),)
            assert work.held_since(NOW + 3 * SECOND) == ()
            work.release(reader.id, "b1", [3, 5])
            assert work.held(reader.id, "b1") == (fact(4),)
            work.release(reader.id, "b1", [])

    def test_what_a_device_said_is_kept_when_it_is_attached_elsewhere(self, store, stored_lab):
        plug = replace(
            stored_lab.devices["plug-1"], presence_reason="dit adieu", nonsense_count=3, nonsense_example="x"
        )
        with store.begin() as work:
            work.save_device(plug)
            moved = work.put_device(
                id=stored_lab.ids.new(), slug="plug-1", role=DeviceRole.INTERLOCK, resource="desk-1"
            )
        assert moved == replace(plug, resource_id=stored_lab.desk.id)

    def test_quiet_devices_are_those_not_yet_known_to_be_away(self, store, stored_lab):
        reader = replace(stored_lab.devices["reader-1"], presence=Presence.ONLINE, last_seen_at=NOW)
        gone = replace(stored_lab.devices["grbl-1"], presence=Presence.OFFLINE, last_seen_at=NOW)
        with store.begin() as work:
            work.save_device(reader)
            work.save_device(gone)
            assert {device.slug for device in work.quiet_devices(NOW + SECOND)} == {"reader-1", "plug-1"}
            assert work.quiet_devices(NOW) == ()

    def test_a_broken_fact_is_set_aside_raw(self, store, stored_lab):
        row = Quarantined(
            id=stored_lab.ids.new(), device="grbl-1", topic="t/\0", payload=b"\0\xff", error="boum\0", received_at=NOW
        )
        with store.begin() as work:
            work.quarantine(row)
        ((found, device, error, at),) = store.views().quarantine(5)
        assert (found, device, error.startswith("boum"), at) == (row.id, "grbl-1", True, NOW)


class TestLab:
    def test_putting_again_keeps_the_id(self, store, stored_lab):
        lab = stored_lab
        with store.begin() as work:
            assert work.put_site(id="x", slug="hesdin", name="Autre", timezone="Europe/Paris") == lab.site_id
            changed = replace(
                lab.laser, id="x", position=7, out_of_service=True, out_reason="miroir", back_at=NOW, trainings=()
            )
            assert work.put_resource(changed) == replace(changed, id=lab.laser.id)
            assert work.resource("laser-1") == replace(changed, id=lab.laser.id)
            training = replace(lab.training, id="x", validity_days=365)
            assert work.put_training(training) == replace(training, id=lab.training.id)
            assert work.training("laser") == replace(training, id=lab.training.id)
            device = work.put_device(id="x", slug="reader-1", role=DeviceRole.READER, resource=None)
            assert (device.id, device.resource_id) == (lab.devices["reader-1"].id, None)
            assert work.resource("?") is None
            assert work.training("?") is None
        assert store.views().lab().name == "Autre"

    def test_what_is_not_there_cannot_be_pointed_at(self, store, stored_lab):
        with pytest.raises(ValueError, match="no resource ghost"), store.begin() as work:
            work.put_device(id="x", slug="plug-2", role=DeviceRole.INTERLOCK, resource="ghost")
        with pytest.raises(ValueError, match="ghost"), store.begin() as work:
            work.put_resource(Resource(id="x", slug="cnc", names={"fr": "F"}, trainings=("laser", "ghost")))
        assert store.views().resource("cnc", NOW) is None

    def test_a_token_lives_until_it_is_revoked_or_expires(self, store, stored_lab):
        token = Token(
            id=stored_lab.ids.new(), digest="d1", role=Role.KIOSK, label="accueil", created_at=NOW, resource="laser-1",
            expires_at=NOW + SECOND,
        )  # fmt: skip
        with store.begin() as work:
            work.add_token(token)
            work.add_token(replace(token, id="t2", digest="d2", resource=None, expires_at=None, role=Role.MANAGER))
        views = store.views()
        found = views.token("d1", NOW)
        assert (found.id, found.role, found.label, found.resource) == (token.id, Role.KIOSK, "accueil", "laser-1")
        assert views.token("d1", NOW + SECOND) is None
        assert views.token("d3", NOW) is None
        with store.begin() as work:
            assert work.revoke_token("t2", NOW)
            assert work.revoke_token("t2", NOW)
            assert not work.revoke_token("t3", NOW)
        assert views.token("d2", NOW) is None


def test_a_lab_can_be_made_twice_in_one_place(store):
    """The start-up writes what the configuration names, each time."""
    make_lab(store)
    with store.begin() as work:
        assert work.site_id()
