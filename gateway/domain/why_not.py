"""Why a booking cannot start at a moment: every rule that free spans leave out silently, told one by one."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from gateway.domain.booking_rules import BookingFacts, BookingRequest, check_booking
from gateway.domain.free_spans import Machine, barriers
from gateway.domain.people import Member
from gateway.domain.refusals import Code, Refusal, refuse
from gateway.domain.timespan import Span
from gateway.domain.training import Standing


def why_not(machine: Machine, member: Member | None, span: Span, now: datetime) -> tuple[Refusal, ...]:
    """Everything that stands against ``span`` on this machine, each code once; nothing when it is free."""
    found: dict[Code, Refusal] = {}
    for refusal in (*rights_missing(machine, member, span, now), *_of_booking(machine, member, span, now)):
        found.setdefault(refusal.code, refusal)
    return tuple(found.values())


def rights_missing(machine: Machine, member: Member | None, span: Span, now: datetime) -> tuple[Refusal, ...]:
    """What keeps this person from the machine now, or will before ``span`` is over."""
    return (*barriers(machine, member, now), *_not_back(machine, span), *_ends_before(machine, span, now))


def _not_back(machine: Machine, span: Span) -> Iterator[Refusal]:
    if machine.out_of_service and machine.back_at is not None and span.starts < machine.back_at:
        yield refuse(Code.OUT_OF_SERVICE, back_at=machine.back_at)


def _ends_before(machine: Machine, span: Span, now: datetime) -> Iterator[Refusal]:
    """Rights that hold now and will be over before the booking is."""
    for need in machine.requirements:
        if need.state_at(now) is Standing.VALID and need.until is not None and need.until < span.ends:
            yield refuse(Code.BOOKING_PAST_TRAINING, training=need.slug, names=need.names, until=need.until)
    ends = machine.membership_ends
    if ends is not None and now < ends < span.ends:
        yield refuse(Code.BOOKING_PAST_MEMBERSHIP, until=ends)


def _of_booking(machine: Machine, member: Member | None, span: Span, now: datetime) -> Iterator[Refusal]:
    if span.starts < now:
        yield refuse(Code.BOOKING_IN_THE_PAST, ends=span.ends)
    facts = BookingFacts(
        member=member, policy=machine.policy, zone=machine.zone, others=machine.others, schedule=machine.schedule
    )
    checked = check_booking(BookingRequest(starts=span.starts, ends=span.ends), facts, now)
    yield from () if isinstance(checked, Span) else checked
    pause = timedelta(minutes=machine.policy.buffer_minutes or 0)
    for starts, until in machine.busy:
        if starts < span.ends + pause and span.starts < until:
            yield refuse(Code.BOOKING_OVERLAPS, starts=starts, until=until)
