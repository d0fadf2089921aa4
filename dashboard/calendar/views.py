"""What stands in each calendar, in words. The calendars of a resource and of the site name nobody."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from dashboard.calendar.ics import Entry, Feed, Standing
from gateway.domain.booking import Reservation, Status
from gateway.domain.opening import Closure
from gateway.domain.people import Names
from gateway.domain.timespan import Span
from gateway.domain.workshops import WorkshopState
from gateway.ports.views import Lab
from gateway.ports.views_feeds import Agenda, Booked
from gateway.ports.views_workshops import WorkshopView
from gateway.wording import Words

PAST, AHEAD = timedelta(days=30), timedelta(days=366)
_OF_STATUS = {Status.STANDING: Standing.CONFIRMED, Status.AWAITING_APPROVAL: Standing.TENTATIVE}


def window_at(now: datetime) -> Span:
    """The days a calendar speaks of; whole ones, so that it is the same all day unless something changes."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Span(midnight - PAST, midnight + AHEAD)


class Telling:
    """How one lab tells its calendar in one language; ``base`` is its own address, without a slash at the end."""

    def __init__(self, words: Words, lab: Lab, base: str) -> None:
        self._words, self._lab, self._base = words, lab, base
        self._zone = ZoneInfo(lab.timezone)

    def of_member(self, agenda: Agenda, window: Span) -> Feed:
        """A member's own bookings and workshops."""
        entries = [self._booking(one, self._own_summary(one)) for one in agenda.bookings]
        entries += [self._workshop(view) for view in agenda.workshops]
        return self._feed(self._words("calendar.of_member", lab=self._lab.name), window, entries)

    def of_resource(self, agenda: Agenda, names: Names, slug: str, window: Span) -> Feed:
        """When a resource is taken or closed."""
        entries = [self._booking(one, self._words(f"calendar.{one.reservation.purpose}")) for one in agenda.bookings]
        entries += [self._closure(closure, lambda _: (names, slug)) for closure in agenda.closures]
        return self._feed(self._words("calendar.of_resource", names=names, lab=self._lab.name), window, entries)

    def of_site(self, agenda: Agenda, resource_of: Callable[[str], tuple[Names, str] | None], window: Span) -> Feed:
        """When each resource is taken, every workshop, every closure."""
        said: dict[tuple[str, str], str] = {}
        for one in agenda.bookings:
            key = (one.slug, one.reservation.purpose)
            said[key] = said.get(key) or self._words(f"calendar.named.{one.reservation.purpose}", names=one.names)
        entries = [self._booking(one, said[one.slug, one.reservation.purpose]) for one in agenda.bookings]
        entries += [self._workshop(view) for view in agenda.workshops]
        entries += [self._closure(closure, resource_of) for closure in agenda.closures]
        return self._feed(self._lab.name, window, entries)

    def of_one(self, one: Booked) -> Feed:
        """One booking, for the calendar of whoever has it."""
        return self._feed(self._lab.name, one.reservation.span, [self._booking(one, self._own_summary(one))])

    def _feed(self, name: str, window: Span, entries: list[Entry]) -> Feed:
        return Feed(name=name, zone=self._zone, window=window, entries=tuple(entries))

    def _own_summary(self, one: Booked) -> str:
        awaiting = one.reservation.status is Status.AWAITING_APPROVAL
        return self._words("calendar.awaiting" if awaiting else "calendar.own", names=one.names)

    def _booking(self, one: Booked, summary: str) -> Entry:
        held = one.reservation
        return Entry(
            id=held.id, span=held.span, summary=summary, made_at=held.created_at, changed_at=last_change(held),
            version=held.version, standing=_OF_STATUS.get(held.status, Standing.CANCELLED), location=self._lab.name,
            url=f"{self._base}/r/{one.slug}",
        )  # fmt: skip

    def _workshop(self, view: WorkshopView) -> Entry:
        one = view.workshop
        cancelled = one.state is WorkshopState.CANCELLED
        return Entry(
            id=one.id, span=one.span, summary=self._words("calendar.workshop_titled", titles=one.titles),
            made_at=one.created_at, changed_at=one.changed_at or one.created_at, version=one.version,
            standing=Standing.CANCELLED if cancelled else Standing.CONFIRMED, location=self._lab.name,
            url=f"{self._base}/",
        )  # fmt: skip

    def _closure(self, closure: Closure, resource_of: Callable[[str], tuple[Names, str] | None]) -> Entry:
        found = resource_of(closure.resource_id) if closure.resource_id else None
        names, path = (found[0], f"/r/{found[1]}") if found else (None, "/")
        made_at = _made_at(closure.id)
        return Entry(
            id=closure.id, span=closure.span, summary=self._words("calendar.closed", names=names, reason=closure.reason),
            made_at=made_at, changed_at=made_at, location=self._lab.name, url=f"{self._base}{path}",
        )  # fmt: skip


def last_change(held: Reservation) -> datetime:
    """When a reservation last changed."""
    return held.changed_at or held.cancelled_at or held.created_at


def _made_at(id: str) -> datetime:
    """When an id was made: its first 48 bits are the milliseconds (UUIDv7)."""
    return datetime.fromtimestamp((UUID(id).int >> 80) / 1000, UTC)
