"""A Reporter that keeps what a bridge reports, and a way to run a bridge in a thread until a test has seen enough."""

import threading
import time
from collections.abc import Callable
from contextlib import contextmanager

DEADLINE_S = 10.0


def wait_until(condition: Callable[[], object], *, deadline_s: float = DEADLINE_S, what: str = "") -> None:
    """Return as soon as ``condition`` holds; fail when it does not within the deadline."""
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"still waiting after {deadline_s} s: {what or condition}")
        time.sleep(0.005)


class RecordingReporter:
    """What was reported, in order."""

    def __init__(self) -> None:
        self.facts = []
        self.samples = []
        self.nonsenses = []

    def fact(self, fact) -> None:
        self.facts.append(fact)

    def sample(self, values) -> None:
        self.samples.append(values)

    def nonsense(self, what, example) -> None:
        self.nonsenses.append((what, example))

    def of(self, kind):
        """The facts of one kind."""
        return [fact for fact in list(self.facts) if isinstance(fact, kind)]


class Running:
    """A bridge at work: what it reported, what it said it was connected to, and the error that ended its run."""

    def __init__(self, bridge, report=None) -> None:
        self.bridge = bridge
        self.report = report or RecordingReporter()
        self.connected = []
        self.error = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.bridge.run(self.report, self.connected.append, self._stop)
        except Exception as error:
            self.error = error

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def wait(self, condition, **how) -> None:
        """Wait for a condition; an error that ended the run fails at once, with its own words."""
        wait_until(lambda: condition() or self.error, **how)
        if self.error is not None and not condition():
            raise AssertionError(f"the bridge ended with {self.error!r}")

    def wait_for_end(self):
        """The error with which the run ends by itself."""
        wait_until(lambda: self.over, what="the end of the run")
        return self.error

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(DEADLINE_S)
        assert self.over, "the bridge did not stop"


@contextmanager
def running(bridge, report=None):
    """Run a bridge for the length of a block."""
    run = Running(bridge, report)
    try:
        yield run
    finally:
        run.stop()
