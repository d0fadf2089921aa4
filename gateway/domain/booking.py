"""Reservations and the rules a request must meet; overlap itself is refused by the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.refusals import Code, Refusal, refuse
from gateway.domain.timespan import Span

LONGEST = timedelta(days=14)
FURTHEST = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A member's hold on a resource for a span; ``cancelled_at`` None while it stands."""

    id: str
    resource_id: str
    member_id: str
    span: Span
    created_at: datetime
    cancelled_at: datetime | None = None


def check_booking(
    *, starts: datetime, ends: datetime, now: datetime, out_of_service: bool, member_active: bool
) -> tuple[Refusal, ...]:
    """Every rule that a request for ``[starts, ends)`` breaks; empty when it may be put to the database."""
    found = []
    if starts.tzinfo is None or ends.tzinfo is None:
        return (refuse(Code.BOOKING_NO_ZONE),)
    if ends <= starts:
        found.append(refuse(Code.BOOKING_ENDS_BEFORE_START, starts=starts, ends=ends))
    elif ends - starts > LONGEST:
        found.append(refuse(Code.BOOKING_TOO_LONG, days=LONGEST.days))
    if ends <= now:
        found.append(refuse(Code.BOOKING_IN_THE_PAST, ends=ends))
    if starts - now > FURTHEST:
        found.append(refuse(Code.BOOKING_TOO_FAR, days=FURTHEST.days))
    if out_of_service:
        found.append(refuse(Code.OUT_OF_SERVICE))
    if not member_active:
        found.append(refuse(Code.MEMBER_INACTIVE))
    return tuple(found)
