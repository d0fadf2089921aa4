"""paho's client with a buffer between it and its socket: each packet then costs one system call, not three to five."""

import contextlib
import socket
import ssl
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

IN_FLIGHT = 100
_CHUNK = 65_536


class BufferedSocket:
    """A socket for paho that takes from the kernel as much as there is, and gives it all that waits in one go.

    Any thread may send and flush: a packet that comes while another thread gives the kernel what waits follows it.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._chunk = b""
        self._at = 0
        self._unsent = bytearray()
        self._one_at_a_time = threading.Lock()
        self.fileno = sock.fileno
        self.setblocking = sock.setblocking

    def send(self, buffer: bytes | bytearray) -> int:
        """Take a packet; it leaves with the next flush."""
        with self._one_at_a_time:
            self._unsent += buffer
        return len(buffer)

    def flush(self) -> None:
        """Give the kernel what waits, as far as it takes it; OSError when the connection is gone."""
        with self._one_at_a_time, contextlib.suppress(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            while self._unsent:
                del self._unsent[: self._sock.send(self._unsent)]

    @property
    def unsent(self) -> bool:
        """Whether something waits for the kernel."""
        return bool(self._unsent)

    def close(self) -> None:
        """Let go; a goodbye that still waits is tried once."""
        with contextlib.suppress(OSError):
            self.flush()
        self._sock.close()

    def recv(self, size: int) -> bytes:
        at = self._at
        if at == len(self._chunk):
            self._chunk, self._at = b"", 0
            self._chunk, at = self._sock.recv(_CHUNK), 0
        piece = self._chunk[at : at + size]
        self._at = at + len(piece)
        return piece

    def pending(self) -> int:
        """How many bytes have come that poll() knows nothing of."""
        inner = self._sock.pending() if isinstance(self._sock, ssl.SSLSocket) else 0
        return len(self._chunk) - self._at + inner


class BufferedClient(mqtt.Client):
    """paho's client with some of its methods replaced; the bus's contract tests would show if they moved."""

    buffered: BufferedSocket
    goodbye = ""

    def loop_write(self) -> mqtt.MQTTErrorCode:
        """Write all that waits, in one system call."""
        code = super().loop_write()
        try:
            if self._sock is not None:
                self.buffered.flush()
        except OSError:
            return self._loop_rc_handle(mqtt.MQTTErrorCode.MQTT_ERR_CONN_LOST)
        return code

    def want_write(self) -> bool:
        """Whether anything waits to be written."""
        return super().want_write() or (self._sock is not None and self.buffered.unsent)

    def _create_socket(self) -> "mqtt.SocketLike":
        sock = super()._create_socket()
        assert isinstance(sock, socket.socket)  # a promise to mypy: the transport is always "tcp"
        # Without it a QoS 1 round trip takes 44 ms instead of 0.3: Nagle's algorithm waits for a delayed ACK.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffered = BufferedSocket(sock)
        return self.buffered

    def obey_receive_maximum(self, properties: Properties | None) -> None:
        """Keep no more unacknowledged than an MQTT 5 broker allows (§3.3.4); paho itself does not look at it."""
        # The public setter refuses once the socket is open, but the broker tells us only then; nothing is in flight yet.
        announced = getattr(properties, "ReceiveMaximum", 0)
        # With any limit, paho walks through all that is under way at each PUBACK: a burst under 1000 halved the speed.
        self._max_inflight_messages = min(announced, IN_FLIGHT)

    def _do_on_disconnect(
        self,
        packet_from_broker: bool,  # noqa: FBT001
        v1_rc: mqtt.MQTTErrorCode,
        reason: ReasonCode | None = None,
        properties: Properties | None = None,
    ) -> None:
        # paho would take the lock of its callbacks here, also in a publisher's thread while a handler of ours runs.
        words = f"the broker ended it: {reason}" if packet_from_broker else mqtt.error_string(v1_rc).rstrip(".")
        self.goodbye = self.goodbye or words
