"""A booking meets the floor: a tap is the check-in, or moves it to a free equal machine; absence gives it back."""

from dataclasses import replace
from datetime import datetime, timedelta

from gateway.domain.access import Granted, decide_access
from gateway.domain.access_facts import AccessFacts
from gateway.domain.access_rules import own_reservation
from gateway.domain.arrivals import Due, due
from gateway.domain.booking import Reservation
from gateway.domain.events import Event, EventKind, Plain
from gateway.domain.opening import Closed
from gateway.domain.timespan import Span
from gateway.ports.store import TapFacts, Work


def check_in(work: Work, facts: AccessFacts, at: datetime) -> None:
    """Whoever taps within the time of their booking has come, even when something else keeps the machine from them."""
    own = own_reservation(facts, at)
    if own is not None and own.checked_in_at is None and work.check_in(own.id, at):
        log_booking(work, EventKind.RESERVATION_CHECKED_IN, own, at)


def move_here(work: Work, facts: TapFacts, now: datetime) -> TapFacts:
    """The facts with the member's booking of an equal machine moved here, where rules and database let it be so."""
    access = facts.access
    resource, member = access.resource, access.member
    if resource is None or member is None or resource.group_id is None or not access.booking.transferable:
        return facts
    if access.session is not None or own_reservation(access, now) is not None:
        return facts
    soon = now + timedelta(minutes=access.use.early_minutes or 0)
    elsewhere = work.booked_among_equals(member.id, resource.group_id, after=now, before=soon)
    if elsewhere is None:
        return facts
    span = Span(max(elsewhere.span.starts, now), elsewhere.span.ends)
    pause = timedelta(minutes=access.booking.buffer_minutes or 0)
    moved = elsewhere.changed(now, resource_id=resource.id, span=span, buffer=pause)
    booked = tuple(sorted((*access.booked, moved), key=lambda held: held.span.starts))
    here = replace(access, booked=booked)
    if not isinstance(decide_access(here, now), Granted) or not work.save_reservation(moved):
        return facts
    log_booking(work, EventKind.RESERVATION_MOVED, moved, now, from_resource=elsewhere.resource_id)
    return replace(facts, access=here)


def settle_stays(work: Work, now: datetime, usable_since: dict[str, datetime], awake_since: datetime) -> None:
    """Check in whoever is there, release what nobody came for, give back the rest of what somebody has left.

    ``usable_since`` says since when each resource has been seen in service and open: it is kept up to date here.
    """
    for stay in work.stays(now):
        held = stay.reservation
        if stay.out_of_service or _closed(work, held.resource_id, now):
            usable_since[held.resource_id] = now
        match due(stay, now, usable_since=usable_since.get(held.resource_id, awake_since)):
            case Due.CAME:
                if work.check_in(held.id, now):
                    log_booking(work, EventKind.RESERVATION_CHECKED_IN, held, now)
            case Due.NO_SHOW:
                if work.release_reservation(held.id, now):
                    log_booking(work, EventKind.RESERVATION_RELEASED, held, now, reason="no_show")
            case Due.LEFT_EARLY:
                shorter = held.changed(now, span=Span(held.span.starts, now))
                if work.save_reservation(shorter):
                    log_booking(work, EventKind.RESERVATION_SHORTENED, shorter, now, reason="left_early")
            case None:
                pass


def _closed(work: Work, resource_id: str, now: datetime) -> bool:
    moment = Span(now, now + timedelta(seconds=1))
    return isinstance(work.schedule(resource_id, moment).state_at(now), Closed)


def log_booking(work: Work, kind: EventKind, held: Reservation, now: datetime, **more: Plain) -> None:
    """What became of a reservation, for whoever holds it."""
    span: dict[str, Plain] = {"starts": held.span.starts.isoformat(), "ends": held.span.ends.isoformat()}
    event = Event(
        kind=kind, at=now, resource_id=held.resource_id, member_id=held.member_id,
        data={"reservation": held.id, **span, **more},
    )  # fmt: skip
    work.append(work.site_id(), [event])
