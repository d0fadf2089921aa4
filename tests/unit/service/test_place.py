"""Taps at the door, on the real store: people are counted, the place opens and closes, and machines know it."""

from dataclasses import replace

import pytest

from devices.messages import BadgeTapped, DeviceConnected
from gateway.domain.events import EventKind
from gateway.domain.layers import SaidPolicies
from gateway.domain.resources import DeviceRole
from tests.fakes.service_lab import ServiceLab, hashed


@pytest.fixture
def lab():
    made = ServiceLab()
    with made.store.begin() as work:
        work.put_device(id=made.ids.new(), slug="door", role=DeviceRole.PLACE, resource=None)
        ada = work.member(made.ada)
        work.put_member(replace(ada, responsible=True))
    made.say("door", DeviceConnected())
    yield made
    made.close()


def door(lab, badge, *, then_s=60, **how):
    """A tap at the door; the code of its answer."""
    lab.bus.sent.clear()
    lab.say("door", BadgeTapped(badge=hashed(badge)), **how)
    lab.later(then_s)
    return [command.code for command in lab.commands("door")]


def rules(lab, **use):
    with lab.store.begin() as work:
        work.put_site_policies(SaidPolicies(use=use))


def refusals(lab, badge="ada"):
    lab.tap(badge)
    last = lab.events()[-1]
    return last.data["refusals"] if last.kind is EventKind.TAP_REFUSED else []


def counts(lab):
    place, here = lab.store.views().presence(lab.clock.now())
    return place.known, place.people, place.responsible, [row.member_id for row in here]


def test_people_come_and_go_and_the_place_opens_and_closes(lab):
    assert door(lab, "ada") == ["place_opened"]
    assert door(lab, "bob") == ["checked_in"]
    assert counts(lab) == (True, 2, 1, [lab.ada, lab.bob])
    assert door(lab, "bob") == ["checked_out"]
    assert door(lab, "ada") == ["place_closed"]
    assert counts(lab) == (True, 0, 0, [])
    told = [(event.kind, event.member_id) for event in lab.events() if event.kind.value.startswith(("place", "person"))]
    assert told == [
        (EventKind.PLACE_OPENED, lab.ada), (EventKind.PERSON_ARRIVED, lab.ada), (EventKind.PERSON_ARRIVED, lab.bob),
        (EventKind.PERSON_LEFT, lab.bob), (EventKind.PERSON_LEFT, lab.ada), (EventKind.PLACE_CLOSED, lab.ada),
    ]  # fmt: skip


def test_with_the_last_responsible_person_everybody_has_left(lab):
    door(lab, "ada")
    door(lab, "bob")
    door(lab, "ada")
    assert counts(lab)[1:] == (0, 0, [])
    assert lab.events(EventKind.PLACE_CLOSED)[0].data == {"still_here": 1}


def test_a_badge_held_at_the_door_changes_nothing(lab):
    door(lab, "bob", then_s=5)
    assert door(lab, "bob") == ["tap_again"]
    assert counts(lab)[1] == 1


def test_an_unknown_badge_is_refused_and_can_be_enrolled(lab):
    assert door(lab, "nobody") == ["badge_unknown"]
    assert lab.events(EventKind.TAP_REFUSED)[0].data["badge"]
    assert counts(lab)[1] == 0


def test_a_tap_that_comes_too_late_moves_nobody(lab):
    assert door(lab, "bob", age_ms=3_600_000) == []
    assert counts(lab)[1] == 0
    assert lab.events(EventKind.TAP_LATE)


def test_who_forgot_to_leave_expires_and_the_place_closes(lab):
    rules(lab, presence_hours=2)
    door(lab, "ada")
    lab.later(2 * 3600)
    assert counts(lab)[1] == 0
    lab.sweeper.sweep()
    assert [event.member_id for event in lab.events(EventKind.PRESENCE_EXPIRED)] == [lab.ada]
    assert lab.events(EventKind.PLACE_CLOSED)[0].data == {"still_here": 0}
    lab.later(60)
    lab.sweeper.sweep()
    assert len(lab.events(EventKind.PRESENCE_EXPIRED)) == 1


def test_a_machine_that_needs_people_says_when_nobody_can_tell_who_is_there(lab):
    rules(lab, minimum_people=2)
    lab.status("door", online=False)
    assert refusals(lab) == ["presence_unknown"]
    lab.status("door", online=True)
    assert refusals(lab) == ["too_few_people"]
    door(lab, "bob")
    assert refusals(lab) == []


def test_a_machine_that_needs_somebody_responsible_waits_for_them(lab):
    with lab.store.begin() as work:
        work.put_member(replace(work.member(lab.ada), responsible=False))
        work.put_member(replace(work.member(lab.bob), responsible=True))
    rules(lab, responsible_present=True)
    door(lab, "ada")
    assert refusals(lab) == ["no_responsible"]
    door(lab, "bob")
    assert refusals(lab) == []


def test_a_place_without_a_reader_at_the_door_knows_nothing():
    lab = ServiceLab()
    rules(lab, responsible_present=True)
    assert refusals(lab) == ["presence_unknown"]
    lab.close()
