"""What travels about reservations."""

from datetime import datetime
from typing import Annotated

from fastapi import Request
from pydantic import AfterValidator, Field

from dashboard.api.common import Caller, Id, Shape, Slug, Text, Wish, near, slug_of
from gateway.domain.booking import Purpose, Reservation, Status

Time = Annotated[datetime, AfterValidator(near)]
"""With an offset, or local to ``zone``."""


class ReservationShape(Shape):
    """A hold on a resource, ``[starts, ends)``."""

    id: str
    resource: str | None
    member_id: str | None
    starts: datetime
    ends: datetime
    created_at: datetime
    cancelled_at: datetime | None
    purpose: Purpose
    status: Status
    busy_until: datetime = Field(description="When the next one may begin: the pause after it is counted in.")
    version: int = Field(description="Counts its changes.")
    series_id: str | None = Field(description="Shared by those that were made in one go.")
    note: str | None = Field(description="Who the visitor is, or why; for staff only.")


class Booking(Wish):
    """Which resource, for whom, from when to when."""

    resource: Slug
    member_id: Id | None = Field(
        default=None, description="Null for a visitor, whom `note` names, and for maintenance."
    )
    starts: Time
    ends: Time
    zone: Text | None = Field(default=None, description="Zone of times without an offset, such as `Europe/Paris`.")
    purpose: Purpose = Field(default=Purpose.USE, description="Only `use` keeps the rules of booking and counts.")
    note: Text | None = None
    displace: bool = Field(
        default=False, description="In the place of bookings that give way to this member (`booking_gives_way`)."
    )


class Bookings(Wish):
    """Several resources together, or one again and again, or both."""

    resources: list[Slug] = Field(min_length=1, max_length=20, description="All of them or none.")
    member_id: Id | None = None
    starts: Time
    ends: Time
    zone: Text | None = Field(default=None, description="Zone of times without an offset, and of the recurrence.")
    purpose: Purpose = Purpose.USE
    note: Text | None = None
    rule: Annotated[str, Field(max_length=2000)] | None = Field(
        default=None, description="RFC 5545, with an end: `FREQ=WEEKLY;COUNT=10`, and `EXDATE` lines if any."
    )
    displace: bool = False
    free_ones: bool = Field(default=False, description="Take those that are free; else all or none.")


class BookedShape(Shape):
    """What was made, and of a recurrence what was left out, each with its reason."""

    made: list[ReservationShape]
    left_out: list[dict[str, object]] = Field(description="Each unmet rule: code, params, title, sentence, next_steps.")


class Move(Wish):
    """What changes; what is not said stays."""

    starts: Time | None = None
    ends: Time | None = None
    zone: Text | None = None
    resource: Slug | None = None


class Gift(Wish):
    """Who comes instead."""

    member_id: Id


class Answer(Wish):
    """Why not."""

    reason: Text | None = None


class Following(Wish):
    """How much of a series."""

    following: bool = Field(default=False, description="The later ones of its series too.")


def reservation_shape(request: Request, held: Reservation, caller: Caller) -> ReservationShape:
    """A reservation as this caller may read it."""
    return ReservationShape(
        id=held.id, resource=slug_of(request, held.resource_id),
        member_id=held.member_id if caller.sees_members else None, starts=held.span.starts, ends=held.span.ends,
        created_at=held.created_at, cancelled_at=held.cancelled_at, purpose=held.purpose, status=held.status,
        busy_until=held.busy_until, version=held.version, series_id=held.series_id,
        note=held.note if caller.staff else None,
    )  # fmt: skip
