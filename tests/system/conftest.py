"""The real command, as a process of its own, stopped by its own id."""

import json
import os
import select
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests import ports

ROOT = Path(__file__).resolve().parents[2]
STOP_S = 3.0


class Command:
    """A running `etabli`."""

    def __init__(self, arguments, folder, **environment):
        environ = {name: value for name, value in os.environ.items() if not name.startswith("ETABLI_")}
        environ |= {"PYTHONPATH": str(ROOT), "LANG": "fr_FR.UTF-8", **environment}
        # Without its cache of bytecode Python compiles three seconds worth of libraries at each start.
        for name in ("LC_ALL", "LC_MESSAGES", "PYTHONDONTWRITEBYTECODE"):
            environ.pop(name, None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "etabli", *map(str, arguments)],
            cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, start_new_session=True,
        )  # fmt: skip
        self.said = ""

    def line_with(self, words, within):
        """The first line of its output that holds these words."""
        deadline = time.monotonic() + within
        while (left := deadline - time.monotonic()) > 0:
            ready, _, _ = select.select([self.process.stdout], [], [], left)
            line = self.process.stdout.readline() if ready else ""
            self.said += line
            if words in line:
                return line
            if not line and self.process.poll() is not None:
                break
        pytest.fail(f"no line with {words!r} within {within} s.\n{self.said}\n{self.end()[2]}")
        return ""

    def end(self, number=signal.SIGTERM):
        """Send a signal; (exit code, seconds until it was gone, its error output)."""
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            out, err = self.process.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
        self.said += out
        return self.process.returncode, time.monotonic() - began, err


@pytest.fixture
def start(tmp_path):
    """Start the command in the background; whatever still runs at the end is killed, by its own id."""
    started = []

    def start(*arguments, folder=tmp_path, **environment):
        started.append(Command(arguments, folder, **environment))
        return started[-1]

    yield start
    for command in started:
        if command.process.poll() is None:
            command.process.kill()
        command.process.communicate()


@pytest.fixture
def etabli(start):
    """Run the command to its end: (exit code, output, error output)."""

    def etabli(*arguments, within=30, **more):
        command = start(*arguments, **more)
        out, err = command.process.communicate(timeout=within)
        assert "Traceback" not in err, err
        return command.process.returncode, out, err

    return etabli


@pytest.fixture
def free_port():
    return ports.free_port


def get(url, token=None):
    """(status, body) of a page; cookies are kept through redirects, as a browser does."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    try:
        with opener.open(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def get_json(url, token=None):
    """The JSON of a page."""
    return json.loads(get(url, token)[1])


def children_of(pid):
    """The ids of a process's children."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def alive(pid):
    """Whether a process runs."""
    return Path(f"/proc/{pid}").exists()
