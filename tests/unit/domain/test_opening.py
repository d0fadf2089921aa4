"""Opening hours: right on every day of every year, and clear about what is wrong with them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.opening import Closed, ClosedBy, Closure, Open, Opening, Schedule
from gateway.domain.opening_plain import WEEKDAYS, plain_opening, read_opening
from gateway.domain.timespan import Span

PARIS = ZoneInfo("Europe/Paris")
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)


def opening(**week: object) -> Opening:
    found = read_opening(week, "Europe/Paris")
    assert isinstance(found, Opening), found
    return found


def paris(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS, fold=fold).astimezone(UTC)


def span(starts: str, ends: str) -> Span:
    return Span(paris(starts), paris(ends))


def closure(starts: str, ends: str, reason: str = "Travaux") -> Closure:
    return Closure(id="c1", span=span(starts, ends), reason=reason)


SHOP = opening(tuesday=["9:00-12:30", "14:00-18:00"], friday=["20:00-02:00"], saturday="10:00-24:00", holidays="france")


@pytest.mark.parametrize(
    ("now", "state"),
    [
        ("2026-11-24T09:00", Open(until=paris("2026-11-24T12:30"))),
        ("2026-11-24T12:29", Open(until=paris("2026-11-24T12:30"))),
        ("2026-11-24T12:30", Closed(by=ClosedBy.HOURS, opens_at=paris("2026-11-24T14:00"))),
        ("2026-11-24T18:00", Closed(by=ClosedBy.HOURS, opens_at=paris("2026-11-27T20:00"))),
        ("2026-11-28T01:59", Open(until=paris("2026-11-28T02:00"))),
        ("2026-11-28T23:59", Open(until=paris("2026-11-29T00:00"))),
        ("2026-11-29T12:00", Closed(by=ClosedBy.HOURS, opens_at=paris("2026-12-01T09:00"))),
    ],
)
def test_open_or_closed_and_until_when(now: str, state: Open | Closed) -> None:
    assert Schedule(opening=SHOP).state_at(paris(now)) == state


def test_a_public_holiday_closes_the_day_and_names_itself() -> None:
    state = Schedule(opening=SHOP).state_at(paris("2026-07-14T10:00"))  # a Tuesday
    assert isinstance(state, Closed)
    assert (state.by, state.opens_at) == (ClosedBy.HOLIDAY, paris("2026-07-17T20:00"))
    assert state.names == {"fr": "Fête nationale", "en": "National Day"}


def test_a_night_that_began_before_a_holiday_goes_on() -> None:
    night = opening(thursday="20:00-02:00", friday="10:00-12:00", holidays="france")
    assert Schedule(opening=night).state_at(paris("2026-12-25T01:00")) == Open(until=paris("2026-12-25T02:00"))
    assert isinstance(Schedule(opening=night).state_at(paris("2026-12-25T10:00")), Closed)


def test_alsace_and_moselle_have_two_more() -> None:
    for whose, shut in (("france", False), ("alsace-moselle", True)):
        hours = opening(friday="9:00-18:00", saturday="9:00-18:00", holidays=whose)
        for day in ("2026-04-03T10:00", "2026-12-26T10:00"):
            assert isinstance(Schedule(opening=hours).state_at(paris(day)), Closed) is shut


def test_a_closure_wins_and_says_why() -> None:
    shut = Schedule(opening=SHOP, closures=(closure("2026-11-24T10:00", "2026-12-01T10:00"),))
    assert shut.state_at(paris("2026-11-24T09:30")) == Open(until=paris("2026-11-24T10:00"))
    assert shut.state_at(paris("2026-11-27T21:00")) == Closed(
        by=ClosedBy.CLOSURE, opens_at=paris("2026-12-01T10:00"), reason="Travaux"
    )


def test_without_hours_it_is_open_but_for_closures() -> None:
    assert Schedule().state_at(paris("2026-11-24T03:00")) == Open(until=None)
    assert Schedule().spans(span("2026-01-01T00:00", "2027-01-01T00:00")) == (
        span("2026-01-01T00:00", "2027-01-01T00:00"),
    )
    shut = Schedule(closures=(closure("2026-11-24T10:00", "2026-11-24T11:00"),))
    assert shut.closes_at(paris("2026-11-24T09:00")) == paris("2026-11-24T10:00")
    assert shut.opens_at(paris("2026-11-24T10:30")) == paris("2026-11-24T11:00")


def test_a_long_closure_still_ends_and_a_short_week_still_comes() -> None:
    shut = Schedule(opening=SHOP, closures=(closure("2026-07-01T00:00", "2027-06-29T00:00"),))
    assert shut.opens_at(paris("2026-07-02T00:00")) == paris("2027-06-29T09:00")
    ever = Schedule(closures=(closure("2026-01-01T00:00", "2029-01-01T00:00"),))
    assert ever.state_at(paris("2026-07-01T00:00")) == Closed(by=ClosedBy.CLOSURE, opens_at=None, reason="Travaux")


def test_days_and_nights_that_touch_are_one_opening() -> None:
    always = opening(**dict.fromkeys(WEEKDAYS, "0:00-24:00"))
    assert Schedule(opening=always).state_at(paris("2026-11-24T10:00")) == Open(until=None)
    assert Schedule(opening=always).holds(span("2026-01-01T00:00", "2026-12-31T00:00"))


def last_sunday(year: int, month: int) -> date:
    return max(day for n in range(1, 32) if (day := date(year, month, n)).weekday() == 6)


CHANGES = [
    (last_sunday(year, month), season)
    for year in range(2020, 2041)
    for month, season in ((3, "spring"), (10, "autumn"))
]
"""Every change of the hour in Europe from 2020 to 2040, by the rule itself: at 1:00 UTC of the last Sunday."""


def is_summer(moment: datetime) -> bool:
    edges = [datetime(moment.year, month, last_sunday(moment.year, month).day, 1, tzinfo=UTC) for month in (3, 10)]
    return edges[0] <= moment < edges[1]


EXPECTED = [  # hours on the wall, and hours in truth on the day of the change
    ("0:00-24:00", {"spring": 23, "autumn": 25}),
    ("1:00-4:00", {"spring": 2, "autumn": 4}),
    ("2:00-3:00", {"spring": 0, "autumn": 2}),
    ("2:15-2:45", {"spring": 0, "autumn": 0.5}),
    ("1:30-2:30", {"spring": 0.5, "autumn": 1}),
    ("2:30-3:30", {"spring": 0.5, "autumn": 2}),
    ("22:00-2:30", {"spring": 4.5, "autumn": 4.5}),  # the night that begins on the Sunday
    ("9:00-18:00", {"spring": 9, "autumn": 9}),
]


@pytest.mark.parametrize(("wall", "lengths"), EXPECTED)
def test_no_change_of_the_hour_makes_a_wrong_duration(wall: str, lengths: dict[str, float]) -> None:
    assert len(CHANGES) == 42  # twenty-one years
    for day, season in CHANGES:
        found = Schedule(opening=opening(sunday=wall)).spans(
            Span(paris(f"{day}T00:00"), paris(f"{day + 2 * DAY}T00:00"))
        )
        assert sum((s.length for s in found), timedelta()) == lengths[season] * HOUR, (day, season)


def test_a_night_over_a_change_of_the_hour() -> None:
    for day, season in CHANGES:
        night = Schedule(opening=opening(saturday="22:00-6:00"))
        found = night.spans(Span(paris(f"{day - DAY}T00:00"), paris(f"{day + DAY}T00:00")))
        assert [s.length for s in found] == [(7 if season == "spring" else 9) * HOUR]


def test_leap_days_have_their_own_hours() -> None:
    for year in (2020, 2024, 2028, 2032, 2036, 2040):
        leap = date(year, 2, 29)
        hours = Schedule(opening=opening(**{WEEKDAYS[leap.weekday()]: "9:00-12:15"}))
        found = hours.spans(span(f"{leap}T00:00", f"{leap + DAY}T00:00"))
        assert found == (span(f"{leap}T09:00", f"{leap}T12:15"),)


quarters = st.integers(0, 95).map(lambda n: n * 15)


@st.composite
def days(draw: st.DrawFn) -> list[str]:
    """One or two openings of a day, on quarters of an hour."""
    edges = sorted(draw(st.lists(st.integers(0, 96), min_size=2, max_size=4, unique=True)))
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    return [f"{a // 4}:{a % 4 * 15:02d}-{b // 4}:{b % 4 * 15:02d}" for a, b in pairs]


weeks = st.dictionaries(st.sampled_from(WEEKDAYS), days(), min_size=1)
starts = st.one_of(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 12, 30)),
    st.sampled_from(CHANGES).map(lambda change: datetime.combine(change[0], datetime.min.time()) - 3 * HOUR),
    st.sampled_from([datetime(2024, 2, 29), datetime(2028, 2, 28, 22), datetime(2031, 12, 31, 23)]),
).map(lambda moment: moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0, tzinfo=UTC))


def shown_hours(week: dict[str, list[str]], wall: datetime) -> bool:
    """The oracle: whether a clock that shows ``wall`` is within the hours of its day, by reading the texts."""
    minute = wall.hour * 60 + wall.minute
    for text in week.get(WEEKDAYS[wall.weekday()], []):
        opens, closes = ([int(part) for part in edge.split(":")] for edge in text.split("-"))
        if opens[0] * 60 + opens[1] <= minute < closes[0] * 60 + closes[1]:
            return True
    return False


@settings(max_examples=60, deadline=None)
@given(weeks, starts)
def test_open_exactly_when_the_clock_on_the_wall_says_so(week: dict[str, list[str]], first: datetime) -> None:
    """Quarter by quarter, against the European rule and the texts; an hour that comes twice never closes twice."""
    schedule = Schedule(opening=opening(**week))
    window = Span(first, first + 30 * HOUR)
    found = schedule.spans(window)
    for quarter in range(30 * 4):
        at = first + quarter * 15 * MINUTE
        wall = (at + (2 if is_summer(at) else 1) * HOUR).replace(tzinfo=None)
        if is_summer(at - HOUR) and not is_summer(at):
            # The hour that comes again: what the clock has once passed has passed.
            wall = wall.replace(hour=2, minute=59)
        assert any(s.holds(at) for s in found) == shown_hours(week, wall), at
    parts = [*schedule.spans(Span(first, first + 7 * HOUR)), *schedule.spans(Span(first + 7 * HOUR, window.ends))]
    assert sum((s.length for s in found), timedelta()) == sum((s.length for s in parts), timedelta())


@settings(max_examples=40, deadline=None)
@given(weeks, starts, st.integers(0, 200), st.integers(1, 200))
def test_the_state_agrees_with_the_spans(week: dict[str, list[str]], now: datetime, shut: int, long: int) -> None:
    away = Closure(id="c", reason="x", span=Span(now + (shut - 100) * HOUR / 4, now + (shut - 100 + long) * HOUR / 4))
    schedule = Schedule(opening=opening(**week), closures=(away,))
    found = schedule.spans(Span(now - 60 * DAY, now + 60 * DAY))
    covering = next((s for s in found if s.holds(now)), None)
    state = schedule.state_at(now)
    if covering:
        assert state == Open(until=covering.ends if covering.ends < now + 60 * DAY else None)
    else:
        assert isinstance(state, Closed)
        assert state.opens_at == next(s.starts for s in found if s.starts > now)
        assert (state.by is ClosedBy.CLOSURE) == away.span.holds(now)


@given(weeks, st.sampled_from([None, "france", "alsace-moselle"]))
def test_hours_survive_being_stored(week: dict[str, list[str]], holidays: str | None) -> None:
    kept = opening(**week, **({"holidays": holidays} if holidays else {}))
    assert read_opening(plain_opening(kept), "UTC") == kept


@pytest.mark.parametrize(
    ("plain", "told"),
    [
        ("always", {("opening_unreadable", "opening")}),
        ({}, {("opening_empty", "opening")}),
        ({"monday": []}, {("opening_empty", "opening")}),
        ({"monday": "9-12"}, {("opening_unreadable", "monday")}),
        ({"monday": "25:00-26:00"}, {("opening_unreadable", "monday")}),
        ({"monday": "9:00-24:30"}, {("opening_unreadable", "monday")}),
        ({"monday": "9:60-10:00"}, {("opening_unreadable", "monday")}),
        ({"monday": "9:00-9:00"}, {("opening_unreadable", "monday")}),
        ({"monday": 9, "lundi": "9:00-10:00"}, {("opening_unreadable", "monday"), ("opening_key_unknown", "lundi")}),
        ({"monday": ["9:00-12:00", "11:00-13:00"]}, {("opening_overlaps", "monday")}),
        ({"sunday": "20:00-2:00", "monday": "1:00-3:00"}, {("opening_overlaps", "sunday")}),
        ({"monday": "9:00-12:00", "zone": "Europe/Hesdin"}, {("zone_unknown", "zone")}),
        ({"monday": "9:00-12:00", "zone": "../../etc/passwd"}, {("zone_unknown", "zone")}),
        ({"monday": "9:00-12:00", "zone": 3}, {("zone_unknown", "zone")}),
        ({"monday": "9:00-12:00", "holidays": "FR"}, {("holidays_unknown", "holidays")}),
        ({"monday": "9:00-12:00", "holidays": ["france"]}, {("holidays_unknown", "holidays")}),
    ],
)
def test_everything_that_is_wrong_with_the_hours_is_named(plain: object, told: set[tuple[str, str]]) -> None:
    found = read_opening(plain, "Europe/Paris")
    assert isinstance(found, tuple)
    assert {(str(refusal.code), refusal.params["field"]) for refusal in found} == told
