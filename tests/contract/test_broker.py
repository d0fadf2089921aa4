"""The embedded broker, both kinds: ready when it says so, gone when we are, plain about what is wrong."""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gateway.adapters import broker as broker_module
from gateway.adapters.broker import EmbeddedBroker
from gateway.adapters.bus_mqtt import MqttBus
from gateway.ports.errors import BadConfiguration, BusUnavailable
from tests.fixtures_broker import wait_until

KINDS = [pytest.param("mosquitto", marks=pytest.mark.mosquitto), "amqtt"]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=KINDS)
def kind(request):
    if request.param == "mosquitto":
        request.getfixturevalue("mosquitto_program")
    return request.param


@pytest.fixture
def embed(tmp_path):
    brokers = []

    def make(**options):
        brokers.append(EmbeddedBroker(tmp_path / "broker", **({"port": 0} | options)))
        return brokers[-1]

    yield make
    for each in brokers:
        each.stop()


def alive(pid: int) -> bool:
    """Running, and not merely waiting for its parent to look."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_it_carries_a_message_as_soon_as_start_returns(embed, kind):
    address = embed(kind=kind).start()
    bus = MqttBus(address.host, address.port, client_id="a", protocol=address.protocol)
    heard = threading.Event()
    try:
        assert bus.connected
        bus.subscribe([("t", 1)], lambda _delivery: heard.set())
        bus.publish("t", b"x")
        assert heard.wait(5)
    finally:
        bus.close()
    assert address.kind == kind


def test_it_listens_on_this_machine_only(embed, kind):
    address = embed(kind=kind).start()
    assert address.host == "127.0.0.1"
    with socket.socket() as probe, pytest.raises(OSError, match="refused"):
        probe.connect(("127.0.0.2", address.port))


def test_after_stop_the_port_is_free_for_the_next(embed, kind):
    broker = embed(kind=kind)
    port = broker.start().port
    broker.stop()
    broker.stop()
    assert embed(kind=kind, port=port).start().port == port


def test_a_port_in_use_is_one_sentence_with_the_port(embed, kind):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadConfiguration) as error:
            embed(kind=kind, port=port).start()
    assert str(port) in str(error.value)
    assert "already in use" in str(error.value)


def test_a_host_that_is_not_ours_is_one_sentence(embed, kind):
    with pytest.raises(BadConfiguration, match=r"192\.0\.2\.1"):
        embed(kind=kind, host="192.0.2.1").start()


def test_without_mosquitto_amqtt_takes_its_place(embed, monkeypatch):
    monkeypatch.setattr(broker_module, "find_mosquitto", lambda: None)
    assert embed().start().kind == "amqtt"
    with pytest.raises(BadConfiguration, match="not installed"):
        embed(kind="mosquitto").start()


def test_mosquitto_is_found_where_an_ordinary_user_s_path_does_not_look(mosquitto_program, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert broker_module.find_mosquitto() is not None


def test_amqtt_costs_nothing_until_it_is_used():
    code = "import sys, gateway.adapters.broker; sys.exit('amqtt' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.mosquitto
def test_a_mosquitto_that_dies_is_started_again_and_said(mosquitto_program, embed, caplog):
    broker = embed(kind="mosquitto")
    address = broker.start()
    bus = MqttBus(address.host, address.port, client_id="a", retry_min_s=0.05, retry_max_s=0.2)
    try:
        changes = []
        bus.on_connection(changes.append)
        os.kill(broker._program.pid, signal.SIGKILL)
        wait_until(lambda: changes == [False, True], "back")
    finally:
        bus.close()
    assert "starting it again" in caplog.text


@pytest.mark.mosquitto
def test_a_mosquitto_that_cannot_start_says_why(mosquitto_program, embed, monkeypatch):
    monkeypatch.setattr(broker_module.MosquittoChild, "_configuration", lambda _self: "no_such_option true\n")
    with pytest.raises(BusUnavailable, match="no_such_option"):
        embed(kind="mosquitto").start()


@pytest.mark.mosquitto
def test_mosquitto_ends_with_us_even_when_we_are_killed(mosquitto_program, tmp_path):
    code = (
        "import sys, time, pathlib\n"
        "from gateway.adapters.broker import EmbeddedBroker\n"
        "broker = EmbeddedBroker(pathlib.Path(sys.argv[1]), port=0, kind='mosquitto')\n"
        "broker.start(); print(broker._program.pid, flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, tmp_path], cwd=ROOT, stdout=subprocess.PIPE) as parent:
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()
    wait_until(lambda: not alive(pid), "the child is gone")
