"""Workshops in the store: what is written is read, who is once is not twice, seats have a last net."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.adapters.sql.transaction import Refused
from gateway.domain.resources import DeviceRole
from gateway.domain.timespan import Span
from gateway.domain.workshop_seats import due_at
from gateway.domain.workshops import AgeBand, Headcount, Place, PlaceState, Roll, Workshop, WorkshopKind, WorkshopState
from gateway.ports.store_workshops import Hold
from gateway.ports.views_workshops import NextSession

HOUR = timedelta(hours=1)


def workshop(lab, hours=24, **changes):
    made = Workshop(
        id=lab.ids.new(), kind=WorkshopKind.COURSE, titles={"fr": "Découpe", "en": "Cutting"}, trainer_id=lab.ada.id,
        span=Span(lab.now + hours * HOUR, lab.now + (hours + 3) * HOUR), seats=8, created_at=lab.now, training="laser",
        minimum=2, decide_by=lab.now + HOUR, offer_hours=12,
    )  # fmt: skip
    return replace(made, **changes)


def line(lab, session, **changes):
    return Place(id=lab.ids.new(), workshop_id=session.id, joined_at=lab.now, **changes)


def stored(lab, session, *places):
    roll = Roll(workshop=session, places=places)
    with lab.store.begin() as work:
        work.save_roll(roll, places)
    return roll


def read(lab, id):
    with lab.store.begin() as work:
        return work.roll(id)


def test_a_workshop_and_every_kind_of_line_come_back_as_they_were(stored_lab):
    lab = stored_lab
    session = workshop(lab, series_id=lab.ids.new())
    pupils = Headcount(commune="Hesdin", bands=((AgeBand.PRIMARY, 3), (AgeBand.LOWER_SECONDARY, 1)))
    places = (
        line(lab, session, member_id=lab.bob.id, present=True, present_at=lab.now, passed=True, qualification_id=lab.right.id),
        line(lab, session, name="Zoé", contact="06 12 34 56 78"),
        line(lab, session, headcount=pupils, mediator_id=lab.ada.id, name="CM2", present=False),
        line(lab, session, member_id=lab.ada.id, state=PlaceState.OFFERED, offered_until=lab.now + HOUR),
    )  # fmt: skip
    roll = stored(lab, session, *places)
    assert read(lab, session.id) == roll
    assert read(lab, "nothing") is None
    view = lab.store.views().workshop(session.id)
    assert (view.workshop, view.taken, view.waiting, view.seats_left) == (session, 3, 0, 5)
    assert [place.member for place in lab.store.views().places(session.id)] == [lab.bob, None, None, lab.ada]


def test_a_change_reaches_the_workshop_and_only_the_lines_named(stored_lab):
    lab = stored_lab
    session = workshop(lab)
    first, second = line(lab, session, member_id=lab.ada.id), line(lab, session, name="Zoé")
    roll = stored(lab, session, first, second)
    moved = replace(session, span=Span(session.span.starts + HOUR, session.span.ends + HOUR), training=None)
    changed = replace(first, state=PlaceState.LEFT)
    with lab.store.begin() as work:
        work.save_roll(replace(roll, workshop=moved, places=(changed, second)), [changed])
    assert read(lab, session.id) == Roll(workshop=moved, places=(changed, second))


def test_a_training_that_is_not_there_is_refused(stored_lab):
    with pytest.raises(Refused):
        stored(stored_lab, workshop(stored_lab, training="nothing"))


def test_the_database_itself_refuses_a_person_twice(stored_lab):
    lab = stored_lab
    session = workshop(lab)
    stored(lab, session, line(lab, session, member_id=lab.ada.id))
    with pytest.raises(Refused):
        stored(lab, session, line(lab, session, member_id=lab.ada.id))
    assert len(read(lab, session.id).places) == 1


def test_the_database_itself_refuses_more_places_than_seats(stored_lab):
    lab = stored_lab
    session = workshop(lab, seats=1, minimum=0)
    with pytest.raises(Refused):
        stored(lab, session, line(lab, session, member_id=lab.ada.id), line(lab, session, member_id=lab.bob.id))
    assert read(lab, session.id) is None


def test_what_a_workshop_holds(stored_lab):
    lab = stored_lab
    session, booking = workshop(lab), lab.booking(24, 27)
    stored(lab, session)
    hold = Hold(resource_id=lab.laser.id, resource="laser-1", reservation_id=booking.id)
    with lab.store.begin() as work:
        assert work.add_reservation(booking)
        work.set_holds(session.id, [hold])
        assert work.workshop_holds(session.id) == (hold,)
        assert work.reservations_over(lab.laser.id, Span(lab.now + 26 * HOUR, lab.now + 30 * HOUR)) == (booking,)
        assert work.reservations_over(lab.laser.id, Span(lab.now + 27 * HOUR, lab.now + 30 * HOUR)) == ()
        assert work.reservations_over(lab.desk.id, booking.span) == ()
    assert lab.store.views().workshop(session.id).resources == ("laser-1",)
    with lab.store.begin() as work:
        work.cancel_reservation(booking.id, lab.now)
        assert work.reservations_over(lab.laser.id, booking.span) == ()
        work.set_holds(session.id, [])
        assert work.workshop_holds(session.id) == ()


def test_who_has_a_live_badge(stored_lab):
    lab = stored_lab
    with lab.store.begin() as work:
        assert work.badged([lab.ada.id, lab.bob.id, "nobody"]) == {lab.ada.id, lab.bob.id}
        work.revoke_badges(lab.ada.id, lab.now)
        assert work.badged([lab.ada.id, lab.bob.id]) == {lab.bob.id}
        assert work.badged([]) == frozenset()


def test_a_list_is_open_at_a_reader_whatever_else_the_reader_says(stored_lab):
    lab = stored_lab
    session = workshop(lab)
    stored(lab, session)
    with lab.store.begin() as work:
        reader = work.reader("reader-1")
        assert work.reader("plug-1") is None
        work.set_list(reader.id, session.id, lab.now, lab.now + HOUR)
        work.save_device(replace(reader, nonsense_count=3))
        work.put_device(id=lab.ids.new(), slug="reader-1", role=DeviceRole.READER, resource="laser-1")
    with lab.store.begin() as work:
        found = work.lock_devices(["reader-1"], lab.now, iter(()))["reader-1"].device
        assert work.readers_of(session.id) == (found,)
        assert [found.list_open(lab.now + h * HOUR) for h in (-0.1, 0, 0.9, 1)] == [None, session.id, session.id, None]
        work.set_list(found.id, None, None, None)
        assert work.readers_of(session.id) == ()


def test_the_list_of_workshops_by_time_training_and_state(stored_lab):
    lab = stored_lab
    soon, later, gone, other = (
        workshop(lab, 24), workshop(lab, 48), workshop(lab, 30, state=WorkshopState.CANCELLED, reason="too_few"),
        workshop(lab, 40, training=None),
    )  # fmt: skip
    for session in (later, other, gone, soon):
        stored(lab, session)
    views = lab.store.views()

    def ids(**filters):
        return [row.workshop.id for row in views.workshops(limit=10, cursor=None, **filters).rows]

    assert ids() == [soon.id, gone.id, other.id, later.id]
    assert ids(upcoming=True) == [soon.id, other.id, later.id]
    assert ids(training="laser", upcoming=True) == [soon.id, later.id]
    assert ids(starts=lab.now + 27 * HOUR, ends=lab.now + 48 * HOUR) == [gone.id, other.id]
    first = views.workshops(limit=3, cursor=None)
    assert [row.workshop.id for row in views.workshops(limit=3, cursor=first.next).rows] == [later.id]
    with pytest.raises(ValueError, match="cursor"):
        views.workshops(limit=3, cursor="nonsense")


def test_the_next_session_of_a_training_has_a_seat_if_any_has(stored_lab):
    lab = stored_lab
    full, free, past = workshop(lab, 24, seats=1, minimum=0), workshop(lab, 48), workshop(lab, -1)
    views = lab.store.views()
    assert views.next_sessions(lab.now) == {}
    stored(lab, full, line(lab, full, member_id=lab.ada.id))
    stored(lab, past)
    assert views.next_session("laser", lab.now).seats_left == 0
    stored(lab, free)
    expected = NextSession(workshop_id=free.id, titles=free.titles, starts=free.span.starts, seats_left=8)
    assert views.next_session("laser", lab.now) == expected
    assert views.next_sessions(lab.now) == {"laser": expected}
    assert views.next_session("sewing", lab.now) is None


def test_a_sweep_looks_only_at_what_time_has_changed(stored_lab):
    lab = stored_lab
    session, quiet = workshop(lab), workshop(lab, state=WorkshopState.HELD)
    roll = stored(lab, session)
    stored(lab, quiet)
    views = lab.store.views()
    assert due_at(roll) == lab.now + HOUR
    assert views.workshops_due(lab.now + HOUR - timedelta(seconds=1)) == ()
    assert views.workshops_due(lab.now + HOUR) == (session.id,)


def test_a_series_from_one_of_its_workshops_on(stored_lab):
    lab = stored_lab
    name = lab.ids.new()
    weeks = [workshop(lab, 24 + 168 * n, series_id=name) for n in range(3)]
    for session in (*weeks, workshop(lab, 400)):
        stored(lab, session)
    with lab.store.begin() as work:
        assert work.series(name, weeks[1].span.starts) == (weeks[1].id, weeks[2].id)
