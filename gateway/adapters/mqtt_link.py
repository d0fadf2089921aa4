"""One connection to one MQTT broker: paho's client, driven by a loop of ours.

paho's own loop thread is not used, for reasons measured here or read in its source (2.2):

* it sends from its own thread only, so each ``publish`` pays for waking it; here the caller's thread writes;
* its waits between attempts have no jitter, and it sends again what it had queued. Here a client lives exactly as long
  as its connection and takes with it what the broker had not acknowledged: receipts make up for that.
"""

import contextlib
import math
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateway.adapters.mqtt_client import BufferedClient
from gateway.ports.bus import Will
from gateway.ports.errors import BusUnavailable

CONNECT_TIMEOUT_S = 5.0
ACK_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 2.0
_TICK_S = 0.5
_CHUNK = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOptions:
    """What each connection of one bus has in common."""

    client_id: str
    username: str | None
    password: str | None
    will: Will | None
    protocol: int
    keepalive_s: int
    tls: ssl.SSLContext | None


Outcome = Callable[[list[str] | None], None]
"""Told how a SUBSCRIBE ended: the refused filters with the broker's reason, or None when the connection was lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    filters: tuple[str, ...]
    outcome: Outcome
    deadline: float


class Link:
    """One connection: opened, run by one thread until it is lost, then thrown away. ``publish`` and ``subscribe`` may
    be called from any thread while it runs.
    """

    def __init__(
        self,
        options: LinkOptions,
        *,
        on_up: Callable[[], None],
        on_message: Callable[[mqtt.MQTTMessage], None],
    ) -> None:
        self._options = options
        self._on_up = on_up
        self._on_message = on_message
        self._client = self._make_client()
        self._write_lock = threading.Lock()
        self._asked: dict[int, _Asked] = {}
        self._asked_lock = threading.Lock()
        self._connack_by = self._hang_up_by = math.inf
        self._refused = ""
        self._lost_because = ""
        self._loop_thread = 0
        self._ended = False
        self._last_info: mqtt.MQTTMessageInfo | None = None
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)

    def _make_client(self) -> BufferedClient:
        o = self._options
        five = o.protocol == mqtt.MQTTv5
        client = BufferedClient(
            mqtt.CallbackAPIVersion.VERSION2,
            client_id=o.client_id,
            clean_session=None if five else True,
            protocol=mqtt.MQTTProtocolVersion(o.protocol),
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        # 0 is "no limit of ours". Any limit makes paho walk through all that is in flight at each PUBACK.
        client.max_inflight_messages_set(0)
        if o.username is not None:
            client.username_pw_set(o.username, o.password)
        if o.will is not None:
            client.will_set(o.will.topic, o.will.payload, o.will.qos, o.will.retain)
        if o.tls is not None:
            client.tls_set_context(o.tls)
        # Its mere presence keeps paho from writing by itself in whatever thread publishes, without our lock.
        client.on_socket_register_write = lambda *_: None
        client.on_connect = self._connack
        client.on_subscribe = self._suback
        client.on_message = lambda _client, _data, message: self._on_message(message)
        return client

    # --- any thread

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool, *, write: bool = True) -> None:  # noqa: FBT001
        """Write the message to the socket, or queue it when the socket is full; ValueError for a bad topic.

        Without ``write`` it waits for the next `flush`, or for anything else that is written.
        """
        info = self._client.publish(topic, payload, qos, retain)
        if info.rc != mqtt.MQTT_ERR_SUCCESS:
            raise BusUnavailable(f"the broker did not take a message for {topic}: {mqtt.error_string(info.rc)}")
        if qos:
            self._last_info = info
        if write:
            self.flush()

    def subscribe(self, filters: Iterable[tuple[str, int]], outcome: Outcome) -> None:
        """Ask for these filters; ``outcome`` is called exactly once."""
        wanted = list(filters)
        names = tuple(name for name, _qos in wanted)
        with self._asked_lock:
            rc, mid = self._client.subscribe(wanted)
            asked = rc == mqtt.MQTT_ERR_SUCCESS and mid is not None and not self._ended
            if asked and mid is not None:
                deadline = time.monotonic() + ACK_TIMEOUT_S
                self._asked[mid] = _Asked(filters=names, outcome=outcome, deadline=deadline)
        if not asked:
            outcome(None)
        self.flush()

    def unsubscribe(self, filters: Iterable[str]) -> None:
        """No longer ask for these; nobody waits for the answer."""
        self._client.unsubscribe(list(filters))
        self.flush()

    def finish(self) -> None:
        """Let what was published be acknowledged, within reason, then say goodbye."""
        deadline, last = time.monotonic() + CLOSE_TIMEOUT_S, self._last_info
        while last is not None and self._client.socket() is not None and time.monotonic() < deadline:
            if last.is_published():
                break
            last.wait_for_publish(0.05)
        self.hang_up()

    def hang_up(self, because: str = "") -> None:
        """Say goodbye: the loop ends soon after. ``because`` is what it then gives as the cause."""
        self._lost_because = because
        self._hang_up_by = time.monotonic() + CLOSE_TIMEOUT_S
        self._client.disconnect()
        self.flush()
        self._wake()

    def flush(self) -> None:
        """Write what waits."""
        if threading.get_ident() == self._loop_thread:
            return  # the loop writes as soon as the handler has returned
        with self._write_lock:
            self._client.loop_write()
        if self._client.want_write() or self._client.socket() is None:
            self._wake()

    def _wake(self) -> None:
        # Full means it is awake already; closed means there is nobody to wake.
        with contextlib.suppress(OSError):
            self._wake_in.send(b"!")

    # --- the loop's thread

    def open(self, host: str, port: int) -> None:
        """Reach the broker and say CONNECT; OSError when nobody answers."""
        self._connack_by = time.monotonic() + CONNECT_TIMEOUT_S
        if self._options.protocol == mqtt.MQTTv5:
            self._client.connect(host, port, self._options.keepalive_s, clean_start=True)
        else:
            self._client.connect(host, port, self._options.keepalive_s)

    def run(self) -> str:
        """Serve the connection until it ends; the answer says why, in words fit for a log."""
        self._loop_thread = threading.get_ident()
        try:
            self._loop()
        finally:
            self._loop_thread = 0
            with self._asked_lock:
                self._ended = True
                abandoned, self._asked = list(self._asked.values()), {}
            for asked in abandoned:
                asked.outcome(None)
        return self._refused or self._lost_because or self._client.goodbye or "the connection ended"

    def close(self) -> None:
        """Let go of every socket."""
        sock = self._client.socket()
        if sock is not None:
            sock.close()
        self._wake_in.close()
        self._wake_out.close()

    def _loop(self) -> None:
        client, sock = self._client, self._client.buffered
        poller = select.poll()
        fd, wake = sock.fileno(), self._wake_out.fileno()
        watched = select.POLLIN
        poller.register(fd, watched)
        poller.register(wake, select.POLLIN)
        tick_at = time.monotonic() + _TICK_S
        while client.socket() is not None:
            # Acknowledgements of all that came in one chunk leave in one, too.
            if client.want_write() and not sock.pending():
                with self._write_lock:
                    client.loop_write()
            wanted = select.POLLIN | (select.POLLOUT if client.want_write() else 0)
            if wanted != watched:
                watched = wanted
                poller.modify(fd, wanted)
            if sock.pending():
                client.loop_read()
            else:
                for ready, _events in poller.poll(1000 * _TICK_S):
                    if ready == wake:
                        self._drain()
                    else:
                        client.loop_read()
            if time.monotonic() >= tick_at:
                tick_at = time.monotonic() + _TICK_S
                if not self._tick():
                    return

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_out.recv(_CHUNK)

    def _tick(self) -> bool:
        """Once a second: keep-alive, and the deadlines; False when one has passed and the connection is to end."""
        self._client.loop_misc()
        now = time.monotonic()
        if now > self._hang_up_by:
            return False
        if self._refused == "" and now > self._connack_by:
            self._lost_because = f"no answer to CONNECT within {CONNECT_TIMEOUT_S:g} s"
            return False
        with self._asked_lock:
            late = [asked for asked in self._asked.values() if now > asked.deadline]
        if late:
            self._lost_because = f"no answer to SUBSCRIBE within {ACK_TIMEOUT_S:g} s"
        return not late

    # --- paho's callbacks, in the loop's thread

    def _connack(
        self, _client: Any, _data: Any, _flags: Any, reason: ReasonCode, properties: Properties | None
    ) -> None:
        self._connack_by = math.inf
        if reason.is_failure:
            self._refused = f"the broker refused us: {reason}"
            return
        self._client.obey_receive_maximum(properties)
        self._on_up()

    def _suback(self, _client: Any, _data: Any, mid: int, codes: list[ReasonCode], _properties: Any) -> None:
        with self._asked_lock:
            asked = self._asked.pop(mid, None)
        if asked is None:
            return
        answers = zip_longest(asked.filters, codes[: len(asked.filters)])
        refused = [f"{name!r} ({code or 'no answer'})" for name, code in answers if code is None or code.is_failure]
        asked.outcome(refused)
