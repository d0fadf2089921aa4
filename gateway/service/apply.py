"""One batch of facts inside one transaction: each applied, held or known; streams saved once at the end."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from devices.envelope import Envelope
from devices.messages import BadgeTapped, Fact
from gateway.domain.cards import CardRead
from gateway.domain.events import Event, EventKind
from gateway.domain.hour import Doubt
from gateway.domain.streams import Fate, Ranges, Stream
from gateway.ports.ids import Ids
from gateway.ports.store import HeldFact, Locked, Work
from gateway.service.routes import ROUTES
from gateway.service.uses import Outcome, Received


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A fact, opened but not yet applied."""

    envelope: Envelope
    received_at: datetime
    topic: str
    payload: bytes
    answered: bool = False
    """A tap that has had its answer already (*unavailable*): when it comes again it is history."""
    card: CardRead | None = None
    """What a card that cannot be cloned has said, opened."""


class Batch:
    """What one transaction does with its facts; ``alone`` leaves early ones to wait, though their gap has closed."""

    def __init__(
        self, work: Work, slugs: Iterable[str], *, now: datetime, ids: Ids, new: Iterator[str],
        holding: set[tuple[str, str]], reopen: Callable[[str, HeldFact], Waiting], alone: bool = False,
        doubt: Doubt | None = None,
    ) -> None:  # fmt: skip
        self._work, self._now, self._ids, self._new = work, now, ids, new
        self._holding, self._reopen, self._alone, self._doubt = holding, reopen, alone, doubt
        self._locked: dict[str, Locked] = dict(work.lock_devices(sorted(set(slugs)), now, new))
        self._streams: dict[tuple[str, str], Stream] = {}
        self._moved: set[tuple[str, str]] = set()
        self._stale: set[str] = set()
        self.outcomes: list[Outcome] = []
        self.kept: dict[tuple[str, str], set[int]] = defaultdict(set)
        """What may be receipted after COMMIT: seqs by (device, boot)."""
        self._early: dict[tuple[str, str], int] = {}

    def take(self, fact: Waiting, *, jump: bool = False) -> None:
        """Apply, hold or know one fact; ``jump`` gives up waiting for the ones before it."""
        envelope = fact.envelope
        locked = self._device(envelope.device)
        if locked is None or envelope.seq is None:
            return
        stream = self._stream(locked, envelope.boot)
        fate = stream.fate(envelope.seq)
        self.kept[envelope.device, envelope.boot].add(envelope.seq)
        if fate is Fate.APPLY or (jump and fate is Fate.HOLD):
            self._apply(fact, locked, stream)
            if jump:
                self._give_up(locked, envelope.boot, stream.applied + 1, envelope.seq - 1)
                self._work.release(locked.device.id, envelope.boot, [envelope.seq])
        elif fate is Fate.HOLD:
            held = HeldFact(
                device_id=locked.device.id, boot=envelope.boot, seq=envelope.seq, received_at=fact.received_at,
                topic=fact.topic, payload=fact.payload,
            )  # fmt: skip
            self._work.hold(held)
            self._holding.add((envelope.device, envelope.boot))
            name = envelope.device, envelope.boot
            self._early[name] = min(envelope.seq, self._early.get(name, envelope.seq))
        elif jump:
            self._work.release(locked.device.id, envelope.boot, [envelope.seq])

    def _give_up(self, locked: Locked, boot: str, first: int, last: int) -> None:
        """Write down that some facts have not come; should they come yet, they are taken."""
        if first <= last:
            told = Event(
                kind=EventKind.FACTS_MISSING, at=self._now, resource_id=locked.device.resource_id,
                device_id=locked.device.id, data={"boot": boot, "first": first, "last": last},
            )  # fmt: skip
            self._work.append(self._work.site_id(), [told])

    def skip(self, slug: str, boot: str, seq: int) -> None:
        """Count a fact as applied without handling it: it has gone to quarantine."""
        locked = self._device(slug)
        if locked is None:
            return
        stream = self._stream(locked, boot)
        if stream.fate(seq) is not Fate.KNOWN:
            self._move(slug, boot, stream.after(seq))
        self._work.release(locked.device.id, boot, [seq])

    def finish(self) -> None:
        """Apply early facts whose gap has closed, then write how far each stream has come."""
        for slug, boot in () if self._alone else sorted(self._moved & self._holding):
            self._catch_up(slug, boot)
        for slug, boot in sorted(self._moved):
            locked = self._locked[slug]
            self._work.save_stream(locked.device.id, boot, self._streams[slug, boot], self._now)

    def missing(self) -> dict[tuple[str, str], Ranges]:
        """What the early facts of this batch still wait for, by (device, boot)."""
        applied = {name: self._streams[name].applied for name in self._early}
        return {name: ((applied[name] + 1, seq - 1),) for name, seq in self._early.items() if seq > applied[name] + 1}

    def _catch_up(self, slug: str, boot: str) -> None:
        locked = self._locked[slug]
        held = self._work.held(locked.device.id, boot)
        done = []
        for row in held:
            stream, device = self._streams[slug, boot], self._device(slug)
            if device is None or stream.fate(row.seq) is Fate.HOLD:
                break
            if stream.fate(row.seq) is Fate.APPLY:
                self._apply(self._reopen(slug, row), device, stream)
            done.append(row.seq)
        self._work.release(locked.device.id, boot, done)
        if len(done) == len(held):
            self._holding.discard((slug, boot))

    def _device(self, slug: str) -> Locked | None:
        if slug in self._stale:
            self._locked |= self._work.lock_devices([slug], self._now, self._new)
            self._stale.discard(slug)
        return self._locked.get(slug)

    def _stream(self, locked: Locked, boot: str) -> Stream:
        key = (locked.device.slug, boot)
        if key not in self._streams:
            self._streams[key] = locked.streams.get(boot, Stream())
        return self._streams[key]

    def _move(self, slug: str, boot: str, stream: Stream) -> None:
        self._streams[slug, boot] = stream
        self._moved.add((slug, boot))

    def _apply(self, fact: Waiting, locked: Locked, stream: Stream) -> None:
        envelope = fact.envelope
        message, seq = envelope.message, envelope.seq
        assert isinstance(message, Fact)
        assert seq is not None
        received = Received(
            envelope=envelope, device=locked.device, received_at=fact.received_at, topic=fact.topic,
            payload=fact.payload, answered=fact.answered, card=fact.card,
            doubt=self._doubt,
        )  # fmt: skip
        self.outcomes.append(ROUTES[type(message)](self._work, received, self._now, self._ids))
        if not isinstance(message, BadgeTapped):
            self._stale.add(envelope.device)
        self._move(envelope.device, envelope.boot, stream.after(seq))
