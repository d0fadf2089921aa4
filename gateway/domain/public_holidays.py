"""Public holidays of France, by year."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cache

from gateway.domain.people import Names


class Holidays(StrEnum):
    """Whose public holidays a place keeps."""

    FRANCE = "france"
    ALSACE_MOSELLE = "alsace-moselle"
    GUADELOUPE = "guadeloupe"
    MARTINIQUE = "martinique"
    GUYANE = "guyane"
    REUNION = "reunion"
    MAYOTTE = "mayotte"


_SUBDIVISIONS = {
    Holidays.FRANCE: None, Holidays.ALSACE_MOSELLE: "57", Holidays.GUADELOUPE: "971", Holidays.MARTINIQUE: "972",
    Holidays.GUYANE: "973", Holidays.REUNION: "974", Holidays.MAYOTTE: "976",
}  # fmt: skip
_LANGUAGES = {"fr": "fr", "en": "en_US"}


@cache
def public_holidays(whose: Holidays, year: int) -> Mapping[date, Names]:
    """Every public holiday of a year with its names; computed once, so that a tap only looks it up."""
    # Heavy, and a place that keeps no holidays needs none of it.
    from holidays import country_holidays

    found: dict[date, Names] = {}
    for ours, theirs in _LANGUAGES.items():
        for day, name in country_holidays("FR", subdiv=_SUBDIVISIONS[whose], years=year, language=theirs).items():
            found.setdefault(day, {})[ours] = name
    return found


def holiday_on(whose: Holidays | None, day: date) -> Names | None:
    """The names of that day's holiday, if it is one."""
    return public_holidays(whose, day.year).get(day) if whose else None
