"""What there is to choose from: lengths, days, starts; and for each start that cannot be had, why."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gateway.domain.free_spans import Free, Machine, barriers, free_spans
from gateway.domain.local_time import exists, first_moment, wall_clock
from gateway.domain.opening import without
from gateway.domain.people import Member
from gateway.domain.refusals import Refusal
from gateway.domain.timespan import Span
from gateway.domain.why_not import why_not

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WEEK_DAYS = 7
FURTHEST_DAYS = 366
USUAL_MINUTES = 60
PACE_MINUTES = 30
"""Starts are offered at this pace; a lab's own step may be slower."""
NOW_MINUTES = 5
"""A start *now* is rounded up to this."""
LENGTHS = (30, 60, 90, 120, 180, 240, 480)
NEAREST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The machines asked about as they stand for one member, or for anybody, and every start of this length."""

    machines: tuple[Machine, ...]
    member: Member | None
    free: tuple[Free, ...]
    length: timedelta
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        """The lab's own."""
        return self.machines[0].zone

    def machine_at(self, starts: datetime) -> Machine | None:
        """The first machine, in the lab's order, on which a booking may start then: the one that booking will take."""
        fitting = {free.machine.id for free in self.free if _allows(free, starts, self.length)}
        return next((machine for machine in self.machines if machine.id in fitting), None)

    def why_not(self, span: Span) -> tuple[Refusal, ...]:
        """What stands against it on the machine where least does."""
        return min((why_not(machine, self.member, span, self.now) for machine in self.machines), key=len)


@dataclass(frozen=True, slots=True, kw_only=True)
class Barred:
    """Starts from ``first`` to ``last`` that cannot be had for one and the same reason."""

    first: datetime
    last: datetime
    refusals: tuple[Refusal, ...]


def week_from(day: date, zone: ZoneInfo, length: timedelta) -> Span:
    """Seven days on the wall, and so much of the eighth that the last start fits."""
    midnight = datetime.combine(day, time())
    return Span(first_moment(midnight, zone), first_moment(midnight + WEEK_DAYS * DAY, zone) + length)


def search(
    machines: tuple[Machine, ...], member: Member | None, *, length: timedelta, window: Span, now: datetime
) -> Found:
    """Every start of this length in the window."""
    free = tuple(free_spans(machines, member, length=length, window=window, now=now))
    return Found(machines=machines, member=member, free=free, length=length, now=now)


def as_anybody(found: Found, first: date) -> Found:
    """The same week as it stands for anybody: whoever may not book yet can still see when it is free."""
    window = week_from(first, found.zone, found.length)
    return search(found.machines, None, length=found.length, window=window, now=found.now)


def _allows(free: Free, starts: datetime, length: timedelta) -> bool:
    step = free.machine.policy.step_minutes
    if not free.first <= starts <= free.last:
        return False
    walls = (wall_clock(moment, free.machine.zone) for moment in (starts, starts + length))
    return step is None or all((wall.hour * 60 + wall.minute) % step == 0 and not wall.second for wall in walls)


def lengths(machines: Iterable[Machine], chosen: int) -> tuple[int, ...]:
    """Minutes that at least one of the machines may be booked for, the chosen ones among them."""
    found = {minutes for machine in machines for minutes in _lengths_of(machine)}
    return tuple(sorted(found | {chosen}))


def _lengths_of(machine: Machine) -> Iterator[int]:
    policy = machine.policy
    shortest, longest, step = policy.shortest_minutes or 0, policy.longest_minutes or LENGTHS[-1], policy.step_minutes
    for minutes in {*LENGTHS, policy.shortest_minutes or 0, policy.longest_minutes or 0} - {0}:
        if shortest <= minutes <= longest and minutes % (step or 1) == 0:
            yield minutes


def usual_length(machines: Iterable[Machine]) -> int:
    """An hour, or what comes nearest to it."""
    offered = {minutes for machine in machines for minutes in _lengths_of(machine)}
    return min(offered, key=lambda minutes: (abs(minutes - USUAL_MINUTES), minutes), default=USUAL_MINUTES)


def _pace(machines: Iterable[Machine]) -> int:
    steps = {machine.policy.step_minutes or 1 for machine in machines}
    return PACE_MINUTES if all(PACE_MINUTES % step == 0 for step in steps) else max(steps)


def _grid(day: date, found: Found) -> Iterator[datetime]:
    """Moments of the day at which a booking is offered to start, whether it may or not."""
    pace, zone = _pace(found.machines), found.zone
    for minutes in range(0, 24 * 60, pace):
        wall = datetime.combine(day, time()) + minutes * MINUTE
        if exists(wall, zone):
            yield first_moment(wall, zone)


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """The day that the wall shows."""
    return wall_clock(moment, zone).date()


def starts_on(day: date, found: Found) -> tuple[datetime, ...]:
    """The starts offered that day: at the lab's pace, and where something becomes free in between."""
    moments = {moment for moment in _grid(day, found) if found.machine_at(moment)}
    for free in found.free:
        if free.machine.policy.step_minutes is None and day_of(free.first, found.zone) == day:
            first = _rounded_up(free.first)
            if first <= free.last:
                moments.add(first)
    return tuple(sorted(moments))


def _rounded_up(moment: datetime) -> datetime:
    over = timedelta(minutes=moment.minute % NOW_MINUTES, seconds=moment.second, microseconds=moment.microsecond)
    return moment + (timedelta(minutes=NOW_MINUTES) - over if over else timedelta(0))


def open_on(day: date, found: Found) -> tuple[Span, ...]:
    """When any of the machines is open that day, before anything is booked."""
    midnight = datetime.combine(day, time())
    window = Span(first_moment(midnight, found.zone), first_moment(midnight + DAY, found.zone))
    opened: list[Span] = []
    for machine in found.machines:
        opened += without(machine.schedule.spans(window), opened)
    return tuple(sorted(opened, key=lambda span: span.starts))


def barred_on(day: date, found: Found) -> tuple[Barred, ...]:
    """Starts of that day's opening that are still to come and cannot be had, joined where the reason is the same."""
    opened = open_on(day, found)
    joined: list[Barred] = []
    previous_free = True
    for moment in _grid(day, found):
        if moment < found.now or not any(span.holds(moment) for span in opened):
            continue
        refusals = () if found.machine_at(moment) else found.why_not(Span(moment, moment + found.length))
        if refusals and joined and not previous_free and _same(joined[-1].refusals, refusals):
            joined[-1] = Barred(first=joined[-1].first, last=moment, refusals=refusals)
        elif refusals:
            joined.append(Barred(first=moment, last=moment, refusals=refusals))
        previous_free = not refusals
    return tuple(joined)


def _same(one: tuple[Refusal, ...], other: tuple[Refusal, ...]) -> bool:
    return [(r.code, r.params) for r in one] == [(r.code, r.params) for r in other]


def shorter(
    machines: tuple[Machine, ...], member: Member | None, starts: datetime, than: int, now: datetime
) -> int | None:
    """The longest of the shorter lengths that this start would allow."""
    for minutes in sorted(lengths(machines, USUAL_MINUTES), reverse=True):
        span = Span(starts, starts + minutes * MINUTE)
        if minutes < than and any(not why_not(machine, member, span, now) for machine in machines):
            return minutes
    return None


def bars(found: Found) -> tuple[Refusal, ...]:
    """What keeps this person from every one of the machines; nothing as soon as one is open to them."""
    return min((barriers(machine, found.member, found.now) for machine in found.machines), key=len)


def nearest(found: Found, wanted: datetime) -> tuple[datetime, ...]:
    """The starts nearest to the one that was wanted, soonest first."""
    days = sorted({day_of(moment, found.zone) for free in found.free for moment in _days_between(free)})
    offered = sorted((start for day in days for start in starts_on(day, found)), key=lambda start: abs(start - wanted))
    return tuple(sorted(offered[:NEAREST]))


def _days_between(free: Free) -> Iterator[datetime]:
    at = free.first
    while at < free.last:
        yield at
        at += DAY
    yield free.last
