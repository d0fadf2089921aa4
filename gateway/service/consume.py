"""The only loop that reads what devices say: take every waiting fact, one transaction, COMMIT, then receipts.

An error in the batch rolls it back and replays its facts one by one; a fact whose handler fails is set aside raw, so
that it never blocks its device. When the store is away, taps are answered *unavailable* and nothing is receipted.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from devices import codec, topics
from devices.codec import BadMessage
from devices.envelope import Envelope, unseal
from devices.messages import BadgeTapped, DeviceStatus, ListAsked, Sample
from devices.nonsense import fit_to_show
from devices.topics import Address, Channel
from gateway.domain.cards import CardRead
from gateway.domain.events import Event, EventKind
from gateway.domain.flood import Floodgate
from gateway.domain.streams import GAP_WAIT_S
from gateway.ports.bus import Bus, Delivery
from gateway.ports.card_crypto import CardKeys
from gateway.ports.clock import Clock
from gateway.ports.errors import StoreUnavailable
from gateway.ports.ids import Ids
from gateway.ports.store import SOON_S, HeldFact, Quarantined, Store, Work
from gateway.service import presence, reports
from gateway.service.apply import Batch, Waiting
from gateway.service.deliver import Deliver
from gateway.service.hour import Hour
from gateway.service.inbox import Inbox

MAX_BATCH = 200
TICK_S = 0.25
RETURN_WAIT_S = 5.0
"""Once we hear again, so long for devices to send again what they said meanwhile, before a gap is given up."""
LONGEST_WAIT_S = 30.0
"""No early fact waits longer, whatever else of its device we still have to take."""
MOST_NAMES = 2000
"""So many devices are told apart in memory: any stranger on the bus can make up more."""
OTHERS = "others"
MOST_WAITING = 20_000
"""So many messages wait for us in memory while the store is slow or away."""

_log = logging.getLogger(__name__)
Keys = Callable[[str], bytes | None]
SampleSink = Callable[[str, Sample, datetime], None]
AskSink = Callable[[str, ListAsked], None]


@dataclass(slots=True)
class Meters:
    """What the metrics page shows of the loop."""

    facts: int = 0
    batches: int = 0
    quarantined: int = 0
    nonsense: Counter[str] = field(default_factory=Counter)
    unavailable: int = 0
    left_out: int = 0
    """Messages not even taken in: too many waited already, or too many of one device."""


class Consumer:
    """Hears every device of one site."""

    def __init__(
        self, *, store: Store, bus: Bus, clock: Clock, ids: Ids, site: str, deliver: Deliver,
        keys: Keys = lambda _device: None, on_sample: SampleSink = lambda _device, _sample, _at: None,
        on_ask: AskSink = lambda _device, _asked: None,
        cards: CardKeys = lambda _sun: CardRead(), hour: Hour | None = None, group: str | None = None,
    ) -> None:  # fmt: skip
        self._store, self._bus, self._clock, self._ids = store, bus, clock, ids
        self._site, self._deliver, self._keys, self._on_sample, self._group = site, deliver, keys, on_sample, group
        self._on_ask, self._cards, self._hour = on_ask, cards, hour
        self._inbox = Inbox(MOST_WAITING, MOST_NAMES)
        self._answered: dict[tuple[str, str, int | None], None] = {}
        self._holding: set[tuple[str, str]] = set()
        self._floodgate, self._apart = Floodgate(), frozenset[str]()
        self._gaps_checked = float("-inf")
        self._hearing_since = clock.monotonic()
        """Before this nobody could reach us: what is missing since then may still be on its way."""
        bus.on_connection(self._connection_changed)
        self.trouble: str | None = None
        """Why the last thing heard could not be kept; None while all is well."""
        self.meters = Meters()
        self.heard: dict[str, datetime] = {}
        """When each device was last heard, by slug; sweeps write it down now and then."""

    def listen(self) -> None:
        """Subscribe; raises what the bus raises."""
        shared = [
            (topics.subscription(Channel.FACT, site=self._site), 1),
            (topics.subscription(Channel.SAMPLE, site=self._site), 0),
            (topics.subscription(Channel.ASK, site=self._site), 1),
        ]
        self._bus.subscribe(shared, self._hear, group=self._group)
        # Every gateway hears who is there, and what the broker has kept of it.
        self._bus.subscribe([(topics.subscription(Channel.STATUS, site=self._site), 1)], self._hear)

    def _connection_changed(self, connected: bool) -> None:  # noqa: FBT001
        if connected:
            self._hearing_since = self._clock.monotonic()

    def _hear(self, delivery: Delivery) -> None:
        # A fact has no receipt yet and comes again, a sample may be lost; a last will is said once.
        address = topics.parse(delivery.topic)
        if address and not self._floodgate.admits(address.device, self._clock.monotonic()):
            self.meters.left_out += 1
            return
        said_once = delivery.topic.endswith(Channel.STATUS)
        if not self._inbox.put(address.device if address else "", (delivery, self._clock.now()), whatever=said_once):
            self.meters.left_out += 1

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop``."""
        self._recall_early()
        while not stop.is_set():
            waiting = self._inbox.take(MAX_BATCH, within_s=TICK_S)
            if waiting:
                self.consume(waiting)
            self._close_gaps()
            self._note_floods()

    def consume(self, deliveries: Iterable[tuple[Delivery, datetime]]) -> None:
        """Handle what came in, in order."""
        facts: list[Waiting] = []
        for delivery, at in deliveries:
            address = topics.parse(delivery.topic)
            if address is None or address.site != self._site:
                continue
            try:
                waiting = self._sort(address, delivery, at)
            except BadMessage as error:
                self._nonsense(address, str(error), delivery.payload, at)
                continue
            if waiting:
                facts.append(waiting)
        if facts:
            self._apply(facts)

    def _sort(self, address: Address, delivery: Delivery, at: datetime) -> Waiting | None:
        if address.channel is Channel.STATUS:
            self._note_status(address.device, delivery, at)
            return None
        self._note_heard(address.device, delivery, at)
        envelope = unseal(
            delivery.payload,
            topic=delivery.topic,
            site=address.site,
            device=address.device,
            key=self._keys(address.device),
        )
        if isinstance(envelope.message, Sample):
            self._on_sample(address.device, envelope.message, at)
            return None
        if isinstance(envelope.message, ListAsked):
            self._on_ask(address.device, envelope.message)
            return None
        return Waiting(
            envelope=envelope, received_at=at, topic=delivery.topic, payload=delivery.payload,
            answered=(envelope.device, envelope.boot, envelope.seq) in self._answered, card=self._card(envelope),
        )  # fmt: skip

    def _card(self, envelope: Envelope) -> CardRead | None:
        tap = envelope.message
        return self._cards(tap.sun) if isinstance(tap, BadgeTapped) and tap.sun else None

    def _note_status(self, device: str, delivery: Delivery, at: datetime) -> None:
        status = codec.decode(delivery.payload) if delivery.payload else None
        if not isinstance(status, DeviceStatus):
            return
        if status.online:
            self._note_heard(device, delivery, at)
        kept = delivery.retained
        self._transaction(lambda work, now: presence.note_status(work, device, status, now, self._new(), kept=kept))

    def _note_floods(self) -> None:
        apart = self._floodgate.apart
        for device in apart ^ self._apart:
            over = device not in apart
            if not over:
                _log.warning("%s floods us: it is not listened to until it calms down", device)

            def write(work: Work, now: datetime, device: str = device, over: bool = over) -> None:  # noqa: FBT001
                presence.note_flood(work, device, now, self._new(), over=over)

            if self._transaction(write):
                self._apart ^= {device}

    def _note_heard(self, device: str, delivery: Delivery, at: datetime) -> None:
        if delivery.retained:
            return
        # The latest stands last, so that it is the one unheard for longest that makes room.
        self.heard.pop(device, None)
        self.heard[device] = at
        if len(self.heard) > MOST_NAMES:
            del self.heard[next(iter(self.heard))]

    def _new(self) -> Iterator[str]:
        while True:
            yield self._ids.new()

    def _apply(self, facts: list[Waiting], *, jump: bool = False) -> None:
        """All in one transaction; ``jump`` gives up waiting for what comes before them."""
        try:
            self._commit(facts, alone=jump, jump=jump)
        except StoreUnavailable as error:
            self._refuse_all(facts, error)
        except Exception:
            # A handler's bug, whatever it is, must not take its neighbours with it.
            _log.exception("a batch of %d facts failed; each is tried alone", len(facts))
            for fact in facts:
                self._apply_alone(fact, jump=jump)

    def _apply_alone(self, fact: Waiting, *, jump: bool) -> None:
        try:
            self._commit([fact], alone=True, jump=jump)
        except StoreUnavailable as error:
            self._refuse_all([fact], error)
        except Exception as error:
            # The last net: raw into quarantine, shown to staff, never in its device's way.
            _log.exception("%s from %s goes to quarantine", fact.envelope.message.kind, fact.envelope.device)
            self._quarantine(fact, error)

    def _commit(self, facts: list[Waiting], *, alone: bool = False, jump: bool = False) -> None:
        now = self._clock.now()
        with self._deliver.turn:
            with self._store.begin() as work:
                if self._hour is not None:
                    self._hour.mend(work)
                    now = self._clock.now()
                batch = self._batch(work, [fact.envelope.device for fact in facts], now, alone=alone)
                for fact in facts:
                    batch.take(fact, jump=jump)
                batch.finish()
                events = work.appended
            self._deliver.after_commit(batch.outcomes, events, batch.kept, batch.missing())
        self.meters.facts += len(facts)
        self.meters.batches += 1
        self.trouble = None

    def _batch(self, work: Work, slugs: list[str], now: datetime, *, alone: bool = False) -> Batch:
        return Batch(
            work, slugs, now=now, ids=self._ids, new=self._new(), holding=self._holding, reopen=self._held, alone=alone,
            doubt=self._hour.doubt if self._hour is not None else None,
        )  # fmt: skip

    def _refuse_all(self, facts: list[Waiting], error: StoreUnavailable) -> None:
        """Nothing is receipted: the devices keep their facts and send them again."""
        self.meters.unavailable += len(facts)
        if self.trouble is None:
            _log.error("the store is unavailable, facts stay with their devices: %s", error)
        self.trouble = str(error)
        for fact in facts:
            envelope = fact.envelope
            if isinstance(envelope.message, BadgeTapped) and envelope.fresh:
                self._deliver.unavailable(envelope.device)
                # Whoever was told *unavailable* has gone: the same tap, sent again, must not start the machine.
                self._answered[envelope.device, envelope.boot, envelope.seq] = None
                if len(self._answered) > MOST_NAMES:
                    del self._answered[next(iter(self._answered))]

    def _quarantine(self, fact: Waiting, error: Exception) -> None:
        envelope = fact.envelope
        if envelope.seq is not None and self._set_aside(
            envelope.device, envelope.boot, envelope.seq, fact, error, kind=envelope.message.kind
        ):
            self._deliver.receipt(envelope.device, envelope.boot, ((envelope.seq, envelope.seq),))

    def _set_aside(
        self, device: str, boot: str, seq: int, raw: Waiting | HeldFact, error: Exception, *, kind: str
    ) -> bool:
        """Put a fact raw into quarantine, and its stream past it."""
        self.meters.quarantined += 1

        def put(work: Work, now: datetime) -> None:
            row = Quarantined(
                id=self._ids.new(), device=device, topic=raw.topic, payload=raw.payload,
                error=f"{type(error).__name__}: {error}"[:500], received_at=raw.received_at,
            )  # fmt: skip
            work.quarantine(row)
            batch = self._batch(work, [device], now, alone=True)
            batch.skip(device, boot, seq)
            batch.finish()
            data = {"kind": kind, "error": row.error}
            work.append(work.site_id(), [Event(kind=EventKind.FACT_QUARANTINED, at=now, data={**data})])

        return self._transaction(put)

    def _transaction(self, write: Callable[[Work, datetime], None]) -> bool:
        try:
            with self._store.begin() as work:
                write(work, self._clock.now())
                events = work.appended
        except StoreUnavailable as error:
            _log.error("the store is unavailable: %s", error)
            return False
        except Exception:
            # What cannot be written down must not keep us from hearing the rest.
            _log.exception("something heard could not be written down")
            return False
        self._deliver.after_commit((), events)
        return True

    def _nonsense(self, address: Address, why: str, payload: bytes, at: datetime) -> None:
        """Counted always; logged and written down at the first, tenth, hundredth …"""
        name = f"{address.device}/{address.channel}"
        if name not in self.meters.nonsense and len(self.meters.nonsense) >= MOST_NAMES:
            name = OTHERS
        self.meters.nonsense[name] += 1
        count = self.meters.nonsense[name]
        if count != 10 ** (len(str(count)) - 1):
            return
        why, example = fit_to_show(why.encode(), most=300), fit_to_show(payload)
        _log.warning("%s talks nonsense on %s (%d times): %s", address.device, address.channel, count, why)

        def write(work: Work, now: datetime) -> None:
            found = work.lock_devices([address.device], now, self._new()).get(address.device)
            if found:
                reports.note_nonsense(work, found.device, str(address.channel), count, f"{why} — {example}", at)

        self._transaction(write)

    def _recall_early(self) -> None:
        """Early facts that waited when we were last stopped go on as soon as their gap closes."""
        try:
            with self._store.begin(within_s=SOON_S) as work:
                self._holding.update(work.held_since(self._clock.now()))
        except StoreUnavailable:
            return  # each is still taken once it has waited long enough

    def _close_gaps(self) -> None:
        """Stop waiting for what is missing: apply early facts that have waited long enough, in order, a batch at a time.

        Time in which nobody could reach us is not waiting: what came through to nobody is sent again, first after two
        seconds, then after four.
        """
        now = self._clock.monotonic()
        if now - self._gaps_checked < GAP_WAIT_S / 2:
            return
        if not self._bus.connected or now - self._hearing_since < RETURN_WAIT_S:
            return
        try:
            early = self._overdue()
        except StoreUnavailable:
            return
        if len(early) <= MAX_BATCH:
            self._gaps_checked = now
        facts: list[Waiting] = []
        for slug, held in early[:MAX_BATCH]:
            try:
                facts.append(self._held(slug, held))
            except BadMessage as error:
                # It could be read when it came: its key or our version has changed since.
                self._set_aside(slug, held.boot, held.seq, held, error, kind="unreadable")
        if facts:
            self._apply(facts, jump=True)

    def _overdue(self) -> list[tuple[str, HeldFact]]:
        with self._store.begin(within_s=SOON_S) as work:
            now = self._clock.now()
            early: list[tuple[str, HeldFact]] = []
            long_since = set(work.held_since(now - timedelta(seconds=LONGEST_WAIT_S)))
            for slug, boot in work.held_since(now - timedelta(seconds=GAP_WAIT_S)):
                if self._inbox.holds(slug) and (slug, boot) not in long_since:
                    continue  # what is missing may be here already, behind what others bring
                locked = work.lock_devices([slug], now, self._new())[slug]
                early += [(slug, held) for held in work.held(locked.device.id, boot)]
                if len(early) > MAX_BATCH:
                    break
            return early

    def _held(self, slug: str, held: HeldFact) -> Waiting:
        envelope = unseal(held.payload, topic=held.topic, site=self._site, device=slug, key=self._keys(slug))
        return Waiting(
            envelope=envelope, received_at=held.received_at, topic=held.topic, payload=held.payload,
            card=self._card(envelope),
        )  # fmt: skip
