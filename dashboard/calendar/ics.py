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

UTC_KEY = "UTC"
Told = tuple[str, str]
"""Parameters and value of a time."""
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
    location: str
    version: int = 1
    standing: Standing = Standing.CONFIRMED


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
    if feed.zone.key != UTC_KEY:
        calendar.add_component(_timezone(feed.zone, feed.window.starts.year - 1, feed.window.ends.year + 1))
    frame = bytes(calendar.to_ical(sorted=False)).removesuffix(_LAST_LINE)
    return b"".join((frame, *(_event(entry, feed.zone) for entry in feed.entries), _LAST_LINE))


def _event(entry: Entry, zone: ZoneInfo) -> bytes:
    """By hand: a place has thousands of them, anybody may ask for them, and the library takes a second for each thousand."""
    starts, ends = _told(entry.span, zone)
    cancelled = entry.standing is Standing.CANCELLED
    lines = (
        ("BEGIN", "VEVENT"), ("UID", f"{entry.id}@etabli"), ("SEQUENCE", str(entry.version - 1)),
        ("DTSTAMP", _utc(entry.changed_at)), ("CREATED", _utc(entry.made_at)),
        ("LAST-MODIFIED", _utc(entry.changed_at)), (f"DTSTART{starts[0]}", starts[1]), (f"DTEND{ends[0]}", ends[1]),
        ("SUMMARY", _text(entry.summary)), ("LOCATION", _text(entry.location)), ("URL", _line(entry.url)),
        ("STATUS", entry.standing.value), ("TRANSP", "TRANSPARENT" if cancelled else "OPAQUE"), ("END", "VEVENT"),
    )  # fmt: skip
    return b"".join(_folded(f"{name}:{value}") for name, value in lines)


def _folded(line: str) -> bytes:
    """At most 75 octets to a line, and no letter cut in two."""
    left, parts, width = line.encode(), [], 75
    while len(left) > width:
        cut = width
        while left[cut] & 0xC0 == 0x80:
            cut -= 1
        parts.append(left[:cut])
        left, width = left[cut:], 74
    return b"\r\n ".join((*parts, left)) + b"\r\n"


def _text(text: str) -> str:
    return _line(text).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _line(text: str) -> str:
    return _NOT_OF_A_LINE.sub(" ", text).strip()


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _told(span: Span, zone: ZoneInfo) -> tuple[Told, Told]:
    """In local time; but in UTC where clocks show an hour twice and the second is meant, which local time cannot say."""
    starts, ends = span.starts.astimezone(zone), span.ends.astimezone(zone)
    if starts.fold or ends.fold or zone.key == UTC_KEY:
        return ("", _utc(starts)), ("", _utc(ends))
    return (f";TZID={zone.key}", f"{starts:%Y%m%dT%H%M%S}"), (f";TZID={zone.key}", f"{ends:%Y%m%dT%H%M%S}")


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
