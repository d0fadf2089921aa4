"""Badge readers on a serial line: bytes in, canonical badge numbers out, and from those the keyed hashes that travel.

A canonical number says how it was learnt: ``em:010063E9AE`` (125 kHz, all five bytes), ``uid:FB0EE20B`` (13.56 MHz),
``n32:0063E9AE`` and ``n24:63E9AE`` (what keyboard-type readers leave of either). PN532 is in :mod:`devices.pn532`.
A card that cannot be cloned gives an address instead: :mod:`devices.sun`.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from operator import xor
from typing import Protocol

from devices import sun
from devices.messages import HashedBadge, SunMessage

STX, ETX = 0x02, 0x03
HEX_DIGITS = frozenset(b"0123456789ABCDEFabcdef")
MAX_LINE = sun.MOST
SILENCE_S = 0.3
"""While a tag stays, its frame repeats about every 50 ms; a silence longer than this means that it was taken away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadgeSeen:
    """A reader gave a number, perhaps for the twentieth time this second."""

    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSpoke:
    """A card that cannot be cloned has said its message: another one at each reading."""

    said: SunMessage | sun.PlainSun


@dataclass(frozen=True, slots=True, kw_only=True)
class BadgeRefused:
    """A badge that can never be recognised again, so it may not be enrolled either."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Nonsense:
    """Bytes that are no badge. ``example`` shows their shape only: half a frame holds most of somebody's number."""

    what: str
    example: bytes = b""


ReaderEvent = BadgeSeen | CardSpoke | BadgeRefused | Nonsense


class BadgeParser(Protocol):
    """Turns a reader's bytes into events; any bytes, in any chunks, and never an exception."""

    def feed(self, data: bytes) -> tuple[ReaderEvent, ...]:
        """What these further bytes make known."""


# --- numbers ----------------------------------------------------------------------------------------------------------

FORMS = ("em-10", "uid", "n-32", "n-24")
"""The forms in which a reader may give a badge's number, the most precise first.

``em-10``: the five bytes of a 125 kHz tag. ``uid``: the 4, 7 or 10 bytes of a 13.56 MHz tag. ``n-32``: 32 bits, as
keyboard-type readers print them. ``n-24``: the last 24 bits, printed as "099,59822". Whoever compares two badges goes
by the most precise form that both have: a shared ``n-24`` means nothing where the ``em-10`` differ.
"""

_CANONICAL = re.compile(
    r"em:[0-9A-F]{10}|uid:(?:[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})|n32:[0-9A-F]{8}|n24:[0-9A-F]{6}"
)


def em_number(data: bytes) -> ReaderEvent:
    """The event for the five bytes of a 125 kHz tag."""
    if not any(data):
        return Nonsense(what="empty number")
    return BadgeSeen(number=f"em:{data.hex().upper()}")


def uid_number(uid: bytes) -> ReaderEvent:
    """The event for the UID of a 13.56 MHz tag."""
    if len(uid) not in (4, 7, 10):
        return Nonsense(what="uid length", example=b"%d bytes" % len(uid))
    if not any(uid):
        return Nonsense(what="empty number")
    if len(uid) == 4 and uid[0] == 0x08:  # phones and passports draw a new one each time (ISO 14443-3)
        return BadgeRefused(reason="random id")
    return BadgeSeen(number=f"uid:{uid.hex().upper()}")


def forms(canonical: str) -> tuple[tuple[str, str], ...]:
    """Every ``(form, text)`` under which any reader might give this number, the most precise first.

    Raises ValueError for text that is no canonical number, without repeating it.
    """
    if not _CANONICAL.fullmatch(canonical):
        raise ValueError("this is not a canonical badge number")
    kind, digits = canonical.split(":")
    if kind == "em":
        return (("em-10", digits), ("n-32", _either_order(digits[2:])), ("n-24", digits[4:]))
    if kind == "uid":
        # A longer UID has no 32 bits that readers agree on.
        return (("uid", digits), ("n-32", _either_order(digits))) if len(digits) == 8 else (("uid", digits),)
    if kind == "n32":
        return (("n-32", _either_order(digits)), ("n-24", digits[2:]))
    return (("n-24", digits),)


def _either_order(digits: str) -> str:
    """One text for a 32-bit number and its bytes reversed: 13.56 MHz keyboard readers print UIDs in either order."""
    return min(digits, bytes.fromhex(digits)[::-1].hex().upper())


def hash_forms(canonical: str, *, key: bytes, key_id: str) -> tuple[HashedBadge, ...]:
    """The number's forms, each as HMAC-SHA-256: 32 bits hashed without a key are searched through in minutes."""
    return tuple(
        HashedBadge(
            form=form, key_id=key_id, digest=hmac.new(key, f"{form}:{text}".encode(), hashlib.sha256).hexdigest()
        )
        for form, text in forms(canonical)
    )


# --- 125 kHz modules --------------------------------------------------------------------------------------------------


class EmFrames:
    """RDM6300 (14 bytes) and ID-12LA (16 bytes) frames, told apart by their ends: STX, 10 hex, 2 hex XOR, [CR LF] ETX."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._lost = False

    @property
    def inside(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> tuple[ReaderEvent, ...]:
        """What these further bytes make known."""
        events: list[ReaderEvent] = []
        self._buffer += data
        while self._buffer:
            if self._buffer[0] != STX:
                events += self._skip()
                continue
            length, event = self._frame()
            if event is None:
                break
            self._lost = isinstance(event, Nonsense) and event.what != "empty number"
            events.append(event)
            del self._buffer[:length]
        return tuple(events)

    def _skip(self) -> list[ReaderEvent]:
        """Go to the next STX; one event for each stretch of bytes that belong to no frame."""
        start = self._buffer.find(STX)
        skipped = bytes(self._buffer if start < 0 else self._buffer[:start])
        del self._buffer[: len(skipped)]
        noise = skipped.strip(b"\r\n")
        if self._lost or not noise:
            return []
        self._lost = True
        return [Nonsense(what="no frame", example=b"starts with %02x" % noise[0])]

    def _frame(self) -> tuple[int, ReaderEvent | None]:
        """The frame at the front and its length; no event while it may still become one."""
        frame = bytes(self._buffer[:16])
        if not HEX_DIGITS.issuperset(frame[1:13]):
            return 1, Nonsense(what="broken frame", example=b"not hex")
        tail = frame[13:14]
        ends = next((end for end in (b"\x03", b"\r\n\x03") if end.startswith(frame[13 : 13 + len(end)])), None)
        if ends is None:
            return 1, Nonsense(what="broken frame", example=b"ends with %02x" % tail[0] if tail else b"")
        if len(frame) < 13 + len(ends) or not tail:
            return 0, None
        decoded = bytes.fromhex(frame[1:13].decode())
        if reduce(xor, decoded):  # the five bytes and their XOR cancel out
            return 1, Nonsense(what="checksum", example=b"%d bytes" % (13 + len(ends)))
        return 13 + len(ends), em_number(decoded[:5])


# --- keyboard-type readers --------------------------------------------------------------------------------------------


class Style(StrEnum):
    """How a keyboard-type reader prints numbers. Ten digits alone do not say whether they are hexadecimal."""

    HEX = "hex"
    DECIMAL = "decimal"
    AUTO = "auto"


_FACILITY = re.compile(r"([0-9]{1,3}),([0-9]{1,5})")
_DECIMAL = re.compile(r"[0-9]{1,10}")
_HEX = re.compile(r"(?:[0-9A-F]{2})+")


def read_line(text: str, style: Style = Style.AUTO) -> ReaderEvent:
    """The badge that one line of text gives: typed by a reader, or by a person who copies what is printed on a badge."""
    text = text.strip()
    if sun.is_address(text):
        said = sun.read_address(text)
        return CardSpoke(said=said) if said else Nonsense(what="address of no card", example=b"%d letters" % len(text))
    text = text.upper()
    pair = _FACILITY.fullmatch(text)
    if pair and int(pair[1]) < 2**8 and int(pair[2]) < 2**16:
        return _number("n24", int(pair[1]) << 16 | int(pair[2]), 6)
    decimal = style is Style.DECIMAL or (style is Style.AUTO and len(text) == 10)
    if decimal and _DECIMAL.fullmatch(text) and int(text) < 2**32:
        return _number("n32", int(text), 8)
    if style is not Style.DECIMAL and _HEX.fullmatch(text):
        if len(text) == 8:
            return _number("n32", int(text, 16), 8)
        if len(text) == 10:
            return em_number(bytes.fromhex(text))
        if len(text) in (14, 20):
            return uid_number(bytes.fromhex(text))
    return Nonsense(what="no badge number", example=re.sub(r"\w", "x", text[:64]).encode())


def _number(kind: str, value: int, width: int) -> ReaderEvent:
    return BadgeSeen(number=f"{kind}:{value:0{width}X}") if value else Nonsense(what="empty number")


class KeyboardLines:
    """Numbers as lines of text; a line ends with CR, LF or both."""

    def __init__(self, style: Style = Style.AUTO) -> None:
        self._style = style
        self._line = bytearray()

    def feed(self, data: bytes) -> tuple[ReaderEvent, ...]:
        """What these further bytes make known."""
        events: list[ReaderEvent] = []
        for byte in data:
            if byte not in b"\r\n":
                if len(self._line) <= MAX_LINE:  # one more than a line may have tells that it was too long
                    self._line.append(byte)
            elif self._line:
                events += self._read()
                self._line.clear()
        return tuple(events)

    def _read(self) -> tuple[ReaderEvent, ...]:
        if len(self._line) > MAX_LINE:
            return (Nonsense(what="line too long"),)
        text = self._line.decode("ascii", "replace").strip(" \t\0;%?\x02\x03")
        return (read_line(text, self._style),) if text else ()


class AnyReader:
    """125 kHz frames and keyboard lines on one port, told apart by the STX that no line has."""

    def __init__(self) -> None:
        self._frames = EmFrames()
        self._lines = KeyboardLines()

    def feed(self, data: bytes) -> tuple[ReaderEvent, ...]:
        """What these further bytes make known."""
        events: list[ReaderEvent] = []
        for byte in data:
            framed = self._frames.inside or byte == STX
            events += (self._frames if framed else self._lines).feed(bytes((byte,)))
        return tuple(events)


# --- taps -------------------------------------------------------------------------------------------------------------


class TapFilter:
    """Makes one tap of the many times that a reader gives a number while the badge is held to it."""

    def __init__(self, silence_s: float = SILENCE_S) -> None:
        self._silence_s = silence_s
        self._present: dict[str, float] = {}

    def seen(self, number: str, *, at: float) -> bool:
        """Whether this is a new tap; two badges held together are one tap each, however their frames alternate."""
        self.removed(at=at)
        new = number not in self._present
        self._present[number] = max(at, self._present.get(number, at))
        return new

    def removed(self, *, at: float) -> tuple[str, ...]:
        """The badges that have been taken away since the last look."""
        gone = tuple(number for number, last in self._present.items() if at - last > self._silence_s)
        for number in gone:
            del self._present[number]
        return gone
