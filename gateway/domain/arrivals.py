"""What becomes of a reservation while it runs: somebody came, nobody came, somebody left before its end."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.booking import Reservation
from gateway.domain.booking_policy import BookingPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A member's reservation that covers the present, and what is seen at its resource.

    ``there``: a session of the member is open; ``running``: a job runs, whoever made it; ``left_at``: when the member's
    last session since check-in was closed.
    """

    reservation: Reservation
    policy: BookingPolicy
    out_of_service: bool = False
    there: bool = False
    running: bool = False
    left_at: datetime | None = None


class Due(StrEnum):
    """What time alone makes of a stay."""

    CAME = "came"
    NO_SHOW = "no_show"
    LEFT_EARLY = "left_early"


def due(stay: Stay, now: datetime, *, usable_since: datetime) -> Due | None:
    """What is due at ``now``; the grace counts from when the member could have come: booked, started and usable."""
    held, policy = stay.reservation, stay.policy
    if not held.span.starts < now < held.span.ends:
        return None
    if held.checked_in_at is None:
        if stay.there:
            return Due.CAME
        if policy.no_show_minutes is None or stay.out_of_service:
            return None
        awaited_since = max(held.span.starts, held.created_at, usable_since)
        return Due.NO_SHOW if now >= awaited_since + timedelta(minutes=policy.no_show_minutes) else None
    if policy.free_within_minutes is None or stay.there or stay.running or stay.left_at is None:
        return None
    return Due.LEFT_EARLY if now >= stay.left_at + timedelta(minutes=policy.free_within_minutes) else None
