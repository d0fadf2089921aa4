"""Reservations and the rules a request must meet; overlap itself is refused by the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.refusals import Code, Refusal, refuse
from gateway.domain.timespan import Span

LONGEST = timedelta(days=14)
FURTHEST = timedelta(days=366)


class Purpose(StrEnum):
    """What a resource is held for; only USE counts for anybody's quota."""

    USE = "use"
    MAINTENANCE = "maintenance"
    WORKSHOP = "workshop"


class Status(StrEnum):
    """How a reservation stands; the first two hold the span."""

    STANDING = "standing"
    AWAITING_APPROVAL = "awaiting_approval"
    CANCELLED = "cancelled"
    DECLINED = "declined"


HOLDING = frozenset({Status.STANDING, Status.AWAITING_APPROVAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A hold on a resource for a span; ``cancelled_at`` None while it holds it.

    ``member_id`` is None for an anonymous visitor and for maintenance; a workshop's is its trainer. ``buffer`` is the
    pause after it, in which nobody else may begin. ``version`` counts its changes. ``series_id`` is shared by those made in one go.
    """

    id: str
    resource_id: str
    member_id: str | None
    span: Span
    created_at: datetime
    cancelled_at: datetime | None = None
    purpose: Purpose = Purpose.USE
    status: Status = Status.STANDING
    buffer: timedelta = timedelta(0)
    version: int = 1
    series_id: str | None = None
    note: str | None = None

    @property
    def busy_until(self) -> datetime:
        """When the next one may begin."""
        return self.span.ends + self.buffer


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
