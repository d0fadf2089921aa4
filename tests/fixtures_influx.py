"""Genuine time-series servers for tests and figures: InfluxDB 2 and VictoriaMetrics, each in a folder of its own."""

import json
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.ports import free_port

ORG, TOKEN = "etabli", "a-token-for-tests"


class Server:
    """A child process on one port and one folder, which can be killed and started again."""

    program = ""
    ready_path = "/health"

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def arguments(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> None:
        assert self._process is None
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([self.program, *self.arguments()], stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"{self.program} did not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.02)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + self.ready_path, timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False

    def kill(self) -> None:
        """As a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(timeout=20)


class Influx(Server):
    """InfluxDB 2 with an organisation and a token of all rights."""

    program = "influxd"

    def arguments(self) -> list[str]:
        return [
            "run", "--http-bind-address", f"127.0.0.1:{self.port}", "--bolt-path", f"{self.folder}/bolt",
            "--engine-path", f"{self.folder}/engine", "--sqlite-path", f"{self.folder}/sqlite",
            "--reporting-disabled", "--log-level", "error",
        ]  # fmt: skip

    def set_up(self, bucket: str = "first") -> None:
        self.call(
            "POST", "/api/v2/setup",
            {
                "username": "etabli", "password": "only-for-tests", "org": ORG, "bucket": bucket, "token": TOKEN,
                "retentionPeriodSeconds": 0,
            },
        )  # fmt: skip

    def call(self, method: str, path: str, body: dict | None = None) -> dict:
        request = urllib.request.Request(
            self.url + path, method=method, headers={"Authorization": f"Token {TOKEN}"},
            data=json.dumps(body).encode() if body is not None else None,
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"{}")

    def add_bucket(self, name: str, keep_s: int = 0) -> str:
        org = self.call("GET", "/api/v2/orgs?org=" + ORG)["orgs"][0]["id"]
        rules = [{"type": "expire", "everySeconds": keep_s}] if keep_s else []
        self.call("POST", "/api/v2/buckets", {"orgID": org, "name": name, "retentionRules": rules})
        return name


class Victoria(Server):
    """VictoriaMetrics, written to as if it were InfluxDB."""

    program = "victoria-metrics"

    def arguments(self) -> list[str]:
        return [
            f"-storageDataPath={self.folder}/data", f"-httpListenAddr=127.0.0.1:{self.port}", "-retentionPeriod=100y",
            "-loggerLevel=ERROR",
        ]  # fmt: skip

    def export(self, metric: str) -> list[dict]:
        """Every series of a metric; what was just written shows once it is flushed."""
        urllib.request.urlopen(self.url + "/internal/force_flush", timeout=5).close()
        with urllib.request.urlopen(f"{self.url}/api/v1/export?match[]={metric}", timeout=5) as answer:
            return [json.loads(line) for line in answer.read().splitlines()]


def needs(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not on the PATH")


def _running(server: Server):
    try:
        server.start()
        if isinstance(server, Influx):
            server.set_up()
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def influx(tmp_path_factory: pytest.TempPathFactory):
    """One InfluxDB for all tests that leave it running; each takes a bucket of its own."""
    needs("influxd")
    yield from _running(Influx(tmp_path_factory.mktemp("influx")))


@pytest.fixture
def own_influx(tmp_path: Path):
    """An InfluxDB that the test may kill."""
    needs("influxd")
    folder = tmp_path / "influx"
    folder.mkdir()
    yield from _running(Influx(folder))


@pytest.fixture(scope="session")
def victoria(tmp_path_factory: pytest.TempPathFactory):
    needs("victoria-metrics")
    yield from _running(Victoria(tmp_path_factory.mktemp("victoria")))


_buckets = iter(range(1_000_000))


@pytest.fixture
def bucket(influx: Influx) -> str:
    return influx.add_bucket(f"bucket{next(_buckets)}")
