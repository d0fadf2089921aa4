"""Every word that travels between a device and the gateway.

*Facts* are past tense and never lost: a device keeps each one until it gets a receipt.
*Samples* may be lost. *Commands* are imperative, short-lived and never retained.
All durations are seconds, all spans of time on a device come from its monotonic clock.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar


class Outcome(StrEnum):
    """How a job ended, as far as anyone knows."""

    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class HashedBadge:
    """One form of a badge number, hashed with the site's key: never the number itself.

    ``form`` is a name from :data:`devices.badge_reader.FORMS`, ``key_id`` names the key, ``digest`` is lower-case hex.
    """

    form: str
    key_id: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that has happened at a device."""

    kind: ClassVar[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SunMessage:
    """What a card that cannot be cloned says at one reading, in upper-case hex: good once, and nobody's name without its key.

    ``picc`` holds number and counter, encrypted by the card, or by our bridge (``hidden``) where the card says them
    plainly; ``mac`` is the card's signature, ``covered`` what it signs beside them. See :mod:`devices.sun`.
    """

    picc: str
    mac: str
    covered: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BadgeTapped(Fact):
    """A badge was presented; one entry per form in which the reader may have given its number.

    With ``sun``, the card's own message, the number stands in there, and ``badge`` is empty.
    """

    kind: ClassVar[str] = "badge_tapped"
    badge: tuple[HashedBadge, ...]
    sun: SunMessage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerReported(Fact):
    """What the relay says of itself; ``on`` is None when it answered with nonsense, or does other than its coil says.

    ``cause`` is ``command``, ``button``, ``timer``, ``boot`` or ``unknown``, as far as the dialect tells. A node also
    says ``tap``, ``quiet``, ``until``, ``ceiling``, ``job_done``, ``unsafe_start`` or ``refused``, and ``on_s``: for how
    many seconds it was on, by a clock that never jumps.
    """

    kind: ClassVar[str] = "power_reported"
    on: bool | None
    cause: str = "unknown"
    on_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStarted(Fact):
    """A print or cut began; ``job`` is unique for this device, ``owner`` the account the machine names, if any."""

    kind: ClassVar[str] = "job_started"
    job: str
    name: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPaused(Fact):
    """The job stands still and can go on."""

    kind: ClassVar[str] = "job_paused"
    job: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResumed(Fact):
    """The job goes on."""

    kind: ClassVar[str] = "job_resumed"
    job: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnded(Fact):
    """The job is over: said exactly once for each :class:`JobStarted`.

    ``wall_s = active_s + paused_s``. ``laser_on_s`` is the time with the beam on, ``filament_mm`` the length used;
    both None where the machine cannot tell.
    """

    kind: ClassVar[str] = "job_ended"
    job: str
    outcome: Outcome
    wall_s: float
    active_s: float
    paused_s: float
    name: str | None = None
    laser_on_s: float | None = None
    filament_mm: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRaised(Fact):
    """The machine asks for a person; ``code`` is stable (``grbl-alarm-1``, ``beam-on-while-idle``, ``printer-error``)."""

    kind: ClassVar[str] = "alarm_raised"
    code: str
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmCleared(Fact):
    """The alarm of that code is over."""

    kind: ClassVar[str] = "alarm_cleared"
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceConnected(Fact):
    """The bridge reaches the machine (again): said once per change."""

    kind: ClassVar[str] = "device_connected"
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLost(Fact):
    """The bridge no longer reaches the machine: said once per change. ``reason`` is plain words for staff."""

    kind: ClassVar[str] = "device_lost"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NonsenseHeard(Fact):
    """The device said something nobody understands: said once per device and ``what``, with a running count."""

    kind: ClassVar[str] = "nonsense_heard"
    what: str
    count: int
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Readings that may be lost: temperature (°C), power (W), progress (%), laser power (S)."""

    kind: ClassVar[str] = "sample"
    values: dict[str, float] = field(hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceStatus:
    """Retained presence of a device or bridge; ``online=False`` is also its last will."""

    kind: ClassVar[str] = "status"
    online: bool


class Tone(StrEnum):
    """What a reader's light and buzzer say: rhythm differs as well as colour."""

    GRANTED = "granted"
    REFUSED = "refused"
    NOTED = "noted"
    WAIT = "wait"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class TapDecided(Fact):
    """A node answered the tap number ``tap`` by itself, nobody else having answered; by which list stands with it."""

    kind: ClassVar[str] = "tap_decided"
    tap: int
    badge: tuple[HashedBadge, ...]
    outcome: Tone
    code: str
    list_version: int | None = None
    until_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAsked:
    """A node asks for the hour, and for its access list if it holds another than ``version``; ``nonce`` is new each time."""

    kind: ClassVar[str] = "list_asked"
    nonce: str
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockTold:
    """The hour, in milliseconds since 1970, for whoever asked with ``nonce``: a recorded answer sets no clock."""

    kind: ClassVar[str] = "clock_told"
    nonce: str
    now_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPerson:
    """Who may use the machine: each badge as the first 16 hex digits of its hash, by form; until when, for how long."""

    badges: tuple[dict[str, str], ...] = field(hash=False)
    until_s: int | None = None
    longest_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedSpan:
    """A span that is booked; ``person`` counts from 0 in ``people``, null for somebody else or for maintenance."""

    starts_s: int
    ends_s: int
    person: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessList:
    """What a node may decide by itself about its machine: taken as a whole, never an older version, good until its end.

    Times are whole seconds since 1970. ``lockout`` keeps everybody out and says why; ``open`` null means always. Off
    after ``quiet_s`` without running, once nobody answers; ``ceiling_s`` is hard. A start needs ``rest_s`` since the last
    end, comes at most ``early_s`` before one's own booking and ``pause_s`` before another's.
    """

    kind: ClassVar[str] = "access_list"
    site: str
    device: str
    version: int
    issued_s: int
    expires_s: int
    lockout: str | None
    ceiling_s: int
    quiet_s: int
    rest_s: int
    early_s: int
    pause_s: int
    reservation_required: bool
    open: tuple[tuple[int, int], ...] | None
    booked: tuple[BookedSpan, ...]
    people: tuple[ListedPerson, ...] = field(hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An order to a device; obeyed only before ``expires_at`` and once per ``id``."""

    kind: ClassVar[str]
    id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPower(Command):
    """Switch the interlock. ``ceiling_s`` is the hard limit that the plug's own timer is set to, when on."""

    kind: ClassVar[str] = "set_power"
    on: bool
    ceiling_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowVerdict(Command):
    """Light and sound at the reader; ``code`` is the verdict's or the first refusal's code."""

    kind: ClassVar[str] = "show_verdict"
    tone: Tone
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelJob(Command):
    """Cancel the print of that name, the one in :class:`JobStarted`; another one, or none, is left alone."""

    kind: ClassVar[str] = "cancel_job"
    job: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The gateway keeps these facts for good: inclusive ``(first, last)`` ranges of ``seq`` for one ``boot``.

    ``missing`` are ranges of the same boot that it waits for: what the device still has of them it sends again at once.
    """

    kind: ClassVar[str] = "receipt"
    boot: str
    ranges: tuple[tuple[int, int], ...]
    missing: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A resource's slug and the kind of event that changed it."""

    resource: str
    event: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """These resources changed; carries no name: whoever listens reads again."""

    kind: ClassVar[str] = "changed"
    changes: tuple[Change, ...]


Message = Fact | Sample | DeviceStatus | Command | Receipt | Changed | ListAsked | ClockTold | AccessList

FACTS: tuple[type[Fact], ...] = (
    BadgeTapped, PowerReported, JobStarted, JobPaused, JobResumed, JobEnded,
    AlarmRaised, AlarmCleared, DeviceConnected, DeviceLost, NonsenseHeard,
    TapDecided,
)  # fmt: skip
COMMANDS: tuple[type[Command], ...] = (SetPower, ShowVerdict, CancelJob)
