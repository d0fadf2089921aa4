"""The courier over a real broker that is killed again and again: every fact arrives, and leaves the disk."""

import time

import pytest

from devices.codec import encode
from devices.envelope import unseal
from devices.messages import JobStarted, Receipt
from devices.topics import Channel, topic
from firmware_bridges.courier import Courier, last_will
from firmware_bridges.outbox import Outbox
from gateway.adapters.bus_mqtt import MqttBus
from gateway.adapters.clock import SystemClock
from gateway.ports.errors import BusUnavailable
from tests.fixtures_broker import wait_until

pytestmark = pytest.mark.mosquitto


@pytest.mark.parametrize("protocol", [4, 5])
def test_every_fact_arrives_though_the_broker_is_killed_under_way(mosquitto, tmp_path, protocol):
    options = {"protocol": protocol, "retry_min_s": 0.02, "retry_max_s": 0.1}
    gateway = MqttBus(mosquitto.host, mosquitto.port, client_id="gateway", **options)
    will = last_will(site="lyon", device="laser")
    bridge = MqttBus(mosquitto.host, mosquitto.port, client_id="bridge", will=will, **options)
    outbox = Outbox(tmp_path / "outbox.db")
    courier = Courier(bridge, outbox, "lyon", SystemClock(), resend_s=(0.1, 0.5))
    heard = []

    def keep(delivery):
        envelope = unseal(delivery.payload, topic=delivery.topic, site="lyon", device="laser")
        heard.append(envelope.seq)
        payload = encode(Receipt(boot=envelope.boot, ranges=((envelope.seq, envelope.seq),)))
        try:
            gateway.publish(topic(Channel.RECEIPT, site="lyon", device="laser"), payload)
        except BusUnavailable:
            pass  # the fact comes again

    gateway.subscribe([("etabli/lyon/+/fact", 1)], keep)
    report = courier.reporter("laser")
    courier.start()
    try:
        for number in range(1, 601):
            report.fact(JobStarted(job=str(number)))
            if number % 200 == 100:
                mosquitto.kill()
            if number % 200 == 150:
                mosquitto.start()
        wait_until(lambda: len(outbox) == 0, "an empty outbox", timeout=20)
        assert set(heard) == set(range(1, 601))
    finally:
        courier.stop()
        bridge.close()
        gateway.close()
        outbox.close()


def test_a_fact_reaches_the_gateway_in_the_time_of_one_fsync_and_one_hop(mosquitto, tmp_path):
    gateway = MqttBus(mosquitto.host, mosquitto.port, client_id="gateway")
    bridge = MqttBus(mosquitto.host, mosquitto.port, client_id="bridge")
    outbox = Outbox(tmp_path / "outbox.db")
    courier = Courier(bridge, outbox, "lyon", SystemClock())
    heard = []
    gateway.subscribe([("etabli/lyon/+/fact", 1)], lambda _delivery: heard.append(time.perf_counter()))
    report = courier.reporter("laser")
    courier.start()
    try:
        report.fact(JobStarted(job="warm"))
        wait_until(lambda: heard, "the first")
        took = []
        for number in range(50):
            before, started = len(heard), time.perf_counter()
            report.fact(JobStarted(job=str(number)))
            wait_until(lambda count=before: len(heard) > count, "it")
            took.append(heard[-1] - started)
        assert sorted(took)[len(took) // 2] < 0.05, "no waiting for a timer on the way"
    finally:
        courier.stop()
        bridge.close()
        gateway.close()
        outbox.close()
