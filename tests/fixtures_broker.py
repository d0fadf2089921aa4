"""A real Mosquitto on a free port, and a cable that a test can cut."""

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.ports import free_port

SEARCH_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


def wait_until(condition: Callable[[], object], what: str = "", timeout: float = 10.0) -> None:
    """Return as soon as the condition holds; fail the test when it does not in time."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"after {timeout:g} s still not: {what or condition}")
        time.sleep(0.005)


class Mosquitto:
    """One Mosquitto process; it keeps its port when it is stopped and started again."""

    host = "127.0.0.1"

    def __init__(self, program: str, folder: Path, *extra: str) -> None:
        self.port = free_port()
        self._program = program
        self._conf = folder / f"mosquitto-{self.port}.conf"
        self.log = folder / f"mosquitto-{self.port}.log"
        lines = [
            f"listener {self.port} {self.host}",
            "allow_anonymous true",
            "set_tcp_nodelay true",
            "max_queued_messages 100000",
            "max_inflight_messages 1000",
            "persistence false",
            "log_dest stderr",
            *(["user root"] if os.geteuid() == 0 else []),
            *extra,
        ]
        self._conf.write_text("\n".join([*lines, ""]))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return when it accepts connections."""
        with self.log.open("ab") as sink:
            self._process = process = subprocess.Popen([self._program, "-c", str(self._conf)], stdout=sink, stderr=sink)
        deadline = time.monotonic() + 10
        while True:
            with suppress(OSError), socket.create_connection((self.host, self.port), timeout=1):
                return
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"Mosquitto did not start: {self.log.read_text()[-2000:]}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Ask it to end (SIGTERM)."""
        self._end("terminate")

    def kill(self) -> None:
        """End it on the spot (SIGKILL)."""
        self._end("kill")

    def restart(self) -> None:
        """Stop, then start on the same port."""
        self.stop()
        self.start()

    def _end(self, how: str) -> None:
        process, self._process = self._process, None
        if process is not None:
            getattr(process, how)()
            process.wait(10)


class Cable:
    """A TCP connection through our hands: ``cut`` drops everything and answers nobody, ``mend`` lets it through."""

    host = "127.0.0.1"

    def __init__(self, host: str, port: int) -> None:
        self._far = (host, port)
        self.port = free_port()
        self._lock = threading.Lock()
        self._ends: list[socket.socket] = []
        self._pumps: list[threading.Thread] = []
        self._listener: socket.socket | None = None
        self._acceptor: threading.Thread | None = None
        self.mend()

    def mend(self) -> None:
        """Let connections through."""
        if self._listener is None:
            self._listener = socket.create_server((self.host, self.port))
            self._acceptor = threading.Thread(target=self._accept, args=(self._listener,), name="cable")
            self._acceptor.start()

    def cut(self) -> None:
        """Drop what is connected, without a goodbye, and refuse the next."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        if self._acceptor is not None:
            self._acceptor.join()
        with self._lock:
            ends, self._ends = self._ends, []
            pumps, self._pumps = self._pumps, []
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for pump in pumps:
            pump.join()
        for end in ends:
            end.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._far, timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            pumps = [threading.Thread(target=_pump, args=ends, name="cable") for ends in ((near, far), (far, near))]
            with self._lock:
                self._ends += [near, far]
                self._pumps += pumps
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for pump in pumps:
                pump.start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="session")
def mosquitto_program() -> str:
    """The path of the program; the test is skipped where it is not installed."""
    program = shutil.which("mosquitto", path=SEARCH_PATH)
    if program is None:
        pytest.skip("Mosquitto is not installed")
    return program


@pytest.fixture
def start_mosquitto(mosquitto_program: str, tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Start as many as a test wants, each with its own extra lines of configuration."""
    started: list[Mosquitto] = []

    def start(*extra: str) -> Mosquitto:
        broker = Mosquitto(mosquitto_program, tmp_path, *extra)
        started.append(broker)
        broker.start()
        return broker

    yield start
    for broker in started:
        broker.stop()


@pytest.fixture
def mosquitto(start_mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    """A Mosquitto of the test's own."""
    return start_mosquitto()


@pytest.fixture
def cable() -> Iterator[Callable[[str, int], Cable]]:
    """Lay cables to any address; they are taken away at the end."""
    laid: list[Cable] = []

    def lay(host: str, port: int) -> Cable:
        laid.append(Cable(host, port))
        return laid[-1]

    yield lay
    for each in laid:
        each.cut()
