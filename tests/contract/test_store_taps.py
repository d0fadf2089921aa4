"""A tap on every kind of database: one read brings everything, and one session opens however many tap."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from devices.messages import HashedBadge, Outcome
from gateway.domain.booking import Status
from gateway.domain.jobs import Job
from gateway.domain.qualifications import Qualification
from gateway.domain.resources import Device, DeviceRole, Presence
from gateway.domain.sessions import State
from gateway.domain.training import Requirement, Standing, Training
from gateway.ports.errors import StoreUnavailable
from tests.fixtures_store import NOW, badge

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
        assert facts.access.requirements == (Requirement(slug="laser", names=lab.training.names, state=Standing.VALID),)
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
            ([], (Standing.MISSING, None)),
            ([{"expires_at": NOW}], (Standing.LAPSED, NOW)),
            ([{"expires_at": NOW - SECOND}, {"expires_at": NOW + SECOND}], (Standing.VALID, NOW + SECOND)),
            ([{"expires_at": NOW + SECOND}, {}], (Standing.VALID, None)),
            ([{"revoked_at": NOW}], (Standing.MISSING, None)),
            ([{"revoked_at": NOW}, {"expires_at": NOW - SECOND}], (Standing.LAPSED, NOW - SECOND)),
            ([{"awaiting": True}], (Standing.AWAITING, None)),
            ([{"awaiting": True}, {"expires_at": NOW - SECOND}], (Standing.AWAITING, None)),
            ([{"awaiting": True, "refused_at": NOW}], (Standing.MISSING, None)),
            ([{"awaiting": True}, {"expires_at": NOW + SECOND}], (Standing.VALID, NOW + SECOND)),
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
        assert need == Requirement(slug="laser", names=lab.training.names, state=expected[0], until=expected[1])

    def test_every_training_of_the_resource_is_named(self, store, stored_lab):
        lab = stored_lab
        with store.begin() as work:
            work.put_training(Training(id=lab.ids.new(), slug="fire", names={"fr": "Incendie"}))
            work.put_resource(replace(lab.laser, trainings=("laser", "fire")))
            needs = tap(lab, work).access.requirements
        assert [(need.slug, need.state) for need in needs] == [("fire", Standing.MISSING), ("laser", Standing.VALID)]

    @pytest.mark.parametrize(("held", "expected"), [(1, (Standing.MISSING, 1)), (2, (Standing.VALID, None))])
    def test_a_machine_may_ask_for_a_level(self, store, stored_lab, held, expected):
        lab = stored_lab
        with store.begin() as work:
            asked = work.put_resource(replace(lab.laser, levels={"laser": 2}))
            work.save_qualification(replace(lab.right, level=held))
            facts = tap(lab, work).access
            (need,) = facts.requirements
        assert facts.resource == asked
        assert (need.level, need.state, need.held_level) == (2, *expected)

    @pytest.mark.parametrize(
        ("rights", "expected"),
        [
            ({}, (Standing.PREREQUISITE_LAPSED, "fire", None)),
            ({"fire": {}}, (Standing.PREREQUISITE_LAPSED, "safety", None)),
            ({"fire": {"expires_at": NOW}, "safety": {}}, (Standing.PREREQUISITE_LAPSED, "fire", NOW)),
            ({"fire": {"expires_at": NOW + SECOND}, "safety": {}}, (Standing.VALID, None, NOW + SECOND)),
        ],
    )  # fmt: skip
    def test_what_a_training_stands_on_must_be_held_too_however_far_down(self, store, stored_lab, rights, expected):
        lab = stored_lab
        with store.begin() as work:
            below = {
                slug: work.put_training(Training(id=lab.ids.new(), slug=slug, names={"fr": slug}, prerequisites=needs))
                for slug, needs in (("safety", ()), ("fire", ("safety",)))
            }
            laser = work.put_training(replace(lab.training, prerequisites=("fire",)))
            for slug, right in rights.items():
                row = Qualification(
                    id=lab.ids.new(), member_id=lab.ada.id, training_id=below[slug].id, granted_at=NOW, **right
                )
                work.add_qualification(row)
            (need,) = tap(lab, work).access.requirements
        assert laser.prerequisites == ("fire",)
        assert (need.slug, need.state, need.prerequisite, need.until) == ("laser", *expected)

    def test_the_next_standing_reservations_come_soonest_first(self, store, stored_lab):
        lab = stored_lab
        bookings = [lab.booking(n, n + 1) for n in (6, 2, 4, 0, 8, 10)]
        past, cancelled = lab.booking(-2, 0), lab.booking(20, 21, cancelled_at=NOW, status=Status.CANCELLED)
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
