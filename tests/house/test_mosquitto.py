"""The broker's configuration that Compose mounts, run by the real Mosquitto: it starts, and its access list holds."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from tests.ports import free_port

DEPLOY = Path(__file__).resolve().parents[2] / "deploy" / "mosquitto"
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
USERS = {"gateway": "g-word", "health": "h-word", "reader-1": "r1-word", "reader-2": "r2-word"}

pytestmark = [
    pytest.mark.mosquitto,
    pytest.mark.skipif(not shutil.which("mosquitto", path=PATH), reason="Mosquitto is not installed"),
]


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mosquitto")
    folder.chmod(0o755)
    port = free_port()
    conf = (DEPLOY / "mosquitto.conf").read_text()
    assert "listener 1883" in conf
    conf = conf.replace("listener 1883", f"listener {port} 127.0.0.1")
    conf = conf.replace("/mosquitto/config/", f"{folder}/").replace("/mosquitto/data/", f"{folder}/")
    # As root it would become the user `mosquitto`, who may not enter the test's folder.
    conf += f"\nuser {'root' if os.getuid() == 0 else 'mosquitto'}\n"
    (folder / "mosquitto.conf").write_text(conf)
    shutil.copy(DEPLOY / "acl", folder / "acl")
    (folder / "acl").chmod(0o600)
    (folder / "secret").write_text("".join(f"{u}:{p}\n" for u, p in USERS.items()))
    env = {
        "PATH": PATH,
        "MQTT_USERS": str(folder / "secret"),
        "MQTT_PASSWORD_FILE": str(folder / "users"),
        "MQTT_CONF": str(folder / "mosquitto.conf"),
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["sh", DEPLOY / "start.sh"], env=env, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 10
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    assert process.poll() is None, (folder / "log").read_text()
                    assert time.monotonic() < deadline
                    time.sleep(0.02)
            yield port, folder
        finally:
            process.terminate()
            process.wait(10)


class Client:
    """A paho client that answers in plain values."""

    def __init__(self, port, user=None, password=None):
        self.got, self.granted, self.connack = [], None, None
        self.paho = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        if user:
            self.paho.username_pw_set(user, password or USERS[user])
        self.paho.on_connect = lambda _c, _u, _f, reason, _p: setattr(self, "connack", str(reason))
        self.paho.on_subscribe = lambda _c, _u, _m, reasons, _p: setattr(self, "granted", reasons)
        self.paho.on_message = lambda _c, _u, m: self.got.append((m.topic, m.payload))
        self.paho.connect("127.0.0.1", port)
        self.until(lambda: self.connack)

    def until(self, done, seconds=3.0):
        deadline = time.monotonic() + seconds
        while not done() and time.monotonic() < deadline:
            self.paho.loop(timeout=0.02)
        return done()

    def subscribe(self, topic):
        self.granted = None
        self.paho.subscribe(topic, qos=1)
        assert self.until(lambda: self.granted is not None)
        return not self.granted[0].is_failure

    def publish(self, topic, payload=b"x"):
        done = []
        self.paho.on_publish = lambda _c, _u, _m, reason, _p: done.append(reason)
        self.paho.publish(topic, payload, qos=1)
        assert self.until(lambda: done)
        return not done[0].is_failure

    def close(self):
        self.paho.disconnect()
        self.until(lambda: not self.paho.is_connected(), 1)


@pytest.fixture
def client(broker):
    opened = []

    def make(*args):
        opened.append(Client(broker[0], *args))
        return opened[-1]

    yield make
    for c in opened:
        c.close()


def test_the_password_file_is_hashed_and_private(broker):
    users = broker[1] / "users"
    assert "g-word" not in users.read_text()
    assert users.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("who", [(), ("reader-1", "wrong"), ("nobody", "x")])
def test_strangers_are_turned_away(client, who):
    assert client(*who).connack == "Not authorized"


@pytest.mark.parametrize("channel", ["fact", "sample", "status", "rpc"])
def test_a_device_speaks_as_itself_and_the_gateway_hears(client, channel):
    gateway, reader = client("gateway"), client("reader-1")
    assert gateway.subscribe(f"etabli/+/+/{channel}")
    assert reader.publish(f"etabli/lab/reader-1/{channel}")
    assert gateway.until(lambda: gateway.got == [(f"etabli/lab/reader-1/{channel}", b"x")])


@pytest.mark.parametrize("channel", ["command", "receipt"])
def test_a_device_hears_its_own_channels(client, channel):
    gateway, reader = client("gateway"), client("reader-1")
    assert reader.subscribe(f"etabli/lab/reader-1/{channel}")
    assert gateway.publish(f"etabli/lab/reader-1/{channel}")
    assert reader.until(lambda: reader.got == [(f"etabli/lab/reader-1/{channel}", b"x")])


@pytest.mark.parametrize(
    "topic",
    [
        "etabli/lab/reader-2/fact",
        "etabli/lab/reader-1/command",
        "etabli/lab/reader-1/receipt",
        "etabli/lab/reader-2/command",
        "etabli/lab/gateway/live",
        "cmnd/plug-1/POWER",
        "stat/plug-1/POWER",
        "elsewhere",
    ],
)
def test_a_device_cannot_speak_for_another_nor_command(client, topic):
    gateway, reader = client("gateway"), client("reader-1")
    assert gateway.subscribe(topic) or topic == "elsewhere"
    assert not reader.publish(topic)
    assert not gateway.until(lambda: gateway.got, 0.15)


@pytest.mark.parametrize(
    "topic", ["etabli/lab/reader-1/command", "etabli/lab/reader-1/receipt", "etabli/lab/reader-1/fact"]
)
def test_a_device_does_not_hear_another(client, topic):
    gateway, other = client("gateway"), client("reader-2")
    other.subscribe(topic)
    other.subscribe("#")
    assert gateway.publish(topic)
    assert not other.until(lambda: other.got, 0.15)


def test_gateways_share_a_subscription(client):
    gateway, reader = client("gateway"), client("reader-1")
    assert gateway.subscribe("$share/gateways/etabli/+/+/fact")
    assert reader.publish("etabli/lab/reader-1/fact")
    assert gateway.until(lambda: len(gateway.got) == 1)


@pytest.mark.parametrize(
    "topic", ["cmnd/p/POWER", "shellies/p/relay/0/command", "shelly/p/rpc", "esphome/p/command", "zigbee2mqtt/p/set"]
)
def test_the_gateway_speaks_the_dialects_of_bought_plugs(client, topic):
    gateway = client("gateway")
    assert gateway.subscribe(topic)
    assert gateway.publish(topic)
    assert gateway.until(lambda: gateway.got)


def test_the_health_user_reads_one_topic_only(client):
    health, gateway = client("health"), client("gateway")
    assert health.subscribe("$SYS/broker/uptime")
    health.subscribe("etabli/#")
    assert gateway.publish("etabli/lab/reader-1/command")
    assert health.until(lambda: health.got)
    assert {topic for topic, _ in health.got} == {"$SYS/broker/uptime"}


def test_the_small_things_that_make_latency_and_loss():
    conf = (DEPLOY / "mosquitto.conf").read_text().splitlines()
    assert "set_tcp_nodelay true" in conf
    assert "max_queued_messages 100000" in conf
    assert "persistence true" in conf
    assert "allow_anonymous false" in conf
