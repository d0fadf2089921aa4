"""Three readers: RDM6300 (125 kHz, serial), RC522 (13.56 MHz, SPI) and PN532 (13.56 MHz, serial).

Each has ``poll(ms)``, which gives a badge's number once for each time that it is presented, else None. A 125 kHz reader
cannot read a card that cannot be copied: choose 13.56 MHz where you are free to.
"""

from .wire import to_hex

try:
    from typing import Any
except ImportError:
    pass  # MicroPython reads no annotations

GONE_MS = 500
"""A badge that was not read for so long was taken away."""


class Presented:
    """The same number again and again, once."""

    def __init__(self) -> None:
        self._number: str | None = None
        self._seen_ms = 0

    def once(self, number: "str | None", ms: int) -> "str | None":
        """The number when it is new."""
        if number is None:
            if ms - self._seen_ms > GONE_MS:
                self._number = None
            return None
        again, self._number, self._seen_ms = number == self._number, number, ms
        return None if again else number


def uid_number(uid: bytes) -> "str | None":
    """``uid:…``; None for what is drawn anew each time, as phones do."""
    if len(uid) not in (4, 7, 10) or not any(uid) or (len(uid) == 4 and uid[0] == 0x08):
        return None
    return "uid:" + to_hex(uid).upper()


class Rdm6300:
    """14 bytes: STX, ten hex digits, two hex digits that are their bytes' XOR, ETX."""

    def __init__(self, uart: "Any") -> None:
        self._uart, self._buffer, self._presented = uart, b"", Presented()

    def poll(self, ms: int) -> "str | None":
        """A badge, once."""
        self._buffer = (self._buffer + (self._uart.read() or b""))[-64:]
        number = None
        while True:
            start = self._buffer.find(b"\x02")
            if start < 0 or len(self._buffer) - start < 14:
                break
            frame, self._buffer = self._buffer[start : start + 14], self._buffer[start + 1 :]
            found = em_number(frame)
            if found is not None:
                number, self._buffer = found, self._buffer[13:]
        return self._presented.once(number, ms)


def em_number(frame: bytes) -> "str | None":
    """``em:…`` of a whole frame; None when its ends, digits or checksum are wrong."""
    if frame[13] != 0x03 or any(byte not in b"0123456789ABCDEFabcdef" for byte in frame[1:13]):
        return None
    data = bytes(int(frame[i : i + 2], 16) for i in range(1, 13, 2))
    check = 0
    for byte in data[:5]:
        check ^= byte
    return "em:" + frame[1:11].decode().upper() if check == data[5] and any(data[:5]) else None


class Pn532:
    """Asks for one card of 106 kbit/s and waits; the answer comes when there is one."""

    ASK = b"\x00\x00\xff\x04\xfc\xd4\x4a\x01\x00\xe1\x00"
    WAKE = b"\x55\x55" + bytes(14) + b"\x00\x00\xff\x05\xfb\xd4\x14\x01\x14\x01\x02\x00"
    AGAIN_MS = 250

    def __init__(self, uart: "Any") -> None:
        self._uart, self._buffer, self._presented = uart, b"", Presented()
        self._asked_ms = -1000
        uart.write(self.WAKE)

    def poll(self, ms: int) -> "str | None":
        """A badge, once."""
        if ms - self._asked_ms >= self.AGAIN_MS:
            self._asked_ms = ms
            self._uart.write(b"\x00\x00\xff\x00\xff\x00" + self.ASK)
        self._buffer = (self._buffer + (self._uart.read() or b""))[-96:]
        number = None
        while True:
            start = self._buffer.find(b"\x00\xff")
            if start < 0 or len(self._buffer) - start < 5:
                break
            length = self._buffer[start + 2]
            if (length + self._buffer[start + 3]) & 0xFF or length == 0:
                self._buffer = self._buffer[start + 1 :]
                continue
            if len(self._buffer) - start < length + 6:
                break
            number = card_of(self._buffer[start + 4 : start + 5 + length]) or number
            self._buffer = self._buffer[start + 5 + length :]
        return self._presented.once(number, ms)


def card_of(data: bytes) -> "str | None":
    """The card in an answer to ASK, checksum included; None for any other frame."""
    if sum(data) & 0xFF or data[:3] != b"\xd5\x4b\x01" or len(data) < 9:
        return None
    return uid_number(data[8 : 8 + data[7]])


class Rc522:
    """An MFRC522 on SPI: it is asked, and answers at once."""

    def __init__(self, spi: "Any", select: "Any") -> None:
        self._spi, self._select, self._presented = spi, select, Presented()
        self._asked_ms = -1000
        for register, value in (
            (0x01, 0x0F),
            (0x2A, 0x8D),
            (0x2B, 0x3E),
            (0x2D, 30),
            (0x2C, 0),
            (0x15, 0x40),
            (0x11, 0x3D),
        ):
            self._set(register, value)
        self._set(0x14, self._get(0x14) | 0x03)

    def poll(self, ms: int) -> "str | None":
        """A badge, once."""
        if ms - self._asked_ms < 60:
            return None
        self._asked_ms = ms
        uid = self._uid()
        return self._presented.once(uid_number(uid) if uid else None, ms)

    def _uid(self) -> "bytes | None":
        self._set(0x0D, 0x07)
        if len(self._ask(b"\x26")) != 2:
            return None
        self._set(0x0D, 0x00)
        uid = b""
        for level in (0x93, 0x95, 0x97):
            part = self._ask(bytes((level, 0x20)))
            if len(part) != 5 or part[0] ^ part[1] ^ part[2] ^ part[3] != part[4]:
                return None
            if part[0] != 0x88:
                return uid + part[:4]
            uid += part[1:4]
            chosen = bytes((level, 0x70)) + part
            self._ask(chosen + crc_a(chosen))
        return None

    def _ask(self, data: bytes) -> bytes:
        self._set(0x02, 0xF7)
        self._set(0x04, 0x7F)
        self._set(0x01, 0x00)
        self._set(0x0A, 0x80)
        for byte in data:
            self._set(0x09, byte)
        self._set(0x01, 0x0C)
        self._set(0x0D, self._get(0x0D) | 0x80)
        for _ in range(200):
            done = self._get(0x04)
            if done & 0x31:
                break
        else:
            return b""
        self._set(0x0D, self._get(0x0D) & 0x7F)
        if done & 0x01 or self._get(0x06) & 0x1B:
            return b""
        return bytes(self._get(0x09) for _ in range(min(16, self._get(0x0A))))

    def _set(self, register: int, value: int) -> None:
        self._select(0)
        self._spi.write(bytes((register << 1 & 0x7E, value)))
        self._select(1)

    def _get(self, register: int) -> int:
        self._select(0)
        self._spi.write(bytes((register << 1 & 0x7E | 0x80,)))
        value = self._spi.read(1)[0]
        self._select(1)
        return int(value)


def crc_a(data: bytes) -> bytes:
    """The checksum of ISO 14443-3 type A."""
    crc = 0x6363
    for byte in data:
        byte ^= crc & 0xFF
        byte = (byte ^ byte << 4) & 0xFF
        crc = (crc >> 8) ^ byte << 8 ^ byte << 3 ^ byte >> 4
    return bytes((crc & 0xFF, crc >> 8))
