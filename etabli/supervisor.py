"""Named workers: started in order, started again when they fail, stopped in reverse order and in time."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from types import FrameType

PAUSE_FIRST_S, PAUSE_LONGEST_S = 0.5, 30.0
STEADY_S = 60.0
"""A worker that has run this long is well again: its next failure starts at the shortest pause."""
STOP_S = 3.0
SAME_SIGNAL_S = 0.5
"""`timeout`, and some process managers, signal a process and its group: two signals at once are one wish."""

_log = logging.getLogger("etabli.supervisor")


class Health(StrEnum):
    """How a worker is."""

    WAITING = "waiting"
    RUNNING = "running"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(slots=True, kw_only=True)
class Worker:
    """One thread of the program. ``run`` returns soon after its event is set; ``ping`` tells whether it is well."""

    name: str
    run: Callable[[threading.Event], None]
    stage: int = 0
    """Lower stages start first and stop last."""
    ping: Callable[[], bool] = lambda: True
    health: Health = Health.WAITING
    reason: str | None = None
    restarts: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None


class Supervisor:
    """Keeps the workers going until it is told to stop."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic, pause_s: float = PAUSE_FIRST_S) -> None:
        self._workers: list[Worker] = []
        self._monotonic = monotonic
        self._pause_s = pause_s
        self._closers: list[tuple[str, Callable[[], None]]] = []
        self._signalled_at = float("-inf")
        self.stopping = threading.Event()
        """Set once the program is to end."""

    @property
    def workers(self) -> tuple[Worker, ...]:
        """Every worker, in the order of starting."""
        return tuple(sorted(self._workers, key=lambda worker: worker.stage))

    def add(
        self, name: str, run: Callable[[threading.Event], None], *, stage: int = 0,
        ping: Callable[[], bool] = lambda: True,
    ) -> Worker:  # fmt: skip
        """A worker to start with the others."""
        worker = Worker(name=name, run=run, stage=stage, ping=ping)
        self._workers.append(worker)
        return worker

    def on_close(self, name: str, close: Callable[[], None]) -> None:
        """Call ``close`` after every worker has stopped; the last one given is the first one closed."""
        self._closers.append((name, close))

    def start(self) -> None:
        """Start every worker, stage by stage."""
        for worker in self.workers:
            thread = threading.Thread(target=self._keep, args=(worker,), name=worker.name, daemon=True)
            worker.thread = thread
            thread.start()

    def _keep(self, worker: Worker) -> None:
        """Run a worker, and again after a growing pause each time it fails."""
        pause = self._pause_s
        while not worker.stop.is_set():
            started = self._monotonic()
            self._turn(worker, Health.RUNNING, None)
            try:
                worker.run(worker.stop)
                reason = "it returned"
            except (Exception, SystemExit) as error:
                # The edge of the house: whatever a part throws, the others go on and this one is tried again.
                reason = f"{type(error).__name__}: {error}"
                _log.debug("%s failed", worker.name, exc_info=True)
            if worker.stop.is_set():
                break
            if self._monotonic() - started >= STEADY_S:
                pause = self._pause_s
            self._turn(worker, Health.FAILED, reason)
            worker.restarts += 1
            worker.stop.wait(pause)
            pause = min(PAUSE_LONGEST_S, pause * 2)
        self._turn(worker, Health.STOPPED, None)

    def _turn(self, worker: Worker, health: Health, reason: str | None) -> None:
        """Note a change, and log it once."""
        was = worker.health
        worker.health, worker.reason = health, reason
        if health is Health.FAILED:
            _log.error("%s failed and will be tried again: %s", worker.name, reason)
        elif health is Health.RUNNING and was is Health.FAILED:
            _log.warning("%s runs again", worker.name)
        elif health is not was:
            _log.debug("%s: %s", worker.name, health)

    def ailing(self) -> dict[str, str]:
        """The workers that are not well now, with the reason."""
        found = {w.name: w.reason or "failed" for w in self._workers if w.health is Health.FAILED}
        for worker in self._workers:
            if worker.health is Health.RUNNING and not self._answers(worker):
                found[worker.name] = "it does not answer"
        return found

    @staticmethod
    def _answers(worker: Worker) -> bool:
        try:
            return worker.ping()
        except Exception:
            # A ping that throws is an answer, too: this worker is not well.
            return False

    def catch_signals(self) -> None:
        """Let SIGTERM and SIGINT set ``stopping``; a second one, later, ends the program at once. In the main thread only."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)

    def wait(self) -> None:
        """Return when the program is to end."""
        while not self.stopping.wait(3600):
            pass

    def _signalled(self, number: int, _frame: FrameType | None) -> None:
        now = self._monotonic()
        if self.stopping.is_set() and now - self._signalled_at >= SAME_SIGNAL_S:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        if not self.stopping.is_set():
            self._signalled_at = now
        self.stopping.set()

    def stop(self, within_s: float = STOP_S) -> tuple[str, ...]:
        """Stop the workers, last stage first, then close what they used; the names of those that would not stop."""
        self.stopping.set()
        deadline = self._monotonic() + within_s
        stages = sorted({worker.stage for worker in self._workers}, reverse=True)
        for stage in stages:
            of_stage = [worker for worker in self._workers if worker.stage == stage]
            for worker in of_stage:
                worker.stop.set()
            for worker in of_stage:
                if worker.thread is not None:
                    worker.thread.join(max(0.05, deadline - self._monotonic()))
        late = tuple(w.name for w in self._workers if w.thread is not None and w.thread.is_alive())
        if late:
            _log.warning("did not stop in time: %s", ", ".join(late))
        for name, close in reversed(self._closers):
            try:
                close()
            except Exception:
                # Closing one thing must not keep the next from being closed.
                _log.exception("%s could not be closed", name)
        return late
