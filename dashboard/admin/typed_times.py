"""Days and hours as a form says them, and as they are meant on the lab's walls."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gateway.domain.local_time import first_moment, wall_clock
from gateway.domain.timespan import Span

A_DAY = timedelta(days=1)


def span_in(told: Mapping[str, str], zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """``jour``, ``debut`` and ``fin``, with ``dernier_jour`` where it lasts for days; None for what is no time.

    An end at or before the start, on the same day, is in the night that follows.
    """
    try:
        day = date.fromisoformat(told.get("jour", ""))
        last = date.fromisoformat(told["dernier_jour"]) if told.get("dernier_jour") else day
        starts = datetime.combine(day, time.fromisoformat(told.get("debut", "")))
        ends = datetime.combine(last, time.fromisoformat(told.get("fin", "")))
        if last == day and ends <= starts:
            ends += A_DAY
        return first_moment(starts, zone), first_moment(ends, zone)
    except (ValueError, OverflowError):
        return None


def typed_span(span: Span, zone: ZoneInfo) -> dict[str, str]:
    """The same fields, as they stand."""
    starts, ends = wall_clock(span.starts, zone), wall_clock(span.ends, zone)
    last = {"dernier_jour": f"{ends:%Y-%m-%d}"} if ends - starts > A_DAY else {}
    return {"jour": f"{starts:%Y-%m-%d}", "debut": f"{starts:%H:%M}", "fin": f"{ends:%H:%M}"} | last
