"""Who goes before whom in booking: roles in the order that a policy names them, nobody where it names none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.domain.booking import Purpose, Reservation, Status
from gateway.domain.booking_policy import BookingPolicy
from gateway.domain.people import Role
from gateway.domain.refusals import Code, Refusal, refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who asks for a span: of which role, for what; ``displaces``: whether in the place of others, if need be."""

    role: Role | None
    purpose: Purpose
    displaces: bool = False
    new: bool = True
    """Only a new booking may take the place of others; one that changes may not."""


def level(policy: BookingPolicy, role: Role | None) -> int:
    """The higher, the sooner; 0 for whoever is not named."""
    named = policy.priority_roles
    return len(named) - named.index(role) if role in named else 0


def policy_for(policy: BookingPolicy, role: Role | None) -> BookingPolicy:
    """The policy as it is for whoever is of this role: those who go first may book further ahead."""
    if policy.priority_horizon_days is None or policy.horizon_days is None or not level(policy, role):
        return policy
    return replace(policy, horizon_days=max(policy.horizon_days, policy.priority_horizon_days))


def weigh_clashes(
    clashes: Sequence[Reservation], roles: Mapping[str, Role | None], policy: BookingPolicy, claim: Claim, now: datetime
) -> tuple[tuple[Reservation, ...], tuple[Refusal, ...]]:
    """Of what is booked already: what gives way, and what is in the way. ``roles`` are those of their members."""
    yielding = tuple(held for held in clashes if _gives_way(held, roles, policy, claim, now))
    asked = claim.displaces or claim.purpose is Purpose.MAINTENANCE
    in_the_way = tuple(
        refuse(
            Code.BOOKING_GIVES_WAY if held in yielding else Code.BOOKING_OVERLAPS,
            starts=held.span.starts, ends=held.span.ends, until=held.busy_until,
        )
        for held in clashes if not (asked and held in yielding)
    )  # fmt: skip
    return (yielding if asked else ()), in_the_way


def _gives_way(
    held: Reservation, roles: Mapping[str, Role | None], policy: BookingPolicy, claim: Claim, now: datetime
) -> bool:
    """Whoever has begun, and whoever cannot be told, keeps the place."""
    if held.purpose is not Purpose.USE or held.span.starts <= now:
        return False
    if claim.purpose is Purpose.MAINTENANCE:
        return policy.maintenance_first
    if claim.purpose is not Purpose.USE or not claim.new or held.member_id is None:
        return False
    if level(policy, claim.role) <= level(policy, roles.get(held.member_id)):
        return False
    if held.status is Status.AWAITING_APPROVAL:
        return policy.priority_over_unapproved
    days = policy.priority_days
    return days is not None and held.span.starts - now >= timedelta(days=days)
