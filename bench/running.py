"""A whole ``etabli run`` on a lab of twelve resources, as a process of its own."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

RESOURCES = 12
WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Running:
    """Where it listens, its process, a manager's token, and that of the kiosk of ``machine-1``."""

    port: int
    pid: int
    token: str
    kiosk: str

    def post(self, path: str, body: dict[str, object]) -> None:
        """A write through the API."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode(), method="POST",
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=10):
            pass


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def configuration(web: int, broker: int) -> str:
    """Twelve machines with a plug each, three printers behind OctoPrint, a laser and two readers on serial lines."""
    lines = [
        '[lab]\nslug = "bench"\nname = "Bench"',
        f"[web]\nport = {web}",
        f"[broker]\nport = {broker}",
    ]
    for n in range(RESOURCES):
        lines.append(f'[[resources]]\nslug = "machine-{n}"\nnames = "Machine {n}"\nkind = "printer_3d"')
        lines.append(
            f'[[devices]]\nslug = "plug-{n}"\nresource = "machine-{n}"\nrole = "interlock"\nbridge = "relay-mqtt"\n'
            f'[devices.settings]\ndialect = "tasmota"\nname = "plug-{n}"'
        )
    lines += [
        f'[[devices]]\nslug = "octo-{n}"\nresource = "machine-{n}"\nrole = "machine"\nbridge = "octoprint-http"\n'
        f'[devices.settings]\nurl = "http://127.0.0.1:9"\nkey = "none"'
        for n in range(3)
    ]
    for slug, role, bridge in (
        ("laser", "machine", "grbl-serial"), ("reader-0", "reader", "badge-reader-serial"),
        ("reader-1", "reader", "badge-reader-serial"),
    ):  # fmt: skip
        lines.append(
            f'[[devices]]\nslug = "{slug}"\nresource = "machine-5"\nrole = "{role}"\nbridge = "{bridge}"\n'
            f'[devices.settings]\nport = "/dev/absent-{slug}"'
        )
    return "\n\n".join(lines) + "\n"


@contextmanager
def run(folder: Path) -> Iterator[Running]:
    """Start it in ``folder``, wait until it is ready, stop it."""
    port = free_port()
    config = folder / "etabli.toml"
    config.write_text(configuration(port, free_port()))
    etabli = [sys.executable, "-m", "etabli", "-c", str(config)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*etabli, "run"], env=environment, stdout=log, stderr=log)
    try:
        wait_ready(port)

        def token(*of: str) -> str:
            made = subprocess.run(
                [*etabli, "token", "create", "--label", "bench", "--json", "--role", *of],
                env=environment, capture_output=True, text=True, check=True, timeout=WAIT_S,
            )  # fmt: skip
            return str(json.loads(made.stdout)["token"])

        yield Running(port, process.pid, token("manager"), token("kiosk", "--resource", "machine-1"))
    finally:
        process.terminate()
        process.wait(timeout=10)


def wait_ready(port: int, seconds: float = WAIT_S) -> None:
    """Return once /health/ready says yes."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (OSError, urllib.error.URLError):
            pass
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing ready on port {port} after {seconds:g} s")
        time.sleep(0.02)
