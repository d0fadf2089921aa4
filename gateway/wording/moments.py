"""Moments and lengths of time as people say them; the patterns stand in the catalogues, the names come from Babel."""

from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache

from gateway.wording.catalogue import NO_BREAK, Catalogue

BITS = ("weekday", "number", "month")
BABEL = {"fr": "fr", "en": "en_GB"}


def say_moment(moment: datetime, how: str, words: Catalogue, zone: tzinfo, now: datetime) -> str:
    """``time`` *14 h* · ``weekday`` *mar.* · ``day`` *mardi 24 novembre* · ``at`` *demain à 14 h* · ``on`` *à 14 h*, with the day if not today."""
    there, today = moment.astimezone(zone), now.astimezone(zone)
    clock = _cldr(there, "moment.clock_minutes" if there.minute else "moment.clock", words).replace(" ", NO_BREAK)
    if how == "time":
        return clock
    if how == "day":
        return _day(there, today, words)
    if how in BITS:
        return _cldr(there, f"moment.{how}", words)
    days = (there.date() - today.date()).days
    near = {0: "today", 1: "tomorrow", -1: "yesterday"}.get(days, "other")
    pattern = words.variants(f"moment.{how}_{near}")[0]
    return pattern.format(time=clock, day=_day(there, today, words))


def _day(there: datetime, today: datetime, words: Catalogue) -> str:
    first = "_first" if there.day == 1 else ""
    return _cldr(there, f"moment.day{first}" if there.year == today.year else f"moment.day_year{first}", words)


def _cldr(there: datetime, key: str, words: Catalogue) -> str:
    return _formatted(there.replace(tzinfo=None), words.variants(key)[0], BABEL[words.lang])


@lru_cache(maxsize=4096)
def _formatted(there: datetime, pattern: str, locale: str) -> str:
    """A page says the same hours again and again, and Babel takes its time for each."""
    from babel.dates import format_datetime

    return format_datetime(there, pattern, locale=locale)


def say_date(day: date, words: Catalogue) -> str:
    """*3 avril 1990*."""
    from babel.dates import format_date

    return format_date(day, "long", locale=BABEL[words.lang])


def say_duration(length: timedelta, words: Catalogue) -> str:
    """*25 minutes*, *1 heure 20*, *2 jours*: full words, and no more figures than people use."""
    minutes = max(1, round(length.total_seconds() / 60))
    if minutes < 60:
        return _counted("duration.minutes", minutes, words)
    hours, rest = divmod(minutes, 60)
    if hours >= 48:
        return _counted("duration.days", hours // 24, words)
    if rest == 0:
        return _counted("duration.hours", hours, words)
    return _counted("duration.hours_minutes", hours, words, minutes=rest)


def _counted(key: str, count: int, words: Catalogue, **more: int) -> str:
    entry = words[key]
    assert isinstance(entry, dict)
    return entry[plural(count, words.lang)].format(count=count, **more)


def plural(count: int, lang: str) -> str:
    """``one`` or ``other``: in French zero is singular, in English it is not."""
    return "one" if (abs(count) < 2 if lang == "fr" else count == 1) else "other"
