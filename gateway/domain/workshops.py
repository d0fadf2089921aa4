"""Workshops: dated group sessions, who has a place in them, and the two tables that say what can happen to each."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.events import EventKind, Plain
from gateway.domain.people import Names
from gateway.domain.timespan import Span

NAMES_KEPT = timedelta(days=30)
"""How long after the end a name that stands only on the list is kept; then only the headcount stays."""
EARLY = timedelta(hours=3)
"""How long before the start people may be counted as there."""


class WorkshopKind(StrEnum):
    """What people come for."""

    COURSE = "course"
    DIGITAL_HELP = "digital_help"
    REPAIR_CAFE = "repair_cafe"
    GAME_EVENING = "game_evening"
    PROFESSIONALS = "professionals"
    OTHER = "other"


class WorkshopState(StrEnum):
    """Where a workshop stands; only the first two are still to come or going on."""

    PLANNED = "planned"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    HELD = "held"


OPEN = frozenset({WorkshopState.PLANNED, WorkshopState.CONFIRMED})


class WorkshopTrigger(StrEnum):
    """What can happen to a workshop."""

    ENOUGH = "enough"
    TOO_FEW = "too_few"
    CALLED_OFF = "called_off"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class WorkshopMove:
    """A cell of the table: where to, and which event tells of it."""

    to: WorkshopState
    event: EventKind


_CANCELLED = WorkshopMove(WorkshopState.CANCELLED, EventKind.WORKSHOP_CANCELLED)
_HELD = WorkshopMove(WorkshopState.HELD, EventKind.WORKSHOP_HELD)
WORKSHOP_TABLE: dict[tuple[WorkshopState, WorkshopTrigger], WorkshopMove] = {
    (WorkshopState.PLANNED, WorkshopTrigger.ENOUGH): WorkshopMove(
        WorkshopState.CONFIRMED, EventKind.WORKSHOP_CONFIRMED
    ),
    (WorkshopState.PLANNED, WorkshopTrigger.TOO_FEW): _CANCELLED,
    (WorkshopState.PLANNED, WorkshopTrigger.CALLED_OFF): _CANCELLED,
    (WorkshopState.PLANNED, WorkshopTrigger.ENDED): _HELD,
    (WorkshopState.CONFIRMED, WorkshopTrigger.CALLED_OFF): _CANCELLED,
    (WorkshopState.CONFIRMED, WorkshopTrigger.ENDED): _HELD,
}
"""What is not in the table changes nothing."""


class PlaceState(StrEnum):
    """Where a person or a group stands with a workshop."""

    WAITING = "waiting"
    OFFERED = "offered"
    ENROLLED = "enrolled"
    LEFT = "left"
    LAPSED = "lapsed"


SEATED = frozenset({PlaceState.OFFERED, PlaceState.ENROLLED})
"""These take seats: what is offered to one is not free for another."""
LIVE = SEATED | {PlaceState.WAITING}


class PlaceTrigger(StrEnum):
    """What can happen to a place."""

    SEATED = "seated"
    QUEUED = "queued"
    OFFERED = "offered"
    MOVED_UP = "moved_up"
    ACCEPTED = "accepted"
    RAN_OUT = "ran_out"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class PlaceMove:
    """A cell of the table: where to, and which event tells the person."""

    to: PlaceState
    event: EventKind


_SEATED = PlaceMove(PlaceState.ENROLLED, EventKind.WORKSHOP_ENROLLED)
_QUEUED = PlaceMove(PlaceState.WAITING, EventKind.WORKSHOP_WAITING)
_LEFT = PlaceMove(PlaceState.LEFT, EventKind.WORKSHOP_LEFT)
PLACE_TABLE: dict[tuple[PlaceState | None, PlaceTrigger], PlaceMove] = {
    (None, PlaceTrigger.SEATED): _SEATED,
    (None, PlaceTrigger.QUEUED): _QUEUED,
    (PlaceState.WAITING, PlaceTrigger.OFFERED): PlaceMove(PlaceState.OFFERED, EventKind.WORKSHOP_OFFERED),
    (PlaceState.WAITING, PlaceTrigger.MOVED_UP): PlaceMove(PlaceState.ENROLLED, EventKind.WORKSHOP_MOVED_UP),
    (PlaceState.WAITING, PlaceTrigger.LEFT): _LEFT,
    (PlaceState.OFFERED, PlaceTrigger.ACCEPTED): _SEATED,
    (PlaceState.OFFERED, PlaceTrigger.RAN_OUT): PlaceMove(PlaceState.LAPSED, EventKind.WORKSHOP_OFFER_EXPIRED),
    (PlaceState.OFFERED, PlaceTrigger.LEFT): _LEFT,
    (PlaceState.ENROLLED, PlaceTrigger.LEFT): _LEFT,
    (PlaceState.LEFT, PlaceTrigger.SEATED): _SEATED,
    (PlaceState.LEFT, PlaceTrigger.QUEUED): _QUEUED,
    (PlaceState.LAPSED, PlaceTrigger.SEATED): _SEATED,
    (PlaceState.LAPSED, PlaceTrigger.QUEUED): _QUEUED,
}
"""None is nobody yet. What is not in the table changes nothing."""


class AgeBand(StrEnum):
    """The ages by which a group is counted: the first four are minors."""

    INFANT = "0-5"
    PRIMARY = "6-10"
    LOWER_SECONDARY = "11-14"
    UPPER_SECONDARY = "15-17"
    YOUNG = "18-24"
    ADULT = "25-39"
    MIDDLE = "40-59"
    SENIOR = "60-69"
    ELDER = "70+"


@dataclass(frozen=True, slots=True, kw_only=True)
class Headcount:
    """A group that is counted, not named: a school class under one mediator."""

    commune: str
    bands: tuple[tuple[AgeBand, int], ...]

    @property
    def size(self) -> int:
        """How many they are."""
        return sum(count for _, count in self.bands)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """A dated session. ``training`` is the slug of what it leads to. ``minimum`` 0 asks for none; ``offer_hours`` None gives a freed seat without asking first."""

    id: str
    kind: WorkshopKind
    titles: Names
    trainer_id: str
    span: Span
    seats: int
    created_at: datetime
    training: str | None = None
    minimum: int = 0
    decide_by: datetime | None = None
    offer_hours: int | None = None
    state: WorkshopState = WorkshopState.PLANNED
    reason: str | None = None
    series_id: str | None = None
    version: int = 1
    """Counts its changes."""
    changed_at: datetime | None = None
    """When it last changed; None: not since it was planned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One line of the list: a member, a name kept only here, or a group with its mediator.

    ``contact`` is how to reach somebody who stands only here; it goes with the name. ``present`` None is *not noted yet*; ``passed`` is another matter. ``joined_at`` is the order of the line.
    """

    id: str
    workshop_id: str
    joined_at: datetime
    state: PlaceState = PlaceState.ENROLLED
    member_id: str | None = None
    name: str | None = None
    contact: str | None = None
    headcount: Headcount | None = None
    mediator_id: str | None = None
    offered_until: datetime | None = None
    present: bool | None = None
    present_at: datetime | None = None
    passed: bool | None = None
    qualification_id: str | None = None

    @property
    def size(self) -> int:
        """How many seats it takes."""
        return self.headcount.size if self.headcount else 1

    @property
    def seated(self) -> bool:
        """Whether it takes them."""
        return self.state in SEATED and self.present is not False

    @property
    def told(self) -> str | None:
        """The member who hears what becomes of it."""
        return self.member_id or self.mediator_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """A workshop with its whole list, in the order of the line."""

    workshop: Workshop
    places: tuple[Place, ...] = ()

    @property
    def taken(self) -> int:
        """Seats that are taken or offered; whoever was noted absent leaves theirs to another."""
        return sum(place.size for place in self.places if place.seated)

    @property
    def left(self) -> int:
        """Seats that nobody has and nobody is offered."""
        return self.workshop.seats - self.taken

    @property
    def waiting(self) -> tuple[Place, ...]:
        """Who waits, first come first."""
        return tuple(place for place in self.places if place.state is PlaceState.WAITING)

    def place(self, id: str) -> Place | None:
        """A line by id."""
        return next((place for place in self.places if place.id == id), None)

    def of_member(self, member_id: str) -> Place | None:
        """A member's line; there is one at most."""
        return next((place for place in self.places if place.member_id == member_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that somebody should hear: ``place`` None concerns the workshop as a whole."""

    kind: EventKind
    place: Place | None = None
    data: dict[str, Plain] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What became of a list, and what is to be told."""

    roll: Roll
    happenings: tuple[Happening, ...] = ()
