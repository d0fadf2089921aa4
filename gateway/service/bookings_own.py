"""What a member does for themselves: book, change what is theirs and nobody else's, give a machine back.

None is the answer to whatever is not there or is not theirs: the two look alike from outside.
"""

from datetime import datetime, timedelta

from gateway.domain.booking import Reservation
from gateway.domain.booking_rules import ALWAYS, BookingRequest
from gateway.domain.free_spans import Machine
from gateway.domain.other_times import Choice
from gateway.domain.people import Member
from gateway.domain.refusals import Code, Refusal, Refused, refuse
from gateway.domain.resources import Resource
from gateway.domain.sessions import Session, State, Trigger
from gateway.domain.timespan import Span
from gateway.domain.waiting import Wait
from gateway.domain.why_not import rights_missing
from gateway.ports.store import Work
from gateway.service import bookings, bookings_changes, waiting, waiting_times
from gateway.service.bookings_weigh import Weighed, weigh
from gateway.service.uses import advance


def take(
    work: Work, *, id: str, member_id: str, resource: str | None, group: str | None, span: Span, now: datetime,
    displace: bool = False,
) -> Reservation | Refused | None:  # fmt: skip
    """Book a resource, or the first of a group that can be had; the same ``id`` again is the same booking.

    ``displace``: in the place of whoever gives way, if none can be had otherwise.
    """
    known = work.reservation(id)
    if known is not None:
        return known if known.member_id == member_id else None
    if work.wait(id) is not None:
        return None
    member = work.member(member_id)
    targets = _targets(work, resource, group)
    if member is None or not targets:
        return None
    found: list[tuple[Refusal, ...]] = []
    for target, first in [(target, first) for first in ((False, True) if displace else (False,)) for target in targets]:
        missing = _missing(work, target, member, span, now)
        if missing:
            found.append(missing)
            continue
        made = bookings.book(
            work,
            id=id,
            resource=target.slug,
            member_id=member_id,
            starts=span.starts,
            ends=span.ends,
            now=now,
            displace=first,
        )
        if isinstance(made, Reservation):
            return made
        found.append(made.refusals if made else ())
    return Refused(min(found, key=len))


def who_gives_way(
    work: Work, *, member_id: str, resource: str | None, group: str | None, span: Span, now: datetime
) -> tuple[Refusal, ...]:  # fmt: skip
    """The bookings that alone are in this member's way and give way if asked; nothing when more stands against it."""
    member = work.member(member_id)
    for target in _targets(work, resource, group) if member is not None else ():
        if member is None or _missing(work, target, member, span, now):
            continue
        weighed = weigh(work, target, member, BookingRequest(starts=span.starts, ends=span.ends), now)
        if not isinstance(weighed, Weighed) and {refusal.code for refusal in weighed} == {Code.BOOKING_GIVES_WAY}:
            return weighed
    return ()


def _targets(work: Work, resource: str | None, group: str | None) -> tuple[Resource, ...]:
    one, several = work.resource(resource) if resource else None, work.group(group) if group else None
    if one is None and several is None:
        return ()
    return work.equals(resource_id=one.id if one else None, group_id=several.id if several else None)


def _missing(work: Work, target: Resource, member: Member, span: Span, now: datetime) -> tuple[Refusal, ...]:
    """Rights that the member lacks for the whole of it: what is booked should be usable."""
    policies = work.policies(target.id)
    grace, until = timedelta(days=policies.use.membership_grace_days or 0), member.member_until
    machine = Machine(
        id=target.id, slug=target.slug, policy=policies.booking, schedule=ALWAYS, zone=work.zone(),
        requirements=work.requirements(target.id, member.id, now), out_of_service=target.out_of_service,
        back_at=target.back_after(now),
        membership_ends=until + grace if until else None,
    )  # fmt: skip
    return rights_missing(machine, member, span, now)


def move(
    work: Work, *, id: str, member_id: str, span: Span, now: datetime, resource: str | None = None
) -> Reservation | Refused | None:
    """Another time for it, or another end, or another machine."""
    held, member = _own(work, id, member_id), work.member(member_id)
    facts = work.facts_for(held.resource_id) if held else None
    target = work.resource(resource) if resource else facts.resource if facts else None
    if held is None or member is None or target is None:
        return None
    if not (held.span.starts <= span.starts and span.ends <= held.span.ends):
        missing = _missing(work, target, member, span, now)
        if missing:
            return Refused(missing)
    return bookings_changes.move(work, id=id, starts=span.starts, ends=span.ends, resource=resource, now=now)


def give(work: Work, *, id: str, member_id: str, to: str, now: datetime) -> Reservation | Refused | None:
    """Somebody else comes instead, if the rules and their own rights allow it."""
    held, taker = _own(work, id, member_id), work.member(to)
    facts = work.facts_for(held.resource_id) if held else None
    if held is None or taker is None or facts is None:
        return None
    missing = _missing(work, facts.resource, taker, held.span, now)
    return Refused(missing) if missing else bookings_changes.give(work, id=id, member_id=to, now=now)


def cancel(work: Work, *, id: str, member_id: str, now: datetime) -> Reservation | Refused | None:
    """Free it; twice changes nothing more, and what is over stays as it was."""
    held = _own(work, id, member_id)
    if held is not None and held.cancelled_at is None and held.span.ends <= now:
        return Refused((refuse(Code.BOOKING_OVER, ends=held.span.ends),))
    return bookings_changes.cancel(work, id=id, now=now) if held is not None else None


def _own(work: Work, id: str, member_id: str) -> Reservation | None:
    held = work.reservation(id)
    return held if held is not None and held.member_id == member_id else None


def wait_for(
    work: Work, *, id: str, member_id: str, resource: str | None, group: str | None, span: Span, now: datetime
) -> Wait | Refused | None:  # fmt: skip
    """Stand in line for a slot that is taken; the same ``id`` again is the same place."""
    work.live_waits()
    known = work.wait(id)
    if known is not None or work.reservation(id) is not None:
        return known if known is not None and known.member_id == member_id else None
    return waiting.join(
        work, id=id, member_id=member_id, resource=resource, group=group, starts=span.starts, ends=span.ends, now=now
    )


def accept_offer(work: Work, *, id: str, member_id: str, now: datetime) -> Reservation | Refused | None:
    """Take what is offered to whoever waits."""
    return waiting.accept(work, id=id, now=now) if _waits(work, id, member_id) else None


def leave_line(work: Work, *, id: str, member_id: str, now: datetime) -> Wait | None:
    """Wait no longer, or refuse what is offered."""
    return waiting.leave(work, id=id, now=now) if _waits(work, id, member_id) else None


def other_places(
    work: Work, *, id: str, member_id: str, now: datetime
) -> tuple[Reservation, tuple[Choice, ...]] | None:  # fmt: skip
    """The member's booking that lost its place, and where and when else it could be."""
    if not _waits(work, id, member_id):
        return None
    held, found = work.reservation(id), waiting_times.choices(work, id=id, now=now)
    return (held, found) if held is not None and found is not None else None


def take_other_place(
    work: Work, *, id: str, member_id: str, resource: str, starts: datetime, now: datetime
) -> Reservation | Refused | None:
    """Move it there."""
    if not _waits(work, id, member_id):
        return None
    return waiting_times.take(work, id=id, resource=resource, starts=starts, now=now)


def _waits(work: Work, id: str, member_id: str) -> bool:
    # The whole line first, always in its own order, so that nobody waits in a circle.
    work.live_waits()
    wait = work.wait(id)
    return wait is not None and wait.member_id == member_id


def give_back(work: Work, *, resource: str, member_id: str, now: datetime) -> Session | None:
    """End the member's own use, as a tap would; with a job running they only leave. Twice changes nothing more."""
    found = work.resource(resource)
    facts = work.facts_for(found.id) if found else None
    session = facts.session if facts else None
    if facts is None or session is None or session.operator_id != member_id:
        return None
    if session.state is State.INTERRUPTED:
        return advance(work, facts, Trigger.FORGOTTEN, now).session
    if not facts.running:
        return advance(work, facts, Trigger.HOLDER_TAPPED, now).session
    return (
        session if session.state is State.LEAVING else advance(work, facts, Trigger.HOLDER_TAPPED_RUNNING, now).session
    )
