"""The only place that publishes: current sinks straight from memory after COMMIT, durable sinks from event rows.

Current (power, verdict, live) are never replayed: after a restart power is worked out again, an old verdict is dropped.
Durable sinks have a cursor each, their own worker, and get every event at least once.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Protocol

from devices import codec, topics
from devices.envelope import sign
from devices.messages import AccessList, CancelJob, Change, Changed, ClockTold, Receipt, SetPower, ShowVerdict, Tone
from devices.topics import Channel
from gateway.domain.events import Event, EventKind, StoredEvent
from gateway.domain.resources import DeviceRole
from gateway.domain.streams import Ranges, ranges
from gateway.ports.bus import Bus
from gateway.ports.clock import Clock
from gateway.ports.errors import BusUnavailable, SeriesUnavailable, StoreUnavailable
from gateway.ports.ids import Ids
from gateway.ports.store import SOON_S, Store
from gateway.service.uses import Outcome, PowerOrder, Verdict

COMMAND_LIFE = timedelta(seconds=5)
OF_NO_MACHINE = frozenset({DeviceRole.PLACE, DeviceRole.KIOSK})
REPEAT_AFTER_S = 2.0
"""How long a relay may take to answer before a sweep gives its order again."""
SINK_BATCH = 2000
RETRY_FIRST_S, RETRY_LONGEST_S = 0.5, 30.0

_log = logging.getLogger(__name__)


class DurableSink(Protocol):
    """Somewhere that every event must reach at least once; doubles must not matter there."""

    name: str

    def deliver(self, events: tuple[StoredEvent, ...]) -> tuple[Event, ...]:
        """Take the events; what went wrong for good comes back as events. SeriesUnavailable: again later."""


class Deliver:
    """Tells the world. Thread-safe."""

    def __init__(
        self, *, store: Store, bus: Bus, clock: Clock, ids: Ids, site: str,
        keys: Callable[[str], bytes | None] = lambda _device: None,
    ) -> None:  # fmt: skip
        self._store, self._bus, self._clock, self._ids, self._site = store, bus, clock, ids, site
        self._keys = keys
        """Of the devices that hear only what is signed."""
        self._news = threading.Condition()
        self._committed = 0
        self._slugs: dict[str, str] = {}
        self._ordered_at: dict[str, float] = {}
        self.turn = threading.Lock()
        """Held from before BEGIN until the orders are out by whoever decides about power: the last decision must also
        be the last order that a relay hears."""
        self.looked_for = threading.Event()
        """Set when a page has changed a session, which sends no order by itself: a sweep then need not wait its turn."""
        self.failing: dict[str, str] = {}
        """Durable sinks that cannot deliver now, by name, with the reason."""

    def after_commit(
        self,
        outcomes: Iterable[Outcome],
        events: Iterable[Event],
        kept: Mapping[tuple[str, str], set[int]] | None = None,
        missing: Mapping[tuple[str, str], Ranges] | None = None,
    ) -> None:
        """Power first; then verdicts, receipts for what is ``kept`` and ``missing``, hints; then wake the durable sinks."""
        outcomes, events = tuple(outcomes), tuple(events)
        with self._bus.together():
            for outcome in outcomes:
                for order in outcome.power:
                    self.power(order)
        with self._bus.together():
            for outcome in outcomes:
                if outcome.verdict:
                    self.verdict(outcome.verdict)
            for (device, boot), seqs in (kept or {}).items():
                self.receipt(device, boot, ranges(seqs), (missing or {}).get((device, boot), ()))
            for event in events:
                if event.kind is EventKind.JOB_CANCEL_ASKED:
                    self.cancel(event)
            self._hint(events)
        with self._news:
            self._committed += 1
            self._news.notify_all()

    def power(self, order: PowerOrder) -> None:
        """Tell an interlock."""
        self._ordered_at[order.device] = self._clock.monotonic()
        expires = self._clock.now() + COMMAND_LIFE
        command = SetPower(id=self._ids.new(), expires_at=expires, on=order.on, ceiling_s=order.ceiling_s)
        self._publish(Channel.COMMAND, order.device, codec.encode(command), qos=1)

    def cancel(self, asked: Event) -> None:
        """Tell a printer to cancel the job that somebody of the team has asked it to."""
        expires = self._clock.now() + COMMAND_LIFE
        command = CancelJob(id=self._ids.new(), expires_at=expires, job=str(asked.data["key"]))
        self._publish(Channel.COMMAND, str(asked.data["device"]), codec.encode(command), qos=1)

    def awaits(self, device: str) -> bool:
        """Whether an interlock was told so lately that its answer may still be on its way."""
        return self._clock.monotonic() - self._ordered_at.get(device, float("-inf")) < REPEAT_AFTER_S

    def verdict(self, verdict: Verdict) -> None:
        """Tell a reader."""
        expires = self._clock.now() + COMMAND_LIFE
        command = ShowVerdict(id=self._ids.new(), expires_at=expires, tone=verdict.tone, code=verdict.code)
        self._publish(Channel.COMMAND, verdict.device, codec.encode(command), qos=1)

    def unavailable(self, reader: str) -> None:
        """A tap could not be decided: say so at once rather than leave the person waiting."""
        self.verdict(Verdict(device=reader, tone=Tone.UNAVAILABLE, code="system_unavailable"))

    def receipt(self, device: str, boot: str, ranges: Ranges, missing: Ranges = ()) -> None:
        """Tell a device which facts it may forget, and which it is to send again at once; it repeats what hears nothing."""
        told = Receipt(boot=boot, ranges=ranges, missing=missing)
        self._publish(Channel.RECEIPT, device, codec.encode(told), qos=1)

    def tell_node(self, device: str, told: AccessList | ClockTold) -> None:
        """Tell a node its list, or the hour; one that does not hear it asks again."""
        self._publish(Channel.LIST, device, codec.encode(told), qos=1)

    def _hint(self, events: Iterable[Event]) -> None:
        # A tap at the door or at a kiosk is about no machine: it is told by the reader's own name.
        last = {event.resource_id or event.device_id: event for event in events}
        changes = tuple(
            Change(resource=slug, event=str(event.kind)) for about, event in last.items() if (slug := self._slug(about))
        )
        if changes:
            self._publish(Channel.LIVE, topics.GATEWAY, codec.encode(Changed(changes=changes)), qos=0)

    def _slug(self, about: str | None) -> str | None:
        """The slug of a resource, or of a reader that has none; nothing for other devices."""
        if about is not None and about not in self._slugs:
            try:
                views = self._store.views()
                floor, devices = views.floor(self._clock.now()), views.devices()
            except StoreUnavailable:
                return None
            self._slugs = {device.id: device.slug if device.role in OF_NO_MACHINE else "" for device in devices}
            self._slugs |= {view.resource.id: view.resource.slug for view in floor}
        return self._slugs.get(about or "")

    def _publish(self, channel: Channel, device: str, payload: bytes, *, qos: int) -> None:
        topic, key = topics.topic(channel, site=self._site, device=device), self._keys(device)
        if key is not None:
            payload += sign(payload, topic=topic, key=key)
        try:
            self._bus.publish(topic, payload, qos=qos)
        except BusUnavailable as error:
            _log.debug("not told %s %s: %s", device, channel, error)

    def run_sink(self, sink: DurableSink, stop: threading.Event) -> None:
        """Carry every event to ``sink``, in order, for as long as the program runs."""
        cursor, pause, seen = self._store.views().cursor(sink.name), RETRY_FIRST_S, -1
        while not stop.is_set():
            try:
                cursor, more = self._pass_on(sink, cursor)
                pause = RETRY_FIRST_S
                self._recovered(sink)
            except (SeriesUnavailable, StoreUnavailable) as error:
                self._failed(sink, error)
                stop.wait(pause)
                pause = min(RETRY_LONGEST_S, pause * 2)
                continue
            if not more:
                seen = self.wait_for_news(seen, stop, timeout=1.0)

    def wait_for_news(self, seen: int, stop: threading.Event, *, timeout: float) -> int:
        """Wait until something was committed since ``seen``; what to give the next time."""
        with self._news:
            self._news.wait_for(lambda: self._committed != seen or stop.is_set(), timeout=timeout)
            return self._committed

    def _pass_on(self, sink: DurableSink, cursor: int) -> tuple[int, bool]:
        events = self._store.views().events_after(cursor, SINK_BATCH)
        if not events:
            return cursor, False
        troubles = sink.deliver(events)
        cursor = events[-1].id
        with self._store.begin(within_s=SOON_S) as work:
            if troubles:
                work.append(work.site_id(), troubles)
            work.save_cursor(sink.name, cursor)
        return cursor, len(events) == SINK_BATCH

    def _failed(self, sink: DurableSink, error: Exception) -> None:
        if sink.name not in self.failing:
            _log.warning("%s cannot take events now, they are kept: %s", sink.name, error)
        self.failing[sink.name] = str(error)

    def _recovered(self, sink: DurableSink) -> None:
        if self.failing.pop(sink.name, None) is not None:
            _log.warning("%s takes events again", sink.name)
