"""Who is on a workshop's list: put on it, giving a place back, taking one that is offered."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.domain import workshop_seats as seats
from gateway.domain.refusals import Code, Refusal, Refused, refuse
from gateway.domain.workshops import Headcount, Place, Roll, Step
from gateway.ports.store import Work
from gateway.service.workshops_rolls import keep


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A member by id; or a name that stands only on the list, with how to reach them; or a headcount and its mediator."""

    member_id: str | None = None
    name: str | None = None
    contact: str | None = None
    headcount: Headcount | None = None
    mediator_id: str | None = None


def line_for(work: Work, roll: Roll, who: Who, *, id: str, now: datetime) -> Place | Refusal:
    """The line for somebody who is not on the list yet; the trainer answers for a group without a mediator."""
    for member_id in (who.member_id, who.mediator_id):
        if member_id is not None and work.member(member_id) is None:
            return refuse(Code.NO_SUCH_MEMBER, member=member_id)
    mediator = (who.mediator_id or roll.workshop.trainer_id) if who.headcount else None
    return Place(
        id=id, workshop_id=roll.workshop.id, joined_at=now, member_id=who.member_id, name=who.name,
        contact=who.contact, headcount=who.headcount, mediator_id=mediator,
    )  # fmt: skip


def enrol(work: Work, *, id: str, workshop_id: str, who: Who, now: datetime) -> Place | Refused | None:
    """Put somebody on the list: enrolled, or waiting when it is full. None: there is no such workshop."""
    roll = work.roll(workshop_id)
    if roll is None:
        return None
    place = line_for(work, roll, who, id=id, now=now)
    if isinstance(place, Refusal):
        return Refused((place,))
    # Whoever comes now stands behind those whom time has moved up.
    settled = seats.settle(roll, now)
    step = seats.join(settled.roll, place, now)
    if isinstance(step, Refusal):
        return Refused((step,))
    after = keep(work, roll, seats.both(settled, step), now)
    return after.of_member(place.member_id) if place.member_id else after.place(id)


def leave(work: Work, *, workshop_id: str, place_id: str, now: datetime) -> Place | Refused | None:
    """Give a place back; the next in line is asked."""
    return _act(work, workshop_id, place_id, seats.leave, now)


def accept(work: Work, *, workshop_id: str, place_id: str, now: datetime) -> Place | Refused | None:
    """Take the seat that is offered."""
    return _act(work, workshop_id, place_id, seats.accept, now)


def name(work: Work, *, workshop_id: str, place_id: str, member_id: str, now: datetime) -> Place | Refused | None:
    """Say which member a name on the list is: they have an account now. Name and contact are forgotten."""

    def named(roll: Roll, place: Place, _now: datetime) -> Step | Refusal:
        if place.headcount is not None or place.member_id is not None:
            return refuse(Code.WORKSHOP_ROW_UNKNOWN)
        if work.member(member_id) is None:
            return refuse(Code.NO_SUCH_MEMBER, member=member_id)
        if roll.of_member(member_id) is not None:
            return refuse(Code.WORKSHOP_TWICE)
        return Step(roll=seats.with_place(roll, replace(place, member_id=member_id, name=None, contact=None)))

    return _act(work, workshop_id, place_id, named, now)


def _act(
    work: Work, workshop_id: str, place_id: str, act: Callable[[Roll, Place, datetime], Step | Refusal], now: datetime
) -> Place | Refused | None:
    roll = work.roll(workshop_id)
    place = roll.place(place_id) if roll else None
    if roll is None or place is None:
        return None
    step = act(roll, place, now)
    if isinstance(step, Refusal):
        return Refused((step,))
    return keep(work, roll, step, now).place(place_id)
