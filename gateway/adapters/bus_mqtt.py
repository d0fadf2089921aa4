"""The bus over MQTT, on paho-mqtt: stays connected, subscribes again, hands each message to whom it is for."""

import logging
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

import paho.mqtt.client as mqtt

from gateway.adapters.mqtt_link import ACK_TIMEOUT_S, CONNECT_TIMEOUT_S, Link, LinkOptions
from gateway.adapters.topic_filters import is_valid_filter, is_valid_topic, matches
from gateway.ports.bus import Delivery, Handler, Will
from gateway.ports.errors import BusUnavailable, SubscriptionRefused

log = logging.getLogger(__name__)

STEADY_S = 5.0
"""A connection that held this long was a good one: the next loss starts with short waits again."""
_FILTERS_PER_SUBSCRIBE = 50
_ROUTES_KEPT = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Registration:
    filters: tuple[tuple[str, int], ...]
    handler: Handler
    group: str | None

    def on_wire(self) -> list[tuple[str, int]]:
        if self.group is None:
            return list(self.filters)
        return [(f"$share/{self.group}/{name}", qos) for name, qos in self.filters]

    def hears(self, topic: str) -> bool:
        return any(matches(name, topic) for name, _qos in self.filters)


class MqttBus:
    """The Bus of a real lab.

    The constructor waits for the first attempt to end, at most five seconds, and returns whatever its outcome: the bus
    goes on trying. Each connection starts clean and each loss forgets what the broker had not acknowledged.
    A ``subscribe`` while disconnected raises BusUnavailable *and stands*: it is made at the next connection, so a part
    that can live offline may ignore the error; asking again for the same handler and filters changes nothing.
    Closing tells no listener. Where filters of one bus overlap, a broker may send a message once for each of them.
    """

    def __init__(
        self,
        host: str,
        port: int = 1883,
        *,
        client_id: str,
        username: str | None = None,
        password: str | None = None,
        will: Will | None = None,
        protocol: int = mqtt.MQTTv5,
        others: Sequence[tuple[str, int]] = (),
        keepalive_s: int = 15,
        retry_min_s: float = 0.5,
        retry_max_s: float = 30.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._addresses = [(host, port), *others]
        self._retry_s = (retry_min_s, retry_max_s)
        self._options = LinkOptions(
            client_id=client_id,
            username=username,
            password=password,
            will=will,
            protocol=protocol,
            keepalive_s=keepalive_s,
            tls=tls,
        )
        self._lock = threading.Lock()
        self._own = threading.local()
        self._registrations: tuple[_Registration, ...] = ()
        self._routes: dict[str, list[Handler]] = {}
        self._listeners: list[Callable[[bool], None]] = []
        self._failing: set[Handler] = set()
        self._trying: Link | None = None
        self._live: Link | None = None
        self._ready: Link | None = None
        self._ready_since = 0.0
        self._complaint = ""
        self._closing = threading.Event()
        self._tried = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"mqtt-{client_id}", daemon=True)
        self._thread.start()
        self._tried.wait(CONNECT_TIMEOUT_S)

    # --- what the port promises

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Hand a message to the broker without waiting; BusUnavailable when there is no connection now."""
        if not is_valid_topic(topic):
            raise ValueError(f"cannot publish on {topic!r}")
        link = self._ready
        if link is None:
            raise BusUnavailable(f"not connected to the broker at {self._where()}")
        link.publish(topic, payload, qos, retain, write=not getattr(self._own, "together", False))

    @contextmanager
    def together(self) -> Iterator[None]:
        """What this thread publishes inside leaves in one write at the end."""
        self._own.together = True
        try:
            yield
        finally:
            self._own.together = False
            link = self._ready
            if link is not None:
                link.flush()

    def subscribe(self, filters: Iterable[tuple[str, int]], handler: Handler, *, group: str | None = None) -> None:
        """Call ``handler`` for every message on these ``(filter, qos)``; returns when the broker has accepted."""
        registration = _Registration(filters=tuple(filters), handler=handler, group=group)
        for name, _qos in registration.on_wire():
            if not is_valid_filter(name):
                raise SubscriptionRefused(f"{name!r} is not a topic filter")
        if threading.current_thread() is self._thread:
            raise RuntimeError("subscribe waits for the broker: it cannot be called from the bus's own thread")
        with self._lock:
            if registration not in self._registrations:
                self._set_registrations((*self._registrations, registration))
            link = self._live
        if link is None:
            raise BusUnavailable(
                f"not connected to the broker at {self._where()}; the subscription will be made when it is back"
            )
        refused = self._ask(link, registration)
        if refused:
            self._drop([registration])
            raise SubscriptionRefused(f"the broker refused the subscription to {', '.join(refused)}")

    def unsubscribe(self, handler: Handler) -> None:
        """Stop calling ``handler``."""
        self._drop([each for each in self._registrations if each.handler == handler])

    @property
    def connected(self) -> bool:
        """Whether the broker hears us now and every subscription stands."""
        return self._ready is not None

    def on_connection(self, listener: Callable[[bool], None]) -> None:
        """Call ``listener(connected)`` at each change (after subscriptions stand again, when it is True)."""
        with self._lock:
            self._listeners.append(listener)

    def close(self) -> None:
        """Disconnect cleanly (no will) once what was published is acknowledged, and stop the thread."""
        self._closing.set()
        with self._lock:
            link, self._ready = self._live or self._trying, None
        if link is not None:
            link.finish()
        self._thread.join()

    # --- subscriptions

    def _ask(self, link: Link, registration: _Registration) -> list[str]:
        answered, answers = threading.Event(), list[list[str] | None]()

        def outcome(refused: list[str] | None) -> None:
            answers.append(refused)
            answered.set()

        link.subscribe(registration.on_wire(), outcome)
        if not answered.wait(2 * ACK_TIMEOUT_S) or answers[0] is None:
            raise BusUnavailable("the connection was lost while subscribing; it will be made on the next one")
        return answers[0]

    def _drop(self, gone: list[_Registration]) -> None:
        with self._lock:
            self._set_registrations(tuple(each for each in self._registrations if each not in gone))
            needed = {name for each in self._registrations for name, _qos in each.on_wire()}
            link = self._live
        unneeded = {name for each in gone for name, _qos in each.on_wire()} - needed
        if link is not None and unneeded:
            link.unsubscribe(unneeded)

    def _set_registrations(self, registrations: tuple[_Registration, ...]) -> None:
        # In this order: whoever sees the new (empty) routes also sees the new registrations.
        self._registrations = registrations
        self._routes = {}

    # --- the bus's own thread

    def _run(self) -> None:
        failures, turn = 0, 0
        shortest, longest = self._retry_s
        while not self._closing.is_set():
            self._ready_since = 0.0
            self._serve(*self._addresses[turn % len(self._addresses)])
            self._tried.set()
            turn += 1
            held_s = time.monotonic() - self._ready_since if self._ready_since else 0.0
            failures = 0 if held_s >= STEADY_S else failures + 1
            # Each address is tried once before the waits grow, and no two clients of a broker come back in step.
            rounds = failures // len(self._addresses)
            ceiling = min(longest, shortest * 2 ** min(rounds, 16)) if rounds else shortest / 4
            self._closing.wait(random.uniform(ceiling / 2, ceiling))

    def _serve(self, host: str, port: int) -> None:
        """One connection, from the attempt to its end."""
        link = Link(self._options, on_up=lambda: self._up(link, f"{host}:{port}"), on_message=self._dispatch)
        self._trying = link
        try:
            link.open(host, port)
            reason = link.run()
        except (OSError, ValueError) as error:
            reason = str(getattr(error, "strerror", None) or error)
        except Exception as error:
            log.exception("the connection to %s:%d broke in an unforeseen way", host, port)
            reason = repr(error)
        with self._lock:
            was_ready, self._ready, self._live = self._ready_since > 0, None, None
            self._trying = None
        link.close()
        if self._closing.is_set():
            return
        complaint = f"{host}:{port}: {reason}"
        if was_ready:
            log.warning("lost the broker at %s; trying again", complaint)
            self._tell(connected=False)
        elif complaint != self._complaint:
            log.warning("cannot reach the broker at %s; trying again", complaint)
        self._complaint = complaint

    def _up(self, link: Link, where: str) -> None:
        """The broker has accepted us: subscribe to everything, then be ready."""
        with self._lock:
            if self._closing.is_set():
                link.hang_up()
                return
            self._live = link
            wanted = iter({name: qos for each in self._registrations for name, qos in sorted(each.on_wire())}.items())
        packets = list(iter(lambda: list(islice(wanted, _FILTERS_PER_SUBSCRIBE)), []))
        missing = len(packets)

        def outcome(refused: list[str] | None) -> None:
            nonlocal missing
            missing -= 1
            if refused:
                log.error("the broker at %s refused the subscription to %s", where, ", ".join(refused))
                link.hang_up(f"it refused the subscription to {', '.join(refused)}")
            elif refused is not None and missing == 0:
                self._be_ready(link, where)

        for packet in packets:
            link.subscribe(packet, outcome)
        if not packets:
            self._be_ready(link, where)

    def _be_ready(self, link: Link, where: str) -> None:
        with self._lock:
            if self._closing.is_set():
                return
            self._ready, self._ready_since, self._complaint = link, time.monotonic(), ""
        log.info("connected to the broker at %s", where)
        self._tried.set()
        self._tell(connected=True)

    def _tell(self, *, connected: bool) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(connected)
            except Exception:
                log.exception("a listener to the connection failed; the bus goes on")

    def _dispatch(self, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            log.warning("a message on a topic that is not UTF-8 was dropped")
            return
        routes = self._routes
        handlers = routes.get(topic)
        if handlers is None:
            if len(routes) >= _ROUTES_KEPT:
                routes.clear()
            handlers = routes[topic] = [each.handler for each in self._registrations if each.hears(topic)]
        delivery = Delivery(topic, bytes(message.payload), message.retain)
        for handler in handlers:
            try:
                handler(delivery)
            except Exception:
                known = handler in self._failing
                self._failing.add(handler)
                level = logging.DEBUG if known else logging.ERROR
                log.log(level, "the handler of %s failed; the bus goes on", topic, exc_info=True)

    def _where(self) -> str:
        return ", ".join(f"{host}:{port}" for host, port in self._addresses)
