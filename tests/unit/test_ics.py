"""What is written for calendars, read back by two libraries that know nothing of each other."""

import unicodedata
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st

from dashboard.calendar.ics import Entry, Feed, Standing, written
from gateway.domain.timespan import Span

PARIS, NEW_YORK, DUBLIN, CASABLANCA = map(
    ZoneInfo, ("Europe/Paris", "America/New_York", "Europe/Dublin", "Africa/Casablanca")
)
NOON = datetime(2026, 11, 24, 11, tzinfo=UTC)
HOUR = timedelta(hours=1)


def entry(starts=NOON, ends=None, **changes):
    values = {
        "id": "0193a0c4-0000-7000-8000-000000000001", "span": Span(starts, ends or starts + HOUR), "summary": "Laser",
        "made_at": NOON, "changed_at": NOON, "url": "https://lab.example/r/laser",
        "location": "La Ruche",
    }  # fmt: skip
    return Entry(**values | changes)


def feed(*entries, zone=PARIS, year=2026, **changes):
    window = Span(datetime(year, 1, 2, tzinfo=UTC), datetime(year, 12, 30, tzinfo=UTC))
    return Feed(**{"name": "Mon agenda", "zone": zone, "window": window, "entries": entries} | changes)


def by_icalendar(body):
    return icalendar.Calendar.from_ical(body).walk("VEVENT")


def by_vobject(body):
    """Its times come from our VTIMEZONE alone: what it remembers of zones is taken from it."""
    known = vobject.icalendar.__dict__["__tzidMap"]
    known.clear()
    return list(vobject.readOne(body.decode()).contents.get("vevent", []))


def changes_of(zone, year):
    """Moments at which the clock changes, found by looking at each hour."""
    at = datetime(year, 1, 1, tzinfo=UTC)
    while at.year == year:
        if at.astimezone(zone).utcoffset() != (at + HOUR).astimezone(zone).utcoffset():
            yield at + HOUR
        at += HOUR


def last_sunday(year, month):
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def test_both_readers_find_all_that_was_written():
    one = entry(version=3, standing=Standing.TENTATIVE, location="La Ruche", changed_at=NOON + HOUR)
    body = written(feed(one))
    (event,) = by_icalendar(body)
    assert (event["uid"], event["sequence"]) == (f"{one.id}@etabli", 2)
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (NOON, NOON + HOUR)
    assert event.decoded("dtstamp") == event.decoded("last-modified") == NOON + HOUR
    assert (event["status"], event["url"], event["location"]) == ("TENTATIVE", one.url, "La Ruche")
    (again,) = by_vobject(body)
    assert (again.dtstart.value, again.dtend.value) == (NOON, NOON + HOUR)
    assert (again.uid.value, again.sequence.value, again.summary.value) == (f"{one.id}@etabli", "2", "Laser")


def test_times_are_told_in_the_zone_of_the_lab():
    assert b"DTSTART;TZID=Europe/Paris:20261124T120000\r\n" in written(feed(entry()))
    plain = written(feed(entry(), zone=ZoneInfo("UTC")))
    assert b"DTSTART:20261124T110000Z\r\n" in plain
    assert b"VTIMEZONE" not in plain


@pytest.mark.parametrize("year", range(2020, 2041, 4))
def test_no_hour_is_wrong_around_any_change_of_the_clock(year):
    quarter = timedelta(minutes=15)
    spans = [
        Span(change + n * quarter, change + (n + 3) * quarter)
        for change in (last_sunday(year + later, month) for later in range(4) for month in (3, 10))
        for n in range(-10, 8)
    ]
    last = {"window": Span(datetime(year, 1, 2, tzinfo=UTC), datetime(year + 3, 12, 30, tzinfo=UTC))}
    body = written(feed(*(entry(span.starts, span.ends) for span in spans), **last))
    for read in ([(e.decoded("dtstart"), e.decoded("dtend")) for e in by_icalendar(body)],
                 [(e.dtstart.value, e.dtend.value) for e in by_vobject(body)]):  # fmt: skip
        assert [(a.astimezone(UTC), b.astimezone(UTC)) for a, b in read] == [(s.starts, s.ends) for s in spans]


@pytest.mark.parametrize("zone", [NEW_YORK, DUBLIN, CASABLANCA, ZoneInfo("Indian/Reunion"), ZoneInfo("Asia/Kolkata")])
def test_zones_of_other_labs_are_right_too(zone):
    moments = [change + n * HOUR for change in changes_of(zone, 2026) for n in (-3, -2, -1, 0, 1, 2)] or [NOON]
    events = by_vobject(written(feed(*(entry(at) for at in moments), zone=zone)))
    assert [event.dtstart.value.astimezone(UTC) for event in events] == moments


HOSTILE = [
    "Laser\r\nATTENDEE:mailto:eve@example.org", "Laser\nEND:VEVENT\nBEGIN:VALARM", "a;b,c\\n\\;d:e", "\\", "x\\\r\n y",
    "\u2028STATUS:CANCELLED\x85X:1", 'q"uo"te;TZID=X:1', "é" * 300, "\x00\x0b\x0cSUMMARY:no", "",
]  # fmt: skip


def flat(text):
    """The same text on one line."""
    return " ".join(text.replace("\x85", " ").replace("\u2028", " ").replace("\x00", " ").split())


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_cannot_become_a_property(text):
    body = written(feed(entry(summary=text, location=text), name=text))
    lines = body.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert not any(b in line for line in lines for b in (b"\r", b"\n", b"\x0b", b"\x0c"))
    (event,) = by_icalendar(body)
    assert set(event) == {
        "UID", "SEQUENCE", "DTSTAMP", "CREATED", "LAST-MODIFIED", "DTSTART", "DTEND", "SUMMARY", "LOCATION", "URL",
        "STATUS", "TRANSP",
    }  # fmt: skip
    assert flat(str(event["summary"])) == flat(text)
    assert event["status"] == "CONFIRMED"
    (again,) = by_vobject(body)
    assert flat(again.summary.value) == flat(text)
    assert set(again.contents) == {name.lower() for name in event}


def letters(text):
    return [letter for letter in text if unicodedata.category(letter) not in {"Cc", "Cs", "Zl", "Zp", "Zs"}]


@given(st.text(max_size=200))
def test_any_text_comes_back_letter_by_letter(text):
    (event,) = by_icalendar(written(feed(entry(summary=text))))
    assert letters(str(event["summary"])) == letters(text)


def test_an_empty_calendar_is_a_calendar():
    assert by_icalendar(written(feed())) == []
    assert by_vobject(written(feed())) == []
