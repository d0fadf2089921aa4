"""What a Grbl controller's words mean: jobs, pauses, alarms, and for how long the beam was on.

A job is everything between leaving Idle and being back there for good: the last ``ok`` is no end, for the planner still
holds up to 15 moves (100 on grblHAL), and a slow sender lets the machine fall Idle for a moment in mid-job.
"""

from devices.grbl import Alarm, Banner, GrblEvent, Status
from devices.jobs import JobSignal, JobTracker
from devices.messages import AlarmCleared, AlarmRaised, Fact

SETTLE_S = 2.0
"""A job has ended when the machine has been Idle for this long; its end is dated back to the first Idle."""
STUCK_S = 60.0
"""Lines without an answer keep a job open in Idle (a dwell is Idle too), but not longer than this."""
GRACE_S = 60.0
"""How long a job is kept open for a machine that is out of reach: it has power of its own and may well go on."""
BEAM_IDLE_S = 2.0
MAX_STEP_S = 1.0
"""Between two status reports further apart than this, nobody knows whether the beam was on."""

BEAM, DOOR, LOCKED = "beam-on-while-idle", "grbl-door", "grbl-alarm"

ALARMS = {
    1: "a limit switch was hit; the position is lost",
    2: "a move would leave the work area",
    3: "reset while moving; the position is lost",
    4: "the probe was not in its initial state",
    5: "the probe touched nothing",
    6: "reset while homing",
    7: "the door was opened while homing",
    8: "homing could not clear the limit switch",
    9: "homing did not find the limit switch",
    10: "homing did not find the second limit switch of an axis",
}
SILENT_ALARMS = frozenset({1, 2})
"""After these Grbl answers nothing, not even ``?``, until it is reset: its silence is no lost cable (protocol.c)."""

SIGNALS = {
    "Run": JobSignal.RESUME,
    "Hold": JobSignal.PAUSE,
    "Door": JobSignal.PAUSE,
    "Tool": JobSignal.PAUSE,
    "Alarm": JobSignal.FAIL,
    "Sleep": JobSignal.FAIL,
}
"""What a state means for an open job. Run starts one where there is none; every other state is rest."""


class GrblWatch:
    """Follows one controller over all its connections: events in, facts out.

    ``at`` is monotonic seconds; ``job`` is a fresh id for the job that may start now. ``laser`` says whether S is a beam.
    """

    def __init__(self, *, laser: bool | None = None, settle_s: float = SETTLE_S, grace_s: float = GRACE_S) -> None:
        self.laser = laser
        """True for a beam, False for a spindle, None while unknown (then treated as a beam: that is the safe side)."""
        self.tracker = JobTracker()
        self.status: Status | None = None
        self.laser_on_s = 0.0
        self.silent = False
        """Whether the controller has a reason not to answer polls."""
        self._settle_s, self._grace_s = settle_s, grace_s
        self._hal = False
        self._spindle: str | None = None
        self._at = 0.0
        self._rest_since: float | None = None
        self._on_at_rest = 0.0
        self._beam_since: float | None = None
        self._lost_at: float | None = None
        self._alarms: list[str] = []
        self._beam = False

    def feed(
        self, event: GrblEvent, *, at: float, job: str, waiting: int = 0, hal: bool | None = None
    ) -> tuple[Fact, ...]:
        """What one event makes known. ``waiting`` lines have no answer yet; ``hal`` tells grblHAL from Grbl."""
        self._hal = self._hal if hal is None else hal
        match event:
            case Banner():
                return self._on_banner(event, at)
            case Alarm():
                return self._on_alarm(event, at)
            case Status():
                return self._on_status(event, at, job, waiting)
        return ()

    def lost(self, *, at: float) -> None:
        """The cable or the controller is gone; an open job stays open for the grace time, see :meth:`tick`."""
        if self._lost_at is None:
            self._lost_at = at
        self.status, self.silent = None, False
        self._rest_since = self._beam_since = None
        self._beam = False

    def tick(self, *, at: float) -> tuple[Fact, ...]:
        """Give up the open job of a machine that has been out of reach for too long."""
        if self._lost_at is None or at - self._lost_at < self._grace_s:
            return ()
        return self._end(JobSignal.LOSE, self._lost_at, "the connection was lost")

    def stop(self, *, at: float) -> tuple[Fact, ...]:
        """Nobody watches from now on: an open job's end will not be known."""
        return self._end(JobSignal.LOSE, at if self._lost_at is None else self._lost_at, "no longer watched")

    def _on_banner(self, event: Banner, at: float) -> tuple[Fact, ...]:
        self._hal, self._spindle, self._beam = event.hal, "", False
        self.status, self.silent = None, False
        self._rest_since = None
        facts = self._clear(BEAM)
        if self._lost_at is None:
            return (*self._end(JobSignal.FAIL, at, "the controller was reset"), *facts)
        lost_at, self._lost_at = self._lost_at, None
        return (*self._end(JobSignal.LOSE, lost_at, "the controller restarted while out of reach"), *facts)

    def _on_alarm(self, event: Alarm, at: float) -> tuple[Fact, ...]:
        text = ALARMS.get(event.code)
        reason = f"alarm {event.code}: {text}" if text else f"alarm {event.code}"
        self._beam = False
        self.silent = event.code in SILENT_ALARMS
        return (*self._end(JobSignal.FAIL, at, reason), *self._raise(f"{LOCKED}-{event.code}", text))

    def _on_status(self, status: Status, at: float, job: str, waiting: int) -> tuple[Fact, ...]:
        if status.accessories is not None:
            self._spindle = status.accessories
        self._count_beam(status, at)
        self.status, self._at, self.silent = status, at, False
        facts = self._back_in_reach(status)
        facts += self._follow_job(status, at, job, waiting)
        return facts + self._follow_alarms(status, at)

    def _back_in_reach(self, status: Status) -> tuple[Fact, ...]:
        """The first word after an outage: a machine that is still at it goes on with the same job."""
        if self._lost_at is None:
            return ()
        lost_at, self._lost_at = self._lost_at, None
        if SIGNALS.get(status.state) in (JobSignal.RESUME, JobSignal.PAUSE):
            return ()
        return self._end(JobSignal.LOSE, lost_at, "it ended while out of reach")

    def _follow_job(self, status: Status, at: float, job: str, waiting: int) -> tuple[Fact, ...]:
        signal = SIGNALS.get(status.state)
        if signal is None:
            return self._rest(at, waiting)
        self._rest_since = None
        if signal is JobSignal.FAIL:
            return self._end(signal, at, f"the controller went to {status.state}")
        if signal is JobSignal.RESUME and not self.tracker.open:
            self.laser_on_s = 0.0
            return self.tracker.feed(JobSignal.START, at=at, job=job)
        return self.tracker.feed(signal, at=at)

    def _rest(self, at: float, waiting: int) -> tuple[Fact, ...]:
        if self._rest_since is None:
            self._rest_since, self._on_at_rest = at, self.laser_on_s
        rested = at - self._rest_since
        if rested < self._settle_s or (waiting and rested < STUCK_S):
            return ()
        self.laser_on_s = self._on_at_rest  # a beam that was left on after the end is an alarm, no work
        return self._end(JobSignal.FINISH, self._rest_since, None)

    def _follow_alarms(self, status: Status, at: float) -> tuple[Fact, ...]:
        facts: tuple[Fact, ...] = ()
        locked = [code for code in self._alarms if code.startswith(LOCKED)]
        if status.state == "Alarm" and not locked:
            facts += self._raise(LOCKED, "locked; $X or $H unlocks it")
        elif status.state not in ("Alarm", "Sleep"):
            facts += tuple(fact for code in locked for fact in self._clear(code))
        facts += self._raise(DOOR, "the door is open") if status.state == "Door" else self._clear(DOOR)
        if not (status.state == "Idle" and self._beam and self.laser is not False):
            self._beam_since = None
            return facts + self._clear(BEAM)
        if self._beam_since is None:
            self._beam_since = at
        if at - self._beam_since < BEAM_IDLE_S:
            return facts
        return facts + self._raise(BEAM, "the beam is on and stands still")

    def _count_beam(self, status: Status, at: float) -> None:
        """Add the time since the last report, half of it where the beam was on at one end only."""
        before, self._beam = self._beam, self._beam_is_on(status)
        if self.tracker.open and self._lost_at is None and 0 < at - self._at <= MAX_STEP_S:
            self.laser_on_s += (at - self._at) * (before + self._beam) / 2

    def _beam_is_on(self, status: Status) -> bool:
        if not status.power or status.power < 0:
            return False
        if not self._hal:
            return True  # S is what the beam gets: 0 in rapids, in M4 standing still, in a hold
        # grblHAL reports the programmed S, in rapids, holds and Idle too: what it tells besides rules out most of that.
        if self._spindle is None or "S" in self._spindle:
            return self._spindle is not None and status.state in ("Run", "Idle")
        return "C" in self._spindle and status.state == "Run" and bool(status.feed)

    def _end(self, signal: JobSignal, at: float, reason: str | None) -> tuple[Fact, ...]:
        self._rest_since = None
        on = None if self.laser is False else round(self.laser_on_s, 3)
        return self.tracker.feed(signal, at=at, reason=reason, laser_on_s=on)

    def _raise(self, code: str, text: str | None) -> tuple[Fact, ...]:
        if code in self._alarms:
            return ()
        self._alarms.append(code)
        return (AlarmRaised(code=code, text=text),)

    def _clear(self, code: str) -> tuple[Fact, ...]:
        if code not in self._alarms:
            return ()
        self._alarms.remove(code)
        return (AlarmCleared(code=code),)
