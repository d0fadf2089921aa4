"""A printer behind OctoPrint, watched over its REST API: short looks, one after another, in the bridge's own thread."""

import json
import logging
from collections import deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from devices.codec import BadMessage
from devices.messages import CancelJob, Command, Fact, JobEnded, Outcome
from devices.octoprint import JobReading, PrinterReading, read_file, read_job, read_printer, read_version, values_of
from devices.octoprint_watch import STALLED_S, PrinterWatch
from firmware_bridges.bridge import BridgeContext, Reporter
from firmware_bridges.octoprint_client import OctoPrintClient, Refused
from gateway.ports.errors import BadConfiguration, BridgeLost, EtabliError

_T = TypeVar("_T")
log = logging.getLogger(__name__)

NONSENSE_LIMIT = 20
"""So many answers in a row that nobody understands, and the printer is as good as lost."""


class Settings(BaseModel):
    """One printer behind OctoPrint."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="OctoPrint's address, as in the browser; a path behind a reverse proxy is kept.")
    key: SecretStr | None = Field(default=None, description="Its key; better in a file of its own, see key_file.")
    key_file: Path | None = Field(default=None, description="A file (mode 0600) that holds the key, and nothing else.")
    snapshot: str | None = Field(
        default=None,
        description="Where its camera gives one picture, like http://octopi.local/webcam/?action=snapshot; the team sees it on the machine's page, and it is kept nowhere.",
    )
    ca_file: Path | None = Field(default=None, description="The CA of OctoPrint's certificate, for https in the lab.")
    idle_s: float = Field(default=1.0, ge=0.1, le=60, description="Time between looks while nothing prints.")
    busy_s: float = Field(default=0.5, ge=0.1, le=60, description="Time between looks during a print.")
    sample_s: float = Field(
        default=5.0, ge=0.5, le=600, description="Time between samples of temperature and progress."
    )
    stalled_s: float = Field(default=STALLED_S, ge=10, description="A print that stands still so long needs a person.")
    filament_s: float = Field(
        default=3.0, ge=0, le=30, description="How long the end of a print may wait for the filament used."
    )

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise PydanticCustomError("url_parsing", "expected an address like http://octopi.local")
        if parts.username is not None or parts.password is not None:
            raise PydanticCustomError("url_login", "expected an address without a user name or password")
        return value

    @field_validator("snapshot")
    @classmethod
    def _is_a_picture(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "http://none")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise PydanticCustomError("url_parsing", "expected an address like http://octopi.local")
        if parts.username is not None or parts.password is not None:
            raise PydanticCustomError("url_login", "expected an address without a user name or password")
        return value

    @model_validator(mode="after")
    def _has_one_key(self) -> "Settings":
        if (self.key is None) == (self.key_file is None):
            raise PydanticCustomError("one_key", "expected a key in key_file, or in key, but not both")
        return self

    def read_key(self) -> str:
        """The key itself; raises BadConfiguration when its file cannot be read or holds something else."""
        try:
            text = self.key.get_secret_value() if self.key else (self.key_file or Path()).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadConfiguration(f"key_file: {self.key_file} cannot be read: {error}") from error
        key = text.strip()
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            raise BadConfiguration(
                f"{'key' if self.key else f'key_file: {self.key_file}'}: expected one key on one line"
            )
        return key


def build(context: BridgeContext, settings: Settings) -> "OctoPrintBridge":
    """The bridge for one printer."""
    return OctoPrintBridge(context, settings)


class OctoPrintBridge:
    """One printer: looks at it, and says what happened. What it knows of the job outlives a lost connection."""

    def __init__(self, context: BridgeContext, settings: Settings) -> None:
        self._clock = context.clock
        self._settings = settings
        self._watch = PrinterWatch(context.ids.new, stalled_s=settings.stalled_s)
        self._printer = PrinterReading(flags=frozenset())
        self._sampled_at = float("-inf")
        self._unsaid: deque[Fact] = deque()
        """What happened and could not be said yet: it outlives a full disk and a lost connection."""
        self._held_since: float | None = None
        """Since when the last of these, the end of a job, has been waiting for its filament."""
        self._nonsense = 0
        self._to_cancel: CancelJob | None = None

    def obey(self, command: Command) -> None:
        """Cancel a print at the next look, in the bridge's own thread; a printer's power is its relay's affair."""
        if isinstance(command, CancelJob):
            self._to_cancel = command

    def run(self, report: Reporter, connected: Callable[[str | None], None], stop: Event) -> None:
        """As the protocol says; a job that is under way when OctoPrint is lost is looked for when it is back."""
        settings = self._settings
        self._watch.interrupted()
        try:
            with closing(OctoPrintClient(settings.url, settings.read_key(), ca_file=settings.ca_file)) as client:
                reached, version = False, self._version(client)
                while not stop.is_set():
                    self._look(client, report)
                    if not reached:
                        # After the first look: a job under way is told first, so that the gateway finds it again.
                        reached = True
                        connected(f"OctoPrint {version}")
                    waiting = self._watch.busy or self._held_since is not None
                    stop.wait(settings.busy_s if waiting else settings.idle_s)
        except BadConfiguration as error:
            raise BridgeLost(str(error)) from error
        finally:
            self._held_since = None
            self._say(report)

    def _version(self, client: OctoPrintClient) -> str:
        try:
            return read_version(client.version())
        except BadMessage as error:
            raise BadConfiguration(f"url: {client.shown} answers, but {error}") from error

    def _look(self, client: OctoPrintClient, report: Reporter) -> None:
        """One look: the job each time, temperatures and flags when a sample is due."""
        due = self._clock.monotonic() - self._sampled_at >= self._settings.sample_s
        if due:
            self._printer = self._read(report, "octoprint-printer", client.printer, read_printer) or self._printer
        job = self._read(report, "octoprint-job", client.job, lambda value: read_job(value, self._printer.flags))
        now = self._clock.monotonic()
        if due:
            self._sampled_at = now
        if job is None:
            self._count_nonsense()
            return
        self._nonsense = 0
        self._take(job, now)
        values = values_of(job, self._printer) if due else {}
        if values:
            report.sample(values)
        if self._held_since is not None:
            self._weigh(client, report, now - self._held_since)
        self._say(report)
        self._cancel(client)

    def _cancel(self, client: OctoPrintClient) -> None:
        """Only the print that was meant: the next one may have begun while somebody was deciding."""
        command, self._to_cancel = self._to_cancel, None
        if command is None or command.job != self._watch.job or command.expires_at <= self._clock.now():
            return
        try:
            client.cancel()
        except Refused as refusal:
            log.info("the print had ended by itself: %s", refusal)

    def _take(self, job: JobReading, now: float) -> None:
        facts = self._watch.look(job, at=now)
        self._unsaid.extend(facts)
        if facts:
            last = facts[-1]
            hold = isinstance(last, JobEnded) and last.filament_mm is None and last.outcome is not Outcome.UNKNOWN
            self._held_since = now if hold else None

    def _weigh(self, client: OctoPrintClient, report: Reporter, waited_s: float) -> None:
        """Look up the filament of the job that has just ended; OctoPrint may need a moment to work it out."""
        file, ended = self._watch.file, self._unsaid[-1]
        try:
            value = client.file(file[0], file[1]) if file is not None else None
        except EtabliError:
            value = None  # perhaps the key may not list files; if OctoPrint is lost, the next look says so
        record = self._read(report, "octoprint-file", lambda: value, read_file) if value is not None else None
        if record is not None and not record.analysed and waited_s < self._settings.filament_s:
            return
        self._held_since = None
        share, length = self._watch.share, record.filament_mm if record is not None else None
        if isinstance(ended, JobEnded) and share is not None and length is not None:
            self._unsaid[-1] = replace(ended, filament_mm=share * length)

    def _say(self, report: Reporter) -> None:
        """Say what is to be said, in order; an end that is held back waits until something follows it."""
        while len(self._unsaid) > (self._held_since is not None):
            report.fact(self._unsaid[0])
            self._unsaid.popleft()

    def _read(self, report: Reporter, what: str, ask: Callable[[], Any], read: Callable[[Any], _T]) -> _T | None:
        value = ask()
        try:
            return read(value)
        except BadMessage:
            report.nonsense(what, json.dumps(value, default=str).encode()[:1000])
            return None

    def _count_nonsense(self) -> None:
        self._nonsense += 1
        if self._nonsense >= NONSENSE_LIMIT:
            self._nonsense = 0
            raise BridgeLost(f"OctoPrint at {self._settings.url} talks nonsense about its job")
