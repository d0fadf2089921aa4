"""A real OctoPrint with its virtual printer, in a folder of its own, that a test may stop and kill."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.ports import free_port

ROOT = Path(__file__).parents[1]
READY_S = 40.0
USER = "amina"

CONFIG = """\
server: {{host: 127.0.0.1, port: {port}, firstRun: false, onlineCheck: {{enabled: false}},
         pluginBlacklist: {{enabled: false}}, seenWizards: {{corewizard: 4}}}}
plugins:
  virtual_printer: {{enabled: true, throttle: 0.0, sendWait: false, simulated_errors: []}}
  tracking: {{enabled: false}}
  _disabled: [announcements, softwareupdate, pluginmanager, discovery, tracking, errortracking, backup,
              firmware_check, file_check, pi_support, health_check, achievements]
serial: {{port: VIRTUAL, baudrate: 115200, autoconnect: true}}
webcam: {{timelapseEnabled: false, webcamEnabled: false}}
"""


def program() -> str | None:
    """The OctoPrint to run: $OCTOPRINT, or the one that `make test` installs."""
    found = os.environ.get("OCTOPRINT") or str(ROOT / ".venv-octoprint" / "bin" / "octoprint")
    return shutil.which(found)


class RealOctoPrint:
    """One OctoPrint process; it keeps its port, its files and its key when it is stopped and started again."""

    key = "0123456789ABCDEF0123456789ABCDEF"

    def __init__(self, program: str, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "octoprint.log"
        self._program = program
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["X-Api-Key"] = self.key
        (folder / "config.yaml").write_text(CONFIG.format(port=self.port))
        add = ["user", "add", USER, "--password", "x", "--admin"]
        subprocess.run([program, "--basedir", str(folder), *add], check=True, capture_output=True, timeout=60)
        users = folder / "users.yaml"
        users.write_text(users.read_text().replace("apikey: null", f"apikey: {self.key}"))

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Return when the virtual printer is operational."""
        as_root = ["--iknowwhatimdoing"] if os.geteuid() == 0 else []
        serve = ["serve", "--host", "127.0.0.1", "--port", str(self.port), *as_root]
        with self.log.open("ab") as sink:
            command = [self._program, "--basedir", str(self._folder), *serve]
            self._process = subprocess.Popen(command, stdout=sink, stderr=sink)
        deadline = time.monotonic() + READY_S
        while self._state() != "Operational":
            if not self.running or time.monotonic() > deadline:
                self.kill()
                pytest.fail(f"OctoPrint did not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End it as a service manager does."""
        if self._process is not None and self.running:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(15)
        self.kill()

    def kill(self) -> None:
        """kill -9: no farewell, no event."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(15)
            self._process = None

    def close(self) -> None:
        """Stop it and let go of the connection to it."""
        self.stop()
        self._session.close()

    def get(self, path: str) -> Any:
        """The JSON of one of its pages."""
        answer = self._session.get(self.url + path, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: dict[str, Any]) -> None:
        """One order."""
        self._session.post(self.url + path, json=body, timeout=10).raise_for_status()

    def print_gcode(self, name: str, gcode: str) -> None:
        """Upload a program and print it, as its user at the printer would."""
        files, data = {"file": (name, gcode)}, {"print": "true"}
        self._session.post(f"{self.url}/api/files/local", files=files, data=data, timeout=10).raise_for_status()

    def debug(self, deed: str) -> None:
        """Have the virtual printer misbehave: ``drop_connection``, ``trigger_fatal_error_marlin``, ``go_awol`` …"""
        self.post("/api/printer/command", {"command": f"!!DEBUG:{deed}"})

    def settle(self) -> None:
        """Back to an operational printer without a job, whatever was done to it."""
        if not self.running:
            self.start()
        with suppress(requests.HTTPError):
            self.post("/api/job", {"command": "cancel"})
        deadline = time.monotonic() + READY_S
        while (state := self._state()) != "Operational":
            if state in ("Closed", "Offline", "Offline after error", "Error"):
                self.post("/api/connection", {"command": "connect"})
            if time.monotonic() > deadline:
                pytest.fail(f"the virtual printer stays {state!r}")
            time.sleep(0.2)

    def _state(self) -> str | None:
        try:
            answer = self._session.get(f"{self.url}/api/connection", timeout=5)
            return str(answer.json()["current"]["state"]) if answer.ok else None
        except (requests.RequestException, ValueError, KeyError):
            return None


def dwell(seconds: float) -> str:
    """A program that takes exactly so long, in steps of half a second or less."""
    halves = int(seconds / 0.5)
    return "G28\n" + "G4 P500\n" * halves + f"G4 P{round((seconds - halves * 0.5) * 1000)}\n"


@pytest.fixture(scope="session")
def octoprint_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealOctoPrint]:
    """One OctoPrint for all tests of a run; ask for ``octoprint`` instead, which brings it back to rest."""
    found = program()
    if found is None:
        pytest.skip("OctoPrint is not installed: `make test` puts it in .venv-octoprint, or name it in $OCTOPRINT")
    server = RealOctoPrint(found, tmp_path_factory.mktemp("octoprint"))
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def octoprint(octoprint_process: RealOctoPrint) -> RealOctoPrint:
    """A real OctoPrint, its virtual printer connected and at rest."""
    octoprint_process.settle()
    return octoprint_process
