"""What people see of workshops."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from gateway.domain.people import Member, Names
from gateway.domain.workshops import Place, Workshop

if TYPE_CHECKING:
    from gateway.ports.views import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkshopView:
    """A workshop with what its line in a list needs; nobody is named."""

    workshop: Workshop
    taken: int
    waiting: int
    resources: tuple[str, ...] = ()
    """Slugs of what it has taken."""

    @property
    def seats_left(self) -> int:
        """Seats that nobody has and nobody is offered."""
        return self.workshop.seats - self.taken


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceView:
    """A line of the list; ``member`` is whom it is about, ``badged`` whether they have a live badge."""

    place: Place
    member: Member | None
    badged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NextSession:
    """The next workshop that leads to a training: one with a seat left, else the next one at all."""

    workshop_id: str
    titles: Names
    starts: datetime
    seats_left: int


class WorkshopViews(Protocol):
    """Reads about workshops."""

    def workshops(
        self, *, limit: int, cursor: str | None, starts: datetime | None = None, ends: datetime | None = None,
        training: str | None = None, upcoming: bool = False,
    ) -> "Page[WorkshopView]":  # fmt: skip
        """Those that overlap ``[starts, ends)``, soonest first; ``upcoming`` leaves out cancelled and held ones."""

    def workshop(self, id: str) -> WorkshopView | None:
        """One workshop."""

    def places(self, workshop_id: str) -> tuple[PlaceView, ...]:
        """Its list, in the order of the line."""

    def hours_of_workshop(self, workshop_id: str) -> tuple[tuple[Names, float], ...]:
        """Seconds under power that count for it, of each resource that has any."""

    def next_sessions(self, now: datetime) -> dict[str, NextSession]:
        """For each training that has one, by slug, the next workshop that starts after ``now``."""

    def next_session(self, training: str, now: datetime) -> NextSession | None:
        """The same for one training."""

    def workshops_due(self, now: datetime) -> tuple[str, ...]:
        """Ids of workshops for which time alone has changed something."""
