"""Entries into iCalendar (RFC 5545). Nothing is read here: the same feed is the same bytes."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from gateway.domain.timespan import Span

if TYPE_CHECKING:
    from icalendar import Timezone

PRODUCT = "-//Etabli//Etabli//FR"
ASK_AGAIN = timedelta(hours=1)
_LAST_LINE = b"END:VCALENDAR\r\n"
_WEEK, _SECOND = timedelta(days=7), timedelta(seconds=1)
# What some reader may take for the end of a line, and what UTF-8 cannot hold.
_NOT_OF_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


class Standing(StrEnum):
    """STATUS of an entry."""

    CONFIRMED = "CONFIRMED"
    TENTATIVE = "TENTATIVE"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a calendar; ``version`` counts from 1, SEQUENCE from 0."""

    id: str
    span: Span
    summary: str
    made_at: datetime
    changed_at: datetime
    url: str
    version: int = 1
    standing: Standing = Standing.CONFIRMED
    location: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A calendar: its name, the zone that its times are told in, the days it speaks of, its entries."""

    name: str
    zone: ZoneInfo
    window: Span
    entries: tuple[Entry, ...]


def written(feed: Feed) -> bytes:
    """The feed as a file: CRLF, folded, every text escaped."""
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODUCT)
    calendar.add("calscale", "GREGORIAN")
    calendar.add("x-wr-calname", _line(feed.name))
    calendar.add("refresh-interval", ASK_AGAIN, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    if feed.zone.key != "UTC":
        calendar.add_component(_timezone(feed.zone, feed.window.starts.year - 1, feed.window.ends.year + 1))
    frame = bytes(calendar.to_ical(sorted=False))
    head = frame.removesuffix(_LAST_LINE)
    return b"".join((head, *(_event(entry, feed.zone) for entry in feed.entries), _LAST_LINE))


@lru_cache(maxsize=8192)
def _event(entry: Entry, zone: ZoneInfo) -> bytes:
    """Kept: of thousands of entries that are asked for every hour, only a few are new."""
    from icalendar import Event

    event = Event()
    event.add("uid", f"{entry.id}@etabli")
    event.add("sequence", entry.version - 1)
    event.add("dtstamp", _whole(entry.changed_at))
    event.add("created", _whole(entry.made_at))
    event.add("last-modified", _whole(entry.changed_at))
    starts, ends = _told(entry.span, zone)
    event.add("dtstart", starts)
    event.add("dtend", ends)
    event.add("summary", _line(entry.summary))
    if entry.location:
        event.add("location", _line(entry.location))
    event.add("url", entry.url)
    event.add("status", entry.standing.value)
    event.add("transp", "TRANSPARENT" if entry.standing is Standing.CANCELLED else "OPAQUE")
    return bytes(event.to_ical(sorted=False))


def _line(text: str) -> str:
    return _NOT_OF_A_LINE.sub(" ", text).strip()


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _told(span: Span, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """In local time; but in UTC where clocks show an hour twice and the second is meant, which local time cannot say."""
    starts, ends = _whole(span.starts), _whole(span.ends)
    there = starts.astimezone(zone), ends.astimezone(zone)
    return (starts, ends) if any(moment.fold for moment in there) else there


@lru_cache(maxsize=16)
def _timezone(zone: ZoneInfo, first: int, last: int) -> "Timezone":
    """VTIMEZONE with each change of the clock in these years, by the clock as it stood before it.

    The library's own begins summer time an hour late.
    """
    from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

    made = Timezone()
    made.add("tzid", zone.key)
    begins = datetime(first, 1, 1, tzinfo=UTC)
    for change, before in _changes(zone, begins, datetime(last + 1, 1, 1, tzinfo=UTC)):
        there = change.astimezone(zone)
        part = TimezoneDaylight() if there.dst() else TimezoneStandard()
        part.add("dtstart", (change + before).replace(tzinfo=None))
        part.add("tzoffsetfrom", before)
        part.add("tzoffsetto", _offset(change, zone))
        part.add("tzname", there.tzname())
        made.add_component(part)
    return made


def _changes(zone: ZoneInfo, begins: datetime, ends: datetime) -> list[tuple[datetime, timedelta]]:
    """When the clock changes, with its offset before; the first is where we begin."""
    found = [(begins, _offset(begins, zone))]
    at = begins
    while at < ends:
        after = at + _WEEK
        if _offset(at, zone) != _offset(after, zone):
            low, high = at, after
            while high - low > _SECOND:
                middle = low + (high - low) // _SECOND // 2 * _SECOND
                low, high = (middle, high) if _offset(middle, zone) == _offset(at, zone) else (low, middle)
            found.append((high, _offset(at, zone)))
        at = after
    return found


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)
