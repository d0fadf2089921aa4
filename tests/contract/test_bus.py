"""One suite for every bus: what a device or a gateway may count on, whatever carries its messages."""

import threading
import time
from statistics import median

import pytest

from gateway.adapters.broker import EmbeddedBroker
from gateway.adapters.bus_memory import MemoryBroker, MemoryBus
from gateway.adapters.bus_mqtt import MqttBus
from gateway.ports.bus import Bus, Delivery, Will
from gateway.ports.errors import BusUnavailable, SubscriptionRefused
from tests.fixtures_broker import wait_until


class Lab:
    """Buses on one broker; each can be cut off, and the broker can go away and come back."""

    shares = True

    def __init__(self) -> None:
        self.buses: list[Bus] = []

    def bus(self, name: str, will: Will | None = None) -> Bus:
        bus = self.connect(name, will)
        self.buses.append(bus)
        return bus

    def close(self) -> None:
        for bus in self.buses:
            bus.close()


class MemoryLab(Lab):
    def __init__(self) -> None:
        super().__init__()
        self.broker = MemoryBroker()

    def connect(self, name, will):
        return MemoryBus(self.broker, client_id=name, will=will)

    def cut(self, bus):
        bus.disconnect()

    def mend(self, bus):
        bus.connect()

    def outage(self):
        self.broker.stop()

    def recover(self):
        self.broker.start()


class MqttLab(Lab):
    def __init__(self, broker, lay_cable, protocol: int, *, shares: bool = True) -> None:
        super().__init__()
        self.broker, self.lay_cable, self.protocol, self.shares = broker, lay_cable, protocol, shares
        self.cables: dict[int, object] = {}

    def connect(self, name, will):
        cable = self.lay_cable(self.broker.host, self.broker.port)
        bus = MqttBus(
            cable.host, cable.port, client_id=name, will=will, protocol=self.protocol, retry_min_s=0.02, retry_max_s=0.1
        )
        self.cables[id(bus)] = cable
        return bus

    def cut(self, bus):
        self.cables[id(bus)].cut()

    def mend(self, bus):
        self.cables[id(bus)].mend()

    def outage(self):
        self.broker.kill()

    def recover(self):
        self.broker.start()


class Amqtt:
    """The embedded broker with the few words that the lab uses."""

    def __init__(self, folder) -> None:
        self._folder, self.port = folder, 0
        self.start()

    def start(self):
        self._broker = EmbeddedBroker(self._folder, port=self.port, kind="amqtt")
        address = self._broker.start()
        self.host, self.port = address.host, address.port

    def kill(self):
        self._broker.stop()


@pytest.fixture(
    params=[
        pytest.param("mosquitto-5", marks=pytest.mark.mosquitto),
        pytest.param("mosquitto-3.1.1", marks=pytest.mark.mosquitto),
        "amqtt",
        "memory",
    ]
)
def lab(request, tmp_path):
    if request.param == "memory":
        lab, stop = MemoryLab(), lambda: None
    elif request.param == "amqtt":
        broker = Amqtt(tmp_path)
        lab = MqttLab(broker, request.getfixturevalue("cable"), 4, shares=False)
        stop = broker.kill
    else:
        protocol = 5 if request.param == "mosquitto-5" else 4
        lab = MqttLab(request.getfixturevalue("mosquitto"), request.getfixturevalue("cable"), protocol)
        stop = lambda: None  # noqa: E731
    yield lab
    lab.close()
    stop()


class Ear:
    """A handler that remembers."""

    def __init__(self) -> None:
        self.heard: list[Delivery] = []

    def __call__(self, delivery: Delivery) -> None:
        self.heard.append(delivery)

    @property
    def payloads(self) -> list[bytes]:
        return [delivery.payload for delivery in self.heard]

    def wait(self, count: int) -> None:
        wait_until(lambda: len(self.heard) >= count, f"{count} messages, {len(self.heard)} came")


class Line:
    """A listener that remembers the changes of connection."""

    def __init__(self, bus: Bus) -> None:
        self.said: list[bool] = []
        bus.on_connection(self.said.append)


def ping(bus: Bus, ear: Ear, topic: str) -> None:
    """Everything sent before this on the same way has arrived when it returns."""
    mark = f"mark-{time.monotonic()}".encode()
    bus.publish(topic, mark)
    wait_until(lambda: mark in ear.payloads, "the mark")


def test_a_message_reaches_those_who_asked_for_it_and_nobody_else(lab):
    sender, listener = lab.bus("sender"), lab.bus("listener")
    one, any_device, all_below, other = Ear(), Ear(), Ear(), Ear()
    listener.subscribe([("etabli/lyon/laser/fact", 1)], one)
    listener.subscribe([("etabli/+/laser/sample", 0), ("etabli/lyon/+/status", 1)], any_device)
    listener.subscribe([("vendor/#", 1)], all_below)
    listener.subscribe([("etabli/paris/#", 1)], other)
    sender.publish("etabli/lyon/laser/fact", b"\x00\xff any bytes")
    sender.publish("etabli/lyon/laser/sample", b"21.5", qos=0)
    sender.publish("vendor", b"the parent too")
    sender.publish("vendor/a/b/c", b"and all below")
    sender.publish("nobody/listens", b"")
    one.wait(1)
    any_device.wait(1)
    all_below.wait(2)
    ping(sender, other, "etabli/paris/x/fact")
    assert one.heard == [Delivery("etabli/lyon/laser/fact", b"\x00\xff any bytes")]
    assert any_device.payloads == [b"21.5"]
    assert all_below.payloads == [b"the parent too", b"and all below"]
    assert len(other.heard) == 1


def test_messages_of_one_sender_arrive_in_order_and_none_is_missing(lab):
    sender, listener, ear = lab.bus("sender"), lab.bus("listener"), Ear()
    listener.subscribe([("facts/+", 1)], ear)
    wanted = [str(i).encode() for i in range(1500)]
    for payload in wanted:
        sender.publish("facts/a", payload)
    ear.wait(len(wanted))
    assert ear.payloads == wanted


def test_senders_in_several_threads_do_not_tear_each_other_s_messages(lab):
    sender, listener, ear = lab.bus("sender"), lab.bus("listener"), Ear()
    listener.subscribe([("big/#", 1)], ear)
    sizes = (10, 3_000, 60_000)

    def send(mark: int) -> None:
        for i in range(60):
            sender.publish(f"big/{mark}", bytes([mark]) * sizes[i % 3])

    threads = [threading.Thread(target=send, args=(mark,)) for mark in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ear.wait(240)
    for mark in range(4):
        mine = [each.payload for each in ear.heard if each.topic == f"big/{mark}"]
        assert mine == [bytes([mark]) * sizes[i % 3] for i in range(60)]


def test_a_handler_may_answer_and_the_answer_comes(lab):
    device, gateway, ear = lab.bus("device"), lab.bus("gateway"), Ear()
    gateway.subscribe([("ask/+", 1)], lambda asked: gateway.publish("answer", asked.payload + b"!"))
    device.subscribe([("answer", 1)], ear)
    device.publish("ask/x", b"open")
    ear.wait(1)
    assert ear.payloads == [b"open!"]


def test_a_handler_that_fails_costs_only_its_own_message(lab, caplog):
    sender, listener, good = lab.bus("sender"), lab.bus("listener"), Ear()

    def bad(delivery: Delivery) -> None:
        raise ZeroDivisionError("a bug")

    listener.subscribe([("t", 1)], bad)
    listener.subscribe([("t", 1)], good)
    sender.publish("t", b"1")
    good.wait(1)
    sender.publish("t", b"2")
    good.wait(2)
    assert listener.connected
    assert "a bug" in caplog.text


def test_a_slow_listener_does_not_hold_up_the_sender_nor_the_others(lab):
    sender, slow, quick = lab.bus("sender"), lab.bus("slow"), lab.bus("quick")
    gate, heard = threading.Event(), Ear()
    slow.subscribe([("t", 1)], lambda _delivery: gate.wait(20) and None)
    quick.subscribe([("t", 1)], heard)
    try:
        for i in range(20):
            sender.publish("t", str(i).encode())
        heard.wait(20)
    finally:
        gate.set()


def test_a_kept_message_greets_whoever_comes_later_and_can_be_taken_back(lab):
    sender, early, late = lab.bus("sender"), lab.bus("early"), lab.bus("late")
    live, greeted, none = Ear(), Ear(), Ear()
    early.subscribe([("status/+", 1)], live)
    sender.publish("status/a", b"online", retain=True)
    live.wait(1)
    late.subscribe([("status/+", 1)], greeted)
    greeted.wait(1)
    assert live.heard == [Delivery("status/a", b"online", retained=False)]
    # At least once: amqtt may greet a newcomer twice.
    assert set(greeted.heard) == {Delivery("status/a", b"online", retained=True)}
    sender.publish("status/a", b"", retain=True)
    live.wait(2)
    last = lab.bus("last")
    last.subscribe([("status/+", 1)], none)
    ping(sender, none, "status/b")
    assert len(none.heard) == 1


def test_the_will_is_spoken_for_a_client_that_vanishes_and_not_for_one_that_says_goodbye(lab):
    watcher, ear = lab.bus("watcher"), Ear()
    watcher.subscribe([("status/+", 1)], ear)
    polite = lab.bus("polite", Will(topic="status/polite", payload=b"gone"))
    lost = lab.bus("lost", Will(topic="status/lost", payload=b"gone"))
    polite.close()
    lab.cut(lost)
    ear.wait(1)
    ping(watcher, ear, "status/x")
    assert [each.topic for each in ear.heard] == ["status/lost", "status/x"]
    late = Ear()
    lab.bus("late").subscribe([("status/lost", 1)], late)
    late.wait(1)
    assert set(late.heard) == {Delivery("status/lost", b"gone", retained=True)}


def test_members_of_a_group_share_the_work_each_message_once(lab):
    if not lab.shares:
        pytest.xfail("amqtt has no shared subscriptions: it takes them and never delivers")
    sender, a, b, everyone = lab.bus("sender"), lab.bus("a"), lab.bus("b"), lab.bus("everyone")
    ear_a, ear_b, ear_all = Ear(), Ear(), Ear()
    a.subscribe([("facts/+", 1)], ear_a, group="gateways")
    b.subscribe([("facts/+", 1)], ear_b, group="gateways")
    everyone.subscribe([("facts/+", 1)], ear_all)
    wanted = [str(i).encode() for i in range(100)]
    for payload in wanted:
        sender.publish("facts/x", payload)
    wait_until(lambda: len(ear_a.heard) + len(ear_b.heard) >= 100, "all shared")
    ear_all.wait(100)
    assert sorted(ear_a.payloads + ear_b.payloads) == sorted(wanted)
    assert ear_a.heard
    assert ear_b.heard


def test_after_an_outage_of_the_broker_everything_stands_again_without_help(lab):
    sender, listener, ear = lab.bus("sender"), lab.bus("listener"), Ear()
    listener.subscribe([("facts/+", 1)], ear)
    line = Line(listener)
    lab.outage()
    wait_until(lambda: not sender.connected and not listener.connected, "both noticed")
    with pytest.raises(BusUnavailable):
        sender.publish("facts/a", b"lost, and the sender knows")
    lab.recover()
    wait_until(lambda: sender.connected and listener.connected, "both back")
    sender.publish("facts/a", b"after")
    ear.wait(1)
    assert ear.payloads == [b"after"]
    assert line.said == [False, True]


def test_one_client_cut_off_comes_back_and_the_others_never_noticed(lab):
    sender, cut, other = lab.bus("sender"), lab.bus("cut"), lab.bus("other")
    cut_ear, other_ear = Ear(), Ear()
    cut.subscribe([("t/+", 1)], cut_ear)
    other.subscribe([("t/+", 1)], other_ear)
    lab.cut(cut)
    wait_until(lambda: not cut.connected, "noticed")
    sender.publish("t/a", b"meanwhile")
    other_ear.wait(1)
    lab.mend(cut)
    wait_until(lambda: cut.connected, "back")
    sender.publish("t/a", b"after")
    cut_ear.wait(1)
    other_ear.wait(2)
    assert cut_ear.payloads == [b"after"], "a clean session: what passed meanwhile is for receipts to make up"


def test_kept_messages_come_again_after_a_reconnection(lab):
    sender, listener, ear = lab.bus("sender"), lab.bus("listener"), Ear()
    sender.publish("status/a", b"online", retain=True)
    listener.subscribe([("status/+", 1)], ear)
    ear.wait(1)
    lab.cut(listener)
    wait_until(lambda: not listener.connected, "noticed")
    sender.publish("status/a", b"offline", retain=True)
    lab.mend(listener)
    offline = Delivery("status/a", b"offline", retained=True)
    wait_until(lambda: ear.heard[-1] == offline, "the state as it is now, last")


def test_a_subscription_asked_for_during_an_outage_stands_afterwards_once(lab):
    sender, listener, ear = lab.bus("sender"), lab.bus("listener"), Ear()
    lab.cut(listener)
    wait_until(lambda: not listener.connected, "noticed")
    for _ in range(2):
        with pytest.raises(BusUnavailable):
            listener.subscribe([("t", 1)], ear)
    lab.mend(listener)
    wait_until(lambda: listener.connected, "back")
    listener.subscribe([("t", 1)], ear)
    sender.publish("t", b"once")
    ping(sender, ear, "t")
    assert ear.payloads.count(b"once") == 1


def test_who_unsubscribes_hears_no_more(lab):
    sender, listener, gone, stays = lab.bus("sender"), lab.bus("listener"), Ear(), Ear()
    listener.subscribe([("t", 1)], gone)
    listener.subscribe([("t", 1)], stays)
    listener.unsubscribe(gone)
    sender.publish("t", b"x")
    stays.wait(1)
    listener.unsubscribe(stays)
    control = Ear()
    listener.subscribe([("control", 1)], control)
    sender.publish("t", b"y")
    ping(sender, control, "control")
    assert gone.heard == []
    assert stays.payloads == [b"x"]


@pytest.mark.parametrize("topic", ["", "a/+/b", "a/#", "nul\0"])
def test_a_message_is_never_sent_to_a_topic_that_is_none(lab, topic):
    bus = lab.bus("sender")
    with pytest.raises(ValueError, match="publish"):
        bus.publish(topic, b"x")
    assert bus.connected


@pytest.mark.parametrize("text", ["", "a/#/b", "a+/b", "#x"])
def test_a_filter_that_is_none_is_refused_by_name(lab, text):
    bus = lab.bus("listener")
    with pytest.raises(SubscriptionRefused) as refused:
        bus.subscribe([(text, 1)], Ear())
    assert repr(text) in str(refused.value)
    assert bus.connected


def test_subscribing_from_a_handler_says_what_is_wrong_instead_of_hanging(lab):
    sender, listener, errors = lab.bus("sender"), lab.bus("listener"), []

    def wrong(_delivery: Delivery) -> None:
        try:
            listener.subscribe([("other", 1)], Ear())
        except RuntimeError as error:
            errors.append(str(error))

    listener.subscribe([("t", 1)], wrong)
    sender.publish("t", b"x")
    wait_until(lambda: errors, "the error")
    assert "bus's own thread" in errors[0]


def test_a_closed_bus_sends_nothing_and_what_it_sent_before_has_arrived(lab):
    sender, listener, ear = lab.bus("sender"), lab.bus("listener"), Ear()
    listener.subscribe([("t", 1)], ear)
    for i in range(200):
        sender.publish("t", str(i).encode())
    sender.close()
    ear.wait(200)
    assert not sender.connected
    with pytest.raises(BusUnavailable):
        sender.publish("t", b"late")


def test_a_round_trip_is_not_slowed_by_nagle(lab):
    if isinstance(lab, MqttLab):
        lab.lay_cable = lambda host, port: lab.broker  # straight to the broker: the cable would cost as much again
    asker, answerer, back = lab.bus("asker"), lab.bus("answerer"), threading.Event()
    answerer.subscribe([("ask", 1)], lambda asked: answerer.publish("answer", asked.payload))
    asker.subscribe([("answer", 1)], lambda _answer: back.set())
    took = []
    for _ in range(50):
        back.clear()
        started = time.perf_counter()
        asker.publish("ask", b"x")
        assert back.wait(5)
        took.append(time.perf_counter() - started)
    assert median(took) < 0.02, "44 ms or more is what a socket without TCP_NODELAY costs"
