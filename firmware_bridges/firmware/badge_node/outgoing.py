"""What the node says: facts on flash before anything else, sent until their receipt, in order."""

from .ring import Record, Ring
from .wire import VERSION, iso, sealed

try:
    from typing import Any
except ImportError:
    pass  # MicroPython reads no annotations

WINDOW = 12
AGAIN_MS = (5000, 60000)


class Outgoing:
    """The ring and the way to the broker. ``waiting`` is what the edge must publish: ``(channel, payload, qos)``."""

    def __init__(self, flash: "Any", site: str, device: str, key: bytes, boot: str) -> None:
        self.ring = Ring(flash)
        self.boot = boot
        self.waiting: list[tuple[str, bytes, int]] = []
        self.broken = False
        """Whether flash refused the last fact."""
        self._site, self._device, self._key = site, device, key
        self._seq = 0
        self._due: dict[tuple[str, int], tuple[int, int]] = {}

    def topic(self, channel: str) -> str:
        """One of this device's own."""
        return "etabli/" + self._site + "/" + self._device + "/" + channel

    def fact(self, kind: str, body: "dict[str, Any]", ms: int, now_ms: "int | None", link: bool) -> int:
        """Keep a fact and send it; its number."""
        self._seq += 1
        at = None if now_ms is None else iso(now_ms)
        try:
            record = self.ring.add(self.boot, self._seq, ms, at, kind, body)
            self.broken = False
        except OSError:
            # Flash is full or worn out: said while there is power, and nothing new begins.
            record, self.broken = Record(self.boot, self._seq, ms, at, kind, body), True
        if link:
            self._send(record, ms)
        return self._seq

    def _send(self, record: Record, ms: int) -> None:
        name = (record.boot, record.seq)
        wait = min(2 * self._due[name][1], AGAIN_MS[1]) if name in self._due else AGAIN_MS[0]
        self._due[name] = (ms + wait, wait)
        age = ms - record.mono_ms if record.boot == self.boot else None
        self.say(
            "fact", record.kind, record.body, ms=record.mono_ms, age=age, seq=record.seq, boot=record.boot, at=record.at
        )

    def say(
        self, channel: str, kind: str, body: "dict[str, Any]", ms: int, age: "int | None" = 0, seq: "int | None" = None,
        boot: "str | None" = None, at: "str | None" = None,
    ) -> None:  # fmt: skip
        """Put something on its way, in its signed envelope."""
        value = {
            "v": VERSION, "site": self._site, "device": self._device, "boot": boot or self.boot, "seq": seq,
            "mono_ms": ms, "age_ms": age, "at": at, "kind": kind, "body": body,
        }  # fmt: skip
        self.waiting.append((channel, sealed(value, self.topic(channel), self._key), 1))

    def receipted(self, body: "dict[str, Any]") -> None:
        """The gateway has these on its disk; those it misses are due at once."""
        boot = str(body.get("boot"))
        for first, last in body.get("missing", ()):
            for name in [n for n in self._due if n[0] == boot and first <= n[1] <= last]:
                del self._due[name]
        for first, last in body.get("ranges", ()):
            self.ring.forget(boot, first, last)
            for name in [n for n in self._due if n[0] == boot and first <= n[1] <= last]:
                del self._due[name]

    def reconnected(self) -> None:
        """Everything is due at once."""
        self._due = {}

    def tick(self, ms: int) -> None:
        """Send again what has no receipt."""
        for record in self.ring.oldest(WINDOW):
            due = self._due.get((record.boot, record.seq))
            if due is None or ms >= due[0]:
                self._send(record, ms)
