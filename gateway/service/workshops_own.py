"""A member's own place in a workshop: taken, accepted, given back. None: no such workshop, or no place of theirs."""

from collections.abc import Callable
from datetime import datetime

from gateway.domain.refusals import Code, Refused
from gateway.domain.workshops import Place
from gateway.ports.store import Work
from gateway.service import workshops_places
from gateway.service.workshops_places import Who

Act = Callable[..., Place | Refused | None]


def enrol(work: Work, *, id: str, workshop_id: str, member_id: str, now: datetime) -> Place | Refused | None:
    """Take a seat, or a place in the line; who has one already keeps it."""
    made = workshops_places.enrol(work, id=id, workshop_id=workshop_id, who=Who(member_id=member_id), now=now)
    if isinstance(made, Refused) and made.refusals[0].code is Code.WORKSHOP_TWICE:
        return _own(work, workshop_id, member_id)
    return made


def leave(work: Work, *, workshop_id: str, member_id: str, now: datetime) -> Place | Refused | None:
    """Give it back; the next in line is asked."""
    return _act(work, workshops_places.leave, workshop_id, member_id, now)


def accept(work: Work, *, workshop_id: str, member_id: str, now: datetime) -> Place | Refused | None:
    """Take the seat that is offered."""
    return _act(work, workshops_places.accept, workshop_id, member_id, now)


def _act(work: Work, act: Act, workshop_id: str, member_id: str, now: datetime) -> Place | Refused | None:
    place = _own(work, workshop_id, member_id)
    return act(work, workshop_id=workshop_id, place_id=place.id, now=now) if place else None


def _own(work: Work, workshop_id: str, member_id: str) -> Place | None:
    roll = work.roll(workshop_id)
    return roll.of_member(member_id) if roll else None
