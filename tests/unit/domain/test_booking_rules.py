"""Each rule of booking alone, and together: every reason is told, in any order, and a yes keeps every policy."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain import booking_rules
from gateway.domain.booking import Purpose
from gateway.domain.booking_policy import BookingPolicy
from gateway.domain.booking_quotas import prime_spans
from gateway.domain.booking_rules import BookingFacts, BookingRequest, check_booking
from gateway.domain.local_time import first_moment, wall_clock
from gateway.domain.opening import Closure, Hours, Opening, Schedule
from gateway.domain.people import Member
from gateway.domain.policy import read_policy
from gateway.domain.public_holidays import Holidays
from gateway.domain.quota import local_week, seconds_in
from gateway.domain.refusals import Code
from gateway.domain.timespan import Span
from gateway.domain.training import Asked, Held, requirement

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
"""A Monday, 13:00 in Paris."""
HOUR = timedelta(hours=1)
ADA = Member(id="ada", first_name="Ada")


def at(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


def span(starts: float, ends: float) -> Span:
    return Span(at(starts), at(ends))


def facts(member: Member | None = ADA, **more: Any) -> BookingFacts:
    known = {key: more.pop(key) for key in ("others", "requirements", "schedule", "out_of_service") if key in more}
    return BookingFacts(member=member, policy=read_policy(BookingPolicy, more), zone=PARIS, **known)


def asked(starts: datetime, ends: datetime, known: BookingFacts | None = None, **more: Any) -> list[Code]:
    found = check_booking(BookingRequest(starts=starts, ends=ends, **more), known or facts(), NOW)
    return [] if isinstance(found, Span) else [refusal.code for refusal in found]


@pytest.mark.parametrize(
    ("starts", "ends", "expected"),
    [
        (at(1), at(2), []),
        (at(-1), at(1), []),
        (at(1), at(1), [Code.BOOKING_ENDS_BEFORE_START]),
        (at(2), at(1), [Code.BOOKING_ENDS_BEFORE_START]),
        (at(-2), at(-1), [Code.BOOKING_IN_THE_PAST]),
        (at(0), at(24 * 36500), [Code.BOOKING_TOO_LONG]),
        (at(24 * 800), at(24 * 801), [Code.BOOKING_TOO_FAR]),
        (NOW.replace(tzinfo=None), at(1), [Code.BOOKING_NO_ZONE]),
    ],
)
def test_each_bad_span_has_its_code(starts: datetime, ends: datetime, expected: list[Code]) -> None:
    assert asked(starts, ends) == expected


def test_all_that_is_wrong_is_said() -> None:
    gone = Member(id="ada", first_name="Ada", active=False)
    assert set(asked(at(-1), at(-2), facts(gone, out_of_service=True))) == {
        Code.BOOKING_ENDS_BEFORE_START, Code.BOOKING_IN_THE_PAST, Code.OUT_OF_SERVICE, Code.MEMBER_INACTIVE,
    }  # fmt: skip


def test_local_times_are_read_in_their_zone() -> None:
    local = datetime(2026, 11, 24, 9), datetime(2026, 11, 24, 10)
    found = check_booking(BookingRequest(starts=local[0], ends=local[1], zone="Europe/Paris"), facts(), NOW)
    assert found == Span(datetime(2026, 11, 24, 8, tzinfo=UTC), datetime(2026, 11, 24, 9, tzinfo=UTC))
    assert asked(*local, zone="Europe/Nulle") == [Code.ZONE_UNKNOWN]
    assert asked(*local, zone="../etc/passwd") == [Code.ZONE_UNKNOWN]


def changes(after: int, until: int) -> list[tuple[datetime, bool]]:
    """Local midnights of the days on which Paris changes its clocks, and whether an hour is skipped."""
    found = []
    day = date(after, 1, 1)
    while day.year < until:
        midnight = datetime.combine(day, time())
        hours = (first_moment(midnight + timedelta(days=1), PARIS) - first_moment(midnight, PARIS)) // HOUR
        if hours != 24:
            found.append((midnight, hours == 23))
        day += timedelta(days=1)
    return found


CHANGES = changes(2020, 2041)


@pytest.mark.parametrize(("midnight", "spring"), CHANGES, ids=[f"{day:%Y-%m-%d}" for day, _ in CHANGES])
def test_every_change_of_the_hour_in_paris(midnight: datetime, *, spring: bool) -> None:
    now = first_moment(midnight, PARIS) - timedelta(days=1)

    def check(starts: float, ends: float, **policy: Any) -> Any:
        request = BookingRequest(
            starts=midnight + timedelta(hours=starts), ends=midnight + timedelta(hours=ends), zone="Europe/Paris"
        )
        return check_booking(request, facts(**policy), now)

    skipped = check(2.5, 4)
    if spring:
        assert [refusal.code for refusal in skipped] == [Code.BOOKING_SKIPPED_HOUR]
    across = check(1, 4)
    assert across.length == (2 if spring else 4) * HOUR
    real = int(across.length / timedelta(minutes=1))
    assert check(1, 4, longest_minutes=real, shortest_minutes=real, day_minutes=real, step_minutes=60) == across
    assert [refusal.code for refusal in check(1, 4, day_minutes=real - 1)] == [Code.BOOKING_DAY_QUOTA]


RULES = [
    ({"horizon_days": 2}, span(71, 72), span(47, 48), Code.BOOKING_TOO_FAR),
    ({"notice_minutes": 120}, span(1, 2), span(2, 3), Code.BOOKING_TOO_SOON),
    ({"shortest_minutes": 60}, span(1, 1.5), span(1, 2), Code.BOOKING_TOO_SHORT),
    ({"longest_minutes": 60}, span(1, 2.1), span(1, 2), Code.BOOKING_OVER_LONGEST),
    ({"step_minutes": 30}, span(1.25, 2), span(1, 2.5), Code.BOOKING_OFF_STEP),
    ({"day_minutes": 180}, span(1, 3.5), span(1, 2.5), Code.BOOKING_DAY_QUOTA),
    ({"week_minutes": 240}, span(25, 28), span(25, 26), Code.BOOKING_WEEK_QUOTA),
    ({"future_minutes": 240}, span(200, 203), span(200, 202), Code.BOOKING_FUTURE_QUOTA),
    ({"day_count": 1}, span(1, 2), span(25, 26), Code.BOOKING_DAY_COUNT),
    ({"week_count": 1}, span(25, 26), span(24 * 7, 24 * 7 + 1), Code.BOOKING_WEEK_COUNT),
    ({"future_count": 1}, span(200, 201), None, Code.BOOKING_FUTURE_COUNT),
    (
        {"prime_hours": ["mo-fr 17:00-20:00"], "prime_minutes": 60},
        span(27, 30), span(20, 23), Code.BOOKING_PRIME_QUOTA,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("policy", "no", "yes", "code"), RULES, ids=[str(rule[-1]) for rule in RULES])
def test_each_policy_refuses_on_its_side_of_the_line(
    policy: dict[str, Any], no: Span, yes: Span | None, code: Code
) -> None:
    known = facts(others=(span(5, 6.5),), **policy)
    assert asked(no.starts, no.ends, known) == [code]
    if yes:
        assert asked(yes.starts, yes.ends, known) == []
    assert asked(no.starts, no.ends, known, purpose=Purpose.MAINTENANCE) == [], "maintenance has no quota"


def test_a_visitor_has_no_quota_but_keeps_the_rest() -> None:
    assert asked(at(1), at(3), facts(None, day_minutes=10)) == []
    assert asked(at(1), at(3), facts(None, longest_minutes=60)) == [Code.BOOKING_OVER_LONGEST]


@pytest.mark.parametrize(("starts", "ends", "code"), [
    (20, 21, None), (18, 21, Code.BOOKING_OUTSIDE_HOURS), (22, 30, Code.BOOKING_OUTSIDE_HOURS),
    (44, 45, Code.BOOKING_IN_CLOSURE),
])  # fmt: skip
def test_the_place_is_open_all_the_while(starts: float, ends: float, code: Code | None) -> None:
    opening = Opening(zone=PARIS, week=((Hours(9 * 60, 18 * 60),),) * 7)
    closed = Closure(id="c", span=span(40, 50), reason="Travaux")
    known = facts(schedule=Schedule(opening=opening, closures=(closed,)))
    assert asked(at(starts), at(ends), known) == ([code] if code else [])


def test_a_public_holiday_is_named() -> None:
    opening = Opening(zone=PARIS, week=((Hours(9 * 60, 18 * 60),),) * 7, holidays=Holidays.FRANCE)
    christmas = datetime(2026, 12, 25, 10, tzinfo=UTC)
    (found,) = check_booking(
        BookingRequest(starts=christmas, ends=christmas + HOUR), facts(schedule=Schedule(opening=opening)), NOW
    )  # type: ignore[misc]
    assert found.code is Code.BOOKING_ON_HOLIDAY
    assert found.params["names"]


def test_a_right_that_lapses_before_the_day_does_not_count() -> None:
    def right(until: datetime | None) -> Any:
        held = (Held(expires_at=until),)
        return requirement(Asked(slug="laser", names={"fr": "Laser"}, held=held), (), NOW)

    for until, expected in ((None, []), (at(30), []), (at(20), [Code.TRAINING_LAPSED])):
        assert asked(at(25), at(26), facts(requirements=(right(until),), trained=True)) == expected
        assert asked(at(25), at(26), facts(requirements=(right(until),))) == []


def test_what_does_not_change_is_not_judged_again() -> None:
    known = facts(notice_minutes=600, horizon_days=0, day_minutes=1)
    before = span(-1, 2)
    assert asked(at(-1), at(1), known, before=before) == []
    assert asked(at(-1), at(3), known, before=before) == [Code.BOOKING_DAY_QUOTA]
    assert asked(at(-1), at(2), known, before=before, another=True) == [Code.BOOKING_DAY_QUOTA]
    assert set(asked(at(1), at(4), known, before=before)) == {Code.BOOKING_TOO_SOON, Code.BOOKING_DAY_QUOTA}


policies = st.fixed_dictionaries(
    {},
    optional={
        "horizon_days": st.integers(0, 30), "notice_minutes": st.integers(0, 600),
        "shortest_minutes": st.integers(1, 300), "longest_minutes": st.integers(1, 900),
        "step_minutes": st.sampled_from([5, 15, 30, 60]), "day_minutes": st.integers(0, 900),
        "week_minutes": st.integers(0, 3000), "future_minutes": st.integers(0, 6000),
        "day_count": st.integers(0, 4), "week_count": st.integers(0, 6), "future_count": st.integers(0, 6),
        "prime_hours": st.just(["mo-fr 17:00-20:00", "we-sa 19:00-21:00"]), "prime_minutes": st.integers(0, 300),
    },
)  # fmt: skip
spans = st.builds(
    lambda quarter, length: Span(
        NOW + quarter * timedelta(minutes=15), NOW + (quarter + length) * timedelta(minutes=15)
    ),
    st.integers(-8, 24 * 4 * 20),
    st.integers(1, 60),
)


@settings(max_examples=150, deadline=None)
@given(policies, spans, st.lists(spans, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_rules_never_changes_the_answer(
    policy: dict[str, Any], wanted: Span, others: list[Span], chance: Any
) -> None:
    known = facts(others=tuple(others), **policy)
    found = asked(wanted.starts, wanted.ends, known)
    shuffled = list(booking_rules.RULES)
    chance.shuffle(shuffled)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(booking_rules, "RULES", tuple(shuffled))
        assert sorted(asked(wanted.starts, wanted.ends, known)) == sorted(found)
    assert len(found) == len(set(found))


@settings(max_examples=200, deadline=None)
@given(policies, spans, st.lists(spans, max_size=3))
def test_a_booking_that_is_granted_keeps_every_policy(policy: dict[str, Any], wanted: Span, others: list[Span]) -> None:
    known = facts(others=tuple(others), **policy)
    if asked(wanted.starts, wanted.ends, known):
        return
    rules, everything = known.policy, [*others, wanted]
    day = wall_clock(wanted.starts, PARIS).date()
    length = wanted.length / timedelta(minutes=1)
    assert rules.shortest_minutes is None or length >= rules.shortest_minutes
    assert rules.longest_minutes is None or length <= rules.longest_minutes
    assert rules.horizon_days is None or (day - wall_clock(NOW, PARIS).date()).days <= rules.horizon_days
    assert rules.notice_minutes is None or wanted.starts - NOW >= timedelta(minutes=rules.notice_minutes)
    today = Span(
        first_moment(datetime.combine(day, time()), PARIS),
        first_moment(datetime.combine(day + timedelta(days=1), time()), PARIS),
    )
    week = local_week(wanted.starts, PARIS)
    for window, most, count in (
        (today, rules.day_minutes, rules.day_count), (week, rules.week_minutes, rules.week_count),
        (Span(NOW, NOW + timedelta(days=99)), rules.future_minutes, rules.future_count),
    ):  # fmt: skip
        assert most is None or seconds_in(window, everything) <= 60 * most
        assert count is None or sum(one.overlaps(window) for one in everything) <= count
    prime = prime_spans(rules.prime_hours, week, PARIS)
    if rules.prime_minutes is not None and any(wanted.overlaps(one) for one in prime):
        assert sum(seconds_in(one, everything) for one in prime) <= 60 * rules.prime_minutes


@settings(max_examples=50, deadline=None)
@given(st.dates(date(2020, 1, 1), date(2040, 12, 24)))
def test_sought_after_hours_said_twice_count_once(day: date) -> None:
    week = local_week(first_moment(datetime.combine(day, time(12)), PARIS), PARIS)
    hours = read_policy(BookingPolicy, {"prime_hours": ["mo-fr 17:00-20:00", "fr 19:00-21:00"]}).prime_hours
    assert sum((one.length for one in prime_spans(hours, week, PARIS)), timedelta(0)) == 16 * HOUR
