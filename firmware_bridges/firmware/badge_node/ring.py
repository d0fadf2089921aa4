"""Facts on flash until their receipt: lines with a checksum, in small files that are forgotten whole.

Power may go at any byte. A torn or flipped line is skipped and counted, the others are delivered. Receipts are not
written down: after a restart what was receipted is sent again, and the gateway knows it by its number.

``flash`` has ``names()``, ``read(name)``, ``append(name, data)`` and ``delete(name)``; ``append`` returns once it is kept.
"""

import binascii
import json

try:
    from typing import Any
except ImportError:
    pass  # MicroPython reads no annotations

PREFIX = "facts."
SEGMENT = 8192
"""Bytes after which a new file begins."""
MOST_SEGMENTS = 48
RESERVE = 2
"""Files kept free for the end of what has begun: nobody starts what could not be told to its end."""


class Record:
    """One fact as it was when it happened."""

    def __init__(self, boot: str, seq: int, mono_ms: int, at: "str | None", kind: str, body: "dict[str, Any]") -> None:
        self.boot, self.seq, self.mono_ms, self.at = boot, seq, mono_ms, at
        self.kind, self.body = kind, body


class Ring:
    """What waits, oldest first. Only the first and the last file stand in memory: it is small."""

    def __init__(self, flash: "Any", segment: int = SEGMENT, most: int = MOST_SEGMENTS) -> None:
        self._flash, self._segment, self._most = flash, segment, most
        self.skipped = 0
        """Lines that could not be read at this start."""
        self.example = ""
        self._files = sorted(int(name[len(PREFIX) :]) for name in flash.names() if name.startswith(PREFIX))
        self._loaded: dict[int, list[Record]] = {}
        for number in list(self._files):
            self._look_over(number)
        self._last = self._files[-1] if self._files else 0
        # A torn last line would swallow the next one: each start begins a file.
        self._size = segment

    def _look_over(self, number: int) -> None:
        lines = self._lines(number)
        good = [line for line in lines if _whole(line)]
        if len(good) < len(lines):
            self.skipped += len(lines) - len(good)
            self.example = self.example or "file %d: %d of %d lines" % (number, len(lines) - len(good), len(lines))
        if not good:
            self._drop(number)

    def _lines(self, number: int) -> "list[bytes]":
        return [line for line in self._flash.read(_name(number)).split(b"\n") if line]

    def add(self, boot: str, seq: int, mono_ms: int, at: "str | None", kind: str, body: "dict[str, Any]") -> Record:
        """Keep a fact; returns once it is on flash. OSError when it cannot be."""
        line = json.dumps([boot, seq, mono_ms, at, kind, body], separators=(",", ":")).encode()
        line = ("%08x " % (binascii.crc32(line) & 0xFFFFFFFF)).encode() + line + b"\n"
        if self._size + len(line) > self._segment:
            self._begin()
        record = Record(boot, seq, mono_ms, at, kind, body)
        self._flash.append(_name(self._last), line)
        self._size += len(line)
        self._loaded[self._last].append(record)
        return record

    def _begin(self) -> None:
        if self._last in self._loaded and self._files[:1] != [self._last]:
            del self._loaded[self._last]
        elif self._last in self._loaded and not self._loaded[self._last]:
            self._drop(self._last)
        self._last, self._size = self._last + 1, 0
        self._files.append(self._last)
        self._loaded[self._last] = []

    def oldest(self, most: int) -> "list[Record]":
        """The first facts that have no receipt; those of one file at a time."""
        while self._files:
            first = self._files[0]
            if first not in self._loaded:
                self._loaded[first] = [r for r in map(_read, self._lines(first)) if r is not None]
            if self._loaded[first] or self._open(first):
                return self._loaded[first][:most]
            self._drop(first)
        return []

    def forget(self, boot: str, first: int, last: int) -> None:
        """The gateway keeps these now."""
        for number in list(self._loaded):
            kept = [r for r in self._loaded[number] if r.boot != boot or not first <= r.seq <= last]
            self._loaded[number] = kept
            if not kept and not self._open(number):
                self._drop(number)

    def _open(self, number: int) -> bool:
        return number == self._last and self._size < self._segment

    def _drop(self, number: int) -> None:
        self._flash.delete(_name(number))
        self._files.remove(number)
        self._loaded.pop(number, None)

    @property
    def room(self) -> bool:
        """Whether something new may begin."""
        return len(self._files) <= self._most - RESERVE


def _name(number: int) -> str:
    return PREFIX + "%06d" % number


def _whole(line: bytes) -> bool:
    try:
        return int(line[:8], 16) == binascii.crc32(line[9:]) & 0xFFFFFFFF
    except ValueError:
        return False


def _read(line: bytes) -> "Record | None":
    if not _whole(line):
        return None
    try:
        return Record(*json.loads(line[9:].decode()))
    except (ValueError, TypeError):
        return None
