"""The embedded broker: a private Mosquitto where the program is installed, else amqtt inside this process."""

import contextlib
import errno
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from gateway.adapters.broker_door import OURS, Door
from gateway.ports.errors import BadConfiguration, BusUnavailable

log = logging.getLogger(__name__)

Kind = Literal["mosquitto", "amqtt"]
START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 5.0
LOOK_S = 0.5
"""How soon the broker hears of a change at its door."""
_LOG_LIMIT = 1_000_000
_PROGRAM_PATH = os.pathsep.join(("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"))
"""Where packages put the program and where an ordinary user's PATH does not look."""

# Runs between fork and exec as a program of its own, since code in a fork of a process with threads can deadlock.
# PR_SET_PDEATHSIG (1): SIGTERM when the thread that started us ends, kill -9 included. It survives exec.
_DIE_WITH_PARENT = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
if hasattr(libc, "prctl"):
    libc.prctl(1, 15, 0, 0, 0)
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """How to reach the broker: ``protocol`` is 5 or 4 (3.1.1); a group needs ``shared_subscriptions``.

    ``username`` and ``password`` are our own account, where there are accounts.
    """

    host: str
    port: int
    protocol: int
    kind: Kind
    shared_subscriptions: bool
    username: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """A second listener for devices, over TLS: PEM files of the server's certificate (chain) and its key."""

    port: int
    certificate: Path
    key: Path


class BrokerProgram(Protocol):
    """A broker that can be started and stopped."""

    def start(self) -> None:
        """Return once it accepts connections; BusUnavailable says why it does not."""

    def stop(self) -> None:
        """End it and let go of everything."""


class EmbeddedBroker:
    """A broker for one lab, on this machine only unless ``host`` says otherwise.

    ``folder`` takes its configuration and log; ``port`` 0 picks a free one; ``kind`` insists on one of the two. Only who
    has an account at the ``door`` comes in; without a door everybody does.
    """

    def __init__(
        self, folder: Path, *, host: str = "127.0.0.1", port: int = 1883, kind: Kind | None = None,
        door: Door | None = None, tls: Tls | None = None,
    ) -> None:  # fmt: skip
        self._folder = folder
        self._door, self._tls = door, tls
        self._host = host
        self._port = port
        self._kind = kind
        self._program: BrokerProgram | None = None

    def start(self) -> BrokerAddress:
        """Start it and return when it accepts connections."""
        program = find_mosquitto()
        if self._kind == "mosquitto" and program is None:
            raise BadConfiguration(
                "the broker is set to mosquitto, which is not installed: install it, or choose amqtt"
            )
        kind: Kind = self._kind or ("mosquitto" if program else "amqtt")
        port = claim_port(self._host, self._port)
        if self._door is None and self._host not in ("127.0.0.1", "::1", "localhost"):
            log.warning(
                "the embedded broker on %s:%d has no passwords: anyone on that network can use it", self._host, port
            )
        password = self._door.prepare() if self._door else None
        started: BrokerProgram
        if kind == "mosquitto" and program is not None:
            started = MosquittoChild(program, self._folder, host=self._host, port=port, door=self._door, tls=self._tls)
        else:
            from gateway.adapters.broker_amqtt import AmqttThread

            started = AmqttThread(host=self._host, port=port, door=self._door, tls=self._tls)
        started.start()
        self._program = started
        log.info("the embedded broker (%s) listens on %s:%d", kind, self._host, port)
        is_mosquitto = kind == "mosquitto"
        return BrokerAddress(
            host=reachable(self._host),
            port=port,
            # 3.1.1 costs every message less here, and shared subscriptions need no 5 on Mosquitto.
            protocol=4,
            kind=kind,
            shared_subscriptions=is_mosquitto,
            username=OURS if password else None,
            password=password,
        )

    def stop(self) -> None:
        """Stop it; without effect when it does not run."""
        program, self._program = self._program, None
        if program is not None:
            program.stop()


def find_mosquitto() -> str | None:
    """The path of the program, or None where it is not installed."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=_PROGRAM_PATH)


def claim_port(host: str, port: int) -> int:
    """The port, known to be free a moment ago (0 finds one); BadConfiguration when it is not."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return int(probe.getsockname()[1])
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = "it is already in use: stop the program that uses it, use that broker, or choose another port"
        elif error.errno == errno.EACCES:
            reason = "this user may not listen there: choose a port from 1024 on"
        else:
            reason = error.strerror or str(error)
        raise BadConfiguration(f"the broker cannot listen on {host} port {port}: {reason}") from None


def reachable(host: str) -> str:
    """The address at which a listener on ``host`` answers on this machine."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


class MosquittoChild:
    """A Mosquitto process of our own: it ends with us, and is started again when it ends by itself."""

    def __init__(
        self, program: str, folder: Path, *, host: str, port: int, door: Door | None = None, tls: Tls | None = None
    ) -> None:
        self._program = program
        self._host, self._port = host, port
        self._door, self._tls = door, tls
        self._conf, self._log = folder / "mosquitto.conf", folder / "mosquitto.log"
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        # The kernel ties the child to the *thread* that started it, so that thread stays until the child has ended.
        self._thread = threading.Thread(target=self._run, name="embedded-broker", daemon=True)
        self._spawned = threading.Event()
        self._has_answered = False

    def start(self) -> None:
        """Write the configuration, start the process, wait until it answers."""
        self._conf.parent.mkdir(parents=True, exist_ok=True)
        self._conf.write_text(self._configuration())
        if self._log.exists() and self._log.stat().st_size > _LOG_LIMIT:
            self._log.unlink()
        self._thread.start()
        deadline = time.monotonic() + START_TIMEOUT_S
        self._spawned.wait(START_TIMEOUT_S)
        while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((reachable(self._host), self._port), timeout=1):
                self._has_answered = True
                return
            time.sleep(0.01)
        self.stop()
        raise BusUnavailable(f"Mosquitto did not start: {self._last_words()}")

    def stop(self) -> None:
        """Ask the process to end, insist after a while, and wait for it."""
        self._stopping.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
        self._thread.join()

    @property
    def pid(self) -> int | None:
        """The process now running."""
        return self._process.pid if self._process is not None else None

    def _run(self) -> None:
        wait_s = 0.25
        while not self._stopping.is_set():
            started_at = time.monotonic()
            try:
                self._process = self._spawn()
            finally:
                self._spawned.set()
            code = self._ended(self._process)
            if self._stopping.is_set() or not self._has_answered:
                return
            log.error("the embedded broker ended with code %d (%s); starting it again", code, self._last_words())
            wait_s = 0.25 if time.monotonic() - started_at > 60 else min(10.0, 2 * wait_s)
            self._stopping.wait(wait_s)

    def _ended(self, process: "subprocess.Popen[bytes]") -> int:
        """Wait for its end; meanwhile have it read its accounts again whenever they change."""
        door = self._door
        if door is None:
            return process.wait()
        known = door.changed_at
        while True:
            try:
                return process.wait(LOOK_S)
            except subprocess.TimeoutExpired:
                if door.changed_at != known:
                    known = door.changed_at
                    # It also puts out whoever is connected and may no longer be.
                    process.send_signal(signal.SIGHUP)

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid())]
        with self._log.open("ab") as sink:
            return subprocess.Popen(
                [*command, self._program, "-c", str(self._conf)],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                # Ctrl-C in our terminal is for us; we then stop the broker last.
                start_new_session=True,
            )

    def _configuration(self) -> str:
        lines = [
            f"listener {self._port} {self._host}",
            *(_tls_lines(self._tls, self._host) if self._tls else ()),
            *(_door_lines(self._door) if self._door else ("allow_anonymous true",)),
            "set_tcp_nodelay true",
            # The default, 1000, has lost messages of a burst; receipts would make up for it, but late.
            "max_queued_messages 100000",
            "max_inflight_messages 1000",
            "message_size_limit 1048576",
            "allow_duplicate_messages false",
            # No promise rests on the broker's disk: devices keep each fact until the gateway's own receipt.
            "persistence false",
            "log_dest stderr",
            "log_type error",
            "log_type warning",
            "connection_messages false",
        ]
        if os.geteuid() == 0:
            # It would become another user, and a change of user cancels the signal of the parent's death.
            lines.append("user root")
        return "\n".join([*lines, ""])

    def _last_words(self) -> str:
        try:
            words = self._log.read_text(errors="replace").strip().splitlines()
        except OSError:
            words = []
        # Each line begins with the seconds since 1970 and a colon.
        return "; ".join(line.partition(": ")[2] or line for line in words[-2:]) or "it said nothing"


def _door_lines(door: Door) -> tuple[str, ...]:
    return ("allow_anonymous false", f"password_file {door.users}", f"acl_file {door.access}")


def _tls_lines(tls: Tls, host: str) -> tuple[str, ...]:
    return (
        f"listener {tls.port} {host}",
        f"certfile {tls.certificate}",
        f"keyfile {tls.key}",
        "tls_version tlsv1.2",
    )
