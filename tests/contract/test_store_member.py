"""What one member sees of their own, and of nobody else's."""

from dataclasses import replace
from datetime import timedelta

from gateway.domain.access import lacking
from gateway.domain.booking import Purpose
from gateway.domain.sessions import Beneficiary, State
from gateway.domain.timespan import Span
from gateway.domain.workshops import Place, PlaceState, Roll, Workshop, WorkshopKind
from tests.fixtures_store import NOW

HOUR = timedelta(hours=1)


def test_their_standing_bookings_soonest_first(store, stored_lab):
    lab = stored_lab
    over, late, soon = lab.booking(-3, -2), lab.booking(5, 6), lab.booking(1, 2)
    gone, bobs = lab.booking(3, 4), lab.booking(7, 8, lab.bob)
    class_ = lab.booking(9, 10, purpose=Purpose.WORKSHOP)
    with store.begin() as work:
        for each in (over, late, soon, gone, bobs, class_):
            assert work.add_reservation(each)
        work.cancel_reservation(gone.id, NOW)
    views = store.views()
    assert views.bookings_of(lab.ada.id, NOW) == (soon, late)
    assert views.booking_of(lab.ada.id, late.id) == late
    found = views.booking_of(lab.ada.id, gone.id)
    assert found is not None
    assert found.cancelled_at == NOW
    for other in (bobs.id, class_.id, lab.ids.new()):
        assert views.booking_of(lab.ada.id, other) is None


def test_the_hours_that_count_for_them(store, stored_lab):
    lab = stored_lab
    closed = {"state": State.CLOSED, "closed_at": NOW, "resource_id": lab.desk.id}
    with store.begin() as work:
        for hours, seconds, more in (
            (2, 600.0, {}),
            (3, 60.0, {"beneficiary_id": lab.bob.id}),
            (4, 7.0, {"beneficiary_kind": Beneficiary.WORKSHOP, "beneficiary_id": None}),
            (50, 5000.0, {}),
        ):
            work.save_session(
                lab.session(opened_at=NOW - hours * HOUR, enabled_s=seconds, idle_s=seconds, **closed | more)
            )
        work.save_session(lab.session())
    assert store.views().seconds_used(lab.ada.id, NOW - 24 * HOUR) == 600.0
    assert store.views().seconds_used(lab.bob.id, NOW - 24 * HOUR) == 60.0


def test_what_each_resource_asks_of_them_is_what_a_tap_would_find(store, stored_lab):
    lab = stored_lab
    with store.begin() as work:
        work.put_resource(replace(lab.laser, use_policy={"charter_version": 2}))
    views = store.views()
    for member, codes in ((lab.ada, ["charter_not_accepted"]), (lab.bob, ["charter_not_accepted", "training_missing"])):
        laser, desk = views.personal_facts(member.id, NOW)
        tapped = views.access_facts(lab.laser.id, member.id, NOW)
        assert (laser.requirements, laser.use, laser.zone) == (tapped.requirements, tapped.use, tapped.zone)
        assert [refusal.code for refusal in lacking(laser, NOW)] == codes
        assert (desk.resource, lacking(desk, NOW)) == (lab.desk, ())


def test_their_places_and_how_many_wait_before_them(store, stored_lab):
    lab = stored_lab
    session = Workshop(
        id=lab.ids.new(), kind=WorkshopKind.COURSE, titles={"fr": "Découpe"}, trainer_id=lab.ada.id,
        span=Span(NOW + HOUR, NOW + 2 * HOUR), seats=1, created_at=NOW,
    )  # fmt: skip
    places = [
        Place(
            id=lab.ids.new(), workshop_id=session.id, joined_at=NOW + n * timedelta(minutes=1), state=state, **who
        )
        for n, (state, who) in enumerate((
            (PlaceState.ENROLLED, {"name": "Zoé"}), (PlaceState.WAITING, {"name": "Léo"}),
            (PlaceState.WAITING, {"member_id": lab.bob.id}), (PlaceState.LEFT, {"member_id": lab.ada.id}),
        ))
    ]  # fmt: skip
    with store.begin() as work:
        work.save_roll(Roll(workshop=session, places=tuple(places)), places)
    (mine,) = store.views().places_of(lab.bob.id, NOW)
    assert (mine.place, mine.ahead, mine.view.workshop) == (places[2], 1, session)
    assert store.views().places_of(lab.ada.id, NOW) == ()
    assert store.views().places_of(lab.bob.id, NOW + 3 * HOUR) == ()


def test_the_plan_of_a_day_names_who_has_what(store, stored_lab):
    lab = stored_lab
    before, over_the_edge, inside = lab.booking(-30, -29), lab.booking(-1, 1), lab.booking(2, 3, lab.bob)
    gone, nobody = lab.booking(4, 5), lab.booking(6, 7, member_id=None, purpose=Purpose.MAINTENANCE)
    with store.begin() as work:
        for each in (before, over_the_edge, inside, gone, nobody):
            assert work.add_reservation(each)
        work.cancel_reservation(gone.id, NOW)
    views = store.views()
    found = views.planned(Span(NOW, NOW + 8 * HOUR))
    assert [(one.reservation, one.member) for one in found] == [
        (over_the_edge, lab.ada), (inside, lab.bob), (nobody, None),
    ]  # fmt: skip
    one = views.planned_one(gone.id)
    assert one is not None
    assert (one.reservation.cancelled_at, one.member) == (NOW, lab.ada)
    assert views.planned_one(lab.ids.new()) is None


def test_every_resource_and_what_they_use_now(store, stored_lab):
    lab = stored_lab
    session = lab.session(resource_id=lab.desk.id)
    with store.begin() as work:
        work.save_session(session)
        work.save_session(lab.session(state=State.CLOSED, closed_at=NOW))
        work.save_session(lab.session(operator_id=lab.bob.id))
    assert store.views().resources() == (lab.laser, lab.desk)
    assert store.views().open_sessions_of(lab.ada.id) == (session,)
