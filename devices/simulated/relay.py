"""A relay on somebody else's firmware that behaves in time and fails on demand. Time is a parameter, in seconds."""

from devices.relay import Relay
from devices.simulated.relay_voices import VOICES, Order, Spoken, Status

__all__ = ["SimulatedRelay", "Spoken"]


class SimulatedRelay:
    """The twin of one :class:`devices.relay.Relay`: orders in, the firmware's real messages out.

    Faults, each a switch: ``refuses`` (says its old state and keeps it), ``sticks`` (says what was asked, while the
    contact stays closed and the current flows), ``on_at_boot`` (comes back on after a power cut).
    """

    def __init__(
        self, relay: Relay, *, load_w: float = 60.0, on_at_boot: bool = False, telemetry_s: float = 10.0
    ) -> None:
        self.relay = relay
        self.load_w = load_w
        self.on_at_boot = on_at_boot
        self.refuses = False
        self.sticks = False
        self.online = False
        self.on = False
        """What the relay believes and says."""
        self._voice = VOICES[relay.dialect.title]
        self._telemetry_s = telemetry_s
        self._closed = False
        self._source = "init"
        self._energy_wh = 0.0
        self._pulse_s = 0.0
        self._off_at: float | None = None
        self._booted_at = self._last = self._told_at = 0.0

    @property
    def commands(self) -> tuple[str, ...]:
        """The filters it listens on."""
        return self._voice.commands(self.relay)

    @property
    def will(self) -> Spoken:
        """What the broker says when it vanishes."""
        return self._voice.presence(self.relay, online=False)

    @property
    def watts(self) -> float:
        """The power that flows through its contact."""
        return self.load_w if self._closed else 0.0

    def boot(self, now: float) -> tuple[Spoken, ...]:
        """Get power and reach the broker: all timers are forgotten, the state is ``on_at_boot``."""
        self._count(now)
        self._booted_at = self._told_at = now
        self._off_at, self._pulse_s, self._source = None, 0.0, "init"
        if self.relay.dialect.energy_starts_at_boot:
            self._energy_wh = 0.0
        self.on = self.on_at_boot
        self._closed = self.on_at_boot or (self.sticks and self._closed)
        self.online = True
        hello = self._voice.presence(self.relay, online=True)
        return (hello, *self._voice.boot(self.relay, self._status(now)))

    def vanish(self, now: float) -> tuple[Spoken, ...]:
        """Lose the network, not the power: the broker speaks the will, the timers go on."""
        self._count(now)
        self.online = False
        return (self.will,)

    def come_back(self, now: float) -> tuple[Spoken, ...]:
        """Find the network again, without a restart."""
        self._count(now)
        self.online = True
        return (self._voice.presence(self.relay, online=True), *self._voice.readings(self.relay, self._status(now)))

    def press_button(self, now: float) -> tuple[Spoken, ...]:
        """Someone presses the plug's own button."""
        return self._switch(Order(on=not self.on), source="button", now=now)

    def garble(self) -> tuple[Spoken, ...]:
        """Speak nonsense where the state is expected."""
        topic = self._voice.state(self.relay, self._status(self._last), changed=True)[0].topic
        return (Spoken(topic=topic, payload=b"\xff\x00{]"),) if self.online else ()

    def hear(self, topic: str, payload: bytes, now: float) -> tuple[Spoken, ...]:
        """Take an order and answer; silence for what the firmware does not understand, and while offline."""
        order = self._voice.understand(self.relay, topic, payload) if self.online else None
        before = self.tick(now)
        if order is None:
            return before
        if order.ask:
            return (*before, *self._voice.readings(self.relay, self._status(now), order.ask))
        if order.pulse_s is not None:
            self._pulse_s = order.pulse_s
            return before
        return (*before, *self._switch(order, source="mqtt", now=now))

    def tick(self, now: float) -> tuple[Spoken, ...]:
        """Let time pass: its timer may switch it off, its telemetry may be due."""
        said: tuple[Spoken, ...] = ()
        if self._off_at is not None and now >= self._off_at:
            said = self._switch(Order(on=False), source="timer", now=self._off_at)
        self._count(now)
        if self.online and now - self._told_at >= self._telemetry_s:
            self._told_at = now
            said = (*said, *self._voice.readings(self.relay, self._status(now)))
        return said

    def _switch(self, order: Order, *, source: str, now: float) -> tuple[Spoken, ...]:
        self._count(now)
        wanted = bool(order.on)
        changed = wanted != self.on and not self.refuses
        if not self.refuses:
            self.on, self._source = wanted, source
            self._closed = wanted or (self.sticks and self._closed)
            timer = order.timer_s if order.timer_s is not None else self._pulse_s
            self._off_at = now + timer if wanted and timer > 0 else None
        return self._voice.state(self.relay, self._status(now), changed=changed) if self.online else ()

    def _count(self, now: float) -> None:
        if now > self._last:
            self._energy_wh += self.watts * (now - self._last) / 3600
            self._last = now

    def _status(self, now: float) -> Status:
        uptime = max(0.0, now - self._booted_at)
        return Status(on=self.on, source=self._source, watts=self.watts, energy_wh=self._energy_wh, uptime_s=uptime)
