"""The firmware's own MQTT, and the loop around its core, against a real Mosquitto."""

import json
import time
from collections.abc import Callable

import pytest

from firmware_bridges.firmware.badge_node.flash import Flash
from firmware_bridges.firmware.badge_node.mqtt import Mqtt
from firmware_bridges.firmware.badge_node.running import Running
from gateway.adapters.bus_mqtt import MqttBus
from gateway.ports.bus import Delivery
from tests.fakes import node_words as words

pytestmark = pytest.mark.mosquitto


class Desk:
    """A board without a board."""

    def __init__(self) -> None:
        self.on, self.busy, self.number, self.shown = False, False, None, []

    def coil(self, on: bool) -> None:
        self.on = on

    def reads_back(self) -> bool:
        return self.on

    def runs(self) -> bool:
        return self.busy

    def badge(self, ms: int) -> str | None:
        number, self.number = self.number, None
        return number

    def show(self, tone: str, code: str, gateway: bool) -> None:
        self.shown.append((tone, code, gateway))

    def play(self, ms: int) -> None:
        """No buzzer here."""


class Table:
    """A node on a table, stepped by hand, and whoever listens on the bus."""

    def __init__(self, folder, port: int) -> None:
        self.desk, self.heard = Desk(), []
        self.bus = MqttBus("127.0.0.1", port, client_id="table", protocol=4)
        self.bus.subscribe([("etabli/#", 1)], self.heard.append)
        self.running = Running(
            words.settings(), self.desk, Flash(str(folder / "node")),
            lambda will, topics, hear, linked: Mqtt(
                "127.0.0.1", port, words.DEVICE, None, None, will, topics, hear, linked
            ),
        )  # fmt: skip

    def until(self, condition: Callable[[], object], seconds: float = 15.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end
            self.running.step(int(1000 * time.monotonic()))
            time.sleep(0.002)

    def said(self, channel: str, kind: str) -> list[dict]:
        mine: list[Delivery] = [each for each in self.heard if each.topic == words.topic(channel)]
        values = [json.loads(each.payload.split(b"\n")[0]) for each in mine]
        return [value for value in values if value["kind"] == kind]

    def close(self) -> None:
        self.running._net.close(0)
        self.bus.close()


def test_a_node_speaks_obeys_and_comes_back_without_ever_waiting(mosquitto, tmp_path) -> None:
    table = Table(tmp_path, mosquitto.port)
    try:
        table.until(lambda: table.said("fact", "power_reported") and table.said("ask", "list_asked"))
        assert table.said("status", "status")[0]["body"] == {"online": True}

        table.bus.publish(words.topic("list"), words.list_of(people=[words.person(words.ADA)] * 300))
        asked = table.said("ask", "list_asked")[0]["body"]["nonce"]
        table.bus.publish(
            words.topic("list"), words.said("list", "clock_told", {"nonce": asked, "now_ms": 1000 * words.NOW})
        )
        table.until(lambda: table.running.node.clock.now_s(0) is not None)
        assert table.running.node.listing.version == 7

        mosquitto.stop()
        table.until(lambda: not table.running.node.link)
        table.desk.number = words.ADA
        table.until(lambda: table.desk.on, 0.15)
        mosquitto.start()
        table.until(lambda: [v for v in table.said("fact", "tap_decided") if v["body"]["outcome"] == "granted"])
        assert table.desk.on
        assert ("granted", "granted", False) in table.desk.shown
    finally:
        table.close()


def test_a_retained_order_is_not_heard(mosquitto, tmp_path) -> None:
    table = Table(tmp_path, mosquitto.port)
    try:
        kept = words.list_of(version=99)
        table.bus.publish(words.topic("list"), kept, retain=True)
        table.until(lambda: table.said("ask", "list_asked"))
        table.until(lambda: any(each.topic == words.topic("list") for each in table.heard))
        assert table.running.node.listing.version is None
    finally:
        table.close()
