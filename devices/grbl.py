"""Grbl 1.1 and grblHAL on a serial line: bytes in, events out, and the count of lines that wait for their ``ok``.

What the events mean for jobs and alarms is in :mod:`devices.grbl_jobs`. Lines end with CR LF; status is read by key,
in any order, unknown keys ignored; unknown error and alarm codes pass (grblHAL has more than Grbl, and gets new ones).
"""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

POLL = b"?"
"""Asks for a status report: a real-time byte, taken out of the stream anywhere, without newline and without ``ok``."""
HOLD, RESUME, RESET, DOOR = b"!", b"~", b"\x18", b"\x84"
MAX_LINE = 512
RX_BYTES = 128
"""Grbl's receive buffer, until the controller tells its own in ``[OPT:]``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """The controller has just started or was reset: whatever it did before is over."""

    hal: bool
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One status report; None for what it does not tell.

    ``position`` is the machine's, ``work`` the same seen from the work origin, ``offset`` what lies between them.
    ``power`` is S: the beam's present power on Grbl, the programmed one on grblHAL. ``accessories`` is ``S`` (M3) or
    ``C`` (M4), ``F``, ``M``; empty when all are off, None when unchanged.
    """

    state: str
    substate: int | None = None
    position: tuple[float, ...] | None = None
    work: tuple[float, ...] | None = None
    offset: tuple[float, ...] | None = None
    feed: float | None = None
    power: float | None = None
    pins: str = ""
    buffer: tuple[int, int] | None = None
    accessories: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """The controller's answer to one line: ``ok`` or an error. ``line`` is None for an answer to nobody's line."""

    line: str | None
    error: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """The controller stopped itself and is locked; 0 for an alarm without a number."""

    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One ``$n=value``."""

    number: int
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """One ``[tag:text]``, such as MSG, VER, OPT, GC, PRB."""

    tag: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Nonsense:
    """A line that no firmware of this family says."""

    what: str
    example: bytes


GrblEvent = Banner | Status | Ack | Alarm | Setting | Feedback | Nonsense


class GrblLink:
    """One connection: make a new one after a lost cable, for half a line may be left in it."""

    def __init__(self) -> None:
        self.hal: bool | None = None
        """Whether this is grblHAL; None until it has said so."""
        self.machine: str | None = None
        """The name that the owner wrote into the controller, if any."""
        self.rx_bytes = RX_BYTES
        self.settings: dict[int, str] = {}
        self.waiting: deque[str] = deque()
        """Lines without an answer yet, oldest first."""
        self._buffer = bytearray()
        self._overflow = False
        self._offset: tuple[float, ...] | None = None

    def poll(self) -> bytes:
        """The byte that asks for a status report."""
        return POLL

    def line(self, text: str) -> bytes:
        """The bytes of one line to write, which then waits for its answer."""
        text = " ".join(text.split())
        self.waiting.append(text)
        return text.encode("ascii", "replace") + b"\n"

    @property
    def room(self) -> int:
        """Bytes that the controller's receive buffer still takes, by counting characters."""
        return self.rx_bytes - sum(len(text) + 1 for text in self.waiting)

    @property
    def laser_mode(self) -> bool | None:
        """``$32``: True for a laser, False for a spindle, None while unknown."""
        value = self.settings.get(32)
        return None if value is None else value.strip() != "0"

    def receive(self, data: bytes) -> tuple[GrblEvent, ...]:
        """What these further bytes make known: any bytes, in any chunks."""
        *lines, rest = data.split(b"\n")
        events: list[GrblEvent] = []
        for part in lines:
            self._append(part)
            line = bytes(self._buffer).strip(b"\r \0")
            overflow, self._overflow = self._overflow, False
            self._buffer.clear()
            if overflow:
                events.append(Nonsense(what="line too long", example=line[:40]))
            elif line:
                events.append(self._read(line))
        self._append(rest)
        return tuple(events)

    def _append(self, part: bytes) -> None:
        room = MAX_LINE - len(self._buffer)
        self._buffer += part[:room]
        self._overflow = self._overflow or len(part) > room

    def _read(self, line: bytes) -> GrblEvent:
        text = line.decode("latin-1")
        for pattern, reader in _LINES:
            match = pattern.fullmatch(text)
            if match:
                return self._learn(reader(match))
        return Nonsense(what="unknown line", example=line[:40])

    def _learn(self, event: GrblEvent) -> GrblEvent:
        """Keep what later events need, and complete this one with what earlier ones told."""
        match event:
            case Banner():
                self.hal = event.hal
                self.waiting.clear()
                self._offset = None
            case Ack():
                line = self.waiting.popleft() if self.waiting else None
                setting = re.fullmatch(r"\$(\d{1,4})=(.+)", line or "")
                if setting and event.error is None:
                    self.settings[int(setting[1])] = setting[2]
                return replace(event, line=line)
            case Status():
                self._offset = event.offset or self._offset  # Grbl tells it only now and then
                if event.position is None and event.work and self._offset:
                    return replace(event, position=_add(event.work, self._offset))
            case Setting():
                self.settings[event.number] = event.value
            case Feedback(tag="OPT"):
                sizes = event.text.split(",")
                if len(sizes) > 2 and sizes[2].isdecimal() and len(sizes[2]) < 6:
                    self.rx_bytes = int(sizes[2])
            case Feedback(tag="VER"):
                self.machine = event.text.partition(":")[2].strip() or None
            case Feedback(tag="FIRMWARE"):
                self.hal = "HAL" in event.text
        return event


# --- one reader per kind of line --------------------------------------------------------------------------------------

_NUMBER = re.compile(r"-?\d{1,9}(?:\.\d{0,9})?")


def _numbers(text: str | None) -> tuple[float, ...] | None:
    parts = text.split(",") if text else []
    return tuple(map(float, parts)) if parts and all(map(_NUMBER.fullmatch, parts)) else None


def _code(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0


def _add(one: tuple[float, ...], other: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=False))


def _read_status(match: re.Match[str]) -> Status:
    fields = {key: value for key, _, value in (part.partition(":") for part in (match["fields"] or "").split("|"))}
    feed, power = ((_numbers(fields.get("FS")) or ()) + (None, None))[:2]
    alone = (_numbers(fields.get("F")) or (None,))[0]
    buffer = _numbers(fields.get("Bf"))
    return Status(
        state=match["state"],
        substate=int(match["sub"]) if match["sub"] else None,
        position=_numbers(fields.get("MPos")),
        work=_numbers(fields.get("WPos")),
        offset=_numbers(fields.get("WCO")),
        feed=alone if feed is None else feed,
        power=power,
        pins=fields.get("Pn", ""),
        buffer=(int(buffer[0]), int(buffer[1])) if buffer and len(buffer) == 2 else None,
        # Grbl tells accessories only with overrides, and then leaves out what is off; grblHAL tells each change, as an
        # empty field when all are off.
        accessories=fields.get("A", "" if "Ov" in fields else None),
    )


_LINES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], GrblEvent]], ...] = (
    (re.compile(r"<(?P<state>[A-Z][A-Za-z]{2,9})(?::(?P<sub>\d{1,3}))?(?:\|(?P<fields>.*))?>", re.ASCII), _read_status),
    (re.compile(r"ok"), lambda _: Ack(line=None)),
    (re.compile(r"error:\s*(.*)"), lambda match: Ack(line=None, error=_code(match[1]))),
    (re.compile(r"ALARM:\s*(.*)"), lambda match: Alarm(code=_code(match[1]))),
    (re.compile(r"[Gg]rbl(HAL)?\s+(\d+\.\d+\w?).*"), lambda match: Banner(hal=bool(match[1]), version=match[2])),
    (re.compile(r"\[([A-Za-z0-9.+ ]{1,20}):?(.*)\]"), lambda match: Feedback(tag=match[1], text=match[2])),
    (
        re.compile(r"\$(\d{1,4})=([^(]*)(?:\(.*\))?", re.ASCII),
        lambda match: Setting(number=int(match[1]), value=match[2].strip()),
    ),
    (re.compile(r">(.*):(?:ok|error:\d+)"), lambda match: Feedback(tag="startup", text=match[1])),
)
