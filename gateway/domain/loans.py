"""Badges that are lent: a day badge is dead when the place closes."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from gateway.domain.local_time import first_moment, wall_clock
from gateway.domain.opening import Schedule
from gateway.domain.timespan import Span


def loan_ends(schedule: Schedule, now: datetime, zone: ZoneInfo) -> datetime:
    """The last closing of today; midnight where none is in sight, or where it is past already."""
    midnight = first_moment(datetime.combine(wall_clock(now, zone).date() + timedelta(days=1), time()), zone)
    spans = schedule.spans(Span(now, midnight))
    return spans[-1].ends if spans else midnight
