"""How much of a machine one person has had today and this week."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from gateway.domain.local_time import first_moment
from gateway.domain.timespan import Span


def local_day(now: datetime, zone: ZoneInfo) -> Span:
    """From midnight to midnight on the wall."""
    return _days(now, zone, before=0, length=1)


def local_week(now: datetime, zone: ZoneInfo) -> Span:
    """From Monday's midnight to the next."""
    return _days(now, zone, before=now.astimezone(zone).weekday(), length=7)


def _days(now: datetime, zone: ZoneInfo, *, before: int, length: int) -> Span:
    return _span(now.astimezone(zone).date() - timedelta(days=before), length, zone)


@lru_cache(maxsize=256)
def _span(first: date, length: int, zone: ZoneInfo) -> Span:
    starts, ends = (datetime.combine(day, time()) for day in (first, first + timedelta(days=length)))
    return Span(first_moment(starts, zone), first_moment(ends, zone))


def seconds_in(window: Span, uses: Iterable[Span]) -> float:
    """Seconds of ``uses`` inside the window."""
    return sum(
        (min(use.ends, window.ends) - max(use.starts, window.starts)).total_seconds()
        for use in uses
        if use.overlaps(window)
    )
