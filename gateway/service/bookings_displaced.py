"""Bookings that give way to one that goes before them: their members are told, and offered another machine or time.

They stand in line as those of a machine that is out of service do; whatever they take is the same booking again.
"""

from datetime import datetime

from gateway.domain.booking import Reservation, Status
from gateway.domain.events import Event, EventKind, Plain
from gateway.domain.other_times import looked_at, other_times
from gateway.domain.resources import Resource
from gateway.domain.waiting import Wait
from gateway.ports.store import Work
from gateway.service.arrivals import log_booking


def give_way(work: Work, held: Reservation, resource: Resource, by: Reservation, now: datetime) -> None:
    """Free its span; an equal machine, or the same one again, is offered to its member first."""
    work.cancel_reservation(held.id, now, Status.DISPLACED)
    log_booking(work, EventKind.RESERVATION_DISPLACED, held, now, by=by.id, purpose=held.purpose.value)
    if held.member_id is not None:
        group = resource.group_id
        work.save_wait(
            Wait(
                id=held.id, member_id=held.member_id, span=held.span, joined_at=held.created_at, moves=True,
                group_id=group, resource_id=None if group else resource.id,
            )
        )  # fmt: skip


def tell_another_time(work: Work, id: str, resource: Resource, now: datetime) -> None:
    """The nearest other time, where no equal machine is free at the same one; nothing is held meanwhile."""
    held = work.reservation(id)
    if held is None or held.member_id is None:
        return
    equals = work.equals(resource_id=resource.id, group_id=resource.group_id)
    known = work.machines_for([each.id for each in equals], held.member_id, looked_at(held, now), now)
    found = other_times(known.machines, known.member, held, now) if known and known.member else ()
    if not found or found[0].span == held.span:
        return
    data: dict[str, Plain] = {
        "wait": held.id,
        "starts": found[0].span.starts.isoformat(),
        "ends": found[0].span.ends.isoformat(),
    }
    event = Event(
        kind=EventKind.OTHER_TIME_POSSIBLE,
        at=now,
        resource_id=found[0].resource_id,
        member_id=held.member_id,
        data=data,
    )
    work.append(work.site_id(), [event])
