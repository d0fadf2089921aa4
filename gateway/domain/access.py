"""May this badge use this resource now? Every rule is one small function; the answer names every unmet one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.domain.booking import Reservation
from gateway.domain.booking_policy import BookingPolicy
from gateway.domain.people import Member
from gateway.domain.refusals import Code, Refusal, refuse
from gateway.domain.resources import Resource
from gateway.domain.sessions import Session
from gateway.domain.training import Requirement, Standing
from gateway.domain.use_policy import UsePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessFacts:
    """All that the decision needs, read in one go.

    ``booked`` are standing reservations of the resource that have not ended, soonest first (the current one and the
    next ones). ``interlock_known`` is False when the resource's relay is silent or answers with nonsense.
    """

    resource: Resource | None
    member: Member | None
    badge_revoked: bool = False
    requirements: tuple[Requirement, ...] = ()
    booked: tuple[Reservation, ...] = ()
    session: Session | None = None
    interlock_known: bool = True
    use: UsePolicy = field(default_factory=UsePolicy)
    booking: BookingPolicy = field(default_factory=BookingPolicy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """Yes, until ``until`` (the end of one's booking, the next booking of another, the ceiling, a right's end)."""

    until: datetime
    reservation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """No, for every one of these reasons; the first is the one to show."""

    refusals: tuple[Refusal, ...]


Rule = Callable[[AccessFacts, datetime], tuple[Refusal, ...]]
NONE: tuple[Refusal, ...] = ()


def _known_reader(facts: AccessFacts, now: datetime) -> tuple[Refusal, ...]:
    return NONE if facts.resource else (refuse(Code.READER_UNASSIGNED),)


def _known_badge(facts: AccessFacts, now: datetime) -> tuple[Refusal, ...]:
    return NONE if facts.member else (refuse(Code.BADGE_UNKNOWN),)


def _live_badge(facts: AccessFacts, now: datetime) -> tuple[Refusal, ...]:
    return (refuse(Code.BADGE_REVOKED),) if facts.badge_revoked else NONE


def _active_member(facts: AccessFacts, now: datetime) -> tuple[Refusal, ...]:
    return (refuse(Code.MEMBER_INACTIVE),) if facts.member and not facts.member.active else NONE


def _membership(facts: AccessFacts, now: datetime) -> tuple[Refusal, ...]:
    until = facts.member.member_until if facts.member else None
    return (refuse(Code.MEMBERSHIP_LAPSED, since=until),) if until and until <= now else NONE


def _trained(facts: AccessFacts, now: datetime) -> tuple[Refusal, ...]:
    if facts.member is None:
        return NONE
    found = []
    for need in facts.requirements:
        state = need.state_at(now)
        if state is Standing.LAPSED:
            found.append(refuse(Code.TRAINING_LAPSED, training=need.slug, names=need.names, since=need.until))
        elif state is Standing.PREREQUISITE_LAPSED:
            found.append(
                refuse(
                    Code.PREREQUISITE_LAPSED, training=need.slug, names=need.names, prerequisite=need.prerequisite,
                    prerequisite_names=need.prerequisite_names, since=need.until,
                )
            )  # fmt: skip
        elif state is Standing.AWAITING:
            found.append(refuse(Code.TRAINING_AWAITING, training=need.slug, names=need.names))
        elif state is Standing.MISSING:
            found.append(
                refuse(Code.TRAINING_MISSING, training=need.slug, names=need.names, level=_above_first(need.level))
            )
    return tuple(found)


def _above_first(level: int) -> int | None:
    return level if level > 1 else None


def _in_service(facts: AccessFacts, now: datetime) -> tuple[Refusal, ...]:
    resource = facts.resource
    if resource is None or not resource.out_of_service:
        return NONE
    return (refuse(Code.OUT_OF_SERVICE, reason=resource.out_reason, back_at=resource.back_at),)


def _free(facts: AccessFacts, now: datetime) -> tuple[Refusal, ...]:
    session, member = facts.session, facts.member
    if session is None or (member and session.operator_id == member.id):
        return NONE
    return (refuse(Code.IN_USE, until=session.granted_until),)


def _reservation(facts: AccessFacts, now: datetime) -> tuple[Refusal, ...]:
    current = current_reservation(facts, now)
    mine = bool(current and facts.member and current.member_id == facts.member.id)
    if current and not mine:
        return (refuse(Code.RESERVED_BY_OTHER, until=current.span.ends),)
    if facts.resource and facts.resource.reservation_required and not mine:
        return (refuse(Code.RESERVATION_REQUIRED),)
    return NONE


def _interlock(facts: AccessFacts, now: datetime) -> tuple[Refusal, ...]:
    return NONE if facts.interlock_known else (refuse(Code.INTERLOCK_UNKNOWN),)


RULES: tuple[Rule, ...] = (
    _known_reader, _known_badge, _live_badge, _active_member, _membership,
    _in_service, _interlock, _trained, _free, _reservation,
)  # fmt: skip
"""In the order in which a person can act on them; the order never changes yes or no."""


def current_reservation(facts: AccessFacts, now: datetime) -> Reservation | None:
    """The standing reservation that covers ``now``."""
    return next((r for r in facts.booked if r.span.holds(now)), None)


def decide_access(facts: AccessFacts, now: datetime, rules: tuple[Rule, ...] = RULES) -> Granted | Denied:
    """Granted until when, or Denied with every unmet rule."""
    refusals = tuple(refusal for rule in rules for refusal in rule(facts, now))
    if refusals:
        return Denied(refusals=refusals)
    if facts.resource is None or facts.member is None:
        return Denied(refusals=(refuse(Code.SYSTEM_UNAVAILABLE),))
    own = current_reservation(facts, now)
    ends = [now + timedelta(seconds=facts.resource.ceiling_s)]
    ends += [need.until for need in facts.requirements if need.until]
    ends += [r.span.starts for r in facts.booked if r.span.starts > now and r.member_id != facts.member.id]
    ends += [own.span.ends] if own else []
    return Granted(until=min(ends), reservation_id=own.id if own else None)
