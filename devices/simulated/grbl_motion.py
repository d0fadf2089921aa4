"""The simulated controller's G-code and motion: words to moves, moves to positions and speeds at a time."""

import re
from collections import deque
from dataclasses import dataclass, field
from math import dist, inf, sqrt

ACCELERATION = 10.0
"""mm/s² for each axis, as ``$120`` says on a controller fresh from the shop."""
RAPID = 500.0 / 60
"""mm/s for each axis, ``$110``."""

Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One straight move from standstill to standstill, or a dwell of ``dwell`` seconds."""

    start: Point
    target: Point
    rate: float = 0.0
    rapid: bool = False
    power: float = 0.0
    mode: str = ""
    dwell: float = 0.0

    @property
    def length(self) -> float:
        """In mm."""
        return dist(self.start, self.target)

    @property
    def slant(self) -> float:
        """How much faster than one axis the tool goes when several move together."""
        return self.length / max(abs(a - b) for a, b in zip(self.start, self.target, strict=True))

    @property
    def acceleration(self) -> float:
        """In mm/s²."""
        return ACCELERATION * self.slant

    @property
    def top_speed(self) -> float:
        """The rate, or what the axes and a short way leave of it, in mm/s."""
        return min(self.rate, RAPID * self.slant, sqrt(self.acceleration * self.length))

    @property
    def duration(self) -> float:
        """In seconds."""
        if not self.length:
            return self.dwell
        return self.length / self.top_speed + self.top_speed / self.acceleration

    def at(self, elapsed: float) -> tuple[Point, float]:
        """Where the tool is and how fast it moves, ``elapsed`` seconds into the move."""
        total = self.duration
        if elapsed >= total or not self.length:
            return self.target, 0.0
        top, pull = self.top_speed, self.acceleration
        ramp = top / pull
        if elapsed < ramp:
            gone, speed = pull * elapsed**2 / 2, pull * elapsed
        elif elapsed > total - ramp:
            left = total - elapsed
            gone, speed = self.length - pull * left**2 / 2, pull * left
        else:
            gone, speed = top * (elapsed - ramp / 2), top
        part = gone / self.length
        x, y, z = (a + (b - a) * part for a, b in zip(self.start, self.target, strict=True))
        return (x, y, z), speed


@dataclass(slots=True, kw_only=True)
class Modal:
    """What the words so far have set."""

    at: Point = (0.0, 0.0, 0.0)
    rapid: bool = True
    feed: float = 0.0
    power: float = 0.0
    mode: str = ""
    relative: bool = False
    unit: float = 1.0


_WORD = re.compile(r"([A-Z])(-?(?:\d+\.?\d*|\.\d+))")
_KNOWN = frozenset({"G0", "G1", "G2", "G3", "G4", "G17", "G20", "G21", "G54", "G80", "G90", "G91", "G94",
                    "M0", "M2", "M3", "M4", "M5", "M7", "M8", "M9", "M30"})  # fmt: skip
SPINDLE = {"M3": "S", "M4": "C", "M5": "", "M2": "", "M30": ""}


def words(line: str) -> dict[str, float] | int:
    """The words of a line by letter (G and M with their number), or the error code for what is none."""
    text = re.sub(r"\([^)]*\)|;.*|\s", "", line).upper()
    found: dict[str, float] = {}
    end = 0
    for match in _WORD.finditer(text):
        if match.start() != end:
            break
        end, letter, value = match.end(), match[1], float(match[2])
        found[f"{letter}{value:g}" if letter in "GM" else letter] = value
    if end == len(text):
        return found
    return 2 if text[end].isalpha() else 1


@dataclass(slots=True, kw_only=True)
class Planner:
    """The queue of moves and the tool that follows it."""

    size: int = 15
    strict: bool = True
    """Whether an unknown G word is an error (Grbl) or passes (grblHAL said ``ok`` to G99)."""
    modal: Modal = field(default_factory=Modal)
    moves: deque[Move] = field(default_factory=deque)
    elapsed: float = 0.0
    last: Move | None = None
    """The move that ended last: in M3 its power stays on."""

    def submit(self, line: str) -> int | None:
        """Take one line: 0 when done, an error code, or None while it must wait for the moves before it."""
        found = words(line)
        if isinstance(found, int):
            return found
        codes = {word for word in found if len(word) > 1}
        if self.strict and not codes <= _KNOWN:
            return 20
        if self.moves and (codes & SPINDLE.keys() or "G4" in codes):
            return None  # a change of the beam waits for standstill
        if len(self.moves) >= self.size:
            return None
        self._set(codes, found)
        return self._move(codes, found)

    def _set(self, codes: set[str], found: dict[str, float]) -> None:
        modal = self.modal
        modal.unit = 25.4 if "G20" in codes else 1.0 if "G21" in codes else modal.unit
        modal.relative = "G91" in codes or (modal.relative and "G90" not in codes)
        modal.rapid = "G0" in codes or (modal.rapid and not codes & {"G1", "G2", "G3"})
        modal.feed = found.get("F", modal.feed / modal.unit) * modal.unit
        modal.power = found.get("S", modal.power)
        for code in codes & SPINDLE.keys():
            modal.mode = SPINDLE[code]
            self.last = None

    def _move(self, codes: set[str], found: dict[str, float]) -> int:
        modal = self.modal
        if "G4" in codes:
            self.moves.append(Move(start=modal.at, target=modal.at, dwell=min(found.get("P", 0.0), 3600.0)))
        if "G4" in codes or not found.keys() & {"X", "Y", "Z"}:
            return 0
        if not modal.rapid and modal.feed <= 0:
            return 22
        x, y, z = (
            found[axis] * modal.unit + (now if modal.relative else 0) if axis in found else now
            for axis, now in zip("XYZ", modal.at, strict=True)
        )
        move = Move(
            start=modal.at,
            target=(x, y, z),
            rate=inf if modal.rapid else modal.feed / 60,
            rapid=modal.rapid,
            power=modal.power,
            mode=modal.mode,
        )
        modal.at = move.target
        if move.length:
            self.moves.append(move)
        return 0

    def advance(self, seconds: float) -> None:
        """Let the tool move on."""
        self.elapsed += seconds
        while self.moves and self.elapsed >= self.moves[0].duration:
            self.elapsed -= self.moves[0].duration
            self.last = self.moves.popleft()
        if not self.moves:
            self.elapsed = 0.0

    def clear(self) -> None:
        """Forget every move and stand where the tool is."""
        where, _ = self.now()
        self.moves.clear()
        self.elapsed, self.last = 0.0, None
        self.modal = Modal(at=where)

    def now(self) -> tuple[Point, float]:
        """Position (mm) and speed (mm/s)."""
        return self.moves[0].at(self.elapsed) if self.moves else (self.modal.at, 0.0)
