"""The PN532 badge reader over a serial line (HSU, 115200 8N1): its frames, and the little talk that makes it read.

Host frame: ``00 00 FF LEN LCS D4 code data.. DCS 00``; replies carry D5 and code + 1. See NXP UM0701-02 chapter 6.
"""

from dataclasses import dataclass
from enum import StrEnum

from devices.badge_reader import Nonsense, ReaderEvent, uid_number

START = b"\x00\x00\xff"
ACK = bytes.fromhex("0000FF00FF00")
NACK = bytes.fromhex("0000FFFF0000")
WAKE = b"\x55\x55" + bytes(14)
"""Wakes the chip's UART; the zeros are the time that it needs for that."""


def command(code: int, *data: int) -> bytes:
    """The frame that orders ``code``."""
    return frame(bytes((0xD4, code, *data)))


def frame(body: bytes) -> bytes:
    """The frame around a body of at most 254 bytes."""
    return START + bytes((len(body), -len(body) & 0xFF)) + body + bytes((-sum(body) & 0xFF, 0x00))


SAM_CONFIGURATION = command(0x14, 0x01, 0x17, 0x00)
IN_LIST_PASSIVE_TARGET = command(0x4A, 0x01, 0x00)
"""Wait for one ISO 14443 type A badge: the reply comes when there is one, however long that takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The chip's answer to the command ``code``; on the chip's side of the line, that command."""

    code: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """The chip has taken the last command (or, if not ``taken``, wants to hear it again)."""

    taken: bool


Frame = Reply | Acknowledged | Nonsense


class Frames:
    """PN532 frames out of any bytes in any chunks, as the host reads them or, with ``host=False``, the chip."""

    def __init__(self, *, host: bool = True) -> None:
        self._buffer = bytearray()
        self._sender, self._step = (0xD5, 1) if host else (0xD4, 0)

    def feed(self, data: bytes) -> tuple[Frame, ...]:
        """The frames that these further bytes complete."""
        found: list[Frame] = []
        self._buffer += data
        while (start := self._buffer.find(START)) >= 0:
            del self._buffer[:start]
            length, frame = self._frame()
            if not length:
                break
            if frame is not None:
                found.append(frame)
            del self._buffer[:length]
        else:
            del self._buffer[:-2]  # the last two bytes may be the beginning of a start
        return tuple(found)

    def _frame(self) -> tuple[int, Frame | None]:
        """The frame at the front and its length; length 0 while more bytes are needed."""
        if len(self._buffer) < 5:
            return 0, None
        size, check = self._buffer[3:5]
        if (size, check) in ((0x00, 0xFF), (0xFF, 0x00)):
            return 5, Acknowledged(taken=size == 0)
        if (size + check) & 0xFF:
            return 3, Nonsense(what="length checksum", example=bytes(self._buffer[:5]).hex(" ").encode())
        if len(self._buffer) < 5 + size + 1:
            return 0, None
        body = bytes(self._buffer[5 : 5 + size])
        if (sum(body) + self._buffer[5 + size]) & 0xFF:
            return 3, Nonsense(what="checksum", example=b"%d bytes" % size)
        if size < 2 or body[0] != self._sender:
            return 5 + size + 1, Nonsense(what="unexpected frame", example=b"%d bytes" % size)
        return 5 + size + 1, Reply(code=body[1] - self._step & 0xFF, data=body[2:])


def read_targets(data: bytes) -> tuple[ReaderEvent, ...]:
    """The badges in a reply to InListPassiveTarget: ``NbTg, (Tg, SENS_RES 2, SEL_RES, length, UID, [ATS])..``."""
    if not data or data[0] == 0:
        return ()
    if len(data) < 6 or len(data) < 6 + data[5]:
        return (Nonsense(what="short target", example=b"%d bytes" % len(data)),)
    return (uid_number(data[6 : 6 + data[5]]),)  # one target at most is asked for


class Stage(StrEnum):
    """How far the talk with the chip has come."""

    ASLEEP = "asleep"
    WAKING = "waking"
    READY = "ready"
    LISTENING = "listening"


class Pn532:
    """The host's side of the talk: :meth:`send` gives what to write now, :meth:`feed` takes what was read."""

    PACE_S = 0.1
    """Between two looks at a badge that stays: well under the silence that means *taken away*."""
    PATIENCE_S = 1.0
    """A chip that does not answer a command within this time has lost power or is asleep: it is woken again."""
    REFRESH_S = 10.0
    """While no badge comes the chip says nothing: asking anew shows that it is still there."""

    def __init__(self) -> None:
        self.stage = Stage.ASLEEP
        self.unanswered = 0
        """How many commands in a row the chip did not answer."""
        self._frames = Frames()
        self._asked_at = float("-inf")
        self._acknowledged = False

    def feed(self, data: bytes) -> tuple[ReaderEvent, ...]:
        """The badges and the nonsense in these further bytes."""
        events: list[ReaderEvent] = []
        for frame in self._frames.feed(data):
            if isinstance(frame, Nonsense):
                events.append(frame)
            elif isinstance(frame, Acknowledged):
                self._acknowledged = frame.taken
                self.unanswered = 0
            elif frame.code == 0x14 and self.stage is Stage.WAKING:
                self.stage = Stage.READY
            elif frame.code == 0x4A:
                self.stage = Stage.READY
                events += read_targets(frame.data)
        return tuple(events)

    def send(self, *, at: float) -> bytes:
        """The bytes to write now, often none."""
        waited = at - self._asked_at
        if waited < self._due_after():
            return b""
        if self.stage is Stage.READY or (self.stage is Stage.LISTENING and self._acknowledged):
            self.stage = Stage.LISTENING
            return self._ask(IN_LIST_PASSIVE_TARGET, at)
        self.unanswered += self.stage is not Stage.ASLEEP
        self.stage = Stage.WAKING
        return self._ask(WAKE + SAM_CONFIGURATION, at)

    def _due_after(self) -> float:
        """How long after the last command the next one is due."""
        if self.stage is Stage.READY:
            return self.PACE_S
        return self.REFRESH_S if self.stage is Stage.LISTENING and self._acknowledged else self.PATIENCE_S

    def _ask(self, data: bytes, at: float) -> bytes:
        self._asked_at = at
        self._acknowledged = False
        return data
