"""Carries what devices report to the gateway: each fact until its receipt, samples once, presence as it changes.

Presence is a retained DeviceStatus per device, said again every ``heartbeat_s`` so that the gateway can tell *no news*
from *off*. When this process dies, the broker speaks one will for it (:func:`last_will`), if it reaches one device only;
where it reaches several, they turn stale in the gateway as heartbeats stop.
"""

import logging
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, isfinite

from devices.codec import BadMessage, decode, encode
from devices.envelope import Envelope, seal
from devices.messages import DeviceStatus, Fact, Receipt, Sample
from devices.topics import BY_CHANNEL, Channel, parse, topic
from firmware_bridges.outbox import KeptFact, Outbox
from firmware_bridges.reporter import DeviceReporter
from gateway.ports.bus import Bus, Delivery, Will
from gateway.ports.clock import Clock
from gateway.ports.errors import BusUnavailable, StoreUnavailable, SubscriptionRefused

log = logging.getLogger(__name__)

PACE = 400
"""Facts a second of a device that has fallen behind: a gateway takes more than 500 for a flood, and hears no more."""
IDLE_S = 1.0
"""The courier looks around at least this often, whatever it was told."""


def last_will(*, site: str, device: str) -> Will:
    """What the broker says when this process vanishes: ``device`` is its only device."""
    payload = encode(DeviceStatus(online=False))
    return Will(topic=topic(Channel.STATUS, site=site, device=device), payload=payload, qos=1, retain=True)


@dataclass(slots=True, kw_only=True)
class _InFlight:
    kept: KeptFact
    due: float
    wait_s: float


@dataclass(slots=True, kw_only=True)
class _Lane:
    """One device's facts on their way, in order."""

    device: str
    reporter: DeviceReporter
    sent_to: int = 0
    behind: bool = True
    """Whether the outbox may hold facts after ``sent_to``: a new one then waits its turn."""
    in_flight: dict[tuple[str, int], _InFlight] = field(default_factory=dict)
    may_send: float = PACE
    paced_at: float = -inf
    online: bool | None = None

    def flying(self, boot: str, first: int, last: int) -> list[_InFlight]:
        """What is under way of an inclusive range."""
        return [each for (of, seq), each in self.in_flight.items() if of == boot and first <= seq <= last]


class Courier:
    """Sends the outbox's facts in order, again after 2 s and then ever more rarely, and at once on a reconnection."""

    def __init__(
        self,
        bus: Bus,
        outbox: Outbox,
        site: str,
        clock: Clock,
        *,
        device_keys: Mapping[str, bytes] | None = None,
        window: int = PACE,
        resend_s: tuple[float, float] = (2.0, 30.0),
        heartbeat_s: float = 30.0,
    ) -> None:
        self._bus, self._outbox, self._site, self._clock = bus, outbox, site, clock
        self._keys = dict(device_keys or {})
        self._window = window
        self._resend_s = resend_s
        self._heartbeat_s = heartbeat_s
        self._lock = threading.RLock()
        self._lanes: dict[str, _Lane] = {}
        self._heard: deque[tuple[str, Receipt | bytes]] = deque()
        self._reconnected = True
        self._heartbeat_due = -inf
        self._wake = threading.Event()
        self._stopping = False
        self._trouble = ""
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        bus.on_connection(self._connection_changed)
        for device in outbox.devices():
            self._lane(device)

    # --- for the bridges

    def reporter(self, device: str) -> DeviceReporter:
        """What the bridge of this device reports through; SubscriptionRefused when its receipts cannot be heard."""
        return self._lane(device).reporter

    def set_online(self, device: str, online: bool) -> None:  # noqa: FBT001
        """Say whether the device is reached, now and after each reconnection."""
        lane = self._lane(device)
        with self._lock:
            lane.online = online
            self._say_status(lane)

    def keep(self, device: str, fact: Fact) -> None:
        """Put the fact on disk, then on its way: at once and in this thread when nothing older waits."""
        at, mono_s = self._clock.now(), self._clock.monotonic()
        lane = self._lane(device)
        with self._lock:
            kept = self._outbox.append(device, fact, at=at, mono_s=mono_s)
            if lane.behind or len(lane.in_flight) >= self._window or not self._bus.connected:
                lane.behind = True
            else:
                self._send(lane, kept)
        if lane.behind:
            self._wake.set()

    def send_sample(self, device: str, values: dict[str, float]) -> None:
        """Send readings once; while there is no connection they are dropped."""
        finite = {name: float(value) for name, value in values.items() if isfinite(value)}
        if not finite or not self._bus.connected:
            return
        mono_ms = int(self._clock.monotonic() * 1000)
        envelope = Envelope(
            site=self._site,
            device=device,
            boot=self._outbox.boot,
            seq=None,
            mono_ms=mono_ms,
            age_ms=0,
            at=self._clock.now(),
            message=Sample(values=finite),
        )
        try:
            self._publish(Channel.SAMPLE, envelope)
        except BusUnavailable:
            pass  # a sample may be lost

    # --- for whoever starts the process

    def start(self) -> None:
        """Begin to carry."""
        self._thread.start()

    def stop(self) -> None:
        """Say that the devices are no longer reached, and stop; what has no receipt stays in the outbox."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._bus.unsubscribe(self._hear_receipt)
        with self._lock:
            for lane in self._lanes.values():
                if lane.online:
                    lane.online = False
                    self._say_status(lane)

    def pump(self) -> float:
        """Do what is due now; the answer is in how many seconds something is due again."""
        with self._lock:
            self._settle_receipts()
            if not self._bus.connected:
                return IDLE_S
            if self._reconnected:
                self._start_over()
            now = self._clock.monotonic()
            if now >= self._heartbeat_due:
                self._heartbeat_due = now + self._heartbeat_s
                for lane in self._lanes.values():
                    self._say_status(lane)
            for lane in self._lanes.values():
                self._resend(lane, now)
                self._catch_up(lane, now)
            dues = [flight.due for lane in self._lanes.values() for flight in lane.in_flight.values()]
            dues += [now + 1 / PACE for lane in self._lanes.values() if lane.behind and lane.may_send < 1]
        return max(0.01, min([IDLE_S, *(due - now for due in dues)]))

    # --- inside

    def _lane(self, device: str) -> _Lane:
        with self._lock:
            lane = self._lanes.get(device)
            if lane is not None:
                return lane
            lane = self._lanes[device] = _Lane(device=device, reporter=DeviceReporter(self, device))
        where = topic(Channel.RECEIPT, site=self._site, device=device)
        try:
            self._bus.subscribe([(where, BY_CHANNEL[Channel.RECEIPT].qos)], self._hear_receipt)
        except SubscriptionRefused:
            raise
        except BusUnavailable:
            pass  # the bus makes the subscription when it connects
        return lane

    def _connection_changed(self, connected: bool) -> None:  # noqa: FBT001
        if connected:
            self._reconnected = True
            self._wake.set()

    def _hear_receipt(self, delivery: Delivery) -> None:
        """In the bus's thread: note it; the courier's thread touches the disk."""
        address = parse(delivery.topic)
        if address is None:
            return
        try:
            message = decode(delivery.payload)
        except BadMessage:
            message = None
        self._heard.append((address.device, message if isinstance(message, Receipt) else delivery.payload))
        self._wake.set()

    def _settle_receipts(self) -> None:
        done: list[tuple[str, str, int, int]] = []
        while self._heard:
            device, receipt = self._heard.popleft()
            if isinstance(receipt, Receipt):
                done += [(device, receipt.boot, first, last) for first, last in receipt.ranges]
                for first, last in receipt.missing:
                    for flight in self._lane(device).flying(receipt.boot, first, last):
                        flight.due = -inf
            else:
                self._lane(device).reporter.nonsense("receipt", receipt)
        if not done:
            return
        self._outbox.receipted(done)
        for device, boot, first, last in done:
            lane = self._lane(device)
            for flight in lane.flying(boot, first, last):
                del lane.in_flight[boot, flight.kept.seq]

    def _start_over(self) -> None:
        """A new connection: what was under way may be lost, so everything unreceipted goes again, oldest first."""
        self._reconnected = False
        self._heartbeat_due = -inf
        for lane in self._lanes.values():
            lane.in_flight.clear()
            lane.sent_to, lane.behind = 0, True

    def _resend(self, lane: _Lane, now: float) -> None:
        for flight in [flight for flight in lane.in_flight.values() if flight.due <= now]:
            if not self._post(flight.kept):
                return
            flight.wait_s = min(self._resend_s[1], 2 * flight.wait_s)
            flight.due = now + flight.wait_s

    def _catch_up(self, lane: _Lane, now: float) -> None:
        lane.may_send = min(PACE, lane.may_send + PACE * (now - lane.paced_at))
        lane.paced_at = now
        while lane.behind and (room := min(self._window - len(lane.in_flight), int(lane.may_send))) > 0:
            waiting = self._outbox.waiting(lane.device, after=lane.sent_to, limit=room)
            if not waiting:
                lane.behind = False
            for kept in waiting:
                if not self._send(lane, kept):
                    return
                lane.may_send -= 1

    def _send(self, lane: _Lane, kept: KeptFact) -> bool:
        if not self._post(kept):
            lane.behind = True
            return False
        wait_s = self._resend_s[0]
        flight = _InFlight(kept=kept, due=self._clock.monotonic() + wait_s, wait_s=wait_s)
        lane.in_flight[kept.boot, kept.seq] = flight
        lane.sent_to = kept.id
        return True

    def _post(self, kept: KeptFact) -> bool:
        """One sending, with the age it has now: unknown when the machine has been restarted since."""
        age_ms = max(0, int(self._clock.monotonic() * 1000) - kept.mono_ms)
        envelope = Envelope(
            site=self._site,
            device=kept.device,
            boot=kept.boot,
            seq=kept.seq,
            mono_ms=kept.mono_ms,
            age_ms=age_ms if kept.system_boot == self._outbox.system_boot else None,
            at=kept.at,
            message=kept.fact,
        )
        try:
            self._publish(Channel.FACT, envelope)
        except BusUnavailable:
            return False
        return True

    def _publish(self, channel: Channel, envelope: Envelope) -> None:
        where = topic(channel, site=self._site, device=envelope.device)
        payload = seal(envelope, topic=where, key=self._keys.get(envelope.device))
        self._bus.publish(where, payload, qos=BY_CHANNEL[channel].qos)

    def _say_status(self, lane: _Lane) -> None:
        if lane.online is None:
            return
        where = topic(Channel.STATUS, site=self._site, device=lane.device)
        try:
            self._bus.publish(where, encode(DeviceStatus(online=lane.online)), qos=1, retain=True)
        except BusUnavailable:
            pass  # said on the next connection

    def _run(self) -> None:
        wait_s = 0.0
        while not self._stopping:
            self._wake.wait(wait_s)
            self._wake.clear()
            trouble, wait_s = "", IDLE_S
            try:
                wait_s = self.pump()
            except StoreUnavailable as error:
                trouble = str(error)
            except Exception as error:
                trouble = f"unforeseen: {error!r}"
            if trouble and trouble != self._trouble:
                log.error("the courier will try again: %s", trouble, exc_info=trouble.startswith("unforeseen"))
            self._trouble = trouble
