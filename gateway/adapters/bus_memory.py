"""The bus inside one process: the semantics of MQTT without a socket, for tests and for parts that share a process."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from gateway.adapters.topic_filters import is_valid_filter, is_valid_topic, matches
from gateway.ports.bus import Delivery, Handler, Will
from gateway.ports.errors import BusUnavailable, SubscriptionRefused

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subscription:
    filters: tuple[str, ...]
    handler: Handler
    group: str | None

    def hears(self, topic: str) -> bool:
        return any(matches(each, topic) for each in self.filters)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """Work for a bus's thread: a message for a handler, or a change of connection for a listener."""

    run: Callable[[], None]
    handler: Handler | None


class MemoryBroker:
    """What several :class:`MemoryBus` have in common. ``deny`` are filters that nobody may subscribe to."""

    def __init__(self, *, deny: Iterable[str] = ()) -> None:
        self.deny = frozenset(deny)
        self.up = True
        self.lock = threading.RLock()
        self.idle = threading.Condition(self.lock)
        self.buses: list[MemoryBus] = []
        self._retained: dict[str, bytes] = {}
        self._turns: dict[tuple[str, tuple[str, ...]], int] = {}

    def stop(self) -> None:
        """Vanish like a broker that is killed: all clients are cut off, no will is spoken, retained messages go."""
        with self.lock:
            self.up = False
            self._retained.clear()
            for bus in self.buses:
                bus.go_offline()

    def start(self) -> None:
        """Come back: every client connects again by itself, save those that :meth:`MemoryBus.disconnect` cut off."""
        with self.lock:
            self.up = True
            for bus in self.buses:
                bus.go_online()

    def settle(self, timeout: float = 5.0) -> None:
        """Wait until every message has been handled; for tests."""
        with self.lock:
            if not self.idle.wait_for(lambda: all(bus.is_idle for bus in self.buses), timeout):
                raise TimeoutError("some handlers are still at work")

    def spread(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Hand a message to everyone who listens: each handler once, of each group one member in turn."""
        with self.lock:
            if retain and payload:
                self._retained[topic] = payload
            elif retain:
                self._retained.pop(topic, None)
            shared: dict[tuple[str, tuple[str, ...]], list[tuple[MemoryBus, Handler]]] = {}
            for bus in self.buses:
                for sub in bus.listening(topic):
                    if sub.group is None:
                        bus.deliver(sub.handler, Delivery(topic, payload))
                    else:
                        shared.setdefault((sub.group, sub.filters), []).append((bus, sub.handler))
            for key, members in shared.items():
                turn = self._turns[key] = self._turns.get(key, -1) + 1
                bus, handler = members[turn % len(members)]
                bus.deliver(handler, Delivery(topic, payload))

    def retained_for(self, subscription: _Subscription) -> list[Delivery]:
        """What a new subscriber is told at once; a group is told nothing, as MQTT has it."""
        if subscription.group is not None:
            return []
        kept = self._retained.items()
        return [Delivery(topic, payload, retained=True) for topic, payload in kept if subscription.hears(topic)]


class MemoryBus:
    """One client of a :class:`MemoryBroker`; its handlers run in its own thread, so a slow one holds up nobody else."""

    def __init__(self, broker: MemoryBroker, *, client_id: str = "memory", will: Will | None = None) -> None:
        self._broker = broker
        self._will = will
        self._work = threading.Condition(broker.lock)
        self._subscriptions: list[_Subscription] = []
        self._listeners: list[Callable[[bool], None]] = []
        self._calls: deque[_Call] = deque()
        self._busy = self._online = self._cut_off = self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"bus-{client_id}", daemon=True)
        with broker.lock:
            broker.buses.append(self)
            self.go_online()
        self._thread.start()

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Hand a message over; BusUnavailable while disconnected. ``qos`` changes nothing here."""
        if not is_valid_topic(topic) or qos not in (0, 1, 2):
            raise ValueError(f"cannot publish on {topic!r} with QoS {qos}")
        with self._broker.lock:
            if not self._online:
                raise BusUnavailable("the memory bus is disconnected")
            self._broker.spread(topic, payload, retain=retain)

    def together(self) -> AbstractContextManager[None]:
        """Nothing is written here, so nothing need wait."""
        return nullcontext()

    def subscribe(self, filters: Iterable[tuple[str, int]], handler: Handler, *, group: str | None = None) -> None:
        """As the port says; while disconnected it raises BusUnavailable, and stands from the next connection on."""
        names = tuple(text for text, _qos in filters)
        for text in names:
            if not is_valid_filter(text) or text in self._broker.deny:
                raise SubscriptionRefused(f"the broker refused the subscription to {text!r}")
        if threading.current_thread() is self._thread:
            raise RuntimeError("subscribe waits for the broker: it cannot be called from the bus's own thread")
        subscription = _Subscription(filters=names, handler=handler, group=group)
        with self._broker.lock:
            if subscription not in self._subscriptions:
                self._subscriptions.append(subscription)
            if not self._online:
                raise BusUnavailable("the memory bus is disconnected; the subscription stands when it is back")
            for delivery in self._broker.retained_for(subscription):
                self.deliver(handler, delivery)

    def unsubscribe(self, handler: Handler) -> None:
        """Stop calling ``handler``."""
        with self._broker.lock:
            self._subscriptions = [sub for sub in self._subscriptions if sub.handler != handler]
            self._calls = deque(call for call in self._calls if call.handler != handler)

    @property
    def connected(self) -> bool:
        """Whether the broker hears us now."""
        return self._online

    def on_connection(self, listener: Callable[[bool], None]) -> None:
        """Call ``listener(connected)`` at each change."""
        with self._broker.lock:
            self._listeners.append(listener)

    def disconnect(self) -> None:
        """Cut this client's cable, as a test does: its will is spoken, what was on its way to it is lost."""
        with self._broker.lock:
            self._cut_off = True
            if self._online:
                self.go_offline()
                if self._will is not None:
                    self._broker.spread(self._will.topic, self._will.payload, retain=self._will.retain)

    def connect(self) -> None:
        """Mend the cable: subscriptions stand again, retained messages come again."""
        with self._broker.lock:
            self._cut_off = False
            self.go_online()

    def close(self) -> None:
        """Disconnect cleanly (no will) and stop the thread, once the handlers have had what already arrived."""
        with self._broker.lock:
            self._closed = True
            self._online = False
            if self in self._broker.buses:
                self._broker.buses.remove(self)
            self._work.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    # What the broker calls, with its lock held.

    @property
    def is_idle(self) -> bool:
        """Whether every handler has returned and none is waiting to be called."""
        return not self._calls and not self._busy

    def listening(self, topic: str) -> list[_Subscription]:
        """The subscriptions that a message on this topic is for."""
        return [sub for sub in self._subscriptions if sub.hears(topic)] if self._online else []

    def deliver(self, handler: Handler, delivery: Delivery) -> None:
        """Queue one message for one handler."""
        self._calls.append(_Call(run=lambda: handler(delivery), handler=handler))
        self._work.notify()

    def go_offline(self) -> None:
        """Lose the connection, and with it what had not been handled."""
        if self._online:
            self._online = False
            self._calls = deque(call for call in self._calls if call.handler is None)
            self._tell(connected=False)

    def go_online(self) -> None:
        """Connect, unless cut off, closed or already connected."""
        if self._broker.up and not (self._online or self._cut_off or self._closed):
            self._online = True
            self._tell(connected=True)
            for subscription in self._subscriptions:
                for delivery in self._broker.retained_for(subscription):
                    self.deliver(subscription.handler, delivery)

    def _tell(self, *, connected: bool) -> None:
        for listener in self._listeners:
            self._calls.append(_Call(run=lambda told=listener: told(connected), handler=None))  # type: ignore[misc]
        self._work.notify()

    def _run(self) -> None:
        while True:
            with self._broker.lock:
                self._busy = False
                if not self._calls:
                    self._broker.idle.notify_all()
                self._work.wait_for(lambda: self._calls or self._closed)
                if not self._calls:
                    return
                call = self._calls.popleft()
                self._busy = True
            try:
                call.run()
            except Exception:
                log.exception("a handler of the memory bus failed; the bus goes on")
