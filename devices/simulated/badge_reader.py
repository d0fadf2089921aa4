"""Badge readers that give real bytes for a badge as long as it is held to them."""

from functools import reduce
from operator import xor
from typing import Literal

from devices.pn532 import ACK, Frames, Reply, frame

Kind = Literal["rdm6300", "id12la", "keyboard-decimal", "keyboard-facility", "keyboard-hex", "keyboard-10-hex", "pn532"]

REPEAT_S = 0.05
"""While a tag stays, 125 kHz modules give its frame again and again."""


def reader_bytes(kind: Kind, number: bytes) -> bytes:
    """What a reader of that kind says for a badge: five bytes at 125 kHz, else a UID."""
    text = number.hex().upper()
    low = int.from_bytes(number[-4:])
    match kind:
        case "rdm6300":
            return b"\x02%s%02X\x03" % (text.encode(), reduce(xor, number))
        case "id12la":
            return b"\x02%s%02X\r\n\x03" % (text.encode(), reduce(xor, number))
        case "keyboard-decimal":
            return b"%010d\r\n" % low
        case "keyboard-facility":
            return b"%03d,%05d\r\n" % (low >> 16 & 0xFF, low & 0xFFFF)
        case "keyboard-hex":
            return b"%08X\r\n" % low
        case "keyboard-10-hex":
            return b"%s\r\n" % text.encode()
        case "pn532":
            sel = 0x08 if len(number) == 4 else 0x00
            return frame(bytes((0xD5, 0x4B, 1, 1, 0x00, 0x04, sel, len(number))) + number)


class SimulatedBadgeReader:
    """One reader with at most one badge before it; ``silent`` and :meth:`babble` are its ways to fail."""

    def __init__(self, kind: Kind = "rdm6300") -> None:
        self.kind = kind
        self.silent = False
        self._badge: bytes | None = None
        self._until = 0.0
        self._next = 0.0
        self._asked = False
        self._out = bytearray()
        self._frames = Frames(host=False)

    def hold(self, number: bytes, now: float, *, seconds: float = 0.6) -> None:
        """Hold a badge to the reader for so long."""
        self._badge, self._until, self._next = number, now + seconds, now

    def take_away(self) -> None:
        """Take the badge away at once."""
        self._badge = None

    def babble(self, data: bytes) -> None:
        """Say these bytes, whatever they are."""
        self._out += data

    def receive(self, data: bytes, now: float) -> None:
        """Take the host's bytes; only a PN532 listens."""
        if self.kind != "pn532":
            return
        for order in self._frames.feed(data):
            if isinstance(order, Reply):
                self._out += ACK
                self._asked = order.code == 0x4A
                self._next = max(now, self._next)
                if order.code == 0x14:
                    self._out += frame(b"\xd5\x15")

    def tick(self, now: float) -> bytes:
        """Give what there is to say at ``now``."""
        if self._badge is not None and now > self._until:
            self._badge = None
        while self._badge is not None and now >= self._next:
            self._speak(self._badge, now)
        said = bytes(self._out)
        self._out.clear()
        return b"" if self.silent else said

    def _speak(self, badge: bytes, now: float) -> None:
        if self.kind == "pn532" and not self._asked:
            self._next = now + REPEAT_S
            return
        self._out += reader_bytes(self.kind, badge)
        self._asked = False
        # Keyboard-type readers type a number once; a module that was not read for a while has nothing stored up.
        self._next = self._until + 1 if self.kind.startswith("keyboard") else max(self._next + REPEAT_S, now)
