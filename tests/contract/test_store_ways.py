"""What a tap finds beside the facts of access, in the same read: the class, the part, the tap before, who looks after it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.adapters.sql.transaction import Refused
from gateway.domain.events import Event, EventKind
from gateway.domain.resources import ResourceGroup
from gateway.domain.sessions import Beneficiary, State, Way
from gateway.domain.ways import NOTHING_BESIDE, OpenClass, TapBefore, WaitingPart
from tests.fixtures_store import NOW, badge

HOUR = timedelta(hours=1)


def beside(lab, work, name="ada"):
    return work.facts_for_tap(lab.devices["reader-1"], badge(name), NOW).beside


def a_class(lab, **changes):
    values = {
        "id": lab.ids.new(), "resource_id": lab.laser.id, "trainer_id": lab.ada.id, "workshop_id": None,
        "opened_at": NOW, "until": NOW + HOUR,
    }  # fmt: skip
    return OpenClass(**values | changes)


def tapped(lab, kind=EventKind.TAP_REFUSED, member=None, **data):
    return Event(
        kind=kind, at=NOW, resource_id=lab.laser.id, member_id=(member or lab.bob).id,
        device_id=lab.devices["reader-1"].id, data=data,
    )  # fmt: skip


def test_at_first_a_tap_finds_nothing_beside(store, stored_lab):
    with store.begin() as work:
        assert beside(stored_lab, work) == NOTHING_BESIDE
        assert beside(stored_lab, work, "stranger") == NOTHING_BESIDE


def test_a_tap_finds_the_class_that_is_open_here_and_no_other(store, stored_lab):
    lab, held = stored_lab, a_class(stored_lab)
    with store.begin() as work:
        work.save_class(a_class(lab, closed_at=NOW))
        work.save_class(a_class(lab, resource_id=lab.desk.id))
        assert beside(lab, work).open_class is None
        work.save_class(held)
        assert beside(lab, work, "bob").open_class == work.open_class(lab.laser.id) == held
        assert work.classes_over(NOW) == ()
        assert held in work.classes_over(NOW + HOUR)
        work.save_class(replace(held, closed_at=NOW))
        assert work.open_class(lab.laser.id) is None
        assert held not in work.classes_over(NOW + HOUR)


def test_a_second_open_class_on_a_resource_is_refused_by_the_database(store, stored_lab):
    with store.begin() as work:
        work.save_class(a_class(stored_lab))
    with pytest.raises(Refused), store.begin() as work:
        work.save_class(a_class(stored_lab))


def test_a_part_waits_until_it_is_cleared_and_a_newer_one_takes_its_place(store, stored_lab):
    lab, sessions = stored_lab, [stored_lab.session(state=State.CLOSED, closed_at=NOW) for _ in range(2)]
    parts = [
        WaitingPart(resource_id=lab.laser.id, member_id=lab.ada.id, session_id=session.id, since=NOW)
        for session in sessions
    ]
    with store.begin() as work:
        for session, part in zip(sessions, parts, strict=True):
            work.save_session(session)
            work.save_waiting_part(part)
            assert beside(lab, work, "bob").part == work.waiting_part(lab.laser.id) == part
        assert work.waiting_part(lab.desk.id) is None
        work.clear_waiting_part(lab.laser.id)
        assert beside(lab, work).part is None


def test_the_tap_before_is_the_last_one_answered_at_this_machine(store, stored_lab):
    lab = stored_lab
    with store.begin() as work:
        work.append(lab.site_id, [tapped(lab, refusals=["training_missing"], asks_mentor=True)])
        work.append(lab.site_id, [Event(kind=EventKind.SESSION_OPENED, at=NOW, resource_id=lab.laser.id)])
        work.append(lab.site_id, [replace(tapped(lab, EventKind.TAP_GRANTED), resource_id=lab.desk.id)])
        assert beside(lab, work).before == TapBefore(
            at=NOW, member_id=lab.bob.id, refusals=("training_missing",), asks_mentor=True
        )
        work.append(lab.site_id, [tapped(lab, EventKind.TAP_GRANTED, lab.ada)])
        assert beside(lab, work).before == TapBefore(at=NOW, member_id=lab.ada.id)


def test_a_maintainer_looks_after_a_resource_or_a_whole_group(store, stored_lab):
    lab = stored_lab
    with store.begin() as work:
        group = work.put_group(ResourceGroup(id=lab.ids.new(), slug="lasers", names={"fr": "Découpeuses"}))
        work.put_resource(replace(lab.laser, group_id=group.id))
        assert work.add_maintainer(lab.laser.id, lab.ada.id, NOW)
        assert not work.add_maintainer(lab.laser.id, lab.ada.id, NOW)
        assert work.add_maintainer(group.id, lab.bob.id, NOW)
        assert beside(lab, work).maintains
        assert beside(lab, work, "bob").maintains
        assert work.remove_maintainer(lab.laser.id, lab.ada.id)
        assert not work.remove_maintainer(lab.laser.id, lab.ada.id)
        assert not beside(lab, work).maintains


def test_only_whoever_may_give_all_that_is_asked_teaches_here(store, stored_lab):
    lab = stored_lab
    with store.begin() as work:
        other = work.put_training(replace(lab.training, id=lab.ids.new(), slug="securite"))
        work.put_resource(replace(lab.laser, trainings=("laser", "securite")))
        work.add_trainer(lab.training.id, lab.ada.id, NOW)
        assert not beside(lab, work).teaches
        work.add_trainer(other.id, lab.ada.id, NOW)
        assert beside(lab, work).teaches
        assert not beside(lab, work, "bob").teaches
        assert not work.facts_for_member(lab.desk.id, lab.ada.id, NOW).beside.teaches


def test_a_session_keeps_its_way_and_for_whom_it_counts(store, stored_lab):
    lab = stored_lab
    session = lab.session(
        way=Way.ON_BEHALF, beneficiary_kind=Beneficiary.VISITOR, beneficiary_id=None, supervisor_id=lab.bob.id,
        reason="Portes ouvertes", offered_at=NOW, told_reservation_id=lab.ids.new(),
    )  # fmt: skip
    with store.begin() as work:
        work.save_session(session)
        assert work.facts_for(lab.laser.id).session == session


def test_the_next_booked_is_the_first_that_has_not_ended(store, stored_lab):
    lab = stored_lab
    now, later = lab.booking(-1, 1), lab.booking(2, 3)
    with store.begin() as work:
        assert work.next_booked(lab.laser.id, NOW) is None
        for booking in (later, now):
            work.add_reservation(booking)
        assert work.next_booked(lab.laser.id, NOW).id == now.id
        assert work.next_booked(lab.laser.id, NOW + HOUR).id == later.id


def test_reports_and_sweeps_know_what_is_in_force_on_a_resource(store, stored_lab):
    lab = stored_lab
    with store.begin() as work:
        work.put_resource(replace(lab.laser, use_policy={"job_outlives_hours": 30, "shelf": {"fr": "Étagère 2"}}))
        swept = next(facts for facts in work.resources_to_sweep() if facts.resource.id == lab.laser.id)
        assert swept.use == work.facts_for(lab.laser.id).use
        assert (swept.use.job_outlives_hours, swept.use.shelf) == (30, {"fr": "Étagère 2"})


def test_the_board_sees_the_class_and_the_part(store, stored_lab):
    lab, held, session = stored_lab, a_class(stored_lab), stored_lab.session(state=State.CLOSED, closed_at=NOW)
    part = WaitingPart(resource_id=lab.laser.id, member_id=lab.ada.id, session_id=session.id, since=NOW)
    with store.begin() as work:
        work.save_session(session)
        work.save_class(held)
        work.save_waiting_part(part)
    views = {view.resource.slug: view for view in store.views().floor(NOW)}
    assert (views["laser-1"].open_class, views["laser-1"].part) == (held, part)
    assert (views["desk-1"].open_class, views["desk-1"].part) == (None, None)
