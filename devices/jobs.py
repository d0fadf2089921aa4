"""One job at a time on one machine: which signal leads where, and how long it took. Shared by every machine.

Time is a parameter: seconds of the caller's monotonic clock. The caller also names each job; a name serves once.
"""

from enum import StrEnum

from devices.messages import Fact, JobEnded, JobPaused, JobResumed, JobStarted, Outcome


class JobState(StrEnum):
    """Where the machine's job stands."""

    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class JobSignal(StrEnum):
    """What a machine's protocol has understood."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    FINISH = "finish"
    FAIL = "fail"
    CANCEL = "cancel"
    LOSE = "lose"


_AT_REST = {JobSignal.START: JobState.RUNNING}
_ENDS = {
    JobSignal.FINISH: JobState.FINISHED,
    JobSignal.FAIL: JobState.FAILED,
    JobSignal.CANCEL: JobState.CANCELLED,
    JobSignal.LOSE: JobState.UNKNOWN,
}

TRANSITIONS: dict[JobState, dict[JobSignal, JobState]] = {
    JobState.IDLE: _AT_REST,
    JobState.RUNNING: {JobSignal.PAUSE: JobState.PAUSED, **_ENDS},
    JobState.PAUSED: {JobSignal.RESUME: JobState.RUNNING, **_ENDS},
    JobState.FINISHED: _AT_REST,
    JobState.FAILED: _AT_REST,
    JobState.CANCELLED: _AT_REST,
    JobState.UNKNOWN: _AT_REST,
}
"""Which state a signal leads to; a signal that is not in the row of the present state changes nothing."""

OPEN = frozenset({JobState.RUNNING, JobState.PAUSED})

OUTCOMES = {
    JobState.FINISHED: Outcome.FINISHED,
    JobState.FAILED: Outcome.FAILED,
    JobState.CANCELLED: Outcome.CANCELLED,
    JobState.UNKNOWN: Outcome.UNKNOWN,
}


class JobTracker:
    """Turns signals into facts: each job starts once and ends once, whatever is repeated, missing or late.

    A caller that hopes to find the job again after a lost connection holds :attr:`JobSignal.LOSE` back until it knows.
    """

    def __init__(self) -> None:
        self.state = JobState.IDLE
        self.job = ""
        """The present job, or the last one; empty before the first."""
        self.name: str | None = None
        self.owner: str | None = None
        self._seconds = {JobState.RUNNING: 0.0, JobState.PAUSED: 0.0}
        self._last = 0.0

    @property
    def open(self) -> bool:
        """Whether a job is under way, paused ones included."""
        return self.state in OPEN

    def feed(
        self,
        signal: JobSignal,
        *,
        at: float,
        job: str | None = None,
        name: str | None = None,
        owner: str | None = None,
        reason: str | None = None,
        laser_on_s: float | None = None,
        filament_mm: float | None = None,
    ) -> tuple[Fact, ...]:
        """What one signal makes known; nothing when it repeats what is known or speaks of another job than the open one.

        ``job`` is needed to start and else optional. A start while another job is open closes that one as unknown.
        """
        if signal is JobSignal.START:
            return self._start(at=at, job=job, name=name, owner=owner)
        target = TRANSITIONS[self.state].get(signal)
        if target is None or (job is not None and job != self.job):
            return ()
        self._count(at)
        self.name = name or self.name
        self.state = target
        if target is JobState.PAUSED:
            return (JobPaused(job=self.job),)
        if target is JobState.RUNNING:
            return (JobResumed(job=self.job),)
        return (self._ended(reason=reason, laser_on_s=laser_on_s, filament_mm=filament_mm),)

    def seconds(self, *, at: float) -> tuple[float, float]:
        """Active and paused seconds of the present job up to ``at``, or of the last one."""
        self._count(at)
        return self._seconds[JobState.RUNNING], self._seconds[JobState.PAUSED]

    def _start(self, *, at: float, job: str | None, name: str | None, owner: str | None) -> tuple[Fact, ...]:
        if not job:
            raise ValueError("a job needs an id that is unique for its device")
        if job == self.job:
            return ()
        before = self.feed(JobSignal.LOSE, at=at, reason="another job started")
        self.state = TRANSITIONS[self.state][JobSignal.START]
        self.job, self.name, self.owner, self._last = job, name, owner, at
        self._seconds = {JobState.RUNNING: 0.0, JobState.PAUSED: 0.0}
        return (*before, JobStarted(job=job, name=name, owner=owner))

    def _count(self, at: float) -> None:
        """Add the time since the last look to the state it was spent in; a clock that went back adds nothing."""
        if self.state in OPEN and at > self._last:
            self._seconds[self.state] += at - self._last
            self._last = at

    def _ended(self, *, reason: str | None, laser_on_s: float | None, filament_mm: float | None) -> JobEnded:
        active, paused = self._seconds[JobState.RUNNING], self._seconds[JobState.PAUSED]
        return JobEnded(
            job=self.job,
            outcome=OUTCOMES[self.state],
            wall_s=active + paused,
            active_s=active,
            paused_s=paused,
            name=self.name,
            laser_on_s=laser_on_s,
            filament_mm=filament_mm,
            reason=reason,
        )
