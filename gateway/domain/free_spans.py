"""When can this person use one of these machines for so long? Every start that the rules of the lab allow.

What is answered are ranges of starts: a booking of the asked length may start at any moment from the first to the
last (on the lab's step, where it has one). A start is a moment, so every rule cuts open spans out of a closed range.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from gateway.domain.access_rules import UNTRAINED
from gateway.domain.booking_policy import BookingPolicy
from gateway.domain.booking_rules import FURTHEST
from gateway.domain.free_quotas import Cut, over_quota
from gateway.domain.local_time import first_moment, wall_clock
from gateway.domain.opening import Schedule
from gateway.domain.people import Member
from gateway.domain.refusals import Code, Refusal, refuse
from gateway.domain.timespan import Span
from gateway.domain.training import Requirement, Standing

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)
_DAY_MINUTES = 1440
Starts = tuple[datetime, datetime]
"""The first and the last one, both allowed."""
Grid = Callable[[int], list[datetime]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One of the machines asked about, with all that bears on the answer.

    ``busy`` are the holding reservations, pauses included, soonest first. ``others`` are the person's own bookings of
    it and its equals from this week on. ``membership_ends`` has the days of grace counted in.
    """

    id: str
    slug: str
    policy: BookingPolicy
    schedule: Schedule
    zone: ZoneInfo
    site: str = ""
    """The slug of the place where it stands."""
    busy: tuple[Starts, ...] = ()
    others: tuple[Span, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    membership_ends: datetime | None = None
    out_of_service: bool = False
    back_at: datetime | None = None
    """When one that is out of service is expected back; None: nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Free:
    """A booking of the asked length may start on this machine from ``first`` to ``last``."""

    machine: Machine
    first: datetime
    last: datetime


def barriers(machine: Machine, member: Member | None, now: datetime) -> tuple[Refusal, ...]:
    """What keeps this person from this machine at any time."""
    found: tuple[Refusal, ...] = ()
    if machine.out_of_service and machine.back_at is None:
        found += (refuse(Code.OUT_OF_SERVICE),)
    if member is None:
        return found
    if not member.active:
        found += (refuse(Code.MEMBER_INACTIVE),)
    if machine.membership_ends is not None and machine.membership_ends <= now:
        found += (refuse(Code.MEMBERSHIP_LAPSED, since=member.member_until),)
    states = ((need, need.state_at(now)) for need in machine.requirements)
    return found + tuple(UNTRAINED[state](need) for need, state in states if state is not Standing.VALID)


def free_spans(
    machines: Iterable[Machine], member: Member | None, *, length: timedelta, window: Span, now: datetime
) -> list[Free]:
    """Every start that leaves the booking inside the window, soonest first; ``member`` None: anybody's."""
    # Equal machines mostly share these.
    usual: dict[object, list[Starts]] = {}
    grids = cache(lambda zone: _grid(zone, window, length))
    found: list[Free] = []
    for machine in machines:
        bounds = None if barriers(machine, member, now) else _bounds(machine, length, window, now)
        if bounds is None:
            continue
        others = machine.others if member is not None else None
        shared = (machine.schedule, machine.policy, machine.zone, others, bounds)
        if shared not in usual:
            ranges = _within(machine.schedule.spans(window), bounds, length)
            cuts = over_quota(machine.policy, others, length, window, machine.zone, now) if others is not None else []
            usual[shared] = list(_without(ranges, cuts))
        before = timedelta(minutes=machine.policy.buffer_minutes or 0) + length
        left = _without(usual[shared], [(starts - before, until) for starts, until in machine.busy])
        if machine.policy.step_minutes:
            left = _stepped(left, grids(machine.zone)(machine.policy.step_minutes))
        found += [Free(machine=machine, first=first, last=last) for first, last in left]
    return sorted(found, key=lambda free: free.first)


def _bounds(machine: Machine, length: timedelta, window: Span, now: datetime) -> Starts | None:
    """The first and the last start that notice, horizon, lengths and the ends of rights allow."""
    policy = machine.policy
    if policy.shortest_minutes and length < policy.shortest_minutes * _MINUTE:
        return None
    if policy.longest_minutes and length > policy.longest_minutes * _MINUTE:
        return None
    first = max(window.starts, now + (policy.notice_minutes or 0) * _MINUTE)
    if machine.out_of_service and machine.back_at is not None:
        first = max(first, machine.back_at)
    ends = [need.until for need in machine.requirements] + [machine.membership_ends, window.ends]
    last = min(now + FURTHEST, *(end - length for end in ends if end is not None))
    if policy.horizon_days is not None:
        over = datetime.combine(wall_clock(now, machine.zone).date() + (policy.horizon_days + 1) * _DAY, time())
        last = min(last, first_moment(over, machine.zone) - timedelta.resolution)
    return (first, last) if first <= last else None


def _within(spans: Iterable[Span], bounds: Starts, length: timedelta) -> Iterator[Starts]:
    for span in spans:
        first, last = max(span.starts, bounds[0]), min(span.ends - length, bounds[1])
        if first <= last:
            yield first, last


def _without(ranges: Iterable[Starts], cuts: list[Cut]) -> Iterator[Starts]:
    """What is left of ranges (apart, in order) less cuts (in order of their starts); edges of cuts are allowed."""
    at, many = 0, len(cuts)
    for first, last in ranges:
        while at < many and cuts[at][1] <= first:
            at += 1
        left, i = first, at
        while i < many and left <= last:
            after, before = cuts[i]
            if after >= last:
                break
            if before > left:
                if after >= left:
                    yield left, after
                left = before
            i += 1
        if left <= last:
            yield left, last


def _stepped(ranges: Iterable[Starts], grid: list[datetime]) -> Iterator[Starts]:
    for first, last in ranges:
        low, high = bisect_left(grid, first), bisect_right(grid, last)
        if low < high:
            yield grid[low], grid[high - 1]


def _grid(zone: ZoneInfo, window: Span, length: timedelta) -> Grid:
    """For each step: the starts in the window of which start and end lie on steps of their local days."""

    @cache
    def of(step: int) -> list[datetime]:
        found: list[datetime] = []
        day = wall_clock(window.starts, zone).date()
        last = wall_clock(window.ends, zone).date()
        while day <= last:
            found += _starts_of(datetime.combine(day, time()), zone, step, length)
            day += _DAY
        return found

    return of


def _starts_of(midnight: datetime, zone: ZoneInfo, step: int, length: timedelta) -> list[datetime]:
    begins, over = first_moment(midnight, zone), first_moment(midnight + _DAY, zone)
    far = midnight + _DAY + length
    if first_moment(far, zone) - begins == far - midnight:
        # No change of the hour from here to the end of the last one: the clock can be counted.
        return [begins + since for since in _since_midnight(step, length)]
    found, at = [], begins
    while at < over:
        if _on_step(at, zone, step) and _on_step(at + length, zone, step):
            found.append(at)
        at += _MINUTE
    return found


@cache
def _since_midnight(step: int, length: timedelta) -> tuple[timedelta, ...]:
    long, rest = divmod(length, _MINUTE)
    if rest:
        return ()
    minutes = range(0, _DAY_MINUTES, step)
    return tuple(minute * _MINUTE for minute in minutes if (minute + long) % _DAY_MINUTES % step == 0)


def _on_step(moment: datetime, zone: ZoneInfo, step: int) -> bool:
    wall = wall_clock(moment, zone)
    return (wall.hour * 60 + wall.minute) % step == 0 and not wall.second and not wall.microsecond
