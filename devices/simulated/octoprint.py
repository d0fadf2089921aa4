"""An OctoPrint with a printer behind it, as its REST API shows them. Time is a parameter, in seconds."""

import math
import re
from dataclasses import dataclass
from typing import Any

AMBIENT_C = 21.3
TARGETS_C = {"tool0": 210.0, "bed": 60.0}
WARM_UP_S = 30.0
PAUSING_S, FINISHING_S, CANCELLING_S = 0.9, 0.3, 0.2
NO_ANSWER = 0
"""The status of a server that accepts the connection and then says nothing."""
FIRST_DATE = 1_795_000_000
DWELL = re.compile(r"^G4 (?:S(?P<s>[0-9.]{1,9})|P(?P<ms>[0-9.]{1,9}))", re.MULTILINE)

_BUSY = ("Starting", "Printing", "Pausing", "Paused", "Resuming", "Finishing", "Cancelling")
_FLAGS = {
    "Operational": ("operational", "ready"),
    "Starting": ("operational", "printing"),
    "Printing": ("operational", "printing"),
    "Pausing": ("operational", "pausing", "printing"),
    "Paused": ("operational", "paused"),
    "Finishing": ("operational", "finishing", "printing"),
    "Cancelling": ("operational", "cancelling"),
}
_ALL_FLAGS = ("cancelling", "closedOrError", "error", "finishing", "operational", "paused", "pausing", "printing",
              "ready", "resuming", "sdReady")  # fmt: skip


@dataclass(slots=True, kw_only=True)
class _File:
    name: str
    size: int
    seconds: float
    date: int
    filament_mm: float | None
    last_print_time: float | None = None
    success: int = 0
    failure: int = 0


class SimulatedOctoPrint:
    """The twin: ``handle`` answers as the real server does; the other methods are what people and mishaps do.

    Faults, each a switch: ``silent`` (the server answers nothing any more), ``stuck`` (the printer stops answering,
    OctoPrint goes on saying *Printing*).
    """

    def __init__(self, *, key: str = "simulated", now: float = 0.0) -> None:
        self.key = key
        self.silent = False
        self.stuck = False
        self.state = "Operational"
        self._files: dict[str, _File] = {}
        self._selected: _File | None = None
        self._owner: str | None = None
        self._active: float | None = None
        self._error: str | None = None
        self._next: tuple[float, str] | None = None
        self._last = now
        self._prints = 0
        self._heat = dict.fromkeys(TARGETS_C, AMBIENT_C)

    # --- what people do -----------------------------------------------------------------------------------------------

    @property
    def done(self) -> float:
        """How much of the selected file is printed, from 0 to 1."""
        file, active = self._selected, self._active
        return min(1.0, active / file.seconds) if file is not None and active is not None and file.seconds else 0.0

    def add_file(
        self, name: str, seconds: float, *, now: float, size: int = 1000, filament_mm: float | None = None
    ) -> None:
        """Upload a file that takes so long to print."""
        date = FIRST_DATE + int(now)
        self._files[name] = _File(name=name, size=size, seconds=seconds, date=date, filament_mm=filament_mm)

    def start(self, name: str, *, now: float, owner: str | None = None) -> bool:
        """Print a file; False when the printer is not free."""
        self._advance(now)
        file = self._files.get(name)
        if file is None or self.state != "Operational":
            return False
        self._selected, self._owner, self._active, self.stuck = file, owner, 0.0, False
        self.state = "Printing"
        return True

    def print_file(
        self, name: str, seconds: float, *, now: float, owner: str | None = None, filament_mm: float | None = None
    ) -> bool:
        """Upload a file and print it at once."""
        if self.state != "Operational":
            return False
        self.add_file(name, seconds, now=now, filament_mm=filament_mm)
        return self.start(name, now=now, owner=owner)

    def pause(self, now: float) -> bool:
        """Pause; False when nothing is printing."""
        return self._leave("Printing", "Pausing", PAUSING_S, "Paused", now)

    def resume(self, now: float) -> bool:
        """Go on; False when nothing is paused."""
        return self._leave("Paused", "Resuming", 0.1, "Printing", now)

    def cancel(self, now: float) -> bool:
        """Cancel; False when there is nothing to cancel. The progress is forgotten, the file stays selected."""
        self._advance(now)
        if self.state not in ("Printing", "Pausing", "Paused", "Resuming") or self._selected is None:
            return False
        self._selected.failure += 1
        self.state, self._active, self._next = "Cancelling", None, (now + CANCELLING_S, "Operational")
        return True

    # --- what goes wrong ----------------------------------------------------------------------------------------------

    def fail(self, now: float, error: str = "Thermal Runaway, system stopped! Heater_ID: bed") -> None:
        """The printer stops with an error: OctoPrint lets go of the line and forgets the file."""
        self._advance(now)
        if self._selected is not None and self.state in _BUSY:
            self._selected.failure += 1
        self._forget("Offline after error")
        self._error = error

    def drop(self, now: float) -> None:
        """The cable falls out."""
        self.fail(now, "SerialTimeoutException: ")

    def disconnect(self, now: float) -> None:
        """Someone presses *Disconnect*."""
        self._advance(now)
        self._forget("Offline")

    def connect(self, now: float) -> None:
        """Someone presses *Connect*."""
        self._advance(now)
        if self.state.startswith("Offline"):
            self._forget("Opening serial connection")
            self._next = (now + 0.2, "Operational")

    def restart(self, now: float) -> None:
        """OctoPrint is killed and started again: no file is selected, nothing is said of the print."""
        self._advance(now)
        self.silent = self.stuck = False
        self._forget("Operational")

    # --- what the server answers --------------------------------------------------------------------------------------

    def handle(self, method: str, path: str, body: Any, key: str | None, now: float) -> tuple[int, Any]:
        """The status and JSON (None for no content) of one request; ``body`` is its parsed JSON or form."""
        if self.silent:
            return NO_ANSWER, None
        self._advance(now)
        if key != self.key:
            return 403, {"error": "You don't have the permission to access the requested resource."}
        if method == "GET":
            return self._get(path)
        return self._post(path, body if isinstance(body, dict) else {}, now) if method == "POST" else (405, None)

    def _get(self, path: str) -> tuple[int, Any]:
        if path == "/api/version":
            return 200, {"api": "0.1", "server": "1.11.8", "text": "OctoPrint 1.11.8"}
        if path == "/api/job":
            return 200, self._job()
        if path == "/api/printer":
            return (200, self._printer()) if self.state in _FLAGS or self.state == "Resuming" else (
                409, {"error": "Printer is not operational"})  # fmt: skip
        if path == "/api/connection":
            state = "Closed" if self.state.startswith("Offline") else self.state
            return 200, {"current": {"state": state, "port": "VIRTUAL", "baudrate": 115200}, "options": {}}
        file = self._files.get(path.removeprefix("/api/files/local/"))
        return (404, {"error": "not found"}) if file is None else (200, self._record(file))

    def _post(self, path: str, body: dict[str, Any], now: float) -> tuple[int, Any]:
        command = body.get("command")
        if path == "/api/job":
            return self._job_command(str(command), str(body.get("action", "toggle")), now)
        if path == "/api/connection" and command in ("connect", "disconnect"):
            self.connect(now) if command == "connect" else self.disconnect(now)
            return 204, None
        if path == "/api/files/local" and isinstance(body.get("file"), str):
            content = body.get("content", b"")
            text = content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
            self.add_file(body["file"], dwell_seconds(text), now=now, size=len(text))
            if body.get("print") == "true":
                self.start(body["file"], now=now, owner="gw")
            return 201, {"done": True, "files": {"local": {"name": body["file"], "path": body["file"]}}}
        name = path.removeprefix("/api/files/local/")
        if name in self._files and command == "select":
            if body.get("print") is True:
                return (204, None) if self.start(name, now=now, owner="gw") else (409, {"error": "Printer is busy"})
            self._selected, self._active = self._files[name], None
            return 204, None
        return 404, {"error": "not found"}

    def _job_command(self, command: str, action: str, now: float) -> tuple[int, Any]:
        if command == "pause" and action == "toggle":
            action = "resume" if self.state == "Paused" else "pause"
        if command == "pause":
            done = self.resume(now) if action == "resume" else self.pause(now)
        elif command == "start":
            done = self._selected is not None and self.start(self._selected.name, now=now, owner="gw")
        else:
            done = command == "cancel" and self.cancel(now)
        if done:
            return 204, None
        return 409, {"error": f"Printer is neither printing nor paused, '{command}' command cannot be performed"}

    def _job(self) -> dict[str, Any]:
        file, active = self._selected, self._active
        done = min(1.0, active / file.seconds) if file is not None and active is not None and file.seconds > 0 else None
        shown = {"date": file.date, "display": file.name, "name": file.name, "origin": "local", "path": file.name,
                 "size": file.size} if file is not None else dict.fromkeys(("date", "name", "origin", "path", "size"))  # fmt: skip
        filament = {"tool0": {"length": file.filament_mm, "volume": 0.0}} if file and file.filament_mm else None
        answer: dict[str, Any] = {
            "job": {"file": shown, "filament": filament, "lastPrintTime": file.last_print_time if file else None,
                    "user": self._owner, "averagePrintTime": None, "estimatedPrintTime": None},
            "progress": {
                "completion": None if done is None else done * 100.0,
                "filepos": None if done is None or file is None else round(done * file.size),
                "printTime": None if active is None else int(active),
                "printTimeLeft": None if done is None or file is None else int(file.seconds * (1 - done)),
                "printTimeLeftOrigin": "linear",
            },
            "state": self.state,
        }  # fmt: skip
        if self._error is not None:
            answer["error"] = self._error
        return answer

    def _printer(self) -> dict[str, Any]:
        flags = _FLAGS.get(self.state, ("operational", "resuming", "printing"))
        heaters = {
            name: {"actual": round(actual, 1), "target": self._target(name), "offset": 0}
            for name, actual in self._heat.items()
        }
        return {"state": {"text": self.state, "flags": {flag: flag in flags for flag in _ALL_FLAGS}, "error": ""},
                "temperature": heaters}  # fmt: skip

    def _record(self, file: _File) -> dict[str, Any]:
        filament = {"tool0": {"length": file.filament_mm, "volume": 0.0}} if file.filament_mm else {}
        return {"name": file.name, "path": file.name, "origin": "local", "size": file.size, "date": file.date,
                "gcodeAnalysis": {"filament": filament, "_empty": not filament},
                "prints": {"success": file.success, "failure": file.failure}}  # fmt: skip

    # --- time ---------------------------------------------------------------------------------------------------------

    def _advance(self, now: float) -> None:
        """Let time pass, through as many changes of state as it brings."""
        while self._last < now:
            until = now
            if self._next is not None:
                until = min(until, self._next[0])
            file = self._selected
            if self.state == "Printing" and not self.stuck and file is not None and self._active is not None:
                until = min(until, self._last + max(0.0, file.seconds - self._active))
                self._active += until - self._last
                if file.seconds - self._active <= 1e-9:
                    self._finish(file, until)
            self._warm(until - self._last)
            self._last = until
            if self._next is not None and until >= self._next[0]:
                self.state, self._next = self._next[1], None

    def _finish(self, file: _File, now: float) -> None:
        self._prints += 1
        # Never twice the same, as on a real printer.
        file.last_print_time, file.success = file.seconds + self._prints * 1e-6, file.success + 1
        self._active, self.state, self._next = file.seconds, "Finishing", (now + FINISHING_S, "Operational")

    def _leave(self, state: str, through: str, seconds: float, to: str, now: float) -> bool:
        self._advance(now)
        if self.state != state:
            return False
        self.state, self._next = through, (now + seconds, to)
        return True

    def _forget(self, state: str) -> None:
        self.state, self._next, self._error = state, None, None
        self._selected = self._owner = self._active = None

    def _target(self, heater: str) -> float:
        return TARGETS_C[heater] if self.state in _BUSY else 0.0

    def _warm(self, seconds: float) -> None:
        for heater, actual in self._heat.items():
            goal = max(AMBIENT_C, self._target(heater))
            self._heat[heater] = goal + (actual - goal) * math.exp(-seconds / WARM_UP_S)


def dwell_seconds(gcode: str) -> float:
    """How long a program takes: its dwells, and a moment for everything else."""
    total = 0.01
    for found in DWELL.finditer(gcode):
        try:
            total += float(found["s"]) if found["s"] else float(found["ms"]) / 1000.0
        except ValueError:
            continue
    return total
