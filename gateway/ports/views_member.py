"""What one member sees of their own: bookings, time, rights, places on lists."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.domain.access_facts import AccessFacts
from gateway.domain.booking import Reservation
from gateway.domain.resources import Resource
from gateway.domain.sessions import Session
from gateway.domain.workshops import Place
from gateway.ports.views_workshops import WorkshopView


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPlace:
    """A member's line on the list of a workshop; ``ahead`` is how many wait before them."""

    place: Place
    view: WorkshopView
    ahead: int


class MemberViews(Protocol):
    """Each call is one short transaction of its own; StoreUnavailable when the database is away."""

    def resources(self) -> tuple[Resource, ...]:
        """Every resource by position, with nothing of the moment."""

    def open_sessions_of(self, member_id: str) -> tuple[Session, ...]:
        """What a member uses now, first come first."""

    def bookings_of(self, member_id: str, since: datetime) -> tuple[Reservation, ...]:
        """A member's standing bookings that end after ``since``, soonest first."""

    def booking_of(self, member_id: str, id: str) -> Reservation | None:
        """One of a member's bookings, standing or not; None when it is not theirs."""

    def seconds_used(self, member_id: str, since: datetime) -> float:
        """Seconds under power of the member's closed sessions that began since then."""

    def personal_facts(self, member_id: str, now: datetime) -> tuple[AccessFacts, ...]:
        """For each resource, what it asks of a person, and how this member stands towards it; nothing of the moment."""

    def places_of(self, member_id: str, since: datetime) -> tuple[OwnPlace, ...]:
        """A member's live lines on the lists of workshops that end after ``since``, soonest first."""
