"""Free spans against a naive oracle: every start that is offered breaks no rule, and none that breaks none is missing."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.booking_policy import BookingPolicy
from gateway.domain.booking_quotas import prime_spans
from gateway.domain.free_spans import Machine, barriers, free_spans
from gateway.domain.local_time import wall_clock
from gateway.domain.opening import Closure, Hours, Opening, Schedule
from gateway.domain.people import Member
from gateway.domain.policy import WeeklyHours
from gateway.domain.quota import local_day, local_week, seconds_in
from gateway.domain.refusals import Code
from gateway.domain.timespan import Span
from gateway.domain.training import Requirement, Standing
from gateway.domain.why_not import why_not

PARIS = ZoneInfo("Europe/Paris")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TICK = 10 * MINUTE
ADA = Member(id="ada", first_name="Ada")
# The nights of both changes of the hour, and an ordinary one over the end of a week.
EVENINGS = [datetime(2026, month, day, 18, tzinfo=UTC) for month, day in ((3, 28), (10, 24), (11, 22))]
WEEK = ((Hours(9 * 60, 12 * 60), Hours(14 * 60, 26 * 60)),) * 7

PRIME = (
    WeeklyHours(first_day=0, last_day=6, starts=600, ends=720), WeeklyHours(first_day=6, last_day=6, starts=660, ends=1440),
)  # fmt: skip


def ticks(least, most):
    return st.integers(least, most).map(lambda n: n * TICK)


def some(low, high):
    return st.none() | st.integers(low, high)


@st.composite
def spans(draw, start, most):
    """Spans apart from each other, in order."""
    found, at = [], start
    for _ in range(draw(st.integers(0, most))):
        at += draw(ticks(0, 40))
        length = draw(ticks(1, 30))
        found.append(Span(at, at + length))
        at += length
    return tuple(found)


POLICIES = st.builds(
    BookingPolicy,
    horizon_days=some(0, 2), notice_minutes=some(0, 600), shortest_minutes=some(1, 120), longest_minutes=some(60, 300),
    step_minutes=st.sampled_from([None, 10, 20, 30, 60]), day_minutes=some(0, 400), week_minutes=some(0, 600),
    future_minutes=some(0, 900), day_count=some(0, 3), week_count=some(0, 4), future_count=some(0, 4),
    buffer_minutes=st.sampled_from([None, 10, 30]),
    prime_hours=st.sampled_from([(), PRIME]),
    prime_minutes=some(0, 200), same_day_free=st.booleans(),
)  # fmt: skip


@st.composite
def cases(draw):
    now = draw(st.sampled_from(EVENINGS))
    window = Span(now - HOUR, now + draw(ticks(12, 90)))
    closed = [Closure(id="c", span=span, reason="Travaux") for span in draw(spans(now, 1))]
    opening = draw(st.sampled_from([None, Opening(zone=PARIS, week=WEEK)]))
    pause = draw(st.sampled_from([0, 1])) * TICK
    need = Requirement(
        slug="laser", names={}, state=Standing.VALID, until=draw(st.none() | ticks(1, 200).map(now.__add__))
    )
    back_at = draw(st.none() | ticks(1, 60).map(now.__add__))
    machine = Machine(
        id="m", slug="m", policy=draw(POLICIES), zone=PARIS, schedule=Schedule(opening=opening, closures=tuple(closed)),
        busy=tuple((span.starts, span.ends + pause) for span in draw(spans(now - 4 * HOUR, 4)) if span.ends > now - DAY),
        others=draw(spans(now - DAY, 3)), requirements=draw(st.sampled_from([(), (need,)])),
        membership_ends=draw(st.none() | ticks(1, 240).map(now.__add__)),
        out_of_service=back_at is not None, back_at=back_at,
    )  # fmt: skip
    # Pauses lie between reservations that the database keeps apart.
    busy = [machine.busy[i] for i in range(len(machine.busy)) if not i or machine.busy[i - 1][1] <= machine.busy[i][0]]
    return now, window, machine, busy, draw(ticks(1, 18))


def touched(span, period):
    at, found = span.starts, []
    while at < span.ends:
        found.append(period(at, PARIS))
        at = found[-1].ends
    return found


def quotas_allow(policy, span, others, now):
    uses = (*others, span)
    to_come = [Span(now, now + 1000 * DAY)]
    of = {"day": lambda: touched(span, local_day), "week": lambda: touched(span, local_week), "future": lambda: to_come}
    for name, windows in of.items():
        minutes, count = getattr(policy, f"{name}_minutes"), getattr(policy, f"{name}_count")
        if minutes is not None and any(seconds_in(each, uses) > minutes * 60 for each in windows()):
            return False
        if count is not None and any(sum(use.overlaps(each) for use in uses) > count for each in windows()):
            return False
    for week in touched(span, local_week) if policy.prime_minutes is not None else ():
        prime = prime_spans(policy.prime_hours, week, PARIS)
        wanted = any(span.overlaps(each) for each in prime)
        if wanted and sum(seconds_in(each, uses) for each in prime) > policy.prime_minutes * 60:
            return False
    return True


def on_step(moment, step):
    wall = wall_clock(moment, PARIS)
    return step is None or (wall.hour * 60 + wall.minute) % step == 0


def may_book(machine, span, window, now):
    """Every rule, the simplest way."""
    policy = machine.policy
    pause = (policy.buffer_minutes or 0) * MINUTE
    ends = [need.until for need in machine.requirements] + [machine.membership_ends]
    ahead = (wall_clock(span.starts, PARIS).date() - wall_clock(now, PARIS).date()).days
    return (
        max(window.starts, now, machine.back_at or now) <= span.starts and span.ends <= window.ends
        and (policy.shortest_minutes or 0) * MINUTE <= span.length <= (policy.longest_minutes or 9**6) * MINUTE
        and span.starts - now >= (policy.notice_minutes or 0) * MINUTE
        and (policy.horizon_days is None or ahead <= policy.horizon_days)
        and on_step(span.starts, policy.step_minutes) and on_step(span.ends, policy.step_minutes)
        and not any(starts < span.ends + pause and span.starts < until for starts, until in machine.busy)
        and all(end is None or span.ends <= end for end in ends)
        and machine.schedule.holds(span)
        and ((policy.same_day_free and ahead == 0) or quotas_allow(policy, span, machine.others, now))
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(cases())
def test_what_is_offered_is_what_breaks_no_rule(case):
    now, window, machine, busy, length = case
    machine = Machine(**{name: getattr(machine, name) for name in Machine.__dataclass_fields__} | {"busy": tuple(busy)})
    offered = free_spans([machine], ADA, length=length, window=window, now=now)
    assert [free.first for free in offered] == sorted(free.first for free in offered)
    at = window.starts - HOUR
    while at < window.ends + HOUR:
        # The tick and the moments around it: what is closed at its ends would show there.
        for start in (at, at + MINUTE):
            told = any(free.first <= start <= free.last for free in offered) and on_step(
                start, machine.policy.step_minutes
            )
            told = told and on_step(start + length, machine.policy.step_minutes)
            span = Span(start, start + length)
            assert told == may_book(machine, span, window, now), start
            if window.starts <= start and span.ends <= window.ends:
                assert told == (why_not(machine, ADA, span, now) == ()), start
        at += TICK


NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def machine(slug="m", **changes):
    plain = {"id": slug, "policy": BookingPolicy(), "schedule": Schedule(), "zone": PARIS}
    return Machine(slug=slug, **plain | changes)


def starts(machines, member=ADA, hours=8):
    found = free_spans(machines, member, length=90 * MINUTE, window=Span(NOW, NOW + hours * HOUR), now=NOW)
    return [(free.machine.slug, free.first - NOW, free.last - NOW) for free in found]


def test_equal_machines_answer_together_soonest_first():
    taken = machine("one", busy=((NOW, NOW + 2 * HOUR),))
    other = machine("two", busy=((NOW + 2 * HOUR, NOW + 8 * HOUR),))
    assert starts([taken, other]) == [
        ("two", timedelta(0), 30 * MINUTE),
        ("one", 2 * HOUR, 6 * HOUR + 30 * MINUTE),
    ]


def test_a_gap_of_just_the_right_length_is_one_start():
    exact = machine(busy=((NOW, NOW + HOUR), (NOW + 150 * MINUTE, NOW + 8 * HOUR)))
    assert starts([exact]) == [("m", HOUR, HOUR)]


@pytest.mark.parametrize(
    ("changes", "member", "code"),
    [
        ({"out_of_service": True}, ADA, Code.OUT_OF_SERVICE),
        ({}, Member(id="bob", first_name="Bob", active=False), Code.MEMBER_INACTIVE),
        ({"membership_ends": NOW}, ADA, Code.MEMBERSHIP_LAPSED),
        ({"requirements": (Requirement(slug="laser", names={}),)}, ADA, Code.TRAINING_MISSING),
    ],
)
def test_what_bars_a_machine_for_good_is_told_and_nothing_is_offered(changes, member, code):
    barred = machine(**changes)
    assert [refusal.code for refusal in barriers(barred, member, NOW)] == [code]
    assert starts([barred], member) == []


def test_anybody_is_asked_neither_rights_nor_quotas():
    asking = machine(requirements=(Requirement(slug="laser", names={}),), policy=BookingPolicy(day_count=0))
    assert starts([asking], None) == [("m", timedelta(0), 390 * MINUTE)]
    assert starts([machine(policy=BookingPolicy(day_count=0))]) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"requirements": (Requirement(slug="laser", names={}, state=Standing.VALID, until=NOW + 2 * HOUR),)},
         Code.BOOKING_PAST_TRAINING),
        ({"membership_ends": NOW + 2 * HOUR}, Code.BOOKING_PAST_MEMBERSHIP),
        ({"busy": ((NOW + 2 * HOUR, NOW + 3 * HOUR),)}, Code.BOOKING_OVERLAPS),
        ({"out_of_service": True}, Code.OUT_OF_SERVICE),
        ({"out_of_service": True, "back_at": NOW + 2 * HOUR}, Code.OUT_OF_SERVICE),
        ({"requirements": (Requirement(slug="laser", names={}),)}, Code.TRAINING_MISSING),
    ],
)  # fmt: skip
def test_why_a_start_is_not_free_is_told_once(changes, code):
    span = Span(NOW + HOUR, NOW + 3 * HOUR)
    assert [refusal.code for refusal in why_not(machine(**changes), ADA, span, NOW)] == [code]
    assert why_not(machine(), ADA, span, NOW) == ()
