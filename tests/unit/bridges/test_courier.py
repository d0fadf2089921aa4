import threading

import pytest

from devices.codec import decode, encode
from devices.envelope import unseal
from devices.messages import (
    BadgeTapped,
    DeviceStatus,
    HashedBadge,
    JobStarted,
    NonsenseHeard,
    Receipt,
    Sample,
)
from devices.nonsense import fit_to_show
from devices.topics import Channel, topic
from firmware_bridges.courier import Courier, last_will
from firmware_bridges.outbox import Outbox, OutboxFull
from gateway.adapters.bus_memory import MemoryBroker, MemoryBus
from gateway.ports.errors import SubscriptionRefused
from tests.fakes.clock import FakeClock
from tests.fixtures_broker import wait_until

SITE = "lyon"


class Gateway:
    """What the gateway hears, and the receipts it gives."""

    def __init__(self, broker, key=None) -> None:
        self.bus = MemoryBus(broker, client_id="gateway")
        self.key = key
        self.envelopes, self.samples, self.statuses = [], [], []
        for channel, hear in (("fact", self._fact), ("sample", self._sample), ("status", self._status)):
            self.bus.subscribe([(f"etabli/{SITE}/+/{channel}", 1)], hear)

    def _fact(self, delivery):
        device = delivery.topic.split("/")[2]
        self.envelopes.append(unseal(delivery.payload, topic=delivery.topic, site=SITE, device=device, key=self.key))

    def _sample(self, delivery):
        device = delivery.topic.split("/")[2]
        self.samples.append(unseal(delivery.payload, topic=delivery.topic, site=SITE, device=device, key=self.key))

    def _status(self, delivery):
        self.statuses.append((delivery.topic.split("/")[2], decode(delivery.payload).online))

    def receipt(self, device, boot, *ranges, missing=()):
        payload = encode(Receipt(boot=boot, ranges=ranges, missing=missing))
        self.bus.publish(topic(Channel.RECEIPT, site=SITE, device=device), payload)


class House:
    """A bridge process and a gateway on one broker; the courier works when the test says so."""

    def __init__(self, tmp_path, **options) -> None:
        self.broker, self.clock, self.tmp_path = MemoryBroker(), FakeClock(), tmp_path
        self.options = options
        self.gateway = Gateway(self.broker, options.get("device_keys", {}).get("laser"))
        self.bus = self.outbox = self.courier = None
        self.restart()

    def restart(self, system_boot="boot-1", **options):
        self.leave()
        self.bus = MemoryBus(self.broker, client_id="bridge")
        self.outbox = Outbox(self.tmp_path / "outbox.db", system_boot=system_boot, **options)
        self.courier = Courier(self.bus, self.outbox, SITE, self.clock, **self.options)
        self.report = self.courier.reporter("laser")
        self.work()

    def work(self):
        self.broker.settle()
        wait = self.courier.pump()
        self.broker.settle()
        return wait

    def leave(self):
        if self.bus is not None:
            self.bus.close()
            self.outbox.close()

    def close(self):
        self.leave()
        self.gateway.bus.close()

    def jobs(self, device="laser"):
        return [each.message.job for each in self.gateway.envelopes if each.device == device]


@pytest.fixture
def build(tmp_path):
    houses = []

    def make(**options):
        houses.append(House(tmp_path, **options))
        return houses[-1]

    yield make
    for house in houses:
        house.close()


@pytest.fixture
def house(build):
    return build()


def job(number):
    return JobStarted(job=str(number))


def test_a_fact_is_on_its_way_at_once_with_its_origin_and_goes_from_disk_with_its_receipt(house):
    house.report.fact(job(1))
    house.broker.settle()
    (sent,) = house.gateway.envelopes
    assert (sent.site, sent.device, sent.seq, sent.age_ms) == (SITE, "laser", 1, 0)
    assert sent.at == house.clock.now()
    assert sent.message == job(1)
    assert len(house.outbox) == 1
    house.gateway.receipt("laser", sent.boot, (1, 1))
    house.work()
    assert len(house.outbox) == 0


def test_without_a_receipt_it_goes_again_later_and_later_with_its_age(house):
    house.report.fact(job(1))
    house.broker.settle()
    times = []
    for second in range(1, 101):
        house.clock.advance(1)
        before = len(house.gateway.envelopes)
        house.work()
        if len(house.gateway.envelopes) > before:
            times.append(second)
    assert times == [2, 6, 14, 30, 60, 90]
    assert [each.age_ms for each in house.gateway.envelopes] == [0, *(1000 * t for t in times)]
    assert {each.seq for each in house.gateway.envelopes} == {1}


def test_a_receipt_ends_the_resending_of_its_range_only(house):
    for i in range(1, 6):
        house.report.fact(job(i))
    house.gateway.receipt("laser", house.outbox.boot, (1, 2), (4, 4))
    house.work()
    house.clock.advance(2)
    house.broker.settle()
    house.gateway.envelopes.clear()
    house.work()
    assert house.jobs() == ["3", "5"]


def test_what_the_gateway_misses_goes_again_at_once_and_nothing_else_does(house):
    for i in range(1, 5):
        house.report.fact(job(i))
    house.broker.settle()
    house.gateway.envelopes.clear()
    house.gateway.receipt("laser", house.outbox.boot, (3, 3), missing=((1, 2),))
    house.work()
    assert house.jobs() == ["1", "2"]
    house.work()
    assert house.jobs() == ["1", "2"]


def test_what_happens_during_an_outage_arrives_afterwards_in_order_with_its_age(house):
    house.bus.disconnect()
    for i in range(1, 4):
        house.report.fact(job(i))
        house.clock.advance(60)
    house.work()
    assert house.gateway.envelopes == []
    house.bus.connect()
    house.work()
    assert [(each.seq, each.age_ms) for each in house.gateway.envelopes] == [(1, 180_000), (2, 120_000), (3, 60_000)]


def test_a_reconnection_sends_everything_unreceipted_again_at_once(house):
    for i in range(1, 4):
        house.report.fact(job(i))
    house.gateway.receipt("laser", house.outbox.boot, (2, 2))
    house.work()
    house.broker.settle()
    house.gateway.envelopes.clear()
    house.bus.disconnect()
    house.bus.connect()
    house.work()
    assert house.jobs() == ["1", "3"]


def test_a_new_fact_waits_behind_older_ones(house):
    house.bus.disconnect()
    house.report.fact(job(1))
    house.work()
    house.bus.connect()
    house.broker.settle()
    house.report.fact(job(2))
    house.work()
    assert house.jobs() == ["1", "2"]


def test_no_more_than_the_window_is_under_way_and_receipts_let_the_next_go(build):
    house = build(window=3)
    for i in range(1, 9):
        house.report.fact(job(i))
    house.work()
    assert house.jobs() == ["1", "2", "3"]
    house.gateway.receipt("laser", house.outbox.boot, (1, 2))
    house.work()
    assert house.jobs() == ["1", "2", "3", "4", "5"]
    house.gateway.receipt("laser", house.outbox.boot, (1, 5))
    house.work()
    house.gateway.receipt("laser", house.outbox.boot, (1, 8))
    house.work()
    assert house.jobs() == [str(i) for i in range(1, 9)]
    assert len(house.outbox) == 0


def test_one_silent_device_does_not_hold_up_another(build):
    house = build(window=2)
    mill = house.courier.reporter("mill")
    house.work()
    for i in range(5):
        house.report.fact(job(i))
    mill.fact(job(1))
    house.broker.settle()
    assert house.jobs("mill") == ["1"]


def test_after_a_restart_of_the_process_old_facts_go_first_and_keep_their_boot_and_age(house):
    house.report.fact(job(1))
    first_boot = house.outbox.boot
    house.broker.settle()
    house.gateway.envelopes.clear()
    house.clock.advance(5)
    house.restart()
    house.report.fact(job(2))
    house.broker.settle()
    assert [(each.boot == first_boot, each.seq, each.age_ms) for each in house.gateway.envelopes] == [
        (True, 1, 5000),
        (False, 1, 0),
    ]
    house.gateway.receipt("laser", first_boot, (1, 1))
    house.work()
    assert [kept.fact for kept in house.outbox.waiting("laser")] == [job(2)]


def test_after_a_restart_of_the_machine_the_age_is_unknown(house):
    house.report.fact(job(1))
    house.broker.settle()
    house.gateway.envelopes.clear()
    house.restart(system_boot="boot-2")
    (sent,) = house.gateway.envelopes
    assert sent.age_ms is None
    assert not sent.fresh


def test_facts_of_a_device_that_is_no_longer_configured_still_go(house):
    house.courier.reporter("old-plotter").fact(job(7))
    house.broker.settle()
    house.gateway.envelopes.clear()
    house.restart()
    assert house.jobs("old-plotter") == ["7"]
    house.gateway.receipt("old-plotter", house.gateway.envelopes[0].boot, (1, 1))
    house.work()
    assert len(house.outbox) == 0


def test_a_signed_device_is_believed_by_a_gateway_that_has_its_key(build):
    house = build(device_keys={"laser": b"k" * 32})
    house.report.fact(job(1))
    house.report.sample({"power": 1.0})
    house.broker.settle()
    assert house.jobs() == ["1"]
    assert len(house.gateway.samples) == 1


def test_samples_go_once_and_are_dropped_while_offline(house):
    house.report.sample({"power": 12.5, "broken": float("nan")})
    house.report.sample({"broken": float("inf")})
    house.bus.disconnect()
    house.report.sample({"power": 13.0})
    house.bus.connect()
    house.work()
    assert [(each.message, each.seq) for each in house.gateway.samples] == [(Sample(values={"power": 12.5}), None)]
    assert len(house.outbox) == 0


def test_presence_is_said_at_change_at_each_connection_and_as_a_heartbeat(build):
    house = build(heartbeat_s=30)
    house.courier.set_online("laser", True)
    house.broker.settle()
    assert house.gateway.statuses == [("laser", True)]
    house.clock.advance(31)
    house.work()
    assert house.gateway.statuses == [("laser", True)] * 2
    house.bus.disconnect()
    house.courier.set_online("laser", False)
    house.bus.connect()
    house.work()
    assert house.gateway.statuses[-1] == ("laser", False)
    heard = []
    late = MemoryBus(house.broker)
    late.subscribe([(topic(Channel.STATUS, site=SITE, device="laser"), 1)], heard.append)
    house.broker.settle()
    late.close()
    assert [(each.retained, decode(each.payload).online) for each in heard] == [(True, False)]


def test_a_process_that_stops_says_its_devices_are_no_longer_reached(house):
    house.courier.set_online("laser", True)
    house.courier.start()
    house.courier.stop()
    house.broker.settle()
    assert house.gateway.statuses[-1] == ("laser", False)


def test_the_will_of_a_process_is_its_device_offline():
    will = last_will(site=SITE, device="laser")
    assert (will.topic, decode(will.payload), will.retain) == (
        "etabli/lyon/laser/status",
        DeviceStatus(online=False),
        True,
    )


@pytest.mark.parametrize("payload", [b"", b"\xff", b"{}", encode(DeviceStatus(online=True))])
def test_nonsense_on_the_receipt_topic_lets_nothing_go(house, payload):
    house.report.fact(job(1))
    house.gateway.bus.publish(topic(Channel.RECEIPT, site=SITE, device="laser"), payload)
    house.work()
    house.work()
    messages = [kept.fact for kept in house.outbox.waiting("laser")]
    assert messages[0] == job(1)
    assert [(m.what, m.count) for m in messages[1:]] == [("receipt", 1)]


def test_nonsense_is_reported_at_one_ten_a_hundred(house):
    for _ in range(250):
        house.report.nonsense("frame", b"\x02garbage")
    for _ in range(3):
        house.report.nonsense("line", b"???")
    house.broker.settle()
    said = [(each.message.what, each.message.count) for each in house.gateway.envelopes]
    assert said == [("frame", 1), ("frame", 10), ("frame", 100), ("line", 1)]


def test_endless_kinds_of_nonsense_do_not_fill_the_disk(house):
    for i in range(3000):
        house.report.nonsense(f"line {i}", b"x")
    assert len(house.outbox) <= 105
    assert isinstance(house.outbox.waiting("laser")[-1].fact, NonsenseHeard)
    assert house.outbox.waiting("laser")[-1].fact.what == "other"


@pytest.mark.parametrize(
    "frame",
    [
        b"\x0204A1B2C3D4E5\x03", b"\x0204A1B2C3D4\xff5\x03", b"0012345678", b"04:A1:B2:C3:D4:E5:80",
        b"04 A1 B2 C3 D4 E5 80", b"uid=04a1b2c3d4e580;", bytes.fromhex("d54b010100440007041ab2c3d4e580"), b"123,45678,9",
    ],
)  # fmt: skip
def test_an_example_of_nonsense_never_shows_a_badge_number(frame):
    shown = fit_to_show(frame)
    assert not any(part in shown.lower() for part in ("a1b2", "a1:b2", "a1 b2", "12345678", "45678", "b2c3"))


def test_an_example_stays_readable():
    assert fit_to_show(b"error:9 locked\r\n") == "error:9 locked<2>"
    assert len(fit_to_show(b"z" * 10_000)) == 80


def test_a_full_outbox_is_the_bridge_s_to_know(house):
    house.restart(max_facts=2)
    house.report.fact(job(1))
    house.report.fact(job(2))
    with pytest.raises(OutboxFull):
        house.report.fact(job(3))


def test_a_broker_that_forbids_the_receipts_is_said_at_once(tmp_path):
    broker = MemoryBroker(deny=["etabli/lyon/laser/receipt"])
    bus, outbox = MemoryBus(broker), Outbox(tmp_path / "o.db")
    courier = Courier(bus, outbox, SITE, FakeClock())
    with pytest.raises(SubscriptionRefused, match="laser/receipt"):
        courier.reporter("laser")
    bus.close()
    outbox.close()


def test_no_badge_number_is_in_the_file(house):
    house.report.fact(BadgeTapped(badge=(HashedBadge(form="hex8", key_id="k", digest="00" * 32),)))
    house.report.nonsense("frame", b"\x0204A1B2C3D4E5\x03")
    house.outbox.close()
    assert b"A1B2C3" not in (house.tmp_path / "outbox.db").read_bytes()


def test_at_work_in_its_thread_with_outages_every_fact_arrives_at_least_once(build):
    house = build(resend_s=(0.05, 0.2))
    told = threading.Event()
    # A gateway that gives a receipt for two of three messages it hears, and only while it is there.
    heard = set()

    def hear(delivery):
        envelope = unseal(delivery.payload, topic=delivery.topic, site=SITE, device="laser")
        heard.add(envelope.seq)
        if envelope.seq % 3 or told.is_set():
            house.gateway.receipt("laser", envelope.boot, (envelope.seq, envelope.seq))

    house.gateway.bus.subscribe([(f"etabli/{SITE}/laser/fact", 1)], hear)
    house.courier.start()
    try:
        for i in range(1, 301):
            house.report.fact(job(i))
            house.clock.advance(0.001)
            if i % 75 == 0:
                house.bus.disconnect()
            if i % 75 == 20:
                house.bus.connect()
        house.bus.connect()
        told.set()

        def all_receipted():
            house.clock.advance(0.05)
            return len(house.outbox) == 0

        wait_until(all_receipted, "an empty outbox")
        assert heard == set(range(1, 301))
    finally:
        house.courier.stop()
