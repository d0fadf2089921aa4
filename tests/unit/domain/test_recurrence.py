"""Recurrences keep the hour on the wall, end, and say what is wrong with them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.local_time import wall_clock
from gateway.domain.recurrence import expand
from gateway.domain.refusals import Refusal
from gateway.domain.timespan import Span

ZONE = "Europe/Paris"
PARIS = ZoneInfo(ZONE)
DAY = timedelta(days=1)


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).astimezone(UTC)


def span(starts: str, ends: str) -> Span:
    return Span(paris(starts), paris(ends))


TUESDAY = span("2026-11-24T14:00", "2026-11-24T16:00")


def dates(rule: str, first: Span = TUESDAY, limit: int = 60) -> list[str]:
    found = expand(rule, first, ZONE, limit)
    assert isinstance(found, tuple), found
    for each in found:
        assert wall_clock(each.starts, PARIS).time() == wall_clock(first.starts, PARIS).time()
        assert wall_clock(each.ends, PARIS).time() == wall_clock(first.ends, PARIS).time()
    return [f"{wall_clock(each.starts, PARIS):%m-%d}" for each in found]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=WEEKLY;COUNT=3", ["11-24", "12-01", "12-08"]),
        ("RRULE:FREQ=WEEKLY;COUNT=3", ["11-24", "12-01", "12-08"]),
        ("freq=weekly;interval=2;count=3", ["11-24", "12-08", "12-22"]),
        ("FREQ=WEEKLY;BYDAY=TU,TH;UNTIL=20261203", ["11-24", "11-26", "12-01", "12-03"]),
        ("FREQ=WEEKLY;UNTIL=20261201T130000Z", ["11-24", "12-01"]),
        ("FREQ=WEEKLY;UNTIL=20261201T140000", ["11-24", "12-01"]),
        ("FREQ=WEEKLY;UNTIL=20261201T125959Z", ["11-24"]),
        ("FREQ=MONTHLY;BYDAY=4TU;COUNT=3", ["11-24", "12-22", "01-26"]),
        ("FREQ=MONTHLY;BYDAY=TU;BYSETPOS=-1;COUNT=2", ["11-24", "12-29"]),
        ("FREQ=YEARLY;COUNT=3", ["11-24", "11-24", "11-24"]),
        ("RRULE:FREQ=WEEKLY;COUNT=3\nEXDATE;TZID=Europe/Paris:20261201T140000", ["11-24", "12-08"]),
        ("RRULE:FREQ=WEEKLY;COUNT=3\r\nEXDATE:20261124T130000Z,20261208T130000Z", ["12-01"]),
        ("FREQ=WEEKLY;COUNT=3\nEXDATE;VALUE=DATE:20261201", ["11-24", "12-08"]),
    ],
)
def test_the_dates_of_a_rule(rule: str, expected: list[str]) -> None:
    assert dates(rule) == expected


def test_a_weekly_night_over_both_changes_keeps_its_hours_on_the_wall() -> None:
    first = span("2026-10-17T22:00", "2026-10-18T06:00")
    found = expand("FREQ=WEEKLY;COUNT=26", first, ZONE, 60)
    assert isinstance(found, tuple)
    odd = {wall_clock(each.starts, PARIS).date(): each.length for each in found if each.length != first.length}
    assert odd == {date(2026, 10, 24): timedelta(hours=9), date(2027, 3, 27): timedelta(hours=7)}


def test_the_thirty_first_only_in_months_that_have_one_and_29_february_only_in_leap_years() -> None:
    assert dates("FREQ=MONTHLY;COUNT=3", span("2026-12-31T09:00", "2026-12-31T10:00")) == ["12-31", "01-31", "03-31"]
    found = expand("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;COUNT=1", span("2028-02-29T09:00", "2028-02-29T10:00"), ZONE, 9)
    assert isinstance(found, tuple)
    assert len(found) == 1


def test_the_first_occurrence_is_the_one_that_was_asked_for_even_in_the_hour_that_comes_twice() -> None:
    again = datetime(2026, 10, 25, 2, 30, tzinfo=PARIS, fold=1).astimezone(UTC)
    first = Span(again, again + timedelta(hours=1))
    found = expand("FREQ=WEEKLY;COUNT=2", first, ZONE, 9)
    assert found == (first, span("2026-11-01T02:30", "2026-11-01T03:30"))


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("FREQ=WEEKLY", "recurrence_endless"),
        ("FREQ=WEEKLY;COUNT=61", "recurrence_too_many"),
        ("FREQ=DAILY;UNTIL=20270301", "recurrence_too_many"),
        ("FREQ=YEARLY;COUNT=20", "recurrence_too_long"),
        ("FREQ=YEARLY;UNTIL=21260101", "recurrence_too_long"),
        ("FREQ=WEEKLY;UNTIL=20261101", "recurrence_empty"),
        ("FREQ=WEEKLY;COUNT=1\nEXDATE:20261124T140000", "recurrence_empty"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=4", "recurrence_misses_first"),
        ("FREQ=MONTHLY;BYDAY=1TU;COUNT=4", "recurrence_misses_first"),
        ("FREQ=DAILY;BYSETPOS=2;COUNT=4", "recurrence_unreadable"),
        ("FREQ=WEEKLY;BYDAY=2TU;COUNT=4", "recurrence_unreadable"),
        ("FREQ=MONTHLY;BYDAY=4TU;BYMONTHDAY=3;COUNT=4", "recurrence_unreadable"),
        ("FREQ=MONTHLY;BYDAY=4TU;BYSETPOS=2;COUNT=4", "recurrence_unreadable"),
        ("FREQ=WEEKLY;BYDAY=MO;COUNT=4", "recurrence_misses_first"),
        ("", "recurrence_unreadable"),
        ("nonsense", "recurrence_unreadable"),
        ("FREQ=SECONDLY;COUNT=3", "recurrence_unreadable"),
        ("FREQ=HOURLY;COUNT=3", "recurrence_unreadable"),
        ("FREQ=WEEKLY;COUNT=0", "recurrence_unreadable"),
        ("FREQ=WEEKLY;COUNT=-3", "recurrence_unreadable"),
        ("FREQ=WEEKLY;COUNT=99999999999", "recurrence_unreadable"),
        ("FREQ=WEEKLY;INTERVAL=0;COUNT=3", "recurrence_unreadable"),
        ("FREQ=WEEKLY;INTERVAL=100000;COUNT=3", "recurrence_unreadable"),
        ("FREQ=WEEKLY;COUNT=3;UNTIL=20270101", "recurrence_unreadable"),
        ("FREQ=WEEKLY;COUNT=3;COUNT=4", "recurrence_unreadable"),
        ("FREQ=WEEKLY;BYHOUR=9,10;COUNT=3", "recurrence_unreadable"),
        ("FREQ=WEEKLY;BYDAY=XX;COUNT=3", "recurrence_unreadable"),
        ("FREQ=MONTHLY;BYMONTHDAY=99;COUNT=3", "recurrence_unreadable"),
        ("FREQ=WEEKLY;UNTIL=20261345", "recurrence_unreadable"),
        ("FREQ=WEEKLY;UNTIL=demain", "recurrence_unreadable"),
        ("FREQ=WEEKLY;COUNT=3\nRDATE:20261201T140000", "recurrence_unreadable"),
        ("FREQ=WEEKLY;COUNT=3\nFREQ=DAILY;COUNT=3", "recurrence_unreadable"),
        ("FREQ=WEEKLY;COUNT=3\nEXDATE:hier", "recurrence_unreadable"),
    ],
)
def test_what_is_wrong_with_a_rule_has_a_code(rule: str, code: str) -> None:
    found = expand(rule, TUESDAY, ZONE, 60)
    assert isinstance(found, Refusal)
    assert found.code == code


def test_an_unknown_zone_a_skipped_hour_and_an_overlap_have_codes() -> None:
    found = [
        expand("FREQ=WEEKLY;COUNT=3", TUESDAY, "Europe/Hesdin", 60),
        expand("FREQ=WEEKLY;COUNT=3", span("2027-03-21T02:30", "2027-03-21T03:30"), ZONE, 60),
        expand("FREQ=WEEKLY;COUNT=3", span("2027-03-21T01:00", "2027-03-21T02:15"), ZONE, 60),
        expand("FREQ=DAILY;COUNT=3", span("2026-11-24T10:00", "2026-11-25T11:00"), ZONE, 60),
    ]
    assert [refusal.code for refusal in found if isinstance(refusal, Refusal)] == [
        "zone_unknown", "recurrence_skipped_hour", "recurrence_skipped_hour", "recurrence_overlaps_itself",
    ]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2037, 12, 31)).map(lambda t: t.replace(second=0, microsecond=0)),
    st.integers(1, 23 * 4), st.integers(1, 9), st.integers(2, 60),
)  # fmt: skip
def test_every_nth_day_is_every_nth_day_at_the_same_hour(
    start: datetime, quarters: int, interval: int, count: int
) -> None:
    first = Span(start.replace(tzinfo=UTC), start.replace(tzinfo=UTC) + quarters * timedelta(minutes=15))
    found = expand(f"FREQ=DAILY;INTERVAL={interval};COUNT={count}", first, ZONE, 60)
    if isinstance(found, Refusal):
        assert found.code in {"recurrence_skipped_hour", "recurrence_overlaps_itself"}
        return
    walls = [wall_clock(each.starts, PARIS) for each in found]
    assert walls == [walls[0] + n * interval * DAY for n in range(count)]
    assert [wall_clock(each.ends, PARIS) - wall for each, wall in zip(found, walls, strict=True)] == [
        wall_clock(first.ends, PARIS) - walls[0]
    ] * count


@given(st.text(max_size=40) | st.lists(
    st.sampled_from(["FREQ=", "WEEKLY", "DAILY", ";", "COUNT=", "UNTIL=", "BYDAY=", "-", "1", "53", "MO", "20270101", "\n"]),
    max_size=14).map("".join))  # fmt: skip
def test_any_text_is_a_recurrence_or_a_refusal(rule: str) -> None:
    found = expand(rule, TUESDAY, ZONE, 20)
    assert isinstance(found, Refusal) or 1 <= len(found) <= 20
