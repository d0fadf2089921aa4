"""Recurrences (RFC 5545): one span and a rule become many spans, at the same hour on the wall in every season."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from gateway.domain.local_time import exists, first_moment, wall_clock, zone_of
from gateway.domain.recurrence_rule import Rule, Unreadable, falls_on, read_rule
from gateway.domain.refusals import Code, Refusal, refuse
from gateway.domain.timespan import Span

LONGEST = timedelta(days=3 * 366)
"""From the first occurrence to the last: whatever goes on for longer is begun anew by somebody."""


def expand(rule: str, first: Span, zone: str, limit: int) -> tuple[Span, ...] | Refusal:
    """Every occurrence of ``first`` by the rule, at most ``limit``; or why not.

    ``rule`` is an RRULE with COUNT or UNTIL (``FREQ=WEEKLY;COUNT=10``), with EXDATE on lines of their own if any.
    """
    found = zone_of(zone)
    if found is None:
        return refuse(Code.ZONE_UNKNOWN, field="zone", value=zone)
    try:
        read = read_rule(rule, found)
    except Unreadable as fault:
        return refuse(Code.RECURRENCE_UNREADABLE, value=str(fault))
    if read is None:
        return refuse(Code.RECURRENCE_ENDLESS)
    starts = wall_clock(first.starts, found)
    walls = _walls(read, starts, limit)
    if isinstance(walls, Refusal):
        return walls
    if walls is None:
        return refuse(Code.RECURRENCE_MISSES_FIRST, starts=first.starts)
    return _spans(walls, first, found)


def _walls(rule: Rule, starts: datetime, limit: int) -> list[datetime] | Refusal | None:
    """When each occurrence starts, as the wall clock shows it; None when the rule does not begin with ``starts``."""
    found: list[datetime] = []
    for n, wall in enumerate(_endless(rule, starts)):
        if n == 0 and wall != starts:
            return None
        if n == rule.count or (rule.until and wall > rule.until):
            return found or refuse(Code.RECURRENCE_EMPTY)
        if wall > starts + LONGEST:
            return refuse(Code.RECURRENCE_TOO_LONG, days=LONGEST.days)
        if rule.leaves_out(wall):
            continue
        if len(found) == limit:
            return refuse(Code.RECURRENCE_TOO_MANY, count=limit)
        found.append(wall)
    return found or None


def _endless(rule: Rule, starts: datetime) -> Iterator[datetime]:
    # The library looks for a date that never comes until the year 9999: none is asked for that may not come.
    return iter(rrulestr(rule.pattern, dtstart=starts)) if falls_on(rule.parts, starts.date()) else iter(())


def _spans(walls: list[datetime], first: Span, zone: ZoneInfo) -> tuple[Span, ...] | Refusal:
    starts = wall_clock(first.starts, zone)
    length = wall_clock(first.ends, zone) - starts
    found = []
    for wall in walls:
        if wall == starts:
            found.append(first)
        elif exists(wall, zone) and exists(wall + length, zone):
            found.append(Span(first_moment(wall, zone), first_moment(wall + length, zone)))
        else:
            return refuse(Code.RECURRENCE_SKIPPED_HOUR, at=first_moment(wall, zone))
    if any(one.overlaps(following) for one, following in pairwise(found)):
        return refuse(Code.RECURRENCE_OVERLAPS_ITSELF)
    return tuple(found)
