"""One span of one resource, put to the rules and laid beside what is booked already."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.booking import Purpose, Reservation, Status
from gateway.domain.booking_policy import BookingPolicy
from gateway.domain.booking_quotas import counts
from gateway.domain.booking_rules import ALWAYS, BookingFacts, BookingRequest, check_booking, read_times, readable
from gateway.domain.events import Event, EventKind, Plain
from gateway.domain.people import Member, Role
from gateway.domain.priority import Claim, policy_for, weigh_clashes
from gateway.domain.quota import local_week
from gateway.domain.refusals import Refusal
from gateway.domain.resources import Resource
from gateway.domain.timespan import Span
from gateway.ports.store import Work
from gateway.service.bookings_displaced import give_way, tell_another_time

_AHEAD = timedelta(days=400)
"""How far it is looked for when it opens again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What may be put to the database; ``displaced`` give way first."""

    resource: Resource
    span: Span
    status: Status
    buffer: timedelta
    displaced: tuple[Reservation, ...]

    def displace(self, work: Work, by: Reservation, now: datetime) -> None:
        """Free the spans of those that give way; each member is told."""
        for held in self.displaced:
            give_way(work, held, self.resource, by, now)

    def look_elsewhere(self, work: Work, now: datetime) -> None:
        """Once it is booked: another time for each of those."""
        for held in self.displaced:
            tell_another_time(work, held.id, self.resource, now)


def weigh(
    work: Work, resource: Resource, member: Member | None, request: BookingRequest, now: datetime,
    *, pending: Sequence[tuple[Weighed, Reservation]] = (), own: Reservation | None = None,
) -> Weighed | tuple[Refusal, ...]:  # fmt: skip
    """Every rule unmet and every reservation in the way; ``own`` is the one that changes, ``pending`` comes with it."""
    said = work.policies(resource.id).booking
    role = work.role(member.id) if member is not None and said.priority_roles else None
    policy = policy_for(said, role)
    made = [(weighed.resource, held) for weighed, held in pending]
    checked = check_booking(request, _facts(work, resource, member, policy, request, now, made, own), now)
    unmet: tuple[Refusal, ...] = () if isinstance(checked, Span) else checked
    span = checked if isinstance(checked, Span) else readable(request)
    if span is None:
        return unmet
    buffer = timedelta(minutes=policy.buffer_minutes or 0)
    clashes = _clashes(work, resource, span, buffer, own)
    clashes += [held for of, held in made if of.id == resource.id and _in_the_way(held, span, buffer)]
    claim = Claim(role=role, purpose=request.purpose, displaces=request.displaces, new=own is None)
    roles = _roles(work, clashes) if policy.priority_roles else {}
    displaced, in_the_way = weigh_clashes(clashes, roles, policy, claim, now)
    unmet += in_the_way
    if unmet:
        return unmet
    asks = policy.approval and request.purpose is Purpose.USE
    status = Status.AWAITING_APPROVAL if asks else Status.STANDING
    return Weighed(resource=resource, span=span, status=status, buffer=buffer, displaced=displaced)


def _roles(work: Work, clashes: Sequence[Reservation]) -> dict[str, Role | None]:
    people = sorted({held.member_id for held in clashes if held.member_id is not None})
    return {member_id: work.role(member_id) for member_id in people}


def _facts(
    work: Work, resource: Resource, member: Member | None, policy: BookingPolicy, request: BookingRequest,
    now: datetime, made: list[tuple[Resource, Reservation]], own: Reservation | None,
) -> BookingFacts:  # fmt: skip
    zone = work.zone()
    others: tuple[Span, ...] = ()
    if member is not None and policy.counts:
        times = read_times(request)
        since = now if isinstance(times, Refusal) else min(now, times[0])
        known = work.bookings_of(member.id, resource.id, local_week(since, zone).starts)
        beside = [held for held in known if own is None or held.id != own.id]
        beside += [held for of, held in made if _equal(of, resource)]
        others = tuple(held.span for held in beside if counts(held.span.starts, held.created_at, policy, zone))
    span = readable(request)
    return BookingFacts(
        schedule=work.schedule(resource.id, Span(span.starts, max(span.ends, now) + _AHEAD)) if span else ALWAYS,
        member=member, policy=policy, zone=zone, others=others, out_of_service=resource.out_of_service,
        back_at=resource.back_after(now),
        requirements=work.requirements(resource.id, member.id, now) if member and policy.trained else (),
    )  # fmt: skip


def _equal(one: Resource, other: Resource) -> bool:
    return one.id == other.id or (one.group_id is not None and one.group_id == other.group_id)


def _clashes(
    work: Work, resource: Resource, span: Span, buffer: timedelta, own: Reservation | None
) -> list[Reservation]:
    found = work.reservations_over(resource.id, Span(span.starts, span.ends + buffer))
    return [held for held in found if own is None or held.id != own.id]


def _in_the_way(held: Reservation, span: Span, buffer: timedelta) -> bool:
    return held.span.starts < span.ends + buffer and span.starts < held.busy_until


def log(
    work: Work, kind: EventKind, reservation: Reservation, now: datetime, member_id: str | None = None, **more: Plain
) -> None:
    """What happened to a reservation, told to its member unless another is named."""
    span = reservation.span
    event = Event(
        kind=kind,
        at=now,
        resource_id=reservation.resource_id,
        member_id=member_id or reservation.member_id,
        data={
            "reservation": reservation.id,
            "starts": span.starts.isoformat(),
            "ends": span.ends.isoformat(),
            "purpose": reservation.purpose.value,
            **more,
        },
    )
    work.append(work.site_id(), [event])
