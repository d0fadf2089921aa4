"""The same kind of machine at the other sites: its free starts of the day, each by the clock of its own place."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from dashboard.booking import choices, views
from dashboard.booking.choices import DAY
from dashboard.booking.views import Page, Reason
from gateway.domain.local_time import first_moment, wall_clock
from gateway.domain.timespan import Span
from gateway.ports.views_calendar import Machines, Site
from gateway.wording import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class StartThere:
    """A start, by the clock of the place; ``href`` is on that place's own pages, None where they are not known."""

    starts: str
    ends: str
    href: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Another site, and what can be had there on the day that is looked at."""

    site: Site
    starts: tuple[StartThere, ...]
    bars: tuple[Reason, ...]
    other_clock: str | None
    """What its clocks show now, where that is not what they show here."""


def elsewhere(at: Page, known: Machines, words: Words, length: timedelta, now: datetime) -> tuple[Elsewhere, ...]:
    """Each of the other sites, in the order of their names."""
    return tuple(_there(site, at, known, words, length, now) for site in known.sites[1:])


def _there(site: Site, at: Page, known: Machines, words: Words, length: timedelta, now: datetime) -> Elsewhere:
    midnight, there = datetime.combine(at.chosen, time()), words.at(site.zone)
    window = Span(first_moment(midnight, site.zone), first_moment(midnight + DAY, site.zone) + length)
    found = choices.search(known.at(site.slug), known.member, length=length, window=window, now=now)
    starts = tuple(
        StartThere(
            starts=there.moment(start, "time"), ends=there("book.until", ends=start + length),
            href=site.address + at.sentence(start) if site.address else None,
        )
        for start in choices.starts_on(at.chosen, found)
    )  # fmt: skip
    same = wall_clock(now, site.zone) == wall_clock(now, known.sites[0].zone)
    return Elsewhere(
        site=site, starts=starts, bars=views.reasons(choices.bars(found), there, {}),
        other_clock=None if same else there.moment(now, "time"),
    )  # fmt: skip
