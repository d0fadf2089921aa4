"""Opening hours and closures in the store."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.opening import Closed, ClosedBy, Closure, Open, Schedule
from gateway.domain.opening_plain import read_opening
from gateway.domain.timespan import Span
from tests.fixtures_store import NOW

WEEK = read_opening(
    {"monday": ["9:00-12:00", "14:00-18:00"], "friday": "20:00-02:00", "holidays": "france"}, "Europe/Paris"
)
OWN = read_opening({"monday": "10:00-11:00", "zone": "Indian/Reunion"}, "Europe/Paris")
WINDOW = Span(NOW, NOW + timedelta(days=7))


def closure(lab, first_h, last_h, resource=None, reason="Travaux"):
    span = Span(NOW + timedelta(hours=first_h), NOW + timedelta(hours=last_h))
    return Closure(id=lab.ids.new(), span=span, reason=reason, resource_id=resource.id if resource else None)


def test_nothing_set_is_always_open(store, stored_lab):
    schedules = store.views().schedules(WINDOW)
    assert schedules.site == schedules.of(stored_lab.laser.id) == Schedule()
    with store.begin() as work:
        assert work.site_opening() is None
        assert work.schedule(stored_lab.laser.id, WINDOW).state_at(NOW) == Open(until=None)


def test_a_resource_has_the_hours_of_the_site_unless_it_has_its_own(store, stored_lab):
    lab = stored_lab
    with store.begin() as work:
        work.put_site_opening(WEEK)
        lab.desk = work.put_resource(replace(lab.desk, opening=OWN))
        assert work.resource("desk-1").opening == OWN
        assert work.schedule(lab.desk.id, WINDOW).opening == OWN
        assert work.schedule(lab.laser.id, WINDOW).opening == work.site_opening() == WEEK
    schedules = store.views().schedules(WINDOW)
    assert schedules.own == {lab.desk.id: OWN}
    assert (schedules.of(lab.desk.id).opening, schedules.of(lab.laser.id).opening) == (OWN, WEEK)
    with store.begin() as work:
        work.put_site_opening(None)
        work.put_resource(replace(lab.desk, opening=None))
        assert (work.site_opening(), work.resource("desk-1").opening) == (None, None)


def test_starting_again_keeps_the_hours_of_the_site(store, stored_lab):
    with store.begin() as work:
        work.put_site_opening(WEEK)
        work.put_site(id=stored_lab.ids.new(), slug="hesdin", name="Autre nom", timezone="Europe/Paris")
        assert work.site_opening() == WEEK


def test_a_closure_of_the_site_shuts_all_and_one_of_a_resource_that_one(store, stored_lab):
    lab = stored_lab
    all_shut, desk_shut, over = closure(lab, 5, 6), closure(lab, 2, 3, lab.desk, "Peinture"), closure(lab, -3, 0)
    with store.begin() as work:
        for each in (all_shut, desk_shut, over):
            work.add_closure(each)
        assert work.closure(desk_shut.id) == desk_shut
        assert work.schedule(lab.desk.id, WINDOW).closures == (desk_shut, all_shut)
        assert work.schedule(lab.laser.id, WINDOW).closures == (all_shut,)
    schedules = store.views().schedules(WINDOW)
    assert schedules.closures == (desk_shut, all_shut)
    assert schedules.site.closures == schedules.of(lab.laser.id).closures == (all_shut,)
    shut = schedules.of(lab.desk.id).state_at(NOW + timedelta(hours=2))
    assert shut == Closed(by=ClosedBy.CLOSURE, opens_at=NOW + timedelta(hours=3), reason="Peinture")
    with store.begin() as work:
        work.forget_closure(desk_shut.id)
        assert work.closure(desk_shut.id) is None
    assert store.views().schedules(WINDOW).closures == (all_shut,)


@pytest.mark.parametrize("hours", [(0, 1), (-1, 0.001), (167.999, 200), (-10, 400)])
def test_what_touches_the_window_by_a_moment_is_there(store, stored_lab, hours):
    found = closure(stored_lab, *hours)
    with store.begin() as work:
        work.add_closure(found)
    assert store.views().schedules(WINDOW).closures == (found,)
