"""A program under test as a child process, and ways to wait for what it does."""

import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import httpx

ROOT = Path(__file__).resolve().parents[2]
Value = TypeVar("Value")


def eventually(
    look: Callable[[], Value], *, within_s: float = 10.0, what: str = "", every_s: float = 0.02, or_else: Callable[[], str] = str
) -> Value:  # fmt: skip
    """What ``look`` gives as soon as it is truthy (an AssertionError of its own counts as *not yet*)."""
    deadline = time.monotonic() + within_s
    while True:
        last: object = None
        try:
            last = look()
            if last:
                return last
        except (AssertionError, httpx.TransportError) as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s:g} s: {what or look}\nlast: {last!r}\n{or_else()}")
        time.sleep(every_s)


def never(look: Callable[[], object], *, for_s: float, what: str = "") -> None:
    """Fail as soon as ``look`` is truthy: for what must not happen, where only time can tell."""
    deadline = time.monotonic() + for_s
    while time.monotonic() < deadline:
        seen = look()
        assert not seen, f"{what or look}: {seen!r}"
        time.sleep(0.02)


class Program:
    """A child process in a group of its own, with a log that is shown when something goes wrong."""

    def __init__(self, name: str, arguments: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> None:
        self.name, self._arguments, self._log = name, list(arguments), log
        self._env = {key: value for key, value in os.environ.items() if not key.startswith("ETABLI_")} | dict(env or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        assert not self.running
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self._env,
                cwd=ROOT, start_new_session=True,
            )  # fmt: skip

    def kill9(self) -> None:
        """As a power cut would."""
        self._end(signal.SIGKILL)

    @contextmanager
    def on_a_full_disk(self) -> Iterator[None]:
        """Not one byte more can be written to any file, for the length of the block."""
        soft, hard = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (0, hard))
        try:
            yield
        finally:
            resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (soft, hard))

    def stop(self, within_s: float = 15.0) -> int | None:
        """Ask it to end; its exit code."""
        return self._end(signal.SIGTERM, within_s)

    def _end(self, how: signal.Signals, within_s: float = 15.0) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        try:
            if process.poll() is None:
                process.send_signal(how)
                process.wait(within_s)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
        return process.returncode

    def log(self, most: int = 6000) -> str:
        text = self._log.read_text(errors="replace") if self._log.exists() else ""
        return f"--- {self.name} ({'running' if self.running else 'not running'}) ---\n{text[-most:]}"
