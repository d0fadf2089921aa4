"""Opening hours as plain JSON or TOML: ``{"monday": ["9:00-12:30", "14:00-18:00"], "holidays": "france"}``."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from gateway.domain.local_time import zone_of
from gateway.domain.opening import DAY_MINUTES, Hours, Opening
from gateway.domain.public_holidays import Holidays
from gateway.domain.refusals import Code, Refusal, refuse

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEK_MINUTES = 7 * DAY_MINUTES
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})")


def read_opening(plain: Any, zone: str) -> Opening | tuple[Refusal, ...]:
    """The opening, or everything that is wrong with it; ``zone`` is the site's, for hours that name none."""
    if not isinstance(plain, Mapping):
        return (refuse(Code.OPENING_UNREADABLE, field="opening", value=_shown(plain)),)
    named = plain.get("zone", zone)
    found = zone_of(named) if isinstance(named, str) else None
    wrong = [] if found else [refuse(Code.ZONE_UNKNOWN, field="zone", value=_shown(named))]
    wrong += [refuse(Code.OPENING_KEY_UNKNOWN, field=str(key)) for key in plain if key not in _KEYS]
    holidays = plain.get("holidays")
    if holidays is not None and holidays not in tuple(Holidays):
        wrong.append(refuse(Code.HOLIDAYS_UNKNOWN, field="holidays", value=_shown(holidays), known=", ".join(Holidays)))
    week = tuple(_day(day, plain.get(day, []), wrong) for day in WEEKDAYS)
    wrong += _overlaps(week)
    if not wrong and not any(week):
        wrong.append(refuse(Code.OPENING_EMPTY, field="opening"))
    if wrong or found is None:
        return tuple(wrong)
    return _opening(found, week, holidays)


def _opening(zone: ZoneInfo, week: tuple[tuple[Hours, ...], ...], holidays: str | None) -> Opening:
    return Opening(zone=zone, week=week, holidays=Holidays(holidays) if holidays else None)


_KEYS = frozenset({"zone", "holidays", *WEEKDAYS})


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _day(day: str, told: Any, wrong: list[Refusal]) -> tuple[Hours, ...]:
    spans = [told] if isinstance(told, str) else told
    if not isinstance(spans, list | tuple):
        wrong.append(refuse(Code.OPENING_UNREADABLE, field=day, value=_shown(told)))
        return ()
    found = []
    for span in spans:
        hours = _span(span)
        if hours is None:
            wrong.append(refuse(Code.OPENING_UNREADABLE, field=day, value=_shown(span)))
        else:
            found.append(hours)
    return tuple(sorted(found))


def _span(text: Any) -> Hours | None:
    """``9:00-12:30``; an end at or before the start is on the next day, 24:00 is midnight."""
    match = _SPAN.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        return None
    from_hour, from_minute, to_hour, to_minute = (int(part) for part in match.groups())
    opens, closes = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if from_minute > 59 or to_minute > 59 or opens >= DAY_MINUTES or closes > DAY_MINUTES or opens == closes:
        return None
    return Hours(opens, closes if closes > opens else closes + DAY_MINUTES)


def _overlaps(week: tuple[tuple[Hours, ...], ...]) -> Iterator[Refusal]:
    """Neighbours that share a minute, from Sunday night into Monday too."""
    every = [(WEEKDAYS[n], n * DAY_MINUTES, hours) for n, day in enumerate(week) for hours in day]
    for n, (day, base, hours) in enumerate(every):
        after, next_base, following = every[(n + 1) % len(every)]
        starts = next_base + following.opens + (_WEEK_MINUTES if n + 1 == len(every) else 0)
        if base + hours.closes > starts:
            yield refuse(
                Code.OPENING_OVERLAPS, field=day, value=_text(hours), other=_text(following), other_field=after
            )


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _text(hours: Hours) -> str:
    closes = hours.closes if hours.closes <= DAY_MINUTES else hours.closes - DAY_MINUTES
    return f"{_clock(hours.opens)}-{_clock(closes)}"


def plain_opening(opening: Opening) -> dict[str, Any]:
    """As JSON; :func:`read_opening` reads it back."""
    days = {day: [_text(hours) for hours in opening.week[n]] for n, day in enumerate(WEEKDAYS) if opening.week[n]}
    holidays = {"holidays": str(opening.holidays)} if opening.holidays else {}
    return {"zone": opening.zone.key, **days, **holidays}


def stored_opening(plain: Mapping[str, Any]) -> Opening:
    """From what :func:`plain_opening` wrote; anything else is a fault of ours."""
    found = read_opening(plain, "UTC")
    if isinstance(found, Opening):
        return found
    raise ValueError(f"the stored opening hours cannot be read: {plain}")
