"""Every rule of booking, one small function each; overlap alone is left to the database, which cannot be raced."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.domain import booking_quotas
from gateway.domain.access_rules import UNTRAINED
from gateway.domain.booking import Purpose
from gateway.domain.booking_policy import BookingPolicy
from gateway.domain.local_time import exists, first_moment, wall_clock, zone_of
from gateway.domain.opening import Closed, ClosedBy, Schedule
from gateway.domain.people import Member
from gateway.domain.refusals import Code, Refusal, refuse
from gateway.domain.timespan import Span
from gateway.domain.training import Requirement, Standing

LONGEST = timedelta(days=14)
FURTHEST = timedelta(days=366)
ALWAYS = Schedule()


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingRequest:
    """What is asked for. Times without a zone of their own are local ones of ``zone``.

    ``displaces``: in the place of bookings that give way. ``before`` is the span that the reservation has so far: what does not change is not judged again, unless it goes
    to ``another`` member.
    """

    starts: datetime
    ends: datetime
    zone: str | None = None
    purpose: Purpose = Purpose.USE
    before: Span | None = None
    another: bool = False
    displaces: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingFacts:
    """All that the rules look at. ``others`` are the member's other bookings of the resource and its equals.

    ``member`` is None for a visitor without an account and for maintenance.
    """

    member: Member | None
    policy: BookingPolicy
    zone: ZoneInfo
    others: tuple[Span, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    out_of_service: bool = False
    back_at: datetime | None = None
    """When a resource that is out of service is expected back; it may be booked from then on."""
    schedule: Schedule = ALWAYS


Unmet = tuple[Refusal, ...]
NONE: Unmet = ()
Rule = Callable[[BookingRequest, Span, BookingFacts, datetime], Unmet]


def read_times(request: BookingRequest) -> tuple[datetime, datetime] | Refusal:
    """The two moments; or why nobody can tell them."""
    found = []
    for told in (request.starts, request.ends):
        if told.tzinfo is not None:
            found.append(told)
            continue
        if request.zone is None:
            return refuse(Code.BOOKING_NO_ZONE)
        zone = zone_of(request.zone)
        if zone is None:
            return refuse(Code.ZONE_UNKNOWN, value=request.zone)
        if not exists(told, zone):
            return refuse(Code.BOOKING_SKIPPED_HOUR, at=first_moment(told, zone))
        found.append(first_moment(told, zone))
    starts, ends = found
    return starts, ends


def check_booking(request: BookingRequest, facts: BookingFacts, now: datetime) -> Span | Unmet:
    """The span that may be put to the database, or every rule that the request does not meet."""
    found = tuple(refusal for rule in OF_THE_PERSON for refusal in rule(request, facts))
    times = read_times(request)
    if isinstance(times, Refusal):
        return (times, *found)
    found = (*_sound(*times, now), *found)
    span = readable(request)
    if span is None:
        return found
    if request.purpose is Purpose.USE:
        found += tuple(refusal for rule in RULES for refusal in rule(request, span, facts, now))
    return found or span


def readable(request: BookingRequest) -> Span | None:
    """The span, unless there is none or it is so long that nobody should walk it day by day."""
    times = read_times(request)
    if isinstance(times, Refusal) or not timedelta(0) < times[1] - times[0] <= LONGEST:
        return None
    return Span(*times)


def _sound(starts: datetime, ends: datetime, now: datetime) -> Unmet:
    """What no lab can want, whoever asks."""
    found = NONE
    if ends <= starts:
        found += (refuse(Code.BOOKING_ENDS_BEFORE_START, starts=starts, ends=ends),)
    elif ends - starts > LONGEST:
        found += (refuse(Code.BOOKING_TOO_LONG, days=LONGEST.days),)
    if ends <= now:
        found += (refuse(Code.BOOKING_IN_THE_PAST, ends=ends),)
    if starts - now > FURTHEST:
        found += (refuse(Code.BOOKING_TOO_FAR, days=FURTHEST.days),)
    return found


# Who books what


def _in_service(request: BookingRequest, facts: BookingFacts) -> Unmet:
    if not facts.out_of_service or request.purpose is not Purpose.USE:
        return NONE
    span = readable(request)
    back = facts.back_at is not None and span is not None and span.starts >= facts.back_at
    return NONE if back else (refuse(Code.OUT_OF_SERVICE, back_at=facts.back_at),)


def _active(request: BookingRequest, facts: BookingFacts) -> Unmet:
    return (refuse(Code.MEMBER_INACTIVE),) if facts.member and not facts.member.active else NONE


OF_THE_PERSON: tuple[Callable[[BookingRequest, BookingFacts], Unmet], ...] = (_in_service, _active)


# When


def _kept_start(request: BookingRequest, span: Span) -> bool:
    return request.before is not None and request.before.starts == span.starts


def _within_horizon(request: BookingRequest, span: Span, facts: BookingFacts, now: datetime) -> Unmet:
    days = facts.policy.horizon_days
    if days is None or _kept_start(request, span) or span.starts - now > FURTHEST:
        return NONE
    ahead = wall_clock(span.starts, facts.zone).date() - wall_clock(now, facts.zone).date()
    return (refuse(Code.BOOKING_TOO_FAR, days=days),) if ahead.days > days else NONE


def _noticed(request: BookingRequest, span: Span, facts: BookingFacts, now: datetime) -> Unmet:
    minutes = facts.policy.notice_minutes
    if minutes is None or _kept_start(request, span) or span.starts - now >= timedelta(minutes=minutes):
        return NONE
    return (refuse(Code.BOOKING_TOO_SOON, limit_s=60 * minutes),)


def _long_enough(request: BookingRequest, span: Span, facts: BookingFacts, now: datetime) -> Unmet:
    minutes = facts.policy.shortest_minutes
    if minutes is None or span.length >= timedelta(minutes=minutes):
        return NONE
    return (refuse(Code.BOOKING_TOO_SHORT, limit_s=60 * minutes),)


def _short_enough(request: BookingRequest, span: Span, facts: BookingFacts, now: datetime) -> Unmet:
    minutes = facts.policy.longest_minutes
    if minutes is None or span.length <= timedelta(minutes=minutes):
        return NONE
    return (refuse(Code.BOOKING_OVER_LONGEST, limit_s=60 * minutes),)


def _on_step(request: BookingRequest, span: Span, facts: BookingFacts, now: datetime) -> Unmet:
    minutes = facts.policy.step_minutes
    if minutes is None or (_stepped(span.starts, minutes, facts.zone) and _stepped(span.ends, minutes, facts.zone)):
        return NONE
    return (refuse(Code.BOOKING_OFF_STEP, limit_s=60 * minutes),)


def _stepped(moment: datetime, minutes: int, zone: ZoneInfo) -> bool:
    wall = wall_clock(moment, zone)
    return (wall.hour * 60 + wall.minute) % minutes == 0 and not wall.second and not wall.microsecond


def _open(request: BookingRequest, span: Span, facts: BookingFacts, now: datetime) -> Unmet:
    opened = facts.schedule.spans(span)
    if opened == (span,):
        return NONE
    shut = opened[0].ends if opened and opened[0].starts == span.starts else span.starts
    state = facts.schedule.state_at(shut)
    if not isinstance(state, Closed):
        return NONE
    match state.by:
        case ClosedBy.CLOSURE:
            return (refuse(Code.BOOKING_IN_CLOSURE, reason=state.reason, until=state.opens_at),)
        case ClosedBy.HOLIDAY:
            return (refuse(Code.BOOKING_ON_HOLIDAY, names=state.names, until=state.opens_at),)
        case ClosedBy.HOURS:
            return (refuse(Code.BOOKING_OUTSIDE_HOURS, until=state.opens_at),)


def _trained(request: BookingRequest, span: Span, facts: BookingFacts, now: datetime) -> Unmet:
    """The right must hold when the machine is used, and not only today."""
    if not facts.policy.trained or facts.member is None:
        return NONE
    states = ((need, need.state_at(max(span.starts, now))) for need in facts.requirements)
    return tuple(UNTRAINED[state](need) for need, state in states if state is not Standing.VALID)


def _within_quotas(request: BookingRequest, span: Span, facts: BookingFacts, now: datetime) -> Unmet:
    before = request.before
    within = before is not None and before.starts <= span.starts and span.ends <= before.ends
    if facts.member is None or (within and not request.another):
        return NONE
    return booking_quotas.unmet(span, facts.others, facts.policy, facts.zone, now)


RULES: tuple[Rule, ...] = (
    _within_horizon, _noticed, _long_enough, _short_enough, _on_step, _open, _trained, _within_quotas,
)  # fmt: skip
"""What the lab asks of those who use; the order never changes yes or no."""
