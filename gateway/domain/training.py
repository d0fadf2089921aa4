"""Trainings: how long a right from one lasts, what it stands on, and what a resource asks of a member."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from gateway.domain.local_time import first_moment
from gateway.domain.people import Names

REMIND_DAYS = (30, 7)
"""Days before its end at which the holder is told, unless the training says otherwise."""


@dataclass(frozen=True, slots=True, order=True)
class YearlyDate:
    """A day of every year, the last one included; 29 February is the 28th where there is none."""

    month: int
    day: int

    def __post_init__(self) -> None:
        date(2000, self.month, self.day)

    def __str__(self) -> str:
        return f"{self.month:02}-{self.day:02}"

    @classmethod
    def read(cls, text: str) -> "YearlyDate":
        """From ``MM-DD``; ValueError for what is no day of the year."""
        month, dash, day = text.partition("-")
        if not (dash and len(month) == len(day) == 2 and (month + day).isdecimal() and text.isascii()):
            raise ValueError(f"not a day of the year as MM-DD: {text!r}")
        return cls(int(month), int(day))

    def end_after(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """The first end of such a day after ``moment``: midnight on the walls of ``zone``, in UTC."""
        year = moment.astimezone(zone).year
        ends = (self._end_in(candidate, zone) for candidate in (year, year + 1))
        return next(end for end in ends if end > moment)

    def _end_in(self, year: int, zone: ZoneInfo) -> datetime:
        leap = (self.month, self.day) == (2, 29)
        following = date(year, 3, 1) if leap else date(year, self.month, self.day) + timedelta(days=1)
        return first_moment(datetime.combine(following, time()), zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """A course, and how long a right from it lasts: whichever of its ends comes first, never without any.

    ``validity_days`` after it was given, at the end of ``yearly_until``, or ``unused_days`` after the last real use of
    any resource that it opens.
    """

    id: str
    slug: str
    names: Names
    validity_days: int | None = None
    yearly_until: YearlyDate | None = None
    unused_days: int | None = None
    minutes: int | None = None
    refresher_minutes: int | None = None
    remind_days: tuple[int, ...] = REMIND_DAYS
    retention_years: int | None = None
    """How long a right is kept once it is over; None as long as nobody decides."""
    prerequisites: tuple[str, ...] = ()
    """Slugs of the trainings that must be held, too."""


def refresher_is_shorter(minutes: int | None, refresher_minutes: int | None) -> bool:
    """Whether a refresher takes less time than the whole course, where both are said."""
    return minutes is None or refresher_minutes is None or refresher_minutes < minutes


def end_of_right(training: Training, given_at: datetime, zone: ZoneInfo) -> datetime | None:
    """When a right given then ends, however much it is used; always later, None for never."""
    ends = []
    if training.validity_days is not None:
        ends.append(given_at + timedelta(days=training.validity_days))
    if training.yearly_until is not None:
        ends.append(training.yearly_until.end_after(given_at, zone))
    return min(ends, default=None)


def expiry(training: Training, ends_at: datetime | None, used_at: datetime) -> datetime | None:
    """When a right lapses that ends then and was last used (or given) at ``used_at``."""
    if training.unused_days is None:
        return ends_at
    unused = used_at + timedelta(days=training.unused_days)
    return min(unused, ends_at) if ends_at is not None else unused


# What stands on what

Edges = Mapping[str, tuple[str, ...]]
"""Direct prerequisites of each training, by slug."""


def cycle_in(edges: Edges) -> tuple[str, ...] | None:
    """A training that would need itself, as the way round: ``("a", "b", "a")``; None when there is none."""
    done: set[str] = set()
    for start in edges:
        found = _way_round(edges, start, (), done)
        if found:
            return found
    return None


def _way_round(edges: Edges, at: str, way: tuple[str, ...], done: set[str]) -> tuple[str, ...] | None:
    if at in way:
        return (*way[way.index(at) :], at)
    if at in done:
        return None
    for need in edges.get(at, ()):
        found = _way_round(edges, need, (*way, at), done)
        if found:
            return found
    done.add(at)
    return None


def all_needs(edges: Edges, training: str) -> frozenset[str]:
    """Everything that a training stands on, near and far."""
    found: set[str] = set()
    ahead = list(edges.get(training, ()))
    while ahead:
        need = ahead.pop()
        if need not in found:
            found.add(need)
            ahead += edges.get(need, ())
    return frozenset(found - {training})


# What a resource asks for, and what a member has of it


class Standing(StrEnum):
    """How a member stands towards a training that a resource asks for."""

    VALID = "valid"
    MISSING = "missing"
    AWAITING = "awaiting_validation"
    LAPSED = "lapsed"
    PREREQUISITE_LAPSED = "prerequisite_lapsed"


@dataclass(frozen=True, slots=True)
class Held:
    """A right that is neither revoked nor refused."""

    level: int = 1
    awaiting: bool = False
    expires_at: datetime | None = None

    def opens(self, level: int, now: datetime) -> bool:
        """Whether it opens what asks for this level at ``now``."""
        return not self.awaiting and self.level >= level and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A training that is asked for, and every right that the member has of it."""

    slug: str
    names: Names = field(hash=False)
    level: int = 1
    held: tuple[Held, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """A training that the resource asks for, and how the member stands towards it.

    ``until``: when VALID ends (None: never), or since when LAPSED and PREREQUISITE_LAPSED are so (None: never held).
    ``prerequisite`` and ``prerequisite_names`` are of the one that is not held, of PREREQUISITE_LAPSED.
    """

    slug: str
    names: Names
    level: int = 1
    state: Standing = Standing.MISSING
    until: datetime | None = None
    held_level: int | None = None
    """The level that the member does have, where it is too low."""
    prerequisite: str | None = None
    prerequisite_names: Names | None = None

    def state_at(self, now: datetime) -> Standing:
        """Its state, and LAPSED once its time is over, should the facts be older than the question."""
        return Standing.LAPSED if self.state is Standing.VALID and self.until and self.until <= now else self.state


def requirement(asked: Asked, needs: Iterable[Asked], now: datetime) -> Requirement:
    """How the member stands at ``now`` towards a training that is asked for and all that it stands on."""
    state, until = _standing(asked, now)
    if state is not Standing.VALID:
        lower = [right.level for right in asked.held if right.opens(1, now)] if state is Standing.MISSING else []
        return Requirement(
            slug=asked.slug, names=asked.names, level=asked.level, state=state, until=until,
            held_level=max(lower, default=None),
        )  # fmt: skip
    for need in sorted(needs, key=lambda need: need.slug):
        below, ends = _standing(need, now)
        if below is not Standing.VALID:
            return Requirement(
                slug=asked.slug, names=asked.names, level=asked.level, state=Standing.PREREQUISITE_LAPSED, until=ends,
                prerequisite=need.slug, prerequisite_names=need.names,
            )  # fmt: skip
        until = _sooner(until, ends)
    return Requirement(slug=asked.slug, names=asked.names, level=asked.level, state=state, until=until)


def _standing(asked: Asked, now: datetime) -> tuple[Standing, datetime | None]:
    enough = [right for right in asked.held if right.level >= asked.level]
    live = [right.expires_at for right in enough if right.opens(asked.level, now)]
    if live:
        return Standing.VALID, None if None in live else max(end for end in live if end is not None)
    if any(right.awaiting for right in enough):
        return Standing.AWAITING, None
    past = [right.expires_at for right in enough if right.expires_at is not None]
    return (Standing.LAPSED, max(past)) if past else (Standing.MISSING, None)


def _sooner(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(one, other) if one is not None and other is not None else one or other
