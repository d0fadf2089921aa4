"""A node's twin and a real gateway over a real Mosquitto: asked, left alone, taken back, and revoked in time."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from devices.badge_reader import hash_forms
from devices.simulated.badge_node import SimulatedNode
from firmware_bridges.firmware.badge_node.wire import key_id
from firmware_bridges.twins.node_on_the_bus import NodeOnTheBus
from gateway.adapters.bus_mqtt import MqttBus
from gateway.adapters.clock import SystemClock
from gateway.adapters.ids import TimeOrderedIds
from gateway.adapters.sql.store import SqlStore
from gateway.domain.events import Event, EventKind
from gateway.domain.people import Member
from gateway.domain.resources import DeviceRole, Resource
from gateway.domain.sessions import EndReason, State, Way
from gateway.service.consume import Consumer
from gateway.service.deliver import Deliver
from gateway.service.node_lists import NodeLists
from gateway.service.sweeps import Sweeper
from tests.fixtures_broker import wait_until

pytestmark = pytest.mark.mosquitto
SITE, KEY, BADGE_KEY, ADA = "lab", bytes(range(32)), b"b" * 32, "em:010063E9AE"


class Floor:
    """One saw with a node, one member, one store; gateways come and go."""

    def __init__(self, port: int, path) -> None:
        self.port, self.clock, self.ids = port, SystemClock(), TimeOrderedIds()
        self.store = SqlStore.memory()
        with self.store.begin() as work:
            work.put_site(id=self.ids.new(), slug=SITE, name="Lab", timezone="Europe/Paris")
            work.put_resource(Resource(id=self.ids.new(), slug="saw", names={"fr": "Scie"}))
            work.put_device(id=self.ids.new(), slug="saw-node", role=DeviceRole.NODE, resource="saw")
            self.ada = Member(id=self.ids.new(), first_name="Ada")
            work.put_member(self.ada)
            badge = hash_forms(ADA, key=BADGE_KEY, key_id=key_id(BADGE_KEY))
            work.add_badge(id=self.ids.new(), member_id=self.ada.id, badge=badge, now=self.clock.now())
        self.bus = MqttBus("127.0.0.1", port, client_id="node", protocol=4)
        self.node = NodeOnTheBus(
            self.bus, self.clock, self.ids, site=SITE, device="saw-node", key=KEY, badge_key=BADGE_KEY, tick_s=0.02
        )
        self.node.start()

    @contextmanager
    def gateway(self) -> Iterator[Deliver]:
        bus = MqttBus("127.0.0.1", self.port, client_id="gateway", protocol=4)
        deliver = Deliver(
            store=self.store, bus=bus, clock=self.clock, ids=self.ids, site=SITE,
            keys=lambda slug: KEY if slug == "saw-node" else None,
        )  # fmt: skip
        lists = NodeLists(store=self.store, clock=self.clock, deliver=deliver, site=SITE, signs=lambda _slug: True)
        consumer = Consumer(
            store=self.store, bus=bus, clock=self.clock, ids=self.ids, site=SITE, deliver=deliver,
            keys=lambda _slug: KEY, on_ask=lists.asked,
        )  # fmt: skip
        sweeper = Sweeper(store=self.store, clock=self.clock, ids=self.ids, deliver=deliver, heard=dict, every_s=0.2)
        consumer.listen()
        stop = threading.Event()
        threads = [threading.Thread(target=each.run, args=(stop,)) for each in (consumer, lists, sweeper)]
        for thread in threads:
            thread.start()
        try:
            yield deliver
        finally:
            stop.set()
            for thread in threads:
                thread.join()
            bus.close()

    @property
    def brain(self):
        return self.node.twin.brain

    def tap(self) -> None:
        self.node.do(lambda twin, now: twin.present(ADA, now))

    def sessions(self):
        return self.store.views().sessions(limit=9, cursor=None, resource="saw").rows

    def furnished(self) -> bool:
        return self.brain.listing.version is not None and self.brain.clock.gateway_there(self.node.twin._ms(
            self.clock.monotonic()
        ))  # fmt: skip

    def close(self) -> None:
        self.node.stop()
        self.bus.close()
        self.store.close()


@pytest.fixture
def floor(mosquitto, tmp_path) -> Iterator[Floor]:
    floor = Floor(mosquitto.port, tmp_path)
    yield floor
    floor.close()


def test_asked_first_then_alone_then_told_once_and_a_right_taken_back_arrives(floor: Floor) -> None:
    node = floor.node.twin
    with floor.gateway():
        # It asks at once when it finds the broker; nobody answered then, so let it ask again.
        floor.node.do(lambda twin, now: twin.brain.clock.ask_now())
        wait_until(floor.furnished, "the node has its list and the hour")
        wait_until(lambda: floor.store.views().devices()[0].power_on is False, "its relay is known")
        floor.tap()
        wait_until(lambda: node.contact, "the gateway lets Ada in")
        wait_until(lambda: floor.sessions() and floor.sessions()[0].state is State.ACTIVE, "confirmed")
        assert floor.sessions()[0].way is Way.OWN
        with floor.store.begin() as work:
            work.save_session(_tapped_long_ago(floor.sessions()[0], floor.clock))
        floor.tap()
        wait_until(lambda: not node.contact, "her second tap ends it")
        wait_until(lambda: floor.brain.out.ring.oldest(1) == [], "every fact has its receipt")

    floor.tap()
    wait_until(lambda: node.contact, "nobody answers: the list lets her in", timeout=3)
    assert floor.brain.face == ("granted", "granted")
    floor.node.do(lambda twin, now: setattr(twin.brain, "_granted_ms", -20_000))
    floor.tap()
    wait_until(lambda: not node.contact, "and out again")
    floor.node.do(lambda twin, now: twin.cut())
    floor.node.do(SimulatedNode.boot)

    with floor.gateway() as deliver:
        wait_until(lambda: [each.way for each in floor.sessions()] == [Way.NODE, Way.OWN], "told, once")
        wait_until(lambda: floor.sessions()[0].state is State.CLOSED, "with its end")
        assert floor.sessions()[0].end_reason is EndReason.TAPPED_OUT
        assert floor.sessions()[0].enabled_s < 10
        floor.node.do(lambda twin, now: twin.brain.clock.ask_now())
        wait_until(floor.furnished, "the node has the hour again")

        version, begun = floor.brain.listing.version, time.monotonic()
        with floor.store.begin() as work:
            work.revoke_badges(floor.ada.id, floor.clock.now())
            gone = Event(kind=EventKind.BADGE_REVOKED, at=floor.clock.now(), member_id=floor.ada.id)
            work.append(work.site_id(), [gone])
        deliver.after_commit((), [gone])
        wait_until(lambda: floor.brain.listing.version > version, "the right is taken back at the node")
        assert time.monotonic() - begun < 2

    floor.tap()
    wait_until(lambda: floor.brain.face == ("refused", "badge_unknown"), "not even alone", timeout=3)
    assert not node.contact


def _tapped_long_ago(session, clock):
    return replace(session, last_tap_at=clock.now() - timedelta(minutes=1))
