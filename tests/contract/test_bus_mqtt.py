"""What only a bus on a network can meet: brokers that refuse, vanish, talk nonsense, or are several."""

import logging
import socket
import threading
import time

import pytest

from gateway.adapters.bus_mqtt import MqttBus
from gateway.ports.errors import BusUnavailable, SubscriptionRefused
from tests.fixtures_broker import wait_until
from tests.ports import free_port

CONNACK = bytes((0x20, 2, 0, 0))


class OddBroker:
    """A broker that says to each packet what a test wants: ``answer(kind, body) -> bytes`` (MQTT 3.1.1)."""

    host = "127.0.0.1"

    def __init__(self, answer) -> None:
        self.answer = answer
        self.connects = 0
        self._server = socket.create_server((self.host, 0))
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._run, name="odd-broker")
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self.connects += 1
            with client, client.makefile("rb") as stream:
                try:
                    while head := stream.read(2):
                        client.sendall(self.answer(head[0] >> 4, stream.read(head[1])))
                except (OSError, IndexError):
                    pass


@pytest.fixture
def odd():
    brokers = []

    def make(answer):
        brokers.append(OddBroker(answer))
        return brokers[-1]

    yield make
    for broker in brokers:
        broker.close()


@pytest.fixture
def connect():
    buses = []

    def make(broker, name="bus", **options):
        options = {"protocol": 4, "retry_min_s": 0.02, "retry_max_s": 0.1} | options
        buses.append(MqttBus(broker.host, broker.port, client_id=name, **options))
        return buses[-1]

    yield make
    for bus in buses:
        bus.close()


def suback(body: bytes, code_for) -> bytes:
    """A SUBACK for the filters in a SUBSCRIBE's body, each with the code that ``code_for`` gives it."""
    codes, at = b"", 2
    while at < len(body):
        size = int.from_bytes(body[at : at + 2])
        codes += bytes([code_for(body[at + 2 : at + 2 + size].decode())])
        at += 3 + size
    return bytes((0x90, 2 + len(codes))) + body[:2] + codes


def test_a_refused_subscription_is_named_and_the_rest_goes_on(odd, connect):
    def answer(kind, body):
        if kind == 8:
            return suback(body, lambda name: 0x80 if "secret" in name else 1)
        return CONNACK if kind == 1 else b""

    bus = connect(odd(answer))
    bus.subscribe([("open/+", 1)], print)
    with pytest.raises(SubscriptionRefused) as refused:
        bus.subscribe([("open/a", 1), ("secret/+", 1)], print)
    assert "secret/+" in str(refused.value)
    assert "open/a" not in str(refused.value)
    assert bus.connected


def test_a_subscription_refused_only_after_a_reconnection_means_not_ready_and_is_logged(odd, connect, caplog):
    allowed = threading.Event()
    allowed.set()

    def answer(kind, body):
        if kind == 8:
            return suback(body, lambda _name: 1 if allowed.is_set() else 0x80)
        if kind == 3:
            raise OSError("cut")
        return CONNACK if kind == 1 else b""

    broker = odd(answer)
    bus = connect(broker)
    changes = []
    bus.on_connection(changes.append)
    bus.subscribe([("facts/+", 1)], print)
    allowed.clear()
    bus.publish("make/it/drop", b"", qos=0)
    wait_until(lambda: broker.connects >= 3, "it tried again")
    assert not bus.connected
    assert changes == [False]
    assert "refused the subscription to 'facts/+'" in caplog.text
    allowed.set()
    wait_until(lambda: bus.connected, "it stands again")
    assert changes == [False, True]


@pytest.mark.parametrize(
    "nonsense",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x00" * 50,
        b"\xff" * 50,
        b"\x30\x02\x00\xff",
        b"\x90\x00",
        b"\x20\x01\x00",
    ],
)
@pytest.mark.parametrize("protocol", [4, 5])
def test_a_broker_that_talks_nonsense_ends_a_connection_not_the_bus(odd, connect, monkeypatch, nonsense, protocol):
    monkeypatch.setattr("gateway.adapters.mqtt_link.CONNECT_TIMEOUT_S", 0.2)
    sane = threading.Event()
    hello = CONNACK if protocol == 4 else bytes((0x20, 3, 0, 0, 0))

    def answer(kind, body):
        return hello if sane.is_set() and kind == 1 else nonsense

    broker = odd(answer)
    bus = connect(broker, protocol=protocol)
    wait_until(lambda: broker.connects >= 2, "it tried again")
    assert not bus.connected
    sane.set()
    wait_until(lambda: bus.connected, "connected at last")


def test_a_broker_that_accepts_and_says_nothing_is_given_up(odd, connect, monkeypatch):
    monkeypatch.setattr("gateway.adapters.mqtt_link.CONNECT_TIMEOUT_S", 0.05)
    broker = odd(lambda _kind, _body: b"")
    bus = connect(broker)
    wait_until(lambda: broker.connects >= 2, "it tried again", timeout=15)
    assert not bus.connected


def test_without_a_broker_the_bus_is_there_at_once_says_so_and_finds_it_later(mosquitto, connect, caplog):
    mosquitto.stop()
    caplog.set_level(logging.INFO)
    started = time.monotonic()
    bus = connect(mosquitto)
    assert time.monotonic() - started < 2
    with pytest.raises(BusUnavailable) as error:
        bus.publish("t", b"x")
    assert f"127.0.0.1:{mosquitto.port}" in str(error.value)
    mosquitto.start()
    wait_until(lambda: bus.connected, "connected")
    complaints = [record for record in caplog.records if "cannot reach" in record.message]
    assert len(complaints) == 1, "many attempts, one line"


def test_a_wrong_password_is_said_in_the_log(start_mosquitto, connect, tmp_path, caplog):
    (tmp_path / "users").write_text("")
    broker = start_mosquitto("allow_anonymous false", f"password_file {tmp_path / 'users'}")
    for protocol in (4, 5):
        bus = connect(broker, protocol=protocol, username="gateway", password="guess")
        assert not bus.connected
    assert caplog.text.lower().count("not authorized") >= 2


def test_when_one_broker_is_gone_the_next_address_serves(start_mosquitto, connect):
    first, second = start_mosquitto(), start_mosquitto()
    heard = []
    bus = connect(first, others=[(second.host, second.port)])
    bus.subscribe([("t", 1)], heard.append)
    changes = []
    bus.on_connection(changes.append)
    first.kill()
    wait_until(lambda: changes == [False, True], "on the second")
    bus.publish("t", b"here")
    wait_until(lambda: heard, "through the second")
    first.start()
    second.kill()
    wait_until(lambda: changes == [False, True] * 2, "on the first again")


def test_a_reason_that_the_broker_gives_is_in_the_log(odd, connect, caplog):
    def answer(kind, body):
        taken_over = bytes((0xE0, 2, 0x8E, 0))
        return bytes((0x20, 3, 0, 0, 0)) if kind == 1 else taken_over

    bus = connect(odd(answer), protocol=5, retry_min_s=5, retry_max_s=5)
    bus.publish("t", b"")
    wait_until(lambda: "taken over" in caplog.text.lower(), "the reason in the log")


def test_closing_does_not_wait_for_a_broker_that_is_not_there(connect):
    class Nowhere:
        host, port = "127.0.0.1", free_port()

    bus = connect(Nowhere, retry_min_s=30, retry_max_s=30)
    started = time.monotonic()
    bus.close()
    assert time.monotonic() - started < 1


def test_a_burst_larger_than_the_broker_takes_at_once_arrives_whole(start_mosquitto, connect):
    broker = start_mosquitto("max_inflight_messages 20")  # the later line wins: an MQTT 5 client is told 20
    heard = []
    sender, listener = connect(broker, "sender", protocol=5), connect(broker, "listener", protocol=5)
    listener.subscribe([("t", 1)], lambda delivery: heard.append(delivery.payload))
    wanted = [str(i).encode() for i in range(3000)]
    for payload in wanted:
        sender.publish("t", payload)
    wait_until(lambda: len(heard) >= len(wanted), "all of them")
    assert heard == wanted
