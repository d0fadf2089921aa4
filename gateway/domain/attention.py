"""What can need somebody of the team: each trouble with its one urgency and its one action, and what is looked at."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from gateway.domain.booking import Reservation
from gateway.domain.jobs import Job
from gateway.domain.refusals import Param
from gateway.domain.resources import Device, Resource
from gateway.domain.sessions import Session
from gateway.domain.upkeep import Kept
from gateway.domain.ways import WaitingPart

CLOCK = "clock"
"""Among what ails: an hour that nobody has proved."""


class Urgency(IntEnum):
    """How soon somebody should go there."""

    NOW = 1
    TODAY = 2
    LATER = 3


class Act(StrEnum):
    """What the one button does."""

    LOCK_OUT = "lock_out"
    RELEASE = "release"
    END = "end"
    CANCEL_JOB = "cancel_job"
    MESSAGE = "message"
    SHELVE = "shelve"
    FREE_SLOT = "free_slot"
    GIVE_BADGE = "give_badge"
    FORGET_NONSENSE = "forget_nonsense"
    CLOSE_HELP = "close_help"
    SEE_MACHINE = "see_machine"
    SEE_DEVICES = "see_devices"
    NOTE_UPKEEP = "note_upkeep"
    SET_CLOCK = "set_clock"
    TRY_CUT = "try_cut"


class Trouble(StrEnum):
    """Stable codes, from what can burn to what can wait: this order is the order on the screen."""

    BEAM_ON_IDLE = "beam_on_idle"
    UNATTENDED = "unattended"
    DANGER_TOLD = "danger_told"
    CALLED = "called"
    RELAY_DIFFERS = "relay_differs"
    RELAY_UNKNOWN = "relay_unknown"
    ALARM = "alarm"
    SILENT_IN_USE = "silent_in_use"
    STUCK = "stuck"
    INTERRUPTED = "interrupted"
    CLOCK_UNPROVED = "clock_unproved"
    PROGRAM_AILS = "program_ails"
    BADGE_UNKNOWN = "badge_unknown"
    PROBLEM_TOLD = "problem_told"
    LATE = "late"
    PAUSED_LONG = "paused_long"
    IDLE_LONG = "idle_long"
    NO_SHOW = "no_show"
    PART_WAITS = "part_waits"
    BACK_LATE = "back_late"
    RETURNS_ON = "returns_on"
    SILENT = "silent"
    UPKEEP_DUE = "upkeep_due"
    NONSENSE = "nonsense"
    SET_ASIDE = "set_aside"


ANSWERS: dict[Trouble, tuple[Urgency, Act]] = {
    Trouble.BEAM_ON_IDLE: (Urgency.NOW, Act.LOCK_OUT),
    Trouble.UNATTENDED: (Urgency.NOW, Act.MESSAGE),
    Trouble.DANGER_TOLD: (Urgency.NOW, Act.CLOSE_HELP),
    Trouble.CALLED: (Urgency.NOW, Act.CLOSE_HELP),
    Trouble.RELAY_DIFFERS: (Urgency.NOW, Act.LOCK_OUT),
    Trouble.RELAY_UNKNOWN: (Urgency.NOW, Act.LOCK_OUT),
    Trouble.ALARM: (Urgency.NOW, Act.SEE_MACHINE),
    Trouble.SILENT_IN_USE: (Urgency.NOW, Act.SEE_MACHINE),
    Trouble.STUCK: (Urgency.NOW, Act.CANCEL_JOB),
    Trouble.INTERRUPTED: (Urgency.NOW, Act.END),
    Trouble.CLOCK_UNPROVED: (Urgency.NOW, Act.SET_CLOCK),
    Trouble.PROGRAM_AILS: (Urgency.NOW, Act.SEE_DEVICES),
    Trouble.BADGE_UNKNOWN: (Urgency.NOW, Act.GIVE_BADGE),
    Trouble.PROBLEM_TOLD: (Urgency.TODAY, Act.CLOSE_HELP),
    Trouble.LATE: (Urgency.TODAY, Act.MESSAGE),
    Trouble.PAUSED_LONG: (Urgency.TODAY, Act.MESSAGE),
    Trouble.IDLE_LONG: (Urgency.TODAY, Act.END),
    Trouble.NO_SHOW: (Urgency.TODAY, Act.FREE_SLOT),
    Trouble.PART_WAITS: (Urgency.TODAY, Act.SHELVE),
    Trouble.BACK_LATE: (Urgency.TODAY, Act.RELEASE),
    Trouble.RETURNS_ON: (Urgency.TODAY, Act.TRY_CUT),
    Trouble.SILENT: (Urgency.TODAY, Act.SEE_DEVICES),
    Trouble.UPKEEP_DUE: (Urgency.LATER, Act.NOTE_UPKEEP),
    Trouble.NONSENSE: (Urgency.LATER, Act.FORGET_NONSENSE),
    Trouble.SET_ASIDE: (Urgency.LATER, Act.SEE_DEVICES),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """An alarm that stands."""

    code: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the floor knows of one machine. ``moved_at`` is when its job was last seen to advance, where that is seen."""

    resource: Resource
    devices: tuple[Device, ...] = ()
    session: Session | None = None
    job: Job | None = None
    reservation: Reservation | None = None
    alarms: tuple[Raised, ...] = ()
    part: WaitingPart | None = None
    moved_at: datetime | None = None
    kept: Kept | None = None

    @property
    def running(self) -> Job | None:
        """The job that runs."""
        return self.job if self.job is not None and self.job.ended_at is None else None

    @property
    def used(self) -> bool:
        """Whether somebody depends on it now."""
        return self.session is not None or self.running is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownTap:
    """A badge that nobody has, at a reader just now."""

    event: int
    at: datetime
    resource: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody at a screen has asked of the team: ``trouble`` is CALLED, PROBLEM_TOLD or DANGER_TOLD."""

    id: str
    trouble: Trouble
    at: datetime
    resource: str | None = None
    member_id: str | None = None
    about: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """Everything that is looked at. ``ailing`` names parts of the program; ``here`` is None where no door can tell."""

    machines: tuple[Machine, ...] = ()
    loose: tuple[Device, ...] = ()
    """Devices that belong to no machine."""
    taps: tuple[UnknownTap, ...] = ()
    asked: tuple[Asked, ...] = ()
    here: frozenset[str] | None = None
    ailing: tuple[str, ...] = ()
    returning_on: frozenset[str] = frozenset()
    """Ids of plugs that came back on when they were pulled out to see that."""
    set_aside: int = 0
    set_aside_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of the list. ``key`` is what its action is about: an event, a reservation, a device, a job."""

    trouble: Trouble
    since: datetime | None = None
    resource: str | None = None
    member_id: str | None = None
    key: str | None = None
    act: Act
    params: dict[str, Param] = field(default_factory=dict, hash=False)

    @property
    def urgency(self) -> Urgency:
        """How soon."""
        return ANSWERS[self.trouble][0]

    @property
    def id(self) -> str:
        """The same for the same trouble, however often one looks."""
        return ".".join(part for part in (self.trouble, self.resource, self.key) if part)
