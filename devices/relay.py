"""A relay on somebody else's firmware: how it is asked, what it answers, and what of it is news.

:data:`devices.relay_dialects.DIALECTS` is the table of firmwares; :class:`Relay` is one relay in one of them, without
I/O; :class:`RelayWatch` turns what it says into facts. Time is a parameter: seconds of the caller's monotonic clock.
"""

from dataclasses import dataclass, replace
from string import Template

from devices.codec import BadMessage
from devices.messages import Fact, PowerReported
from devices.relay_dialects import DIALECTS, Dialect, Say
from devices.relay_readings import NOTHING, Heard, RelayName

ANSWER_S = 5.0
"""A report within this time of a command is its answer."""
TIMER_SLACK_S = 3.0
"""How far a plug's own timer may be off and still explain why the power went."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """One relay: its dialect and its name. Nothing it gives is ever to be published retained."""

    dialect: Dialect
    name: RelayName

    def subscriptions(self) -> tuple[str, ...]:
        """The MQTT filters on which this relay speaks."""
        return tuple(dict.fromkeys(self._fill(ear.topic) for ear in self.dialect.ears))

    def encode_power(self, *, on: bool, ceiling_s: int | None = None) -> tuple[tuple[str, bytes], ...]:
        """The commands that switch it, in order.

        Its own timer is set to ``ceiling_s``. A ceiling that the firmware cannot hold (see ``max_ceiling_s`` of the
        dialect) arms no timer at all: one that fires early would cut a running machine.
        """
        if ceiling_s is not None and ceiling_s < 1:
            raise ValueError(f"a ceiling is at least one second, got {ceiling_s}")
        if not on:
            return self._say(self.dialect.off)
        if ceiling_s is None or ceiling_s > self.dialect.max_ceiling_s:
            return self._say(self.dialect.on)
        return self._say(self.dialect.on_until, ceiling=str(self.dialect.ceiling_as(ceiling_s)))

    def query(self) -> tuple[tuple[str, bytes], ...]:
        """The commands that make it say how it is; none where the firmware cannot be asked."""
        return self._say(self.dialect.query)

    def decode(self, topic: str, payload: bytes) -> Heard:
        """What one message says: a delta, with None for all it does not speak of. BadMessage for nonsense."""
        for ear in self.dialect.ears:
            if _matches(self._fill(ear.topic), topic):
                return ear.read(self.name, topic, payload)
        raise BadMessage(f"{topic!r:.120} is not a topic of this relay")

    def _say(self, rows: tuple[Say, ...], **more: str) -> tuple[tuple[str, bytes], ...]:
        return tuple((self._fill(row.topic), self._fill(row.payload, **more).encode()) for row in rows)

    def _fill(self, template: str, **more: str) -> str:
        return Template(template).substitute(
            name=self.name.name,
            channel=self.name.channel,
            base=self.name.base,
            reply=self.name.reply_to,
            state=self.name.state_key,
            **more,
        )


def relay(dialect: str, name: str, *, channel: str = "", base: str = "zigbee2mqtt", reply_to: str = "etabli") -> Relay:
    """The relay called ``name`` in a dialect of the table; ValueError in plain words for what cannot be.

    ``name`` is Tasmota's topic, Shelly's or ESPHome's prefix, Zigbee2MQTT's friendly name; ``reply_to`` must be unique
    per relay, as Shellys of the second generation answer there.
    """
    row = DIALECTS.get(dialect)
    if row is None:
        raise ValueError(f"expected one of {', '.join(DIALECTS)}, got {dialect!r}")
    for what, value in (("name", name), ("base", base), ("reply_to", reply_to)):
        if not value or value[0] in "$/" or len(value) > 200 or set(value) & set('+#\0"\\') or not value.isprintable():
            raise ValueError(f"{what}: expected a part of an MQTT topic, without + # and quotes, got {value!r:.60}")
    channel = channel or row.default_channel
    if not row.channel.fullmatch(channel):
        raise ValueError(f"channel: {row.title} has channels like {row.default_channel or 'l1'!r}, got {channel!r:.60}")
    return Relay(dialect=row, name=RelayName(name=name, channel=channel, base=base, reply_to=reply_to))


def _matches(pattern: str, topic: str) -> bool:
    """Whether a filter without ``#`` matches."""
    wanted, got = pattern.split("/"), topic.split("/")
    return len(wanted) == len(got) and all(a in ("+", b) for a, b in zip(wanted, got, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    on: bool
    at: float
    told: bool = False


class RelayWatch:
    """What one relay has said so far, and what of it is news."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.online: bool | None = None
        """Whether the relay lives, as far as its own words or its last will tell; None before the first word."""
        self.on: bool | None = None
        """The state last reported; None while unknown."""
        self._sent: _Sent | None = None
        self._due: float | None = None
        self._held: Heard | None = None
        self._rebooted = False
        self._energy_wh = self._uptime_s = -1.0

    def forget(self) -> None:
        """Start over after a lost connection: state and presence are unknown, counters are kept to notice a reboot."""
        self.online = self.on = self._held = self._sent = None

    def hear(self, heard: Heard, *, at: float, retained: bool = False) -> tuple[Fact, ...]:
        """Take in one delta.

        A retained state is an old word: it counts only where the firmware cannot be asked, and once the relay is known
        to live. The relay's death makes its state unknown, without a fact: who watches says that the device is lost.
        """
        if heard.online is False:
            self.forget()
            self.online = False
            return ()
        if heard.online or (not retained and heard != NOTHING):
            self.online = True
        if retained and (self._dialect.query or not self.online):
            self._held = heard if not self._dialect.query and heard.on is not None else self._held
            return ()
        facts: tuple[Fact, ...] = ()
        if self.online and self._held is not None:
            held, self._held = self._held, None
            facts = self._state(held, at=at) if heard.on is None else ()
        self._note_reboot(heard)
        if self._rebooted and heard.on is None and not self._dialect.query:
            # Nothing more will come by itself: the state it has said stands, since the reboot.
            heard = replace(heard, on=self.on)
        return (*facts, *self._state(heard, at=at))

    def sent(self, *, on: bool, at: float, ceiling_s: int | None = None) -> tuple[Fact, ...]:
        """Take note of a command that was sent; the answer is known at once where firmware is silent on no change."""
        self._due = at + ceiling_s if on and ceiling_s else None
        if self._dialect.silent_when_unchanged and self.online and self.on is on:
            return (PowerReported(on=on, cause="command"),)
        self._sent = _Sent(on=on, at=at)
        return ()

    def garbled(self) -> tuple[Fact, ...]:
        """Take note that the relay's state came as nonsense: it is unknown from here on."""
        if self.on is None:
            return ()
        self.on = None
        return (PowerReported(on=None),)

    def _note_reboot(self, heard: Heard) -> None:
        if heard.booted:
            self._rebooted, self._uptime_s, self._energy_wh = True, -1.0, -1.0
        if heard.uptime_s is not None:
            self._rebooted |= heard.uptime_s < self._uptime_s
            self._uptime_s = heard.uptime_s
        if heard.energy_wh is not None:
            self._rebooted |= self._dialect.energy_starts_at_boot and heard.energy_wh < self._energy_wh
            self._energy_wh = heard.energy_wh

    def _state(self, heard: Heard, *, at: float) -> tuple[Fact, ...]:
        if heard.on is None or not self.online:
            return ()
        answer = self._sent if self._sent is not None and at - self._sent.at <= ANSWER_S else None
        news = heard.on is not self.on or self._rebooted or (answer is not None and not answer.told)
        fact = PowerReported(on=heard.on, cause=self._cause(heard, answer, at=at))
        if answer is not None:
            # A relay that refuses says its old state; the right one may still follow.
            self._sent = None if heard.on is answer.on else replace(answer, told=True)
        self.on, self._rebooted = heard.on, False
        return (fact,) if news else ()

    def _cause(self, heard: Heard, answer: _Sent | None, *, at: float) -> str:
        if heard.cause is not None:
            return heard.cause
        if self._rebooted:
            return "boot"
        if answer is not None and answer.on is heard.on:
            return "command"
        if not heard.on and self.on and self._due is not None and abs(at - self._due) <= TIMER_SLACK_S:
            return "timer"
        return "unknown"
