"""What a resource looks like to someone who walks in: one key and what its sentence needs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from devices.messages import Outcome
from gateway.domain.booking import Reservation
from gateway.domain.jobs import Job
from gateway.domain.refusals import Param
from gateway.domain.resources import SILENCE, Device, DeviceRole, Presence, Resource, ResourceKind
from gateway.domain.sessions import Session, State, Way
from gateway.domain.timespan import seconds_between
from gateway.domain.ways import OpenClass, WaitingPart

PART_WAITS = timedelta(hours=1)
"""How long a finished print is announced when nobody has used the machine since."""
LEAST_PROGRESS = 3.0
"""Below this percentage the time that is left cannot be guessed from the time that has passed."""


class BoardKey(StrEnum):
    """The states of the board: *no news*, *off* and *out of order* are three different things."""

    FREE = "free"
    RUNNING = "running"
    PAUSED = "paused"
    OCCUPIED_IDLE = "occupied_idle"
    RESERVED = "reserved"
    FINISHED = "finished"
    OUT_OF_SERVICE = "out_of_service"
    ALARM = "alarm"
    OFF = "off"
    STALE = "stale"
    STARTING = "starting"
    INTERRUPTED = "interrupted"
    UNKNOWN = "unknown"
    REPAIR = "repair"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardState:
    """One word for the tile, and the values its sentence is made of."""

    key: BoardKey
    params: dict[str, Param] = field(default_factory=dict, hash=False)

    @property
    def usable(self) -> bool:
        """Whether somebody could start now: what *machines libres* counts."""
        return self.key is BoardKey.FREE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    resource: Resource
    devices: tuple[Device, ...]
    session: Session | None
    job: Job | None
    last_job: Job | None
    reservation: Reservation | None
    alarms: tuple[str, ...]
    progress: float | None
    now: datetime
    part: WaitingPart | None
    open_class: OpenClass | None

    @property
    def running(self) -> Job | None:
        return self.job if self.job is not None and self.job.ended_at is None else None

    def lost(self, *roles: DeviceRole) -> Device | None:
        """The first device of these roles that is not heard."""
        return next((d for d in self.devices if d.role in roles and not _heard(d)), None)

    @property
    def interlock(self) -> Device | None:
        return next((d for d in self.devices if d.role.powers), None)


def _heard(device: Device) -> bool:
    """A device that has spoken without saying that it is there is heard all the same."""
    return device.presence is Presence.ONLINE or (device.presence is Presence.NEVER and device.last_seen_at is not None)


def state_of(
    *,
    resource: Resource,
    devices: Iterable[Device],
    session: Session | None,
    job: Job | None,
    last_job: Job | None,
    reservation: Reservation | None,
    alarms: tuple[str, ...],
    progress: float | None,
    now: datetime,
    part: WaitingPart | None = None,
    open_class: OpenClass | None = None,
) -> BoardState:
    """The one state to show: the first rule that has something to say."""
    scene = _Scene(
        resource=resource, devices=tuple(devices), session=session, job=job, last_job=last_job,
        reservation=reservation, alarms=alarms, progress=progress, now=now,
        part=part, open_class=open_class,
    )  # fmt: skip
    return next(state for rule in RULES if (state := rule(scene)) is not None)


Rule = Callable[[_Scene], BoardState | None]


def _repair(scene: _Scene) -> BoardState | None:
    session = scene.session
    return _state(BoardKey.REPAIR) if session is not None and session.way is Way.REPAIR else None


def _out_of_service(scene: _Scene) -> BoardState | None:
    resource = scene.resource
    if not resource.out_of_service:
        return None
    return _state(BoardKey.OUT_OF_SERVICE, reason=resource.out_reason, back_at=resource.back_at)


def _alarm(scene: _Scene) -> BoardState | None:
    return _state(BoardKey.ALARM, alarm=scene.alarms[0]) if scene.alarms else None


def _silent_while_used(scene: _Scene) -> BoardState | None:
    """A relay that is not heard, or a machine that went quiet in the middle of a job: nobody can say how it is."""
    lost = scene.lost(DeviceRole.INTERLOCK, DeviceRole.NODE)
    if lost is None and scene.running is not None:
        lost = scene.lost(DeviceRole.MACHINE)
    return _state(BoardKey.STALE, since=lost.last_seen_at) if lost else None


def _relay_unclear(scene: _Scene) -> BoardState | None:
    relay, session = scene.interlock, scene.session
    if relay is None:
        return None
    told_off = session is not None and session.state in (State.ACTIVE, State.LEAVING) and relay.power_on is False
    nonsense = relay.power_at is not None and relay.power_on is None
    return _state(BoardKey.UNKNOWN) if told_off or nonsense else None


def _power(scene: _Scene) -> BoardState | None:
    session = scene.session
    if session is not None and session.state is State.OPENING:
        return _state(BoardKey.STARTING)
    if session is not None and session.state is State.INTERRUPTED:
        return _state(BoardKey.INTERRUPTED)
    return None


def _running(scene: _Scene) -> BoardState | None:
    job = scene.running
    if job is None:
        return None
    left = _seconds_left(job, scene.progress, scene.now)
    if job.paused:
        return _state(BoardKey.PAUSED, percent=_percent(scene.progress))
    return _state(
        BoardKey.RUNNING,
        percent=_percent(scene.progress),
        left_s=left,
        elapsed_s=int(seconds_between(job.started_at, scene.now)),
    )


def _percent(progress: float | None) -> int | None:
    return None if progress is None else round(min(100.0, max(0.0, progress)))


def _seconds_left(job: Job, progress: float | None, now: datetime) -> int | None:
    if progress is None or not LEAST_PROGRESS <= progress < 100:
        return None
    return int(seconds_between(job.started_at, now) * (100 - progress) / progress)


def _part_to_take(scene: _Scene) -> BoardState | None:
    """A print that is done still lies on its bed while its session goes on, and for a while after.

    Where the lab wants to know that the bed is clear, it is announced until somebody has said so.
    """
    job, session = scene.last_job, scene.session
    if scene.part is not None and session is None:
        return _state(BoardKey.FINISHED, since=scene.part.since)
    if job is None or job.ended_at is None or job.outcome is not Outcome.FINISHED:
        return None
    if scene.resource.kind is not ResourceKind.PRINTER_3D:
        return None
    if session is not None and job.session_id != session.id:
        return None
    if session is None and scene.now - job.ended_at > PART_WAITS:
        return None
    return _state(BoardKey.FINISHED, since=job.ended_at)


def _in_use(scene: _Scene) -> BoardState | None:
    """Until when is worth saying only where a booking ends it; the machine's own ceiling means nothing to anyone."""
    session, booked = scene.session, scene.reservation
    if session is None:
        return None
    end = session.granted_until
    told = end if booked is not None and end in (booked.span.starts, booked.span.ends) else None
    return _state(BoardKey.OCCUPIED_IDLE, until=told, elapsed_s=int(seconds_between(session.opened_at, scene.now)))


def _not_reached(scene: _Scene) -> BoardState | None:
    """The machine or its reader is away. A machine behind a relay that is off is only waiting for a badge."""
    reader = scene.lost(DeviceRole.READER, DeviceRole.NODE)
    if reader is not None:
        return _state(BoardKey.STALE, since=reader.last_seen_at)
    machine, relay = scene.lost(DeviceRole.MACHINE), scene.interlock
    if machine is None or (relay is not None and relay.power_on is False):
        return None
    # A bridge that says why is there and well: it is the machine that does not answer.
    told = machine.presence_reason is not None and machine.presence_reason not in SILENCE
    return _state(BoardKey.OFF if told else BoardKey.STALE, since=machine.last_seen_at)


def _class_open(scene: _Scene) -> BoardState | None:
    """For whoever is not of the workshop, the same as a reservation."""
    held = scene.open_class
    return _state(BoardKey.RESERVED, until=held.until) if held is not None and scene.now < held.until else None


def _reserved(scene: _Scene) -> BoardState | None:
    held = scene.reservation
    return _state(BoardKey.RESERVED, until=held.span.ends) if held and held.span.holds(scene.now) else None


def _free(scene: _Scene) -> BoardState | None:
    coming = scene.reservation.span.starts if scene.reservation else None
    booked = "yes" if scene.resource.reservation_required else None
    return _state(BoardKey.FREE, until=coming, booking_needed=booked)


def _state(key: BoardKey, **params: Param) -> BoardState:
    return BoardState(key=key, params={name: value for name, value in params.items() if value is not None})


RULES: tuple[Rule, ...] = (
    _repair, _out_of_service, _alarm, _silent_while_used, _relay_unclear, _power, _running, _part_to_take, _in_use,
    _not_reached, _class_open, _reserved, _free,
)  # fmt: skip
"""From what matters most to whoever stands in front of the machine, to *free*, which is what is left."""
