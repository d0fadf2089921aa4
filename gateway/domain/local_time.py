"""Wall clocks and moments: what a clock on the wall shows, across changes of the hour."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_SECOND = timedelta(seconds=1)


def zone_of(name: str) -> ZoneInfo | None:
    """The zone of that name; None when nobody knows it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def wall_clock(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the clock on the wall shows, without a zone."""
    return moment.astimezone(zone).replace(tzinfo=None)


def exists(wall: datetime, zone: ZoneInfo) -> bool:
    """Whether clocks there ever show ``wall``: in the night of the spring change an hour is skipped."""
    return wall_clock(wall.replace(tzinfo=zone).astimezone(UTC), zone) == wall.replace(fold=0)


@lru_cache(maxsize=8192)
def first_moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first moment at which clocks there show ``wall``; for one that is skipped, the moment of the change."""
    late = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if wall_clock(late, zone) == wall:
        return late
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    while late - early > _SECOND:
        middle = early + (late - early) // _SECOND // 2 * _SECOND
        early, late = (early, middle) if wall_clock(middle, zone) >= wall else (middle, late)
    return late
