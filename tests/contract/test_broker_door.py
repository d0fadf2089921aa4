"""The broker's door, on both brokers: who may come in, and that each speaks only as itself."""

import socket
import ssl
import threading
from datetime import UTC, datetime

import paho.mqtt.client as mqtt
import pytest

from devices.topics import Channel, topic
from gateway.adapters.broker import EmbeddedBroker, Tls, claim_port
from gateway.adapters.broker_door import OURS, Door
from gateway.adapters.certificates import Authority
from tests.fixtures_broker import wait_until

KINDS = [pytest.param("mosquitto", marks=pytest.mark.mosquitto), "amqtt"]
SITE = "lab"


class Device:
    """A client that remembers what it heard and how it was answered."""

    def __init__(self, port, user=None, password=None, *, version=mqtt.MQTTv311, authority=None):
        self.heard, self.answers, self.in_, self.reason = [], {}, threading.Event(), None
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=version, reconnect_on_failure=False)
        if user is not None:
            self.client.username_pw_set(user, password)
        if authority is not None:
            self.client.tls_set(ca_certs=str(authority), tls_version=ssl.PROTOCOL_TLS_CLIENT)
        self.client.on_connect = self._connected
        self.client.on_message = lambda _c, _u, message: self.heard.append((message.topic, message.payload))
        self.client.on_subscribe = lambda _c, _u, mid, reasons, _p: self.answers.update({mid: reasons})
        self.client.on_publish = lambda _c, _u, mid, reason, _p: self.answers.update({mid: reason})
        self.client.on_disconnect = lambda *_: self.in_.clear()
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        wait_until(lambda: self.reason is not None)

    def _connected(self, _client, _data, _flags, reason, _properties):
        self.reason = reason
        if not reason.is_failure:
            self.in_.set()

    def subscribe(self, *filters):
        _, mid = self.client.subscribe([(each, 1) for each in filters])
        wait_until(lambda: mid in self.answers)
        return self.answers[mid]

    def publish(self, name, payload=b"x"):
        info = self.client.publish(name, payload, qos=1)
        wait_until(lambda: info.mid in self.answers)
        return self.answers[info.mid]

    def publish_all(self, names):
        mids = [self.client.publish(name, b"x", qos=1).mid for name in names]
        wait_until(lambda: all(mid in self.answers for mid in mids))
        return [self.answers[mid] for mid in mids]

    def leave(self):
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture(params=KINDS)
def kind(request):
    if request.param == "mosquitto":
        request.getfixturevalue("mosquitto_program")
    return request.param


@pytest.fixture
def door(tmp_path):
    return Door(tmp_path / "broker", site=SITE)


@pytest.fixture
def started(tmp_path, door, kind):
    broker = EmbeddedBroker(tmp_path / "broker", port=0, kind=kind, door=door)
    yield broker.start()
    broker.stop()


@pytest.fixture
def come(started):
    inside = []

    def come(user=None, password=None, **more):
        inside.append(Device(started.port, user, password, **more))
        return inside[-1]

    yield come
    for each in inside:
        each.leave()


class TestTheDoor:
    def test_only_who_has_an_account_comes_in(self, come, door, started):
        word = door.admit("reader-1")
        assert come("reader-1", word).in_.wait(2) or wait_again(come, "reader-1", word)
        assert come().reason.is_failure
        assert come("reader-1", "guess").reason.is_failure
        assert come("reader-2", word).reason.is_failure
        assert come(OURS, word).reason.is_failure
        assert come(started.username, started.password).in_.wait(5)

    def test_a_device_speaks_as_itself_and_hears_what_is_for_it(self, come, door, started):
        ours = come(started.username, started.password)
        ours.subscribe("etabli/#")
        word = door.admit("reader-1")
        reader = wait_again(come, "reader-1", word)
        reader.subscribe(topic(Channel.COMMAND, site=SITE, device="reader-1"))
        reader.publish(topic(Channel.FACT, site=SITE, device="reader-1"), b"mine")
        reader.publish(topic(Channel.FACT, site=SITE, device="reader-2"), b"another's")
        reader.publish(topic(Channel.FACT, site="elsewhere", device="reader-1"), b"another site")
        reader.publish(topic(Channel.COMMAND, site=SITE, device="plug-1"), b"an order")
        ours.publish(topic(Channel.COMMAND, site=SITE, device="reader-1"), b"for it")
        wait_until(lambda: (topic(Channel.COMMAND, site=SITE, device="reader-1"), b"for it") in reader.heard)
        wait_until(lambda: len(ours.heard) >= 2)
        assert {payload for _, payload in ours.heard} == {b"mine", b"for it"}

    def test_whoever_is_shut_out_is_put_out_and_stays_out(self, come, door, started, kind):
        word = door.admit("reader-1")
        reader, ours = wait_again(come, "reader-1", word), come(started.username, started.password)
        ours.subscribe("etabli/#")
        fact = topic(Channel.FACT, site=SITE, device="reader-1")
        reader.publish(fact, b"before")
        assert door.shut_out("reader-1")
        assert not door.shut_out("reader-1")
        if kind == "mosquitto":
            wait_until(lambda: not reader.in_.is_set())
        else:
            reader.publish(fact, b"after")
        ours.publish(fact, b"end")
        wait_until(lambda: (fact, b"end") in ours.heard)
        assert [payload for _, payload in ours.heard] == [b"before", b"end"]
        wait_until(lambda: come("reader-1", word).reason.is_failure)

    def test_a_new_password_ends_the_old_one(self, come, door):
        old = door.admit("reader-1")
        wait_again(come, "reader-1", old)
        new = door.admit("reader-1")
        wait_again(come, "reader-1", new)
        assert come("reader-1", old).reason.is_failure


def wait_again(come, user, password):
    """The broker looks at its door twice a second."""
    found = []

    def inside():
        found.append(come(user, password))
        return found[-1].in_.wait(0.3)

    wait_until(inside)
    return found[-1]


@pytest.mark.mosquitto
@pytest.mark.parametrize("secured", [False, True], ids=["plain", "tls"])
def test_no_device_of_fifty_can_speak_or_listen_as_another(tmp_path, door, mosquitto_program, secured):
    names = [f"node-{n}" for n in range(50)]
    words = {name: door.admit(name) for name in names}
    authority = Authority(tmp_path / "tls", name="Lab")
    tls = None
    if secured:
        certificate, key = authority.issue(("localhost", "127.0.0.1"), datetime.now(UTC))
        tls = Tls(port=claim_port("127.0.0.1", 0), certificate=certificate, key=key)
    broker = EmbeddedBroker(tmp_path / "broker", port=0, kind="mosquitto", door=door, tls=tls)
    address = broker.start()
    port, ca = (tls.port, authority.certificate) if tls else (address.port, None)
    command = {name: topic(Channel.COMMAND, site=SITE, device=name) for name in names}
    devices, spoke = {}, 0
    ours = Device(address.port, address.username, address.password)
    try:
        for name in names:
            device = devices[name] = Device(port, name, words[name], version=mqtt.MQTTv5, authority=ca)
            device.subscribe("etabli/#", *command.values())
            answers = device.publish_all([topic(Channel.FACT, site=SITE, device=other) for other in names])
            assert not answers[names.index(name)].is_failure
            spoke += sum(not reason.is_failure for reason in answers) - 1
        for word in (b"order", b"end"):
            for name in names:
                ours.client.publish(command[name], word, qos=1)
        for name, device in devices.items():
            wait_until(lambda name=name, device=device: (command[name], b"end") in device.heard)
        leaked = sum(name != command[own] for own, device in devices.items() for name, _ in device.heard)
        print(f"acl_pairs_refused: {2450 - leaked} of 2450 listening, {2450 - spoke} of 2450 speaking")
        assert (leaked, spoke) == (0, 0)
    finally:
        for device in (ours, *devices.values()):
            device.leave()
        broker.stop()


def test_a_stranger_to_the_authority_is_not_believed(tmp_path, door, mosquitto_program):
    ours, other = Authority(tmp_path / "tls", name="Lab"), Authority(tmp_path / "other", name="Elsewhere")
    now = datetime.now(UTC)
    certificate, key = ours.issue(("localhost",), now)
    other.issue(("localhost",), now)
    tls = Tls(port=claim_port("127.0.0.1", 0), certificate=certificate, key=key)
    broker = EmbeddedBroker(tmp_path / "broker", port=0, kind="mosquitto", door=door, tls=tls)
    broker.start()
    try:
        trusting = ssl.create_default_context(cafile=str(ours.certificate))
        wary = ssl.create_default_context(cafile=str(other.certificate))
        with (
            socket.create_connection(("127.0.0.1", tls.port)) as plain,
            trusting.wrap_socket(plain, server_hostname="localhost") as secured,
        ):
            assert secured.version() in ("TLSv1.2", "TLSv1.3")
        with (
            socket.create_connection(("127.0.0.1", tls.port)) as plain,
            pytest.raises(ssl.SSLCertVerificationError),
            wary.wrap_socket(plain, server_hostname="localhost"),
        ):
            pass
    finally:
        broker.stop()
