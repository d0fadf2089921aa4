"""Who came, who did not, who left: a table, and properties around every change of the clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.arrivals import Due, Stay, due
from gateway.domain.booking import Reservation
from gateway.domain.booking_policy import BookingPolicy
from gateway.domain.timespan import Span
from gateway.domain.waiting import LIVE, SHORTEST, Wait, WaitState, aged, offered, promised, rest

NOW = datetime(2026, 11, 25, 14, 0, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
POLICY = BookingPolicy(no_show_minutes=15, free_within_minutes=5)


def _changes():
    """Both changes of the clock of every year, found hour by hour."""
    found = []
    for year in range(2020, 2041):
        for month in (3, 10):
            hours = [datetime(year, month, 24, tzinfo=UTC) + n * HOUR for n in range(8 * 24)]
            offsets = [hour.astimezone(PARIS).utcoffset() for hour in hours]
            found += [hours[n] for n in range(1, len(hours)) if offsets[n] != offsets[n - 1]]
    return found


CHANGES = _changes()


def stay(starts=NOW, hours=2, *, came=None, created=NOW - 24 * HOUR, policy=POLICY, **seen):
    held = Reservation(
        id="r", resource_id="laser", member_id="ada", span=Span(starts, starts + hours * HOUR), created_at=created,
        checked_in_at=came,
    )  # fmt: skip
    return Stay(reservation=held, policy=policy, **seen)


@pytest.mark.parametrize(
    ("minutes", "how", "wanted"),
    [
        (-1, {}, None),
        (0, {"there": True}, None),
        (14, {}, None),
        (15, {}, Due.NO_SHOW),
        (119, {}, Due.NO_SHOW),
        (120, {}, None),
        (15, {"policy": BookingPolicy()}, None),
        (15, {"out_of_service": True}, None),
        (15, {"there": True}, Due.CAME),
        (15, {"came": NOW}, None),
        (15, {"created": NOW + MINUTE}, None),
        (16, {"created": NOW + MINUTE}, Due.NO_SHOW),
        (60, {"came": NOW, "left_at": NOW + 55 * MINUTE}, Due.LEFT_EARLY),
        (59, {"came": NOW, "left_at": NOW + 55 * MINUTE}, None),
        (60, {"came": NOW, "left_at": NOW + 55 * MINUTE, "there": True}, None),
        (60, {"came": NOW, "left_at": NOW + 55 * MINUTE, "running": True}, None),
        (60, {"came": NOW, "left_at": NOW + 55 * MINUTE, "policy": BookingPolicy()}, None),
        (120, {"came": NOW, "left_at": NOW + 55 * MINUTE}, None),
    ],
)
def test_what_is_due(minutes, how, wanted):
    assert due(stay(**how), NOW + minutes * MINUTE, usable_since=NOW - HOUR) is wanted


def test_whoever_could_not_have_been_heard_has_the_whole_grace_again():
    assert due(stay(), NOW + 30 * MINUTE, usable_since=NOW + 20 * MINUTE) is None
    assert due(stay(), NOW + 35 * MINUTE, usable_since=NOW + 20 * MINUTE) is Due.NO_SHOW


@given(change=st.sampled_from(CHANGES), quarters=st.integers(-12, 12), grace=st.integers(1, 240))
def test_the_grace_lasts_as_long_when_the_clock_changes(change, quarters, grace):
    starts = (change + quarters * 15 * MINUTE).astimezone(PARIS)
    held = stay(starts.astimezone(UTC), 6, policy=BookingPolicy(no_show_minutes=grace), created=change - 48 * HOUR)
    end_of_grace = held.reservation.span.starts + grace * MINUTE
    awake = change - 48 * HOUR
    assert due(held, end_of_grace - timedelta(microseconds=1), usable_since=awake) is None
    assert due(held, end_of_grace, usable_since=awake) is Due.NO_SHOW


def wait(span, **how):
    return Wait(id="w", member_id="bob", span=span, joined_at=NOW - HOUR, resource_id="laser", **how)


@given(
    change=st.sampled_from(CHANGES), quarters=st.integers(-12, 12), length=st.integers(1, 40),
    ahead=st.integers(-700, 3000), minutes=st.none() | st.integers(5, 1440), moves=st.booleans(),
)  # fmt: skip
def test_an_offer_ends_after_it_is_made_and_before_the_slot_does(change, quarters, length, ahead, minutes, moves):
    starts = change + quarters * 15 * MINUTE
    one = wait(Span(starts, starts + length * 15 * MINUTE), moves=moves)
    now = starts - ahead * MINUTE
    left = rest(one.span, now)
    assert (aged(one, now).state is WaitState.OVER) is (left is None)
    if left is None:
        return
    assert max(starts, now) == left.starts
    assert left.length >= min(one.span.length, SHORTEST)
    asked = offered(one, "laser", now, minutes)
    assert now < asked.offered_until <= one.span.ends
    assert asked.open_offer(now)
    assert not asked.open_offer(asked.offered_until)
    assert aged(asked, now) == asked
    assert aged(asked, asked.offered_until).state not in LIVE


def test_an_offer_keeps_the_next_ones_waiting_but_not_one_to_somebody_who_must_move():
    span = Span(NOW + HOUR, NOW + 2 * HOUR)
    asked, must_move = offered(wait(span), "laser", NOW, 30), offered(wait(span, moves=True), "laser", NOW, 30)
    assert promised([asked], "laser", span, NOW)
    assert not promised([asked], "laser", Span(NOW + 2 * HOUR, NOW + 3 * HOUR), NOW)
    assert not promised([asked], "other", span, NOW)
    assert not promised([must_move], "laser", span, NOW)
    assert not promised([asked], "laser", span, asked.offered_until)
