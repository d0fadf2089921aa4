"""Sessions: a person using a resource, from tap to tap. One table says what can happen; one function says about power."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.timespan import seconds_between

TAP_AGAIN_S = 10
"""A second tap of the holder this soon changes nothing: the unsure person taps twice."""
CONFIRM_S = 15
"""How long a relay may take to say that it is on before the start counts as failed."""


class State(StrEnum):
    """Where a session stands; only CLOSED is over."""

    OPENING = "opening"
    ACTIVE = "active"
    LEAVING = "leaving"
    INTERRUPTED = "interrupted"
    CLOSED = "closed"


class Way(StrEnum):
    """How a session was let in: by one's own right, or by what somebody else answers for."""

    OWN = "own"
    SUPERVISED = "supervised"
    CLASS = "class"
    OVERRIDE = "override"
    REPAIR = "repair"
    ON_BEHALF = "on_behalf"
    NODE = "node"
    """By a node, by its list, while nobody else answered."""


class Beneficiary(StrEnum):
    """Whom a session is counted for."""

    MEMBER = "member"
    VISITOR = "visitor"
    WORKSHOP = "workshop"


class Trigger(StrEnum):
    """What can happen to an open session."""

    HOLDER_TAPPED = "holder_tapped"
    HOLDER_TAPPED_RUNNING = "holder_tapped_running"
    HOLDER_LEFT = "holder_left"
    """A node has told of the tap that ended it: whatever has become of it here since, that begins nothing."""
    POWER_ON = "power_on"
    POWER_OFF = "power_off"
    JOB_STARTED = "job_started"
    LAST_JOB_ENDED = "last_job_ended"
    NOT_CONFIRMED = "not_confirmed"
    FORGOTTEN = "forgotten"
    OVERDUE = "overdue"
    OVERDUE_RUNNING = "overdue_running"
    RUNS_ON = "runs_on"
    TAKEN_OVER = "taken_over"
    HANDED_OVER = "handed_over"
    ENDED_BY_STAFF = "ended_by_staff"


class EndReason(StrEnum):
    """Why a session is over."""

    TAPPED_OUT = "tapped_out"
    JOB_DONE = "job_done"
    RELAY_UNCONFIRMED = "relay_unconfirmed"
    FORGOTTEN = "forgotten"
    TIME_UP = "time_up"
    POWER_LOST = "power_lost"
    TAKEN_OVER = "taken_over"
    HANDED_OVER = "handed_over"
    STAFF = "staff"


AWAY = frozenset(
    {
        EndReason.JOB_DONE, EndReason.FORGOTTEN, EndReason.TIME_UP, EndReason.POWER_LOST, EndReason.TAKEN_OVER,
        EndReason.STAFF,
    }
)  # fmt: skip
"""Ends at which the maker need not have stood at the machine to take what they had made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One use of one resource. Seconds: ``enabled_s = active_s + idle_s`` once closed.

    It counts once, for its beneficiary: a member by id, a visitor nobody knows, or a workshop. ``supervisor_id`` is the
    mentor or trainer who answers for the operator. ``offered_at`` is when the machine was given to whoever comes next.
    """

    id: str
    resource_id: str
    operator_id: str
    beneficiary_id: str | None
    reservation_id: str | None
    state: State
    opened_at: datetime
    last_tap_at: datetime
    granted_until: datetime | None = None
    energised_at: datetime | None = None
    person_gone_at: datetime | None = None
    last_activity_at: datetime | None = None
    closed_at: datetime | None = None
    end_reason: EndReason | None = None
    enabled_s: float = 0.0
    active_s: float = 0.0
    idle_s: float = 0.0
    way: Way = Way.OWN
    supervisor_id: str | None = None
    beneficiary_kind: Beneficiary = Beneficiary.MEMBER
    workshop_id: str | None = None
    reason: str | None = None
    offered_at: datetime | None = None
    told_reservation_id: str | None = None
    """The reservation whose owner has been told that a job may still be running then."""

    @property
    def concerns(self) -> str:
        """The member to tell of what becomes of it."""
        return self.beneficiary_id or self.operator_id

    @property
    def leaves_a_part(self) -> bool:
        """Whether it is over, something was made in it, and perhaps nobody took it away."""
        return self.end_reason in AWAY and self.active_s > 0

    def held_by(self, member_id: str) -> bool:
        """Whether this member's tap is the holder's."""
        return member_id in (self.operator_id, self.supervisor_id)


@dataclass(frozen=True, slots=True)
class Move:
    """A cell of the table: where to, which event, and why it ends when it does."""

    to: State
    event: str
    reason: EndReason | None = None


_END = State.CLOSED
TABLE: dict[tuple[State, Trigger], Move] = {
    (State.OPENING, Trigger.POWER_ON): Move(State.ACTIVE, "session_energised"),
    (State.OPENING, Trigger.NOT_CONFIRMED): Move(_END, "session_failed", EndReason.RELAY_UNCONFIRMED),
    (State.OPENING, Trigger.JOB_STARTED): Move(State.ACTIVE, "session_energised"),
    (State.OPENING, Trigger.HOLDER_TAPPED): Move(_END, "session_closed", EndReason.TAPPED_OUT),
    (State.OPENING, Trigger.HOLDER_LEFT): Move(_END, "session_closed", EndReason.TAPPED_OUT),
    (State.OPENING, Trigger.HANDED_OVER): Move(_END, "session_closed", EndReason.HANDED_OVER),
    (State.OPENING, Trigger.ENDED_BY_STAFF): Move(_END, "session_closed", EndReason.STAFF),
    (State.ACTIVE, Trigger.HOLDER_TAPPED): Move(_END, "session_closed", EndReason.TAPPED_OUT),
    (State.ACTIVE, Trigger.HOLDER_LEFT): Move(_END, "session_closed", EndReason.TAPPED_OUT),
    (State.ACTIVE, Trigger.HOLDER_TAPPED_RUNNING): Move(State.LEAVING, "session_leaving"),
    (State.ACTIVE, Trigger.POWER_OFF): Move(State.INTERRUPTED, "session_interrupted"),
    (State.ACTIVE, Trigger.FORGOTTEN): Move(_END, "session_closed", EndReason.FORGOTTEN),
    (State.ACTIVE, Trigger.OVERDUE): Move(_END, "session_closed", EndReason.TIME_UP),
    (State.ACTIVE, Trigger.OVERDUE_RUNNING): Move(State.LEAVING, "session_overdue"),
    (State.ACTIVE, Trigger.RUNS_ON): Move(State.LEAVING, "session_runs_on"),
    (State.ACTIVE, Trigger.TAKEN_OVER): Move(_END, "session_closed", EndReason.TAKEN_OVER),
    (State.ACTIVE, Trigger.HANDED_OVER): Move(_END, "session_closed", EndReason.HANDED_OVER),
    (State.ACTIVE, Trigger.ENDED_BY_STAFF): Move(_END, "session_closed", EndReason.STAFF),
    (State.LEAVING, Trigger.LAST_JOB_ENDED): Move(_END, "session_closed", EndReason.JOB_DONE),
    (State.LEAVING, Trigger.POWER_OFF): Move(State.INTERRUPTED, "session_interrupted"),
    (State.LEAVING, Trigger.HOLDER_TAPPED): Move(_END, "session_closed", EndReason.TAPPED_OUT),
    (State.LEAVING, Trigger.HOLDER_TAPPED_RUNNING): Move(State.ACTIVE, "session_back"),
    (State.LEAVING, Trigger.ENDED_BY_STAFF): Move(_END, "session_closed", EndReason.STAFF),
    (State.INTERRUPTED, Trigger.HOLDER_LEFT): Move(_END, "session_closed", EndReason.TAPPED_OUT),
    (State.INTERRUPTED, Trigger.HOLDER_TAPPED): Move(State.OPENING, "session_reopening"),
    (State.INTERRUPTED, Trigger.HOLDER_TAPPED_RUNNING): Move(State.OPENING, "session_reopening"),
    (State.INTERRUPTED, Trigger.FORGOTTEN): Move(_END, "session_closed", EndReason.POWER_LOST),
    (State.INTERRUPTED, Trigger.OVERDUE): Move(_END, "session_closed", EndReason.POWER_LOST),
    (State.INTERRUPTED, Trigger.OVERDUE_RUNNING): Move(_END, "session_closed", EndReason.POWER_LOST),
    (State.INTERRUPTED, Trigger.RUNS_ON): Move(_END, "session_closed", EndReason.POWER_LOST),
    (State.INTERRUPTED, Trigger.TAKEN_OVER): Move(_END, "session_closed", EndReason.TAKEN_OVER),
    (State.INTERRUPTED, Trigger.HANDED_OVER): Move(_END, "session_closed", EndReason.HANDED_OVER),
    (State.INTERRUPTED, Trigger.LAST_JOB_ENDED): Move(State.INTERRUPTED, "session_interrupted"),
    (State.INTERRUPTED, Trigger.ENDED_BY_STAFF): Move(_END, "session_closed", EndReason.STAFF),
}
"""What is not in the table changes nothing."""


@dataclass(frozen=True, slots=True)
class Step:
    """What became of the session; ``event`` None when nothing changed."""

    session: Session
    event: str | None = None


def step(session: Session, trigger: Trigger, now: datetime, *, running_s: float = 0.0) -> Step:
    """Apply ``trigger``. ``running_s`` are seconds of jobs that are still running, counted as active when it ends."""
    move = TABLE.get((session.state, trigger))
    if move is None:
        return Step(session)
    changed = replace(session, state=move.to, last_activity_at=now)
    if move.to is State.ACTIVE and session.energised_at is None:
        changed = replace(changed, energised_at=now)
    if move.to is State.ACTIVE:
        changed = replace(changed, person_gone_at=None)
    if trigger in (Trigger.HOLDER_TAPPED, Trigger.HOLDER_TAPPED_RUNNING, Trigger.HOLDER_LEFT):
        changed = replace(changed, last_tap_at=now)
    if move.to is State.LEAVING:
        changed = replace(changed, person_gone_at=session.person_gone_at or now)
    if move.to is State.CLOSED:
        changed = close(changed, now, move.reason, running_s=running_s)
    return Step(changed, move.event)


def close(session: Session, now: datetime, reason: EndReason | None, *, running_s: float = 0.0) -> Session:
    """The session, over: its seconds add up and are never negative, whatever the clock did."""
    enabled = seconds_between(session.energised_at, now) if session.energised_at else 0.0
    active = min(enabled, session.active_s + running_s)
    return replace(
        session,
        state=State.CLOSED,
        closed_at=max(now, session.opened_at),
        end_reason=reason,
        enabled_s=enabled,
        active_s=active,
        idle_s=enabled - active,
    )


def tapped_again_too_soon(session: Session, now: datetime) -> bool:
    """Whether this tap of the holder is the unsure second one; never so after a clock that was set back."""
    return timedelta(0) <= now - session.last_tap_at < timedelta(seconds=TAP_AGAIN_S)


def due(
    session: Session, now: datetime, *, forgotten_s: int, ceiling_s: int, running: bool, outlives: bool = False
) -> Trigger | None:
    """What time alone has made of an open session, or None; ``outlives``: a job may run on past the end of its time."""
    if session.state is State.OPENING:
        late = seconds_between(session.last_activity_at or session.opened_at, now) >= CONFIRM_S
        return Trigger.NOT_CONFIRMED if late else None
    # What a node let in is told when the network is back: until it has told all, only its own word ends it.
    begins = session.opened_at
    if session.way is Way.NODE:
        begins = max(begins, session.last_activity_at or begins)
    past_end = session.granted_until is not None and now >= session.granted_until
    if past_end or seconds_between(begins, now) >= ceiling_s:
        if not running:
            return Trigger.OVERDUE
        return Trigger.RUNS_ON if outlives else Trigger.OVERDUE_RUNNING
    if session.state is State.LEAVING and not running:
        return Trigger.LAST_JOB_ENDED
    if not running and idle_seconds(session, now) >= forgotten_s:
        return Trigger.FORGOTTEN
    return None


def idle_seconds(session: Session, now: datetime) -> float:
    """How long nothing has happened in it, as long as no job runs."""
    return seconds_between(session.last_activity_at or session.opened_at, now)


def desired_power(
    *, out_of_service: bool, session: Session | None, running: bool, observed: bool | None
) -> bool | None:
    """What the interlock should be: True, False, or None for *leave it alone*.

    Never cuts a running job, never switches back on what was seen to go off, or what may have: a relay that nobody
    has heard since it was lost can have lost its mains, too. A repair goes on although the machine is locked out.
    """
    out_of_service = out_of_service and not (session is not None and session.way is Way.REPAIR)
    if session is not None and session.state is State.OPENING:
        return True if not out_of_service else None if running else False
    if running:
        return None
    if session is None or session.state in (State.CLOSED, State.INTERRUPTED):
        return False
    if out_of_service:
        return False
    return True if observed else None
