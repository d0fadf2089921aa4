"""Reservations; what a request must meet stands in booking_rules.py, overlap itself is refused by the database."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from gateway.domain.timespan import Span


class Purpose(StrEnum):
    """What a resource is held for; only USE counts for anybody's quota."""

    USE = "use"
    MAINTENANCE = "maintenance"
    WORKSHOP = "workshop"


class Status(StrEnum):
    """How a reservation stands; the first two hold the span."""

    STANDING = "standing"
    AWAITING_APPROVAL = "awaiting_approval"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    NO_SHOW = "no_show"
    DISPLACED = "displaced"
    """It gave way to one that goes first; its member may still take what is offered instead."""


HOLDING = frozenset({Status.STANDING, Status.AWAITING_APPROVAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A hold on a resource for a span; ``cancelled_at`` None while it holds it.

    ``member_id`` is None for maintenance and for a visitor without an account, whom ``note`` names; a workshop's is its
    trainer. ``buffer`` is the pause after it, in which nobody else may begin. ``version`` counts its changes.
    ``series_id`` is shared by those made in one go.
    """

    id: str
    resource_id: str
    member_id: str | None
    span: Span
    created_at: datetime
    cancelled_at: datetime | None = None
    purpose: Purpose = Purpose.USE
    status: Status = Status.STANDING
    buffer: timedelta = timedelta(0)
    version: int = 1
    series_id: str | None = None
    note: str | None = None
    checked_in_at: datetime | None = None
    """When its member tapped within its time: nobody else is let in for it from then on."""
    changed_at: datetime | None = None
    """When it last changed, its end by cancelling included; None: not since it was made."""

    @property
    def busy_until(self) -> datetime:
        """When the next one may begin."""
        return self.span.ends + self.buffer

    def changed(self, now: datetime, **fields: Any) -> "Reservation":
        """The same one with these fields changed: a new version of it."""
        return replace(self, version=self.version + 1, changed_at=now, **fields)
