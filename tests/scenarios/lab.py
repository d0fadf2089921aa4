"""A real lab for the scenarios: `etabli run` as its own process, a real broker, plugs, readers and lasers around it.

The machines around the program belong to the test, so they live on when the program is killed, as real ones do.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from tests.ports import free_port
from tests.scenarios.program import ROOT, Program, eventually

SITE = "lab"


@dataclass(frozen=True, kw_only=True)
class Device:
    """One ``[[devices]]`` of the configuration."""

    slug: str
    role: str
    bridge: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Place:
    """One ``[[resources]]`` of the configuration with what stands around it."""

    slug: str
    kind: str = "other"
    trainings: tuple[str, ...] = ()
    ceiling_hours: float = 2
    forgotten_minutes: int = 60
    devices: tuple[Device, ...] = ()


@dataclass(frozen=True)
class Person:
    """A member, as the scenarios know her."""

    id: str
    first_name: str
    badge: bytes = field(repr=False)


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, Path):
        value = str(value)
    return json.dumps(value, ensure_ascii=False)


def _table(head: str, **values: Any) -> str:
    return "\n".join([head, *(f"{key} = {_toml(value)}" for key, value in values.items()), ""])


class RealLab:
    """The program and its API; `start` returns when it is ready."""

    running: "list[RealLab]" = []
    """Those whose logs tell why a scenario failed."""

    def __init__(
        self, folder: Path, *, broker_port: int, places: Sequence[Place], influx: Mapping[str, str] | None = None,
        store_url: str | None = None, split: bool = False,
    ) -> None:  # fmt: skip
        self.folder, self.places = folder, tuple(places)
        self.web_port = free_port()
        self.url = f"http://127.0.0.1:{self.web_port}"
        self.data = folder / "var"
        self.config = folder / "etabli.toml"
        self.token = ""
        self._health_port = free_port() if split else None
        self.config.write_text(self._configuration(broker_port, influx, store_url))
        self.programs = self._programs(split=split)
        self._http = httpx.Client(base_url=self.url, timeout=10.0)
        self._badges = iter(range(1, 1000))

    # --- what it is made of -------------------------------------------------------------------------------------------

    def _configuration(self, broker_port: int, influx: Mapping[str, str] | None, store_url: str | None) -> str:
        trainings = sorted({training for place in self.places for training in place.trainings})
        parts = [
            _table("[lab]", slug=SITE, name="Lab des scénarios", timezone="Europe/Paris", language="fr"),
            _table("[data]", directory=self.data),
            _table("[web]", host="127.0.0.1", port=self.web_port),
            _table("[broker]", mode="external", host="127.0.0.1", port=broker_port),
            *(_table("[store]", url=store_url) for _ in range(store_url is not None)),
            *(_table("[gateway]", health_port=self._health_port) for _ in range(self._health_port is not None)),
            *(_table("[series.influx]", **influx) for _ in range(influx is not None)),
            *(_table("[[trainings]]", slug=slug, names={"fr": slug.capitalize()}) for slug in trainings),
        ]
        for place in self.places:
            parts.append(
                _table(
                    "[[resources]]", slug=place.slug, names={"fr": f"La {place.slug}"}, kind=place.kind,
                    trainings=place.trainings, ceiling_hours=place.ceiling_hours,
                    forgotten_minutes=place.forgotten_minutes,
                )
            )  # fmt: skip
            parts += [
                _table(
                    "[[devices]]", slug=device.slug, role=device.role, resource=place.slug, bridge=device.bridge,
                    settings=device.settings,
                )
                for device in place.devices
            ]  # fmt: skip
        return "\n".join(parts)

    def _programs(self, *, split: bool) -> tuple[Program, ...]:
        if not split:
            return (self._program("run"),)
        bridges = [device.slug for place in self.places for device in place.devices]
        return (
            self._program("gateway"),
            self._program("dashboard"),
            *(self._program("bridge", slug) for slug in bridges),
        )

    def _program(self, *words: str) -> Program:
        return Program(" ".join(words), self._command(*words), log=self.folder / f"{'-'.join(words)}.log")

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "etabli", "-c", str(self.config), *words]

    # --- living and dying ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        for program in self.programs:
            program.start()
        self.ready()
        if not self.token:
            self.token = self.make_token("manager")

    def ready(self, within_s: float = 30.0) -> None:
        """Wait until the program says so itself."""
        urls = [f"{self.url}/health/ready"]
        if self._health_port:
            urls.append(f"http://127.0.0.1:{self._health_port}/health/ready")
        for url in urls:
            eventually(lambda url=url: self._is_ready(url), within_s=within_s, what=url, or_else=self.logs, every_s=0.1)

    def _is_ready(self, url: str) -> bool:
        for program in self.programs:
            if not program.running:
                raise RuntimeError(f"{program.name} ended by itself\n{self.logs()}")
        return self._http.get(url).status_code == 200

    def kill9(self) -> None:
        """Every process of it, as a power cut would."""
        for program in self.programs:
            program.kill9()

    def restart(self) -> None:
        """Start again after a kill or a stop, and wait until it is ready."""
        self.start()

    def stop(self) -> list[int | None]:
        """A clean end; the exit codes."""
        return [program.stop() for program in reversed(self.programs)]

    def close(self) -> None:
        self._http.close()
        for program in reversed(self.programs):
            with suppress(subprocess.TimeoutExpired):
                program.stop()

    def logs(self) -> str:
        return "\n".join(program.log() for program in self.programs)

    # --- asking -------------------------------------------------------------------------------------------------------

    def cli(self, *arguments: str) -> str:
        """What the `etabli` command answers."""
        done = subprocess.run(
            self._command(*arguments), capture_output=True, text=True, timeout=30, cwd=ROOT, check=False
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}\n{self.logs()}"
        return done.stdout

    def make_token(self, role: str, *more: str) -> str:
        told = json.loads(self.cli("token", "create", "--role", role, "--json", *more))
        return str(told["token"])

    def call(self, method: str, path: str, body: Any = None, *, token: bool = True) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if token else {}
        return self._http.request(method, f"/api/v1{path}", json=body, headers=headers)

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of a successful call."""
        answer = self.call(method, path, body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}\n{self.logs()}"
        return answer.json() if answer.content else None

    def rows(self, path: str, **asked: Any) -> list[dict[str, Any]]:
        """Every row of a list, over all its pages."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            query = {
                key: value for key, value in {**asked, "limit": 200, "cursor": cursor}.items() if value is not None
            }
            page = self.api("GET", f"{path}?{httpx.QueryParams(query)}")
            found += page["items"]
            cursor = page.get("next")
            if not cursor:
                return found

    def resource(self, slug: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api("GET", f"/resources/{slug}")
        return found

    def sessions(self, resource: str | None = None) -> list[dict[str, Any]]:
        """Newest first."""
        return self.rows("/sessions", resource=resource)

    def jobs(self, resource: str | None = None) -> list[dict[str, Any]]:
        return self.rows("/jobs", resource=resource)

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        """The log, newest first."""
        return self.rows("/events", kind=kinds or None)

    def device(self, slug: str) -> dict[str, Any]:
        return next(row for row in self.api("GET", "/devices")["items"] if row["slug"] == slug)

    def health(self) -> int:
        return self._http.get("/health/ready").status_code

    def kiosk(self, resource: str) -> str:
        """What the screen beside a machine shows."""
        key = self.make_token("kiosk", "--resource", resource)
        answer = self._http.get(f"/kiosk/{resource}", params={"key": key}, follow_redirects=True)
        assert answer.is_success, f"{answer.status_code} {answer.text[:500]}"
        return answer.text

    # --- people -------------------------------------------------------------------------------------------------------

    def member(self, first_name: str, *trainings: str, badge: bytes | None = None, enrol: bool = True) -> Person:
        """A member with a badge and the rights from these trainings."""
        made = self.api("POST", "/members", {"first_name": first_name, "last_name": "Exemple"})
        number = badge or b"\x0a\x00\xe9" + next(self._badges).to_bytes(2)
        person = Person(made["id"], first_name, number)
        if enrol:
            self.api("POST", f"/members/{person.id}/badges", {"number": number.hex().upper()})
        for training in trainings:
            self.api("POST", "/qualifications", {"member_id": person.id, "training": training})
        return person

    def reserve(self, resource: str, person: Person, *, starts: datetime, ends: datetime) -> dict[str, Any]:
        made: dict[str, Any] = self.api(
            "POST", "/reservations",
            {"resource": resource, "member_id": person.id, "starts": starts.isoformat(), "ends": ends.isoformat()},
        )  # fmt: skip
        return made

    # --- readings -----------------------------------------------------------------------------------------------------

    def points(self, measurement: str, field_: str, **tags: str) -> list[Any]:
        """The values of a field in the SQL series, in order of time."""
        from gateway.adapters.timeseries_sql import SqlTimeSeries

        series = SqlTimeSeries(str(self.data / "series.db"))
        now = datetime.now(UTC)
        try:
            found = series.query(
                measurement, field_, starts=now - timedelta(hours=1), ends=now + timedelta(minutes=1), tags=tags.items()
            )
        finally:
            series.close()
        return [value for _at, value in found]


@contextmanager
def started(lab: RealLab) -> Iterator[RealLab]:
    """The lab, ready, for the length of a block."""
    RealLab.running.append(lab)
    try:
        lab.start()
        yield lab
    finally:
        RealLab.running.remove(lab)
        lab.close()
