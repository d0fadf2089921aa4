"""Waiting for a slot: the line, what is offered, and taking it with one call."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import model_validator

from dashboard.api.common import (
    Id,
    IdInPath,
    MemberReader,
    Moment,
    Shape,
    Slug,
    Staff,
    Wish,
    problems,
    slug_of,
)
from dashboard.api.reservations_shapes import ReservationShape, reservation_shape
from dashboard.dependencies import Asked, words_of
from dashboard.problems import Problem, refused
from gateway.domain.refusals import Refused
from gateway.domain.waiting import Wait, WaitState
from gateway.service import waiting, waiting_times

router = APIRouter(prefix="/reservations/waiting", tags=["reservations"])


class WaitShape(Shape):
    """A place in the line of a slot; with `moves`, a booking that gave way or whose machine is out of service."""

    id: str
    member_id: str
    resource: str | None
    starts: datetime
    ends: datetime
    joined_at: datetime
    moves: bool
    state: WaitState
    offered: str | None
    offered_until: datetime | None


class Waits(Shape):
    """Places in line."""

    items: list[WaitShape]


class Waiting(Wish):
    """Who waits for what: a resource, or any of a group."""

    member_id: Id
    resource: Slug | None = None
    group: Slug | None = None
    starts: Moment
    ends: Moment

    @model_validator(mode="after")
    def _one_target(self) -> "Waiting":
        if (self.resource is None) == (self.group is None):
            raise ValueError("either a resource or a group")
        return self


class ChoiceShape(Shape):
    """Where and when else a booking could be."""

    resource: str
    starts: datetime
    ends: datetime


class Choices(Shape):
    """The few that are nearest to what was booked, the nearest first; nothing is held meanwhile."""

    items: list[ChoiceShape]


class Taken(Wish):
    """What is taken rather than the offer: another machine or another time, for a booking that moves."""

    resource: Slug
    starts: Moment


def wait_shape(request: Request, wait: Wait) -> WaitShape:
    """A place in line as the API tells it."""
    return WaitShape(
        id=wait.id, member_id=wait.member_id, resource=slug_of(request, wait.resource_id), starts=wait.span.starts,
        ends=wait.span.ends, joined_at=wait.joined_at, moves=wait.moves, state=wait.state,
        offered=slug_of(request, wait.offered_id), offered_until=wait.offered_until,
    )  # fmt: skip


@router.get("", operation_id="listWaiting", responses=problems(403))
def every(
    request: Request, services: Asked, caller: MemberReader,
    member_id: Annotated[Id | None, Query(description="Only this member's, past ones too.")] = None,
) -> Waits:  # fmt: skip
    """Whoever waits for a slot or is being asked, first come first."""
    return Waits(items=[wait_shape(request, wait) for wait in services.store.views().waits(member_id)])


@router.post("", operation_id="waitForSlot", status_code=201, responses=problems(400, 403, 404, 409))
def join(request: Request, services: Asked, staff: Staff, wish: Waiting) -> WaitShape:
    """Wait for a slot that is taken; when it frees, the first in line is asked for a while, then the next."""
    new = services.ids.new()
    made = services.transact(
        lambda work, now: waiting.join(
            work, id=new, member_id=wish.member_id, resource=wish.resource, group=wish.group, starts=wish.starts,
            ends=wish.ends, now=now,
        )
    )  # fmt: skip
    if made is None:
        raise Problem("not_found")
    if isinstance(made, Refused):
        raise refused(made.refusals, words_of(request))
    return wait_shape(request, made)


@router.get("/{id}/choices", operation_id="listChoices", responses=problems(403, 404))
def choices(services: Asked, staff: Staff, id: IdInPath) -> Choices:
    """Another machine or another time for a booking whose machine is out of service; send one to `accept`."""
    found = services.transact(lambda work, now: waiting_times.choices(work, id=id, now=now))
    if found is None:
        raise Problem("not_found")
    return Choices(items=[ChoiceShape(resource=one.slug, starts=one.span.starts, ends=one.span.ends) for one in found])


@router.post("/{id}/accept", operation_id="acceptSlot", responses=problems(400, 403, 404, 409))
def accept(
    request: Request, services: Asked, staff: Staff, id: IdInPath, other: Taken | None = None
) -> ReservationShape:
    """Take what is offered: it is booked, or the booking is moved; the second of two is told that it is gone.

    With a body, a booking whose machine is out of service moves to that machine and time, if the rules allow it.
    """
    if other is None:
        made = services.transact(lambda work, now: waiting.accept(work, id=id, now=now))
    else:
        made = services.transact(
            lambda work, now: waiting_times.take(work, id=id, resource=other.resource, starts=other.starts, now=now)
        )
    if made is None:
        raise Problem("not_found")
    if isinstance(made, Refused):
        raise refused(made.refusals, words_of(request))
    return reservation_shape(request, made, staff)


@router.post("/{id}/leave", operation_id="leaveLine", responses=problems(403, 404))
def leave(request: Request, services: Asked, staff: Staff, id: IdInPath) -> WaitShape:
    """Wait no longer, or refuse what is offered: the next in line is asked. Twice changes nothing more."""
    gone = services.transact(lambda work, now: waiting.leave(work, id=id, now=now))
    if gone is None:
        raise Problem("not_found")
    return wait_shape(request, gone)
