"""What a person sees of their own on a screen that others may look at: figures and dates, nothing else."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from dashboard.kiosk.pairing import Person
from gateway.domain.booking import Reservation
from gateway.domain.people import Names
from gateway.ports.views import Views
from gateway.ports.views_member import OwnPlace

MOST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Seconds of use this month and this year, and what comes next."""

    month_s: float
    year_s: float
    bookings: tuple[tuple[Reservation, Names], ...]
    places: tuple[OwnPlace, ...]


def of(person: Person, views: Views, zone: str, now: datetime) -> Hours:
    """All of it, read now."""
    there = now.astimezone(ZoneInfo(zone))
    month = there.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    names = {view.resource.id: view.resource.names for view in views.floor(now)}
    coming = views.bookings_of(person.id, now)[:MOST]
    return Hours(
        month_s=views.seconds_used(person.id, month),
        year_s=views.seconds_used(person.id, month.replace(month=1)),
        bookings=tuple((held, names.get(held.resource_id, {})) for held in coming),
        places=views.places_of(person.id, now)[:MOST],
    )
