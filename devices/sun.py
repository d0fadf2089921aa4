"""What a card that cannot be cloned says at each reading (NTAG 424 DNA, *SUN* message): an address that is good once.

The card writes its number and how often it was read into the address, and signs them with a key that never leaves it.
``picc_data`` or ``e`` carry them encrypted, ``uid`` and ``ctr`` plainly; ``cmac`` or ``c`` is the signature. Any other
part of the address is the lab's own. The arithmetic with keys is in the gateway: no reader needs one.
"""

import re
from dataclasses import dataclass

from devices.messages import SunMessage

MOST = 512
"""No address of a card is longer."""
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_PART = re.compile(r"([A-Za-z_]{1,20})=([0-9A-Fa-f]*)")
_HEX = re.compile(r"[0-9A-F]+")
_SEALED, _SIGNED, _FILE = ("picc_data", "e"), ("cmac", "c"), "enc"
_PREFIXES = {0x01: "http://www.", 0x02: "https://www.", 0x03: "http://", 0x04: "https://", 0x00: ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainSun:
    """A message whose number anybody can read: it is hidden before it leaves the bridge."""

    uid: bytes
    counter: int
    mac: str


def is_address(text: str) -> bool:
    """Whether a line is an address rather than a badge's number."""
    return len(text) <= MOST and _ADDRESS.fullmatch(text) is not None


def read_address(text: str) -> SunMessage | PlainSun | None:
    """What a card has written into its address; None when it is no such message."""
    if not is_address(text):
        return None
    query = text.partition("?")[2].partition("#")[0]
    parts = {match[1].lower(): match for match in _PART.finditer(query)}
    signed = next((parts[name] for name in _SIGNED if name in parts), None)
    if signed is None or len(signed[2]) != 16:
        return None
    mac = signed[2].upper()
    sealed = next((parts[name] for name in _SEALED if name in parts), None)
    if sealed is not None:
        if len(sealed[2]) != 32:
            return None
        return SunMessage(picc=sealed[2].upper(), mac=mac, covered=_covered(query, parts.get(_FILE), signed))
    uid, counter = (parts[name][2] if name in parts else "" for name in ("uid", "ctr"))
    if len(uid) != 14 or len(counter) != 6:
        return None
    return PlainSun(uid=bytes.fromhex(uid), counter=int(counter, 16), mac=mac)


def _covered(query: str, file: re.Match[str] | None, signed: re.Match[str]) -> str:
    """The text between the numbers and the signature that is signed with them: none, or the card's own data."""
    if file is None or not file[2] or file.start() > signed.start():
        return ""
    return file[2].upper() + query[file.end() : signed.start(2)]


def read_ndef(data: bytes) -> str | None:
    """The address in an NDEF message (with or without its length before it); None when there is none."""
    if len(data) > 2 and int.from_bytes(data[:2]) <= len(data) - 2 and data[2:3] and data[2] & 0xC7 == 0xC1:
        data = data[2 : 2 + int.from_bytes(data[:2])]
    # One short record of the well-known kind "U": flags, length of its type, of its payload, type, payload.
    if len(data) < 5 or data[0] & 0xD7 != 0xD1 or data[1] != 1 or data[3:4] != b"U":
        return None
    payload = data[4 : 4 + data[2]]
    if len(payload) != data[2] or not payload or payload[0] not in _PREFIXES:
        return None
    try:
        return _PREFIXES[payload[0]] + payload[1:].decode("ascii")
    except UnicodeDecodeError:
        return None


def well_formed(sun: SunMessage) -> bool:
    """Whether it has the lengths and letters that such a message has."""
    return (
        len(sun.picc) == 32 and len(sun.mac) == 16 and len(sun.covered) <= MOST
        and bool(_HEX.fullmatch(sun.picc)) and bool(_HEX.fullmatch(sun.mac)) and sun.covered.isascii()
    )  # fmt: skip
