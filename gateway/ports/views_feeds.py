"""Reads for calendars that people subscribe to."""

from dataclasses import dataclass
from typing import Protocol

from gateway.domain.booking import Reservation
from gateway.domain.opening import Closure
from gateway.domain.people import Member, Names
from gateway.domain.timespan import Span
from gateway.ports.store_feeds import CalendarLink
from gateway.ports.views_workshops import WorkshopView


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A reservation with what its resource is called."""

    reservation: Reservation
    slug: str
    names: Names


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """All that touches a window, soonest first, what was cancelled too."""

    bookings: tuple[Booked, ...] = ()
    workshops: tuple[WorkshopView, ...] = ()
    closures: tuple[Closure, ...] = ()


class FeedViews(Protocol):
    """Each call is one short transaction of its own; StoreUnavailable when the database is away."""

    def calendar_link(self, member_id: str) -> CalendarLink | None:
        """A member's secret address, if there is one."""

    def calendar_owner(self, digest: str) -> Member | None:
        """Whose secret this is."""

    def agenda_of_member(self, member_id: str, window: Span) -> Agenda:
        """Their bookings for use, and workshops that they lead or have a seat in."""

    def agenda_of_resource(self, resource_id: str, window: Span) -> Agenda:
        """Every reservation of it; closures of the site and its own."""

    def agenda_of_site(self, window: Span) -> Agenda:
        """Reservations of every resource but those that workshops hold; all workshops; all closures."""

    def booked(self, reservation_id: str) -> Booked | None:
        """One reservation."""
