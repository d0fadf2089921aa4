"""How much one member may book: hours and counts a day, a week and to come, and hours that everybody wants."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.domain.booking_policy import BookingPolicy
from gateway.domain.local_time import first_moment, wall_clock
from gateway.domain.opening import without
from gateway.domain.policy import WeeklyHours
from gateway.domain.quota import local_day, local_week, seconds_in
from gateway.domain.refusals import Code, Refusal, refuse
from gateway.domain.timespan import Span

Others = tuple[Span, ...]


def counts(starts: datetime, made_at: datetime, policy: BookingPolicy, zone: ZoneInfo) -> bool:
    """Whether a booking that was made then counts for quotas."""
    return not policy.same_day_free or not local_day(starts, zone).holds(made_at)


def unmet(span: Span, others: Others, policy: BookingPolicy, zone: ZoneInfo, now: datetime) -> tuple[Refusal, ...]:
    """Every quota that ``span`` would go over beside the member's ``others``; each is told once, for its first day."""
    if not counts(span.starts, now, policy, zone):
        return ()
    days = tuple(_windows(span, zone, weeks=False))
    weeks = tuple(_windows(span, zone, weeks=True))
    to_come = (Span(now, max(now + timedelta(days=3660), span.ends)),)
    together = (*others, span)
    checks = (
        _minutes(Code.BOOKING_DAY_QUOTA, policy.day_minutes, days, together),
        _count(Code.BOOKING_DAY_COUNT, policy.day_count, days, together),
        _minutes(Code.BOOKING_WEEK_QUOTA, policy.week_minutes, weeks, together),
        _count(Code.BOOKING_WEEK_COUNT, policy.week_count, weeks, together),
        _minutes(Code.BOOKING_FUTURE_QUOTA, policy.future_minutes, to_come, together),
        _count(Code.BOOKING_FUTURE_COUNT, policy.future_count, to_come, together),
        _prime(policy, span, weeks, together, zone),
    )
    return tuple(found for found in checks if found)


def _minutes(code: Code, most: int | None, windows: tuple[Span, ...], uses: Others) -> Refusal | None:
    for window in windows if most is not None else ():
        if most is not None and seconds_in(window, uses) > most * 60:
            return refuse(code, limit_s=60 * most, at=window.starts)
    return None


def _count(code: Code, most: int | None, windows: tuple[Span, ...], uses: Others) -> Refusal | None:
    for window in windows if most is not None else ():
        if most is not None and sum(use.overlaps(window) for use in uses) > most:
            return refuse(code, most=most, at=window.starts)
    return None


def _prime(policy: BookingPolicy, span: Span, weeks: tuple[Span, ...], uses: Others, zone: ZoneInfo) -> Refusal | None:
    most = policy.prime_minutes
    for week in weeks if most is not None else ():
        prime = prime_spans(policy.prime_hours, week, zone)
        wanted = any(span.overlaps(hours) for hours in prime)
        if most is not None and wanted and sum(seconds_in(hours, uses) for hours in prime) > most * 60:
            return refuse(Code.BOOKING_PRIME_QUOTA, limit_s=60 * most, at=week.starts)
    return None


def prime_spans(hours: tuple[WeeklyHours, ...], week: Span, zone: ZoneInfo) -> tuple[Span, ...]:
    """The sought-after spans of a local week; hours that are said twice count once."""
    midnight = wall_clock(week.starts, zone)
    found: list[Span] = []
    for day in (midnight + timedelta(days=n) for n in range(7)):
        for one in hours:
            walls = one.on(day)
            if walls is None:
                continue
            starts, ends = (first_moment(wall, zone) for wall in walls)
            if starts < ends:
                found += without([Span(starts, ends)], found)
    return tuple(found)


def _windows(span: Span, zone: ZoneInfo, *, weeks: bool) -> Iterator[Span]:
    """The local days or weeks that the span touches."""
    at = span.starts
    while at < span.ends:
        window = local_week(at, zone) if weeks else local_day(at, zone)
        yield window
        at = window.ends
