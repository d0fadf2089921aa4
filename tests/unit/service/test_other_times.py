"""A machine goes out of service: another machine or another time for each of its bookings, taken with one call."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.booking import Status
from gateway.domain.layers import SaidPolicies
from gateway.domain.refusals import Code, Refused
from gateway.domain.waiting import WaitState
from gateway.service import bookings, bookings_changes, waiting_times

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def now(floor):
    return floor.lab.clock.now()


@pytest.fixture
def booked(floor, now):
    """Ada's booking of laser-1, tomorrow for two hours."""
    return floor.book(floor.lab.ada, now + DAY, now + DAY + 2 * HOUR)


def choices(floor, key):
    found = floor.transact(lambda work, now: waiting_times.choices(work, id=key, now=now))
    return found if found is None else [(one.slug, one.span) for one in found]


def take(floor, key, slug, starts):
    return floor.transact(lambda work, now: waiting_times.take(work, id=key, resource=slug, starts=starts, now=now))


def codes(refused):
    assert isinstance(refused, Refused), refused
    return [refusal.code for refusal in refused.refusals]


def test_the_same_time_on_an_equal_machine_comes_first_then_the_nearest_others(floor, booked, now):
    floor.out(back_at=now + DAY + 3 * HOUR)
    first, *others = choices(floor, booked.id)
    assert first == ("laser-2", booked.span)
    assert others == [("laser-1", replace(booked.span, starts=now + DAY + 3 * HOUR, ends=now + DAY + 5 * HOUR))]


def test_without_an_equal_machine_its_owner_hears_of_the_nearest_time_and_takes_it(floor, booked, now):
    floor.book(floor.lab.bob, now + 3 * HOUR, now + 4 * DAY, resource="laser-2")
    floor.out(back_at=now + 2 * DAY)
    assert floor.kinds("slot_offered", "other_time_possible") == [("other_time_possible", floor.lab.ada)]
    told = next(event for event in floor.lab.events() if event.kind == "other_time_possible")
    assert (told.resource_id, told.data["starts"]) == (floor.twin.id, (now + HOUR).isoformat())
    assert choices(floor, booked.id) == [
        ("laser-2", replace(booked.span, starts=now + HOUR, ends=now + 3 * HOUR)),
        ("laser-1", replace(booked.span, starts=now + 2 * DAY, ends=now + 2 * DAY + 2 * HOUR)),
        ("laser-2", replace(booked.span, starts=now + 4 * DAY, ends=now + 4 * DAY + 2 * HOUR)),
    ]  # fmt: skip
    moved = take(floor, booked.id, "laser-1", now + 2 * DAY)
    assert (moved.id, moved.resource_id, moved.span.starts) == (booked.id, floor.lab.laser.id, now + 2 * DAY)
    assert (moved.version, moved.span.length) == (2, 2 * HOUR)
    assert floor.wait(booked.id).state is WaitState.TAKEN
    assert take(floor, booked.id, "laser-2", now + HOUR) == moved
    assert choices(floor, booked.id) == []
    floor.back()
    assert floor.reservation(booked.id) == moved


def test_two_who_choose_the_same_the_second_is_told_and_keeps_the_booking(floor, booked, now):
    other = floor.book(floor.lab.ada, now + 2 * DAY, now + 2 * DAY + 2 * HOUR)
    floor.out()
    later = now + 3 * DAY
    assert take(floor, other.id, "laser-2", later).span.starts == later
    assert codes(take(floor, booked.id, "laser-2", later + HOUR)) == [Code.BOOKING_OVERLAPS]
    assert floor.reservation(booked.id) == booked
    assert floor.wait(booked.id).state is WaitState.OFFERED


@pytest.mark.parametrize(
    ("slug", "days", "expected"),
    [
        ("laser-1", 1, Code.OUT_OF_SERVICE), ("laser-2", -1, Code.BOOKING_IN_THE_PAST),
        ("bureau", 1, Code.NO_SUCH_RESOURCE), ("laser-2", 400, Code.BOOKING_TOO_FAR),
    ],
)  # fmt: skip
def test_what_may_not_be_is_refused_and_changes_nothing(floor, booked, now, slug, days, expected):
    floor.out(back_at=now + 2 * DAY)
    assert expected in codes(take(floor, booked.id, slug, now + days * DAY))
    assert floor.reservation(booked.id) == booked


def test_what_is_chosen_keeps_the_rules_of_the_lab_but_not_against_the_booking_itself(floor, booked, now):
    with floor.lab.store.begin() as work:
        work.put_site_policies(SaidPolicies(booking={"week_count": 1, "step_minutes": 60, "buffer_minutes": 30}))
    floor.out(back_at=booked.span.starts + 70 * MINUTE)
    assert choices(floor, booked.id) == [
        ("laser-2", booked.span),
        ("laser-1", replace(booked.span, starts=booked.span.starts + 2 * HOUR, ends=booked.span.ends + 2 * HOUR)),
    ]  # fmt: skip
    assert codes(take(floor, booked.id, "laser-2", now + DAY + 15 * MINUTE)) == [Code.BOOKING_OFF_STEP]
    moved = take(floor, booked.id, "laser-1", booked.span.starts + 2 * HOUR)
    assert moved.buffer == 30 * MINUTE


def test_one_who_may_not_use_it_at_that_time_is_offered_none(floor, booked, now):
    with floor.lab.store.begin() as work:
        work.put_member(replace(work.member(floor.lab.ada), member_until=now + DAY + 4 * HOUR))
    floor.out(back_at=now + 2 * DAY)
    assert choices(floor, booked.id) == [("laser-2", booked.span)]
    assert Code.BOOKING_PAST_MEMBERSHIP in codes(take(floor, booked.id, "laser-2", now + 2 * DAY))


def test_whoever_has_nothing_to_move_has_no_choice(floor, booked, now):
    assert choices(floor, booked.id) is None
    assert take(floor, booked.id, "laser-2", now + DAY) is None
    floor.out()
    floor.transact(lambda work, at: bookings_changes.cancel(work, id=booked.id, now=at))
    assert choices(floor, booked.id) == []
    assert codes(take(floor, booked.id, "laser-2", now + DAY)) == [Code.OFFER_OVER]
    assert floor.reservation(booked.id).status is Status.CANCELLED


def test_who_has_booked_a_machine_that_is_not_back_as_expected_is_told_once_and_may_move(floor, now):
    floor.out(back_at=now + DAY)
    tomorrow = floor.book(floor.lab.ada, now + DAY, now + DAY + HOUR)
    floor.book(floor.lab.ada, now + 3 * DAY, now + 3 * DAY + HOUR)
    busy = floor.book(floor.lab.bob, now + DAY, now + DAY + HOUR, resource="laser-2")
    floor.later(24 * 60 - 1)
    assert floor.kinds("reservation_still_affected") == []
    floor.later(1)
    floor.later(1)
    assert floor.kinds("reservation_still_affected", "other_time_possible") == [
        ("reservation_still_affected", floor.lab.ada), ("other_time_possible", floor.lab.ada),
    ]  # fmt: skip
    assert choices(floor, tomorrow.id)[0][1].starts == busy.span.ends
    assert take(floor, tomorrow.id, "laser-2", busy.span.ends).resource_id == floor.twin.id
    floor.later(47 * 60)
    assert len(floor.kinds("reservation_still_affected")) == 2
    floor.back()
    floor.later(1)
    assert len(floor.kinds("reservation_still_affected")) == 2


def test_a_machine_that_is_out_may_be_booked_from_when_it_is_expected_back(floor, now):
    floor.out(back_at=now + 2 * DAY)

    def book(starts):
        wish = {"id": floor.lab.ids.new(), "resource": "laser-1", "member_id": floor.lab.ada}
        return floor.transact(lambda work, at: bookings.book(work, **wish, starts=starts, ends=starts + HOUR, now=at))

    assert codes(book(now + 2 * DAY - MINUTE)) == [Code.OUT_OF_SERVICE]
    assert book(now + 2 * DAY).resource_id == floor.lab.laser.id
    floor.later(2 * 24 * 60 + 1)
    assert codes(book(now + 5 * DAY)) == [Code.OUT_OF_SERVICE]
