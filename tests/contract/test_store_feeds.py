"""What stands in calendars, and the secret addresses of members' calendars, on each kind of database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.booking import Purpose, Status
from gateway.domain.opening import Closure
from gateway.domain.timespan import Span
from gateway.domain.workshops import Place, PlaceState, Roll, Workshop, WorkshopKind
from gateway.ports.store_feeds import CalendarLink
from tests.fixtures_store import NOW

DAY = timedelta(days=1)
WINDOW = Span(NOW - 2 * DAY, NOW + 5 * DAY)


def ids(bookings):
    return [one.reservation.id for one in bookings]


@pytest.fixture
def booked(store, stored_lab):
    """Add reservations; those that are ``gone`` are cancelled."""

    def add(*reservations, gone=False):
        with store.begin() as work:
            for one in reservations:
                assert work.add_reservation(one)
                if gone:
                    work.cancel_reservation(one.id, NOW)
        return reservations

    return add


def test_a_member_has_one_address_which_can_be_made_anew_and_revoked(store, stored_lab):
    lab = stored_lab
    first, second = (CalendarLink(member_id=lab.ada.id, digest=digest, made_at=NOW) for digest in ("d1", "d2"))
    with store.begin() as work:
        work.put_calendar_link(first)
    views = store.views()
    assert views.calendar_link(lab.ada.id) == first
    assert views.calendar_owner("d1") == lab.ada
    with store.begin() as work:
        work.put_calendar_link(second)
        work.put_calendar_link(CalendarLink(member_id=lab.bob.id, digest="d3", made_at=NOW))
    assert (views.calendar_owner("d1"), views.calendar_owner("d2").id) == (None, lab.ada.id)
    with store.begin() as work:
        assert work.forget_calendar_link(lab.ada.id)
        assert not work.forget_calendar_link(lab.ada.id)
    assert (views.calendar_owner("d2"), views.calendar_link(lab.ada.id)) == (None, None)
    assert views.calendar_owner("d3").id == lab.bob.id


def test_what_touches_the_window_is_there_cancelled_or_not_soonest_first(store, stored_lab, booked):
    lab = stored_lab
    later, soon = booked(lab.booking(30, 32), lab.booking(1, 2, lab.bob))
    (gone,) = booked(lab.booking(3, 4), gone=True)
    (running,) = booked(lab.booking(-49, -47))
    booked(lab.booking(-50, -49), lab.booking(24 * 5, 24 * 5 + 1), lab.booking(24 * 9, 24 * 9 + 1))
    agenda = store.views().agenda_of_resource(lab.laser.id, WINDOW)
    assert ids(agenda.bookings) == [running.id, soon.id, gone.id, later.id]
    assert agenda.bookings[2].reservation.status is Status.CANCELLED
    assert agenda.bookings[2].reservation.changed_at == NOW
    assert {(one.slug, one.names["fr"]) for one in agenda.bookings} == {("laser-1", "Découpeuse")}
    assert ids(store.views().agenda_of_member(lab.ada.id, WINDOW).bookings) == [running.id, gone.id, later.id]
    assert store.views().booked(gone.id) == agenda.bookings[2]
    assert store.views().booked(lab.ids.new()) is None


def test_a_workshop_stands_once_and_for_those_who_have_a_seat(store, stored_lab, booked):
    lab = stored_lab
    span = Span(NOW + DAY, NOW + DAY + timedelta(hours=2))
    workshop = Workshop(
        id=lab.ids.new(), kind=WorkshopKind.COURSE, titles={"fr": "Laser"}, trainer_id=lab.ada.id, span=span, seats=4,
        created_at=NOW, version=3, changed_at=NOW + timedelta(hours=1),
    )  # fmt: skip
    seat = Place(id=lab.ids.new(), workshop_id=workshop.id, joined_at=NOW, member_id=lab.bob.id)
    with store.begin() as work:
        work.save_roll(Roll(workshop=workshop, places=(seat,)), [seat])
    held, kept = booked(
        lab.booking(24, 26, purpose=Purpose.WORKSHOP),
        lab.booking(40, 41, purpose=Purpose.MAINTENANCE, member_id=None),
    )
    views = store.views()
    site = views.agenda_of_site(WINDOW)
    assert ids(site.bookings) == [kept.id]
    assert ids(views.agenda_of_resource(lab.laser.id, WINDOW).bookings) == [held.id, kept.id]
    assert [view.workshop for view in site.workshops] == [workshop]
    for member in (lab.ada, lab.bob):
        own = views.agenda_of_member(member.id, WINDOW)
        assert (own.bookings, [view.workshop for view in own.workshops]) == ((), [workshop])
    left = replace(seat, state=PlaceState.LEFT)
    with store.begin() as work:
        work.save_roll(Roll(workshop=workshop, places=(left,)), [left])
    assert store.views().agenda_of_member(lab.bob.id, WINDOW).workshops == ()


def test_closures_stand_where_they_count(store, stored_lab):
    lab = stored_lab
    span = Span(NOW + DAY, NOW + 2 * DAY)
    of_site = Closure(id=lab.ids.new(), span=span, reason="Inventaire")
    of_desk = Closure(id=lab.ids.new(), span=span, reason="Peinture", resource_id=lab.desk.id)
    with store.begin() as work:
        work.add_closure(of_site)
        work.add_closure(of_desk)
    views = store.views()
    assert views.agenda_of_site(WINDOW).closures == (of_site, of_desk)
    assert views.agenda_of_resource(lab.desk.id, WINDOW).closures == (of_site, of_desk)
    assert views.agenda_of_resource(lab.laser.id, WINDOW).closures == (of_site,)
    assert views.agenda_of_member(lab.ada.id, WINDOW).closures == ()


def test_a_change_is_kept_with_its_time(store, stored_lab, booked):
    (made,) = booked(stored_lab.booking(1, 2))
    moved = made.changed(NOW + DAY, span=Span(NOW + DAY, NOW + 2 * DAY))
    with store.begin() as work:
        assert work.reservation(made.id).changed_at is None
        assert work.save_reservation(moved)
    assert store.views().booked(made.id).reservation == moved
    assert (moved.version, moved.changed_at) == (2, NOW + DAY)
