"""From what OctoPrint shows at each look to what happened: jobs that start and end once, and calls for help.

REST shows states, not events, so an end is told by what it leaves behind:

=================  ====================================================================================================
finished           progress stands at 100 % and the file's last print time, exact to the microsecond, is a new one
cancelled          *Cancelling* was seen, or the progress is empty while the same file is still selected
failed             the printer is offline or in error; OctoPrint has forgotten the file, we have not
unknown            another job began, or OctoPrint came back from an outage without the job
=================  ====================================================================================================

A print shorter than the time between two looks is found by its new last print time, and reported whole. One that
short which is also cancelled leaves no trace, and is not.
"""

from collections.abc import Callable
from dataclasses import dataclass

from devices.jobs import JobSignal, JobTracker
from devices.messages import AlarmCleared, AlarmRaised, Fact
from devices.octoprint import BUSY, Identity, JobReading, Phase

ERROR = "printer-error"
STALLED = "printer-stalled"
STALLED_S = 300.0
SLACK_S = 5.0
"""How far a print time may run ahead of the outage it went through and still be the same print."""
LINK_WORDS = ("serial", "timeout", "connection", "port ")
"""An error that speaks of the line only: what a printer that is switched off looks like, no call for help by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    signal: JobSignal
    at: float
    reason: str | None = None


class PrinterWatch:
    """One printer, look after look. ``new_job`` gives an id for each job; ``at`` is the caller's monotonic clock."""

    def __init__(self, new_job: Callable[[], str], *, stalled_s: float = STALLED_S) -> None:
        self._new_job = new_job
        self._stalled_s = stalled_s
        self._tracker = JobTracker()
        self._file: Identity | None = None
        self._before: JobReading | None = None
        self._at = self._moved_at = 0.0
        self._gap = self._cancelling = False
        self._filament: float | None = None
        self._old_time: float | None = None
        self._alarms: set[str] = set()
        self.share: float | None = None
        """How much of its file the last job had done when it was last seen, from 0 to 1."""

    @property
    def busy(self) -> bool:
        """Whether a job is under way."""
        return self._tracker.open

    @property
    def job(self) -> str | None:
        """The job that is under way, by the name that its facts carry."""
        return self._tracker.job if self._tracker.open else None

    @property
    def file(self) -> Identity | None:
        """The file of the present job, or of the last one."""
        return self._file

    def interrupted(self) -> None:
        """Take note that OctoPrint could not be reached: the next look finds the job again, or finds it gone."""
        self._gap = True

    def look(self, job: JobReading, *, at: float) -> tuple[Fact, ...]:
        """What one look makes known."""
        facts: tuple[Fact, ...] = ()
        was_open = self._tracker.open
        if was_open:
            facts = self._follow(job, at=at)
        if not self._tracker.open:
            facts += self._begin(job, at=at, unseen=not was_open)
        facts += self._stand_still(job, at=at)
        facts += self._trouble(job, in_a_job=was_open)
        if job.phase in BUSY and job.filament_mm is not None:
            self._filament = job.filament_mm
        self._before, self._at, self._gap = job, at, False
        return facts

    def _follow(self, job: JobReading, *, at: float) -> tuple[Fact, ...]:
        """The open job goes on, stands still or is over."""
        if job.phase in BUSY and job.identity == self._file and not self._began_again(job, at=at):
            self._cancelling |= job.phase is Phase.CANCELLING
            signal = {Phase.PAUSED: JobSignal.PAUSE, Phase.PRINTING: JobSignal.RESUME}.get(job.phase)
            return () if signal is None else self._tracker.feed(signal, at=at)
        end = self._end(job, at=at)
        done = self._before.completion if self._before is not None else None
        if end.signal is JobSignal.FINISH:
            done = 100.0
        self.share = None if done is None else max(0.0, min(1.0, done / 100.0))
        filament = None if self._filament is None or self.share is None else self._filament * self.share
        return self._tracker.feed(end.signal, at=end.at, reason=end.reason, filament_mm=filament)

    def _began_again(self, job: JobReading, *, at: float) -> bool:
        """The same file is busy, but it is another print of it."""
        before = self._before
        if before is None:
            return False
        if self._cancelling and job.phase is not Phase.CANCELLING:
            return True
        told = job.last_print_time if job.last_print_time != self._old_time and not job.done else None
        if job.print_time is None or before.print_time is None:
            return told is not None
        ahead = job.print_time - before.print_time - (at - self._at)
        if told is not None and not self._gap:
            # Its own end may be told before its progress and its state say so; another print has lost the whole of it.
            return ahead < -told / 2
        return job.print_time < before.print_time - 1 or (self._gap and ahead > SLACK_S)

    def _end(self, job: JobReading, *, at: float) -> _End:
        """How the open job ended, now that it is over."""
        same = job.identity is not None and job.identity == self._file
        if same and job.last_print_time is not None and job.last_print_time != self._old_time:
            return _End(signal=JobSignal.FINISH, at=self._finished_at(job.last_print_time))
        if self._cancelling:
            return _End(signal=JobSignal.CANCEL, at=self._at if self._gap else at)
        if same and job.phase is Phase.READY and job.done:
            return _End(signal=JobSignal.FINISH, at=at)
        if self._gap:
            reason = "the printer could not be watched for a while, and the job was gone afterwards"
            return _End(signal=JobSignal.LOSE, at=self._at, reason=reason)
        if job.phase is Phase.ERROR:
            return _End(signal=JobSignal.FAIL, at=at, reason=job.error or "the printer reported an error")
        if job.phase in (Phase.OFFLINE, Phase.CONNECTING):
            return _End(signal=JobSignal.FAIL, at=at, reason=job.error or "the printer was disconnected")
        if same and job.phase is Phase.READY and job.completion is None:
            return _End(signal=JobSignal.CANCEL, at=at)
        began = job.identity is not None
        reason = "another job began before the end was seen" if began else "the file was let go before the end was seen"
        return _End(signal=JobSignal.LOSE, at=at, reason=reason)

    def _finished_at(self, seconds: float) -> float:
        """The end that makes the job's active time the printer's own, whatever was missed between the looks."""
        active, _ = self._tracker.seconds(at=self._at)
        return self._at + max(0.0, seconds - active)

    def _begin(self, job: JobReading, *, at: float, unseen: bool) -> tuple[Fact, ...]:
        """A job is under way, or (``unseen``) one came and went between two looks."""
        if job.phase in (Phase.PRINTING, Phase.PAUSED) and job.identity is not None:
            facts = self._start(job, at=at - max(0.0, job.print_time or 0.0))
            return facts + (self._tracker.feed(JobSignal.PAUSE, at=at) if job.phase is Phase.PAUSED else ())
        before, seconds = self._before, job.last_print_time
        if not unseen or before is None or seconds is None or job.phase is not Phase.READY or not job.done:
            return ()
        if (job.identity, seconds) == (before.identity, before.last_print_time):
            return ()
        self.share = 1.0
        facts = self._start(job, at=at - max(0.0, seconds))
        return facts + self._tracker.feed(JobSignal.FINISH, at=at, filament_mm=job.filament_mm)

    def _start(self, job: JobReading, *, at: float) -> tuple[Fact, ...]:
        self._old_time = job.last_print_time
        self._file, self._cancelling, self._filament, self._moved_at = job.identity, False, job.filament_mm, at
        return self._tracker.feed(JobSignal.START, at=at, job=self._new_job(), name=job.name, owner=job.user)

    def _stand_still(self, job: JobReading, *, at: float) -> tuple[Fact, ...]:
        """A printer that no longer answers goes on *Printing*: only its progress betrays it."""
        before = self._before
        moved = before is None or (job.filepos, job.print_time) != (before.filepos, before.print_time)
        if moved or self._gap or job.phase is not Phase.PRINTING or not self._tracker.open:
            self._moved_at = at
            return self._clear(STALLED)
        if at - self._moved_at < self._stalled_s or STALLED in self._alarms:
            return ()
        self._alarms.add(STALLED)
        text = f"the print has not moved for {round((at - self._moved_at) / 60)} minutes"
        return (AlarmRaised(code=STALLED, text=text),)

    def _trouble(self, job: JobReading, *, in_a_job: bool) -> tuple[Fact, ...]:
        if job.phase is Phase.READY or job.phase in BUSY:
            return self._clear(ERROR)
        text = job.error or ""
        only_the_line = not text.strip() or any(word in text.lower() for word in LINK_WORDS)
        if job.phase is not Phase.ERROR or ERROR in self._alarms or (only_the_line and not in_a_job):
            return ()
        self._alarms.add(ERROR)
        return (AlarmRaised(code=ERROR, text=job.error),)

    def _clear(self, code: str) -> tuple[Fact, ...]:
        if code not in self._alarms:
            return ()
        self._alarms.discard(code)
        return (AlarmCleared(code=code),)
