"""A bought plug or relay, reached over MQTT in its own dialect."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from queue import Empty, SimpleQueue
from threading import Event

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from devices.codec import BadMessage
from devices.messages import AlarmCleared, AlarmRaised, Command, Fact, PowerReported, SetPower
from devices.relay import Relay, RelayWatch, relay
from devices.relay_dialects import DIALECTS
from devices.relay_readings import NOTHING, BadPower, Heard
from devices.topics import ROOT
from firmware_bridges.bridge import BridgeContext, Reporter
from gateway.ports.bus import Delivery
from gateway.ports.errors import BridgeLost, BusUnavailable

log = logging.getLogger(__name__)

WAKE_S = 0.2
"""How long a stop may take to be noticed."""
ORDER_QOS = 0
"""A command is worth nothing later: at QoS 1 a broker would keep it for a plug with a lasting session."""
AGAIN_S = 1.0
"""A relay that talks nonsense is asked again, but not faster than this."""
REFUSED = "relay-refused"


class Settings(BaseModel):
    """One plug or relay with a maker's firmware."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dialect: str = Field(description=f"The firmware: {', '.join(DIALECTS)}.")
    name: str = Field(description="Tasmota's topic, Shelly's or ESPHome's prefix, Zigbee2MQTT's friendly name.")
    channel: str = Field(default="", description="Which outlet, where there are several; ESPHome: the switch's id.")
    base_topic: str = Field(default="zigbee2mqtt", description="Zigbee2MQTT's base topic.")
    ask_every_s: float = Field(default=30.0, ge=1, le=3600, description="How often the plug is asked how it is.")
    answer_within_s: float = Field(default=5.0, gt=0, le=60, description="How long it may take to answer.")

    @field_validator("dialect")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in DIALECTS:
            raise PydanticCustomError("one_of", "expected one of {expected}", {"expected": ", ".join(DIALECTS)})
        return value

    @model_validator(mode="after")
    def _names_can_be_topics(self) -> "Settings":
        self.relay(reply_to=ROOT)
        return self

    def relay(self, *, reply_to: str) -> Relay:
        """The relay these settings speak of."""
        return relay(self.dialect, self.name, channel=self.channel, base=self.base_topic, reply_to=reply_to)


def build(context: BridgeContext, settings: Settings) -> "RelayBridge":
    """The bridge for one relay."""
    return RelayBridge(context, settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    on: bool
    ceiling_s: int | None
    at: float


class RelayBridge:
    """One relay: its dialect on one side, facts and commands on the other."""

    def __init__(self, context: BridgeContext, settings: Settings) -> None:
        self._context = context
        self._settings = settings
        self._relay = settings.relay(reply_to=f"{ROOT}/{context.site}/{context.device}")
        self._watch = RelayWatch(self._relay.dialect)
        self._inbox: SimpleQueue[Delivery | _Sent] = SimpleQueue()
        self._refused = self._away = False

    @property
    def title(self) -> str:
        """The relay in words."""
        return f"{self._relay.dialect.title} {self._relay.name.name!r}"

    def run(self, report: Reporter, connected: Callable[[str | None], None], stop: Event) -> None:
        """As the protocol says; the relay's last will, or its silence, raises BridgeLost."""
        inbox = self._inbox = SimpleQueue()
        hear = inbox.put
        self._watch.forget()
        try:
            self._context.bus.subscribe([(text, 1) for text in self._relay.subscriptions()], hear)
            self._say(self._relay.query())
            self._listen(inbox, report, connected, stop)
        except BusUnavailable as error:
            raise BridgeLost(f"{self.title} cannot be heard: {error}") from error
        finally:
            self._context.bus.unsubscribe(hear)

    def obey(self, command: Command) -> None:
        """Switch, unless the order has expired or would wait for a relay that is away."""
        if not isinstance(command, SetPower):
            return
        if self._context.clock.now() >= command.expires_at or (command.on and self._away):
            return
        try:
            orders = self._relay.encode_power(on=command.on, ceiling_s=command.ceiling_s)
            # Noted before it is sent: the answer may come at once, in another thread.
            self._inbox.put(_Sent(on=command.on, ceiling_s=command.ceiling_s, at=self._context.clock.monotonic()))
            self._say(orders)
        except (ValueError, BusUnavailable) as error:
            log.warning("%s was not switched: %s", self.title, error)

    def _say(self, messages: tuple[tuple[str, bytes], ...]) -> None:
        for topic, payload in messages:
            self._context.bus.publish(topic, payload, qos=ORDER_QOS, retain=False)

    def _listen(
        self, inbox: "SimpleQueue[Delivery | _Sent]", report: Reporter, connected: Callable[[str | None], None],
        stop: Event,
    ) -> None:  # fmt: skip
        clock, bus, settings = self._context.clock, self._context.bus, self._settings
        heard_at = asked_at = clock.monotonic()
        reached, patience = False, inf if self._away else settings.answer_within_s
        while not stop.is_set():
            said = self._read(_next(inbox), report, clock.monotonic())
            now = clock.monotonic()
            if said.alive and not reached:
                reached, patience = True, 2 * settings.ask_every_s + settings.answer_within_s
                self._away = False
                connected(self.title)
            for fact in said.facts:
                report.fact(fact)
            if said.alive or not bus.connected:
                heard_at = now  # the broker's silence is not the relay's
            if now - asked_at >= (AGAIN_S if said.ask else settings.ask_every_s):
                asked_at = now
                self._ask_again()
            if now - heard_at > patience and (self._relay.dialect.query or not reached):
                raise self._lost("does not answer: is it on, on the network, and is its name right?")

    def _lost(self, why: str) -> BridgeLost:
        """Once it has been said that the relay is away, the next run waits for its first word instead of failing."""
        self._away = True
        return BridgeLost(f"{self.title} {why}")

    def _ask_again(self) -> None:
        try:
            self._say(self._relay.query())
        except BusUnavailable as error:
            log.debug("%s cannot be asked now: %s", self.title, error)

    def _read(self, item: "Delivery | _Sent | None", report: Reporter, now: float) -> "_Said":
        if item is None:
            return _Said()
        if isinstance(item, _Sent):
            return _Said(facts=self._watch.sent(on=item.on, at=item.at, ceiling_s=item.ceiling_s))
        try:
            heard = self._relay.decode(item.topic, item.payload)
        except BadPower:
            report.nonsense("relay-state", item.payload)
            return _Said(facts=self._watch.garbled(), ask=not item.retained)
        except BadMessage:
            report.nonsense("relay-message", item.payload)
            return _Said()
        facts = self._watch.hear(heard, at=now, retained=item.retained)
        if heard.online is False and not self._away:
            raise self._lost("is offline: that is its last will at the broker.")
        if not item.retained:
            self._sample(heard, report)
        # A retained *online* may be older than the relay's death; only firmware that cannot be asked is taken at that.
        alive = (heard != NOTHING and not item.retained) or (not self._relay.dialect.query and bool(self._watch.online))
        return _Said(facts=(*facts, *self._refusal(heard, facts)), alive=alive)

    def _sample(self, heard: Heard, report: Reporter) -> None:
        told = {"power_w": heard.watts, "energy_wh": heard.energy_wh}
        values = {key: value for key, value in told.items() if value is not None}
        if values:
            report.sample(values)

    def _refusal(self, heard: Heard, facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
        if heard.refusal is not None and not self._refused:
            self._refused = True
            return (AlarmRaised(code=REFUSED, text=heard.refusal),)
        if self._refused and any(isinstance(fact, PowerReported) for fact in facts):
            self._refused = False
            return (AlarmCleared(code=REFUSED),)
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What one message made known; ``ask`` when it cannot be understood and the relay should say it again."""

    facts: tuple[Fact, ...] = ()
    alive: bool = False
    ask: bool = False


def _next(inbox: "SimpleQueue[Delivery | _Sent]") -> "Delivery | _Sent | None":
    try:
        return inbox.get(timeout=WAKE_S)
    except Empty:
        return None
