"""What OctoPrint says: its REST answers, each read into one plain record.

Any JSON whatever becomes a record or BadMessage. Sources: OctoPrint's API reference, and 1.11.8 watched at work.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from devices.codec import BadMessage
from devices.foreign_json import mapping, number, text


class Phase(StrEnum):
    """What the printer is about, whatever the words for it."""

    OFFLINE = "offline"
    CONNECTING = "connecting"
    READY = "ready"
    PRINTING = "printing"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    ERROR = "error"


BUSY = frozenset({Phase.PRINTING, Phase.PAUSED, Phase.CANCELLING})

PHASES: MappingProxyType[str, Phase] = MappingProxyType(
    {
        "Offline after error": Phase.ERROR,
        "Offline (Error": Phase.ERROR,
        "Offline": Phase.OFFLINE,
        "Closed": Phase.OFFLINE,
        "Error": Phase.ERROR,
        "Opening serial": Phase.CONNECTING,
        "Detecting": Phase.CONNECTING,
        "Connecting": Phase.CONNECTING,
        "Operational": Phase.READY,
        "Starting to send file to SD": Phase.READY,
        "Sending file to SD": Phase.READY,
        "Transferring file": Phase.READY,
        "Starting": Phase.PRINTING,
        "Printing": Phase.PRINTING,
        "Pausing": Phase.PRINTING,
        "Finishing": Phase.PRINTING,
        "Paused": Phase.PAUSED,
        "Resuming": Phase.PAUSED,
        "Cancelling": Phase.CANCELLING,
    }
)
"""How a state's text begins; the longest that fits counts, as versions add to the end ("Printing from SD")."""
_LONGEST_FIRST = sorted(PHASES, key=len, reverse=True)

FLAG_PHASES: tuple[tuple[str, Phase], ...] = (
    ("cancelling", Phase.CANCELLING),
    ("error", Phase.ERROR),
    ("closedOrError", Phase.OFFLINE),
    ("paused", Phase.PAUSED),
    ("resuming", Phase.PAUSED),
    ("pausing", Phase.PRINTING),
    ("finishing", Phase.PRINTING),
    ("printing", Phase.PRINTING),
    ("operational", Phase.READY),
)
"""The first flag that is set counts: ``operational`` is set together with most others."""

Identity = tuple[str, str, float | None, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReading:
    """``/api/job`` at one moment. ``last_print_time`` is exact to the microsecond, so each finished print changes it."""

    phase: Phase
    origin: str = "local"
    path: str | None = None
    name: str | None = None
    date: float | None = None
    size: float | None = None
    user: str | None = None
    completion: float | None = None
    filepos: float | None = None
    print_time: float | None = None
    last_print_time: float | None = None
    filament_mm: float | None = None
    error: str | None = None

    @property
    def identity(self) -> Identity | None:
        """What tells one file from another; None when no file is selected, as after every error."""
        return None if self.path is None else (self.origin, self.path, self.date, self.size)

    @property
    def done(self) -> bool:
        """The progress stands at the end. OctoPrint leaves it there until the next job: no signal by itself."""
        return self.completion is not None and self.completion >= 99.99


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterReading:
    """``/api/printer`` at one moment: the flags that are set, and readings in °C."""

    flags: frozenset[str]
    values: dict[str, float] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionReading:
    """``/api/connection``: whether OctoPrint holds the printer's serial line."""

    phase: Phase
    port: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReading:
    """A file's record: ``analysed`` once its filament is known (or known to be none)."""

    analysed: bool
    filament_mm: float | None = None


def phase_of(state: str | None, flags: frozenset[str] = frozenset()) -> Phase:
    """The phase a state's text names; the flags decide where a newer version finds new words.

    The text comes first because it is in the same answer as the progress: flags are asked apart, a moment later, and
    an end seen with the progress of a moment before looks like a cancelled job.
    """
    for start in _LONGEST_FIRST:
        if state is not None and state.startswith(start):
            return PHASES[start]
    for flag, phase in FLAG_PHASES:
        if flag in flags:
            return phase
    raise BadMessage(f"the state {state!r:.60} is not known")


def read_job(value: Any, flags: frozenset[str] = frozenset()) -> JobReading:
    """``GET /api/job``, with the flags of the last ``/api/printer``."""
    whole = mapping(value, "answer")
    job = mapping(whole.get("job"), "job")
    progress = mapping(whole.get("progress"), "progress")
    file = mapping(job.get("file"), "job.file")
    name, path = text(file.get("name"), "file.name"), text(file.get("path"), "file.path")
    return JobReading(
        phase=phase_of(text(whole.get("state"), "state"), flags),
        origin=text(file.get("origin"), "file.origin") or "local",
        path=path or name,
        name=text(file.get("display"), "file.display") or name or path,
        date=number(file.get("date"), "file.date"),
        size=number(file.get("size"), "file.size"),
        user=text(job.get("user"), "job.user"),
        completion=number(progress.get("completion"), "progress.completion"),
        filepos=number(progress.get("filepos"), "progress.filepos"),
        print_time=number(progress.get("printTime"), "progress.printTime"),
        last_print_time=number(job.get("lastPrintTime"), "job.lastPrintTime"),
        filament_mm=_filament(job.get("filament")),
        error=text(whole.get("error"), "error"),
    )


def _filament(value: Any) -> float | None:
    """Millimetres over all tools, from ``{"tool0": {"length": …}}``; null and ``{"length": null}`` are both seen."""
    lengths = [
        number(mapping(tool, f"filament.{key}").get("length"), f"filament.{key}.length")
        for key, tool in mapping(value, "filament").items()
        if key.startswith("tool")
    ]
    known = [length for length in lengths if length is not None]
    return sum(known) if known else None


_HEATER = re.compile(r"(tool[0-9]{1,2}|bed|chamber)")


def read_heater(key: str, value: Any) -> dict[str, float]:
    """One tool's, bed's or chamber's readings in °C, by the names that samples use."""
    if not _HEATER.fullmatch(key):
        return {}
    heater = mapping(value, key)
    told = {f"{key}_c": number(heater.get("actual"), key), f"{key}_target_c": number(heater.get("target"), key)}
    return {name: reading for name, reading in told.items() if reading is not None}


def read_printer(value: Any) -> PrinterReading:
    """``GET /api/printer``; None stands for its 409, which it answers while the printer is not connected."""
    if value is None:
        return PrinterReading(flags=frozenset({"closedOrError"}))
    whole = mapping(value, "answer")
    flags = mapping(mapping(whole.get("state"), "state").get("flags"), "state.flags")
    values: dict[str, float] = {}
    for key, heater in mapping(whole.get("temperature"), "temperature").items():
        values |= read_heater(key, heater)
    return PrinterReading(flags=frozenset(key for key, is_set in flags.items() if is_set is True), values=values)


def read_connection(value: Any) -> ConnectionReading:
    """``GET /api/connection``."""
    current = mapping(mapping(value, "answer").get("current"), "current")
    phase = phase_of(text(current.get("state"), "current.state"))
    return ConnectionReading(phase=phase, port=text(current.get("port"), "current.port"))


def read_file(value: Any) -> FileReading:
    """``GET /api/files/<origin>/<path>``: the analysis is missing until OctoPrint had time for it."""
    analysis = mapping(mapping(value, "answer").get("gcodeAnalysis"), "gcodeAnalysis")
    return FileReading(analysed=bool(analysis), filament_mm=_filament(analysis.get("filament")))


def read_version(value: Any) -> str:
    """The server's version from ``GET /api/version``; BadMessage when that is not OctoPrint's answer."""
    version = text(mapping(value, "answer").get("server"), "server")
    if version is None:
        raise BadMessage("that is not how OctoPrint answers")
    return version


def values_of(job: JobReading, printer: PrinterReading) -> dict[str, float]:
    """The readings worth a sample: progress while a job is under way, and temperatures."""
    progress = {"progress_percent": job.completion} if job.phase in BUSY and job.completion is not None else {}
    return {**printer.values, **progress}
