"""Bookings on the floor: the tap is the check-in, absence and early departure free the slot, a tap moves it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.booking import Status
from gateway.domain.layers import SaidPolicies
from gateway.domain.opening import Closure
from gateway.domain.refusals import Code
from gateway.domain.timespan import Span
from gateway.domain.waiting import WaitState
from gateway.service import bookings_changes, waiting
from gateway.service.arrivals_sweep import ArrivalsSweeper

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def codes(refused):
    return [refusal.code for refusal in refused.refusals]


def test_the_tap_is_the_check_in_and_nobody_is_released(floor):
    lab, now = floor.lab, floor.lab.clock.now()
    held = floor.book(lab.ada, now + 5 * MINUTE, now + 2 * HOUR)
    lab.tap("ada")
    assert floor.reservation(held.id).checked_in_at == now
    assert lab.session().reservation_id == held.id
    floor.later(60)
    assert floor.reservation(held.id).status is Status.STANDING
    assert floor.kinds("reservation_checked_in", "reservation_released") == [("reservation_checked_in", lab.ada)]


def test_a_tap_before_ones_time_or_of_somebody_else_is_no_check_in(floor):
    lab, now = floor.lab, floor.lab.clock.now()
    held = floor.book(lab.ada, now + 11 * MINUTE, now + 2 * HOUR)
    lab.tap("bob")
    lab.tap("ada")
    assert floor.reservation(held.id).checked_in_at is None


def test_whoever_is_kept_out_by_the_machine_has_come_all_the_same(floor):
    lab, now = floor.lab, floor.lab.clock.now()
    held = floor.book(lab.bob, now, now + HOUR)
    lab.tap("bob")
    assert lab.session() is None
    assert floor.reservation(held.id).checked_in_at == now


def test_a_tap_that_was_heard_late_counts_at_its_hour(floor):
    lab, now = floor.lab, floor.lab.clock.now()
    held = floor.book(lab.ada, now, now + HOUR)
    lab.later(12 * 60)
    lab.tap("ada", age_ms=11 * 60_000)
    assert floor.reservation(held.id).checked_in_at == now + MINUTE
    floor.later(10)
    assert floor.reservation(held.id).status is Status.STANDING


def test_who_stays_from_before_their_booking_has_come(floor):
    lab, now = floor.lab, floor.lab.clock.now()
    lab.tap("ada")
    held = floor.book(lab.ada, now + HOUR, now + 2 * HOUR)
    floor.later(61)
    assert floor.reservation(held.id).checked_in_at == now + 61 * MINUTE


def test_nobody_came_so_the_slot_is_free_and_told_once(floor):
    lab, now = floor.lab, floor.lab.clock.now()
    held = floor.book(lab.ada, now, now + HOUR)
    floor.later(14.9)
    assert floor.reservation(held.id).status is Status.STANDING
    floor.later(0.1)
    floor.later(1)
    assert floor.reservation(held.id).status is Status.NO_SHOW
    assert floor.kinds("reservation_released") == [("reservation_released", lab.ada)]
    floor.book(lab.bob, lab.clock.now(), now + HOUR)


def test_no_grace_runs_while_the_machine_is_out_or_the_place_is_closed_or_we_were_away(floor):
    lab, now = floor.lab, floor.lab.clock.now()
    held = floor.book(lab.ada, now, now + 5 * HOUR)
    floor.out()
    floor.later(60)
    floor.back()
    floor.later(14)
    assert floor.reservation(held.id).status is Status.STANDING
    with lab.store.begin() as work:
        here = lab.clock.now()
        work.add_closure(Closure(id=lab.ids.new(), span=Span(here, here + HOUR), reason="Panne de courant"))
    floor.later(59)
    floor.later(14)
    assert floor.reservation(held.id).status is Status.STANDING
    floor.sweeper = ArrivalsSweeper(clock=lab.clock, transact=floor.transact)
    floor.later(14)
    assert floor.reservation(held.id).status is Status.STANDING
    floor.later(1)
    assert floor.reservation(held.id).status is Status.NO_SHOW


def test_who_leaves_early_gives_back_the_rest_unless_they_return(floor):
    lab, now = floor.lab, floor.lab.clock.now()
    held = floor.book(lab.ada, now, now + 2 * HOUR)
    lab.tap("ada")
    floor.later(30)
    lab.tap("ada")
    floor.later(4)
    lab.tap("ada")
    floor.later(6)
    assert floor.reservation(held.id).span.ends == now + 2 * HOUR
    lab.tap("ada")
    floor.later(5)
    assert floor.reservation(held.id).span == Span(now, now + 45 * MINUTE)
    assert floor.kinds("reservation_shortened") == [("reservation_shortened", lab.ada)]


def test_the_rest_is_offered_to_the_first_in_line_then_to_the_next(floor):
    lab, now = floor.lab, floor.lab.clock.now()
    floor.book(lab.ada, now, now + 4 * HOUR)
    first = floor.join(lab.bob, now, now + 4 * HOUR, resource="laser-1")
    second = floor.join(lab.ada, now + HOUR, now + 4 * HOUR, resource="laser-1")
    lab.tap("ada")
    floor.later(20)
    lab.tap("ada")
    floor.later(5)
    asked = floor.wait(first.id)
    assert (asked.state, asked.offered_id) == (WaitState.OFFERED, lab.laser.id)
    assert asked.offered_until == lab.clock.now() + 30 * MINUTE
    assert floor.wait(second.id).state is WaitState.WAITING
    assert codes(floor.accept(second.id)) == [Code.OFFER_OVER]
    floor.later(30)
    assert floor.wait(first.id).state is WaitState.MISSED
    assert floor.wait(second.id).state is WaitState.OFFERED
    assert codes(floor.accept(first.id)) == [Code.OFFER_OVER]
    made = floor.accept(second.id)
    assert (made.member_id, made.span) == (lab.ada, Span(now + HOUR, now + 4 * HOUR))
    assert floor.accept(second.id) == made
    assert floor.kinds("slot_offered", "slot_offer_missed", "slot_taken") == [
        ("slot_offered", lab.bob), ("slot_offer_missed", lab.bob), ("slot_offered", lab.ada), ("slot_taken", lab.ada),
    ]  # fmt: skip


def test_what_is_taken_meanwhile_is_refused_and_the_place_in_line_stays(floor):
    lab, now = floor.lab, floor.lab.clock.now()
    held = floor.book(lab.ada, now + HOUR, now + 2 * HOUR)
    one = floor.join(lab.bob, now + HOUR, now + 2 * HOUR, resource="laser-1")
    floor.transact(lambda work, at: bookings_changes.cancel(work, id=held.id, now=at))
    floor.sweeper.sweep()
    floor.book(lab.ada, now + HOUR, now + 2 * HOUR)
    assert codes(floor.accept(one.id)) == [Code.BOOKING_OVERLAPS]
    floor.sweeper.sweep()
    assert floor.wait(one.id).state is WaitState.WAITING


def test_a_group_has_the_first_free_of_its_machines(floor):
    lab, now = floor.lab, floor.lab.clock.now()
    span = (now + HOUR, now + 2 * HOUR)
    for resource in ("laser-1", "laser-2"):
        held = floor.book(lab.ada, *span, resource=resource)
    one = floor.join(lab.bob, *span, group="lasers")
    floor.transact(lambda work, at: bookings_changes.cancel(work, id=held.id, now=at))
    floor.sweeper.sweep()
    assert floor.accept(one.id).resource_id == floor.twin.id


def test_nobody_waits_for_what_is_free_twice_or_past(floor):
    lab, now = floor.lab, floor.lab.clock.now()
    span = (now + HOUR, now + 2 * HOUR)
    assert codes(floor.join(lab.bob, *span, resource="laser-1")) == [Code.WAIT_SLOT_FREE]
    floor.book(lab.ada, *span)
    assert codes(floor.join(lab.bob, *span, group="lasers")) == [Code.WAIT_SLOT_FREE]
    one = floor.join(lab.bob, *span, resource="laser-1")
    assert codes(floor.join(lab.bob, *span, resource="laser-1")) == [Code.WAIT_TWICE]
    assert codes(floor.join(lab.bob, now + HOUR, now, resource="laser-1")) == [
        Code.BOOKING_ENDS_BEFORE_START, Code.BOOKING_IN_THE_PAST
    ]  # fmt: skip
    assert floor.join(lab.bob, *span, resource="nothing") is None
    gone = floor.transact(lambda work, at: waiting.leave(work, id=one.id, now=at))
    assert gone.state is WaitState.LEFT
    assert floor.transact(lambda work, at: waiting.leave(work, id=one.id, now=at)) == gone


def test_who_booked_a_machine_that_breaks_is_told_and_moves_with_one_call(floor):
    lab, now = floor.lab, floor.lab.clock.now()
    held = floor.book(lab.ada, now + HOUR, now + 2 * HOUR)
    after = floor.book(lab.bob, now + 5 * HOUR, now + 6 * HOUR)
    floor.out(back_at=now + 4 * HOUR)
    assert floor.kinds("reservation_affected", "slot_offered") == [
        ("reservation_affected", lab.ada), ("slot_offered", lab.ada)
    ]  # fmt: skip
    moved = floor.accept(held.id)
    assert (moved.id, moved.resource_id, moved.span) == (held.id, floor.twin.id, held.span)
    floor.back()
    assert floor.kinds("reservation_stands_again") == []
    assert floor.reservation(after.id).resource_id == lab.laser.id


def test_a_booking_that_nobody_moved_stands_again_when_the_machine_is_back(floor):
    lab, now = floor.lab, floor.lab.clock.now()
    held = floor.book(lab.ada, now + HOUR, now + 2 * HOUR)
    floor.out()
    floor.out()
    floor.back()
    assert floor.reservation(held.id).resource_id == lab.laser.id
    assert codes(floor.accept(held.id)) == [Code.OFFER_OVER]
    assert floor.kinds("reservation_affected", "reservation_stands_again") == [
        ("reservation_affected", lab.ada), ("reservation_stands_again", lab.ada)
    ]  # fmt: skip


def test_a_booking_cancelled_meanwhile_is_not_moved(floor):
    lab, now = floor.lab, floor.lab.clock.now()
    held = floor.book(lab.ada, now + HOUR, now + 2 * HOUR)
    floor.out()
    floor.transact(lambda work, at: bookings_changes.cancel(work, id=held.id, now=at))
    assert codes(floor.accept(held.id)) == [Code.OFFER_OVER]


def test_a_tap_at_a_free_equal_machine_moves_the_booking_there(floor):
    lab, now = floor.lab, floor.lab.clock.now()
    held = floor.book(lab.ada, now, now + 2 * HOUR)
    lab.later(60)
    floor.tap_twin("ada")
    moved = floor.reservation(held.id)
    assert (moved.resource_id, moved.span) == (floor.twin.id, Span(now + MINUTE, now + 2 * HOUR))
    assert moved.checked_in_at == now + MINUTE
    with lab.store.begin() as work:
        session = work.facts_for(floor.twin.id).session
    assert (session.reservation_id, session.granted_until) == (held.id, now + 2 * HOUR)
    floor.book(lab.bob, now + HOUR, now + 2 * HOUR)


def test_without_the_right_or_against_another_booking_nothing_moves(floor):
    lab, now = floor.lab, floor.lab.clock.now()
    bobs = floor.book(lab.bob, now, now + HOUR)
    floor.tap_twin("bob")
    assert floor.reservation(bobs.id).resource_id == lab.laser.id
    mine = floor.book(lab.ada, now + HOUR, now + 3 * HOUR)
    floor.book(lab.bob, now + 2 * HOUR, now + 3 * HOUR, resource="laser-2")
    lab.later(60 * 61)
    floor.tap_twin("ada")
    assert floor.reservation(mine.id).resource_id == lab.laser.id


def test_a_lab_that_says_nothing_moves_and_frees_nothing(floor):
    lab, now = floor.lab, floor.lab.clock.now()
    with lab.store.begin() as work:
        work.put_site_policies(SaidPolicies())
    held = floor.book(lab.ada, now, now + 2 * HOUR)
    floor.tap_twin("ada")
    floor.later(90)
    assert floor.reservation(held.id) == held


@pytest.mark.parametrize("day", [datetime(2027, 3, 28), datetime(2027, 10, 31)])
def test_the_night_the_clock_changes_counts_real_minutes(floor, day):
    lab = floor.lab
    before = day.replace(hour=1, minute=45, tzinfo=ZoneInfo("Europe/Paris")).astimezone(UTC)
    lab.later((before - lab.clock.now()).total_seconds())
    floor.sweeper = ArrivalsSweeper(clock=lab.clock, transact=floor.transact)
    held = floor.book(lab.ada, before, before + HOUR)
    floor.later(14)
    assert floor.reservation(held.id).status is Status.STANDING
    floor.later(1)
    assert floor.reservation(held.id).status is Status.NO_SHOW
