"""May this badge use this resource now? The answer names every unmet rule; what no rule allows is refused."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.domain.access_facts import AccessFacts
from gateway.domain.access_rules import OF_THE_PERSON, RULES, WARNINGS, Rule, membership_ends, own_reservation
from gateway.domain.booking import Reservation
from gateway.domain.people import Member
from gateway.domain.quota import local_day, local_week, seconds_in
from gateway.domain.refusals import Code, Refusal, refuse
from gateway.domain.timespan import Span

NOTHING_LIFTED: frozenset[Code] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """Yes, until ``until``; ``warnings`` are what the person should hear all the same."""

    until: datetime
    reservation_id: str | None = None
    warnings: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """No, for every one of these reasons; the first is the one to show."""

    refusals: tuple[Refusal, ...]


def decide_access(
    facts: AccessFacts, now: datetime, *, rules: tuple[Rule, ...] = RULES, lifted: frozenset[Code] = NOTHING_LIFTED
) -> Granted | Denied:
    """Granted until when, or Denied with every unmet rule; ``lifted`` are codes that somebody present answers for."""
    refusals: tuple[Refusal, ...] = ()
    for rule in rules:
        unmet = rule(facts, now)
        if unmet:
            refusals += unmet
    if refusals and lifted:
        refusals = tuple(refusal for refusal in refusals if refusal.code not in lifted)
    if refusals:
        return Denied(refusals=refusals)
    if facts.resource is None or facts.member is None:
        return Denied(refusals=(refuse(Code.SYSTEM_UNAVAILABLE),))
    own = own_reservation(facts, now)
    until = now + timedelta(seconds=facts.resource.ceiling_s)
    for end in _ends(facts, facts.member, own, now, lifted):
        # What is over already was lifted, or a rule would have refused.
        if now < end < until:
            until = end
    warnings: tuple[Refusal, ...] = ()
    for rule in WARNINGS:
        warnings += rule(facts, now)
    return Granted(until=until, reservation_id=own.id if own else None, warnings=warnings)


def lacking(facts: AccessFacts, now: datetime) -> tuple[Refusal, ...]:
    """What this person lacks for this resource, whatever the moment; nothing: they may use it."""
    return tuple(refusal for rule in OF_THE_PERSON for refusal in rule(facts, now))


def _ends(
    facts: AccessFacts, member: Member, own: Reservation | None, now: datetime, lifted: frozenset[Code]
) -> Iterator[datetime]:
    """Everything that will end the use, sooner or later; what is lifted does not."""
    if own:
        yield own.span.ends
    else:
        pause = timedelta(minutes=facts.booking.buffer_minutes or 0)
        yield from (held.span.starts - pause for held in facts.booked if held.member_id != member.id)
    closes = facts.schedule.closes_at(now)
    if closes and Code.CLOSED_NOW not in lifted:
        yield closes
    if Code.TRAINING_LAPSED not in lifted:
        yield from (need.until for need in facts.requirements if need.until)
    membership = membership_ends(facts)
    if membership and Code.MEMBERSHIP_LAPSED not in lifted:
        yield membership
    use = facts.use
    if use.max_session_minutes:
        yield now + timedelta(minutes=use.max_session_minutes)
    if use.quota_day_minutes and Code.QUOTA_DAY_USED_UP not in lifted:
        yield _when_used_up(use.quota_day_minutes, local_day(now, facts.zone), facts, now)
    if use.quota_week_minutes and Code.QUOTA_WEEK_USED_UP not in lifted:
        yield _when_used_up(use.quota_week_minutes, local_week(now, facts.zone), facts, now)


def _when_used_up(minutes: int, window: Span, facts: AccessFacts, now: datetime) -> datetime:
    return now + timedelta(minutes=minutes, seconds=-seconds_in(window, facts.uses))


def foreseen(facts: AccessFacts, now: datetime, at: datetime) -> AccessFacts:
    """The facts of a later moment as ``now`` lets them be told: whose time is up has gone, what is awaited is back."""
    session, resource = facts.session, facts.resource
    if session and session.granted_until and now < session.granted_until <= at:
        session = None
    if resource and resource.back_at and now < resource.back_at <= at:
        resource = replace(resource, out_of_service=False)
    # An open session is read as lasting until the moment asked about.
    uses = tuple(Span(use.starts, min(use.ends, now)) for use in facts.uses if use.starts < now)
    return replace(facts, session=session, resource=resource, uses=uses)
