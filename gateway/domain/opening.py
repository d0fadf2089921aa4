"""Opening hours, closures and public holidays: when a place or a resource may be used at all.

Hours keep local time: an opening of 9:00 is at 9:00 on the wall, whatever the season. Where the spring change skips an
hour it opens or closes at the change; where the autumn change repeats one, at the first time the clock shows it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from gateway.domain.local_time import first_moment, wall_clock
from gateway.domain.people import Names
from gateway.domain.public_holidays import Holidays, holiday_on
from gateway.domain.timespan import Span

DAY_MINUTES = 24 * 60
_DAY = timedelta(days=1)
_LOOK_AHEAD = (timedelta(days=2), timedelta(days=16), timedelta(days=400))
"""How far to look for the next change; most are near, and the far look is only for long closures."""


@dataclass(frozen=True, slots=True, order=True)
class Hours:
    """Minutes after midnight on the wall; ``closes`` past 24 hours is on the next day."""

    opens: int
    closes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Weekly hours, Monday first. On a public holiday nothing opens; a night that began before it goes on."""

    zone: ZoneInfo
    week: tuple[tuple[Hours, ...], ...]
    holidays: Holidays | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A span in which the site (``resource_id`` None) or one resource is closed, and why."""

    id: str
    span: Span
    reason: str
    resource_id: str | None = None


class ClosedBy(StrEnum):
    """What keeps it closed."""

    HOURS = "hours"
    HOLIDAY = "holiday"
    CLOSURE = "closure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Open until then; None when no closing is in sight."""

    until: datetime | None


FOR_EVER = Open(until=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Closed: by what, and until when (None when no opening is in sight).

    ``reason`` is a closure's, as staff wrote it; ``names`` are a holiday's.
    """

    by: ClosedBy
    opens_at: datetime | None
    reason: str | None = None
    names: Names | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When something may be used: its opening (None: always) less its closures."""

    opening: Opening | None = None
    closures: tuple[Closure, ...] = ()

    def spans(self, window: Span) -> tuple[Span, ...]:
        """The open spans inside the window, apart from each other, in order."""
        hours = _clipped(_hours(self.opening, window), window) if self.opening else [window]
        return tuple(without(hours, (closure.span for closure in self.closures)))

    def state_at(self, now: datetime) -> Open | Closed:
        """Open or closed at ``now``, and until when."""
        if self.opening is None and not self.closures:
            return FOR_EVER
        first = None
        for look in _LOOK_AHEAD:
            window = Span(now, now + look)
            first = next(iter(self.spans(window)), None)
            if first and (first.starts > now or first.ends < window.ends):
                break
        if first and first.starts == now:
            return Open(until=first.ends if first.ends < now + _LOOK_AHEAD[-1] else None)
        return self._closed(now, first.starts if first else None)

    def _closed(self, now: datetime, opens_at: datetime | None) -> Closed:
        closure = max((c for c in self.closures if c.span.holds(now)), key=lambda c: c.span.ends, default=None)
        if closure:
            return Closed(by=ClosedBy.CLOSURE, opens_at=opens_at, reason=closure.reason)
        opening = self.opening
        today = wall_clock(now, opening.zone).date() if opening else None
        names = holiday_on(opening.holidays, today) if opening and today and opening.week[today.weekday()] else None
        return Closed(by=ClosedBy.HOLIDAY if names else ClosedBy.HOURS, opens_at=opens_at, names=names)

    def closes_at(self, now: datetime) -> datetime | None:
        """When it closes next, ``now`` if it is closed; None when no closing is in sight."""
        state = self.state_at(now)
        return state.until if isinstance(state, Open) else now

    def opens_at(self, now: datetime) -> datetime | None:
        """When it is open next, ``now`` if it is; None when no opening is in sight."""
        state = self.state_at(now)
        return state.opens_at if isinstance(state, Closed) else now

    def holds(self, span: Span) -> bool:
        """Whether it is open during all of ``span``."""
        return self.spans(span) == (span,)


def _hours(opening: Opening, window: Span) -> Iterator[Span]:
    """Open spans of the days around the window, joined where they touch."""
    first = wall_clock(window.starts, opening.zone).date() - _DAY
    last = wall_clock(window.ends, opening.zone).date()
    joined: Span | None = None
    for offset in range((last - first).days + 1):
        for span in _hours_of(opening, first + offset * _DAY):
            if joined and span.starts <= joined.ends:
                joined = Span(joined.starts, max(joined.ends, span.ends))
                continue
            if joined:
                yield joined
            joined = span
    if joined:
        yield joined


@lru_cache(maxsize=16384)
def _hours_of(opening: Opening, day: date) -> tuple[Span, ...]:
    if holiday_on(opening.holidays, day):
        return ()
    midnight = datetime.combine(day, time())
    edges = (
        (first_moment(midnight + timedelta(minutes=hours.opens), opening.zone),
         first_moment(midnight + timedelta(minutes=hours.closes), opening.zone))
        for hours in opening.week[day.weekday()]
    )  # fmt: skip
    # Hours that lie within the skipped hour of the spring change are none that day.
    return tuple(Span(opens, closes) for opens, closes in edges if opens < closes)


def _clipped(spans: Iterable[Span], window: Span) -> Iterator[Span]:
    for span in spans:
        if span.overlaps(window):
            yield Span(max(span.starts, window.starts), min(span.ends, window.ends))


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """What is left of ``spans`` (apart, in order) once ``taken`` (in any order) is cut out."""
    left: list[Span] = []
    cuts = sorted(taken, key=lambda cut: cut.starts)
    at = 0
    for span in spans:
        while at < len(cuts) and cuts[at].ends <= span.starts:
            at += 1
        starts = span.starts
        for cut in cuts[at:]:
            if cut.starts >= span.ends:
                break
            if cut.starts > starts:
                left.append(Span(starts, cut.starts))
            starts = max(starts, cut.ends)
        if starts < span.ends:
            left.append(Span(starts, span.ends))
    return left
