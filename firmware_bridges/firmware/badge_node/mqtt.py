"""MQTT 3.1.1 that never waits: a loop that watches a machine has no second to spare for a broker.

Just what a node needs: a will, QoS 1 in both directions, a clean session. What is lost on the way is sent again by the
ring, so a PUBACK is not even looked at.
"""

import select
import socket

try:
    from typing import Any
except ImportError:
    pass  # MicroPython reads no annotations

KEEPALIVE_S = 30
LATE_MS = 4000
MOST = 70000
IN_PROGRESS = (11, 36, 114, 115, 119)


class Mqtt:
    """One connection, tried again by itself. ``hear(topic, payload)`` and ``linked(up)`` are called from ``poll``."""

    def __init__(
        self, host: str, port: int, name: str, user: "str | None", password: "str | None",
        will: "tuple[str, bytes]", topics: "list[str]", hear: "Any", linked: "Any",
    ) -> None:  # fmt: skip
        self._where, self._hello = (host, port), _connect(name, user, password, will)
        self._topics, self._hear, self._linked = topics, hear, linked
        self._socket: Any = None
        self._in = self._out = b""
        self._began_ms = self._pinged_ms = self._heard_ms = 0
        self._next_ms = 0
        self._failures = 0
        self._id = 0
        self.up = False

    def poll(self, ms: int) -> None:
        """Do whatever can be done now."""
        if self._socket is None:
            if ms >= self._next_ms:
                self._begin(ms)
            return
        try:
            self._work(ms)
        except OSError:
            self.close(ms)

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Put a message on its way with QoS 1, or nowhere when the broker is away."""
        if self.up:
            name = topic.encode()
            self._id = self._id % 65535 + 1
            body = len(name).to_bytes(2, "big") + name + self._id.to_bytes(2, "big") + payload
            self._out += _packet(0x33 if retain else 0x32, body)

    def close(self, ms: int) -> None:
        """Let go; try again after a while that doubles."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._in, self._out = None, b"", b""
        self._failures = min(self._failures + 1, 5)
        self._next_ms = ms + 1000 * 2**self._failures
        if self.up:
            self.up = False
            self._linked(False)

    def _begin(self, ms: int) -> None:
        self._began_ms = self._heard_ms = self._pinged_ms = ms
        self._socket = socket.socket()
        try:
            # The name of a broker is looked up by the system, which may wait: give its number.
            where = socket.getaddrinfo(self._where[0], self._where[1])[0][-1]
            self._socket.setblocking(False)
            self._socket.connect(where)
        except OSError as error:
            if error.args[0] not in IN_PROGRESS:
                self.close(ms)
                return
        self._out = self._hello

    def _work(self, ms: int) -> None:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN | (select.POLLOUT if self._out else 0))
        for found in poll.poll(0):
            event = found[1]
            if event & select.POLLOUT:
                sent = self._socket.send(self._out[:1024])
                self._out = self._out[sent:]
            if event & (select.POLLIN | select.POLLHUP | select.POLLERR):
                data = self._socket.recv(4096)
                if not data:
                    raise OSError(104)
                self._heard_ms = ms
                self._in += data
                self._read(ms)
        if not self.up and ms - self._began_ms > LATE_MS:
            raise OSError(110)
        if self.up and ms - self._pinged_ms > 500 * KEEPALIVE_S:
            self._pinged_ms = ms
            self._out += b"\xc0\x00"
        if ms - self._heard_ms > 1500 * KEEPALIVE_S:
            raise OSError(110)

    def _read(self, ms: int) -> None:
        while True:
            found = _split(self._in)
            if found is None:
                return
            kind, body, self._in = found
            if kind >> 4 == 2:
                if body[1:2] != b"\x00":
                    raise OSError(111)
                self._accepted()
            elif kind >> 4 == 3:
                self._deliver(kind, body)

    def _accepted(self) -> None:
        self._id = self._id % 65535 + 1
        body = self._id.to_bytes(2, "big")
        for topic in self._topics:
            name = topic.encode()
            body += len(name).to_bytes(2, "big") + name + b"\x01"
        self._out += _packet(0x82, body)
        self.up, self._failures = True, 0
        self._linked(True)

    def _deliver(self, kind: int, body: bytes) -> None:
        end = 2 + int.from_bytes(body[:2], "big")
        topic, rest = body[2:end].decode(), body[end:]
        if kind & 0x06:
            self._out += b"\x40\x02" + rest[:2]
            rest = rest[2:]
        # Nothing for a node is ever retained: what a broker kept may be months old.
        if not kind & 0x01:
            self._hear(topic, rest)


def _packet(kind: int, body: bytes) -> bytes:
    head, left = bytes((kind,)), len(body)
    while True:
        head += bytes((left % 128 | (128 if left > 127 else 0),))
        left //= 128
        if not left:
            return head + body


def _connect(name: str, user: "str | None", password: "str | None", will: "tuple[str, bytes]") -> bytes:
    flags = 0x02 | 0x04 | 0x08 | 0x20
    parts = [name.encode(), will[0].encode(), will[1]]
    if user is not None and password is not None:
        flags |= 0xC0
        parts += [user.encode(), password.encode()]
    body = b"\x00\x04MQTT\x04" + bytes((flags,)) + KEEPALIVE_S.to_bytes(2, "big")
    for part in parts:
        body += len(part).to_bytes(2, "big") + part
    return _packet(0x10, body)


def _split(data: bytes) -> "tuple[int, bytes, bytes] | None":
    """Kind, body and rest of the first whole packet."""
    length = 0
    for at in range(1, 5):
        if len(data) <= at:
            return None
        length |= (data[at] & 127) << 7 * (at - 1)
        if not data[at] & 128:
            if length > MOST:
                raise OSError(90)
            end = at + 1 + length
            return None if len(data) < end else (data[0], data[at + 1 : end], data[end:])
    raise OSError(90)
