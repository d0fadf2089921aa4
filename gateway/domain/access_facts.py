"""Everything that the decision about access looks at."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.domain.booking import Reservation
from gateway.domain.booking_policy import BookingPolicy
from gateway.domain.cards import Shown
from gateway.domain.opening import Schedule
from gateway.domain.people import Member
from gateway.domain.presence import Place
from gateway.domain.resources import Resource
from gateway.domain.sessions import Session
from gateway.domain.timespan import Span
from gateway.domain.training import Requirement
from gateway.domain.use_policy import UsePolicy

NO_RULES_OF_USE = UsePolicy()
NO_RULES_OF_BOOKING = BookingPolicy()
NOBODY_KNOWN = Place()
ALWAYS_OPEN = Schedule()
UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessFacts:
    """All that the decision needs, read in one go.

    ``booked`` are standing reservations of the resource that have not ended, soonest first (the current one and the
    next ones). ``interlock_known`` is False when the resource's relay is silent or answers with nonsense. ``uses`` are
    the member's spans under power of this and the last week, on the resource or its equals; ``open_elsewhere`` counts
    the member's open sessions on other resources; ``last_ended_at`` is when the resource was last at rest. ``schedule`` is
    right from now on. ``shown`` is how the member's badge was, None when they are known without one; ``pin``: their code of
    six digits has just gone with it.
    """

    resource: Resource | None
    member: Member | None
    badge_revoked: bool = False
    requirements: tuple[Requirement, ...] = ()
    booked: tuple[Reservation, ...] = ()
    session: Session | None = None
    interlock_known: bool = True
    use: UsePolicy = NO_RULES_OF_USE
    booking: BookingPolicy = NO_RULES_OF_BOOKING
    place: Place = NOBODY_KNOWN
    schedule: Schedule = ALWAYS_OPEN
    uses: tuple[Span, ...] = ()
    open_elsewhere: int = 0
    last_ended_at: datetime | None = None
    zone: ZoneInfo = UTC
    shown: Shown | None = None
    pin: bool = False
