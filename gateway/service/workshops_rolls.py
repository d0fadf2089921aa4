"""What every use case of workshops ends with: the changed lines kept, everybody told, what is not needed given back."""

from dataclasses import replace
from datetime import datetime

from gateway.domain.booking import Reservation
from gateway.domain.events import Event, EventKind, Plain
from gateway.domain.resources import Device
from gateway.domain.workshop_seats import settle
from gateway.domain.workshops import OPEN, Happening, Roll, Step, Workshop, WorkshopState
from gateway.ports.store import Work
from gateway.service.uses import log


def keep(work: Work, before: Roll | None, step: Step, now: datetime) -> Roll:
    """Write what has changed; a workshop that is cancelled holds nothing from here on."""
    known = {place.id: place for place in before.places} if before else {}
    roll = replace(step.roll, workshop=_counted(before, step, now))
    work.save_roll(roll, [place for place in roll.places if known.get(place.id) != place])
    workshop = roll.workshop
    for happening in step.happenings:
        log(work, workshop_event(workshop, happening, now))
    if workshop.state not in OPEN and before is not None and before.workshop.state in OPEN:
        close_readers(work, workshop, work.readers_of(workshop.id), now)
        if workshop.state is WorkshopState.CANCELLED:
            release(work, workshop, now)
    return roll


def _counted(before: Roll | None, step: Step, now: datetime) -> Workshop:
    """The workshop with its change counted: another room is one too, though it stands elsewhere."""
    workshop = step.roll.workshop
    moved = any(happening.kind is EventKind.WORKSHOP_CHANGED for happening in step.happenings)
    if before is None or (workshop == before.workshop and not moved):
        return workshop
    return replace(workshop, version=before.workshop.version + 1, changed_at=now)


def workshop_event(workshop: Workshop, happening: Happening, now: datetime) -> Event:
    """An event with all that a message to the person needs; what concerns all is told to the trainer."""
    place, span = happening.place, workshop.span
    data: dict[str, Plain] = {
        "workshop": workshop.id, "titles": {**workshop.titles}, "starts": span.starts.isoformat(),
        "ends": span.ends.isoformat(), "training": workshop.training,
    }  # fmt: skip
    if workshop.state is WorkshopState.CANCELLED:
        data["reason"] = workshop.reason
    if place is not None:
        data["place"] = place.id
    member_id = place.told if place else workshop.trainer_id
    return Event(kind=happening.kind, at=now, member_id=member_id, data={**data, **happening.data})


def settle_now(work: Work, now: datetime, *, workshop_id: str) -> None:
    """Make true what time alone has made true."""
    roll = work.roll(workshop_id)
    if roll is not None:
        keep(work, roll, settle(roll, now), now)


# What a workshop holds


def release(work: Work, workshop: Workshop, now: datetime) -> None:
    """Give back every resource that it still holds; which ones it had stays known."""
    for hold in work.workshop_holds(workshop.id):
        held = work.reservation(hold.reservation_id)
        if held is not None and held.cancelled_at is None:
            work.cancel_reservation(held.id, now)
            log_hold(work, EventKind.RESERVATION_CANCELLED, workshop, held, now)


def log_hold(work: Work, kind: EventKind, workshop: Workshop, held: Reservation, now: datetime) -> None:
    """For the log and the screens: nobody is told of a workshop's rooms one by one."""
    span = held.span
    data: dict[str, Plain] = {
        "reservation": held.id, "workshop": workshop.id, "starts": span.starts.isoformat(),
        "ends": span.ends.isoformat(),
    }  # fmt: skip
    log(work, Event(kind=kind, at=now, resource_id=held.resource_id, data=data))


def close_readers(work: Work, workshop: Workshop, readers: tuple[Device, ...], now: datetime) -> None:
    """End the attendance list at these readers: badges mean again there what they meant before."""
    for reader in readers:
        work.set_list(reader.id, None, None, None)
        data: dict[str, Plain] = {"workshop": workshop.id}
        kind = EventKind.WORKSHOP_LIST_CLOSED
        log(work, Event(kind=kind, at=now, resource_id=reader.resource_id, device_id=reader.id, data=data))
