import threading
from datetime import timedelta

import pytest

from devices.codec import encode
from devices.messages import DeviceConnected, DeviceLost, Receipt, SetPower
from devices.topics import Channel, topic
from firmware_bridges.bridge import BridgeContext
from firmware_bridges.runner import BackOff, BridgeRunner
from gateway.adapters.bus_memory import MemoryBroker, MemoryBus
from gateway.adapters.ids import TimeOrderedIds
from gateway.ports.errors import BridgeLost, StoreUnavailable, SubscriptionRefused
from tests.fakes.clock import FakeClock
from tests.fakes.report_recording import RecordingReporter
from tests.fixtures_broker import wait_until

AT_ONCE = BackOff(shortest_s=0.001, longest_s=0.005)
COMMAND = topic(Channel.COMMAND, site="lyon", device="laser")


class ScriptedBridge:
    """Plays one act per run: an exception to raise, or text to connect with and wait for ``leave`` or stop."""

    def __init__(self, *acts) -> None:
        self.acts = list(acts)
        self.runs = 0
        self.leave = threading.Event()
        self.obeyed = []
        self.obey_error = None

    def run(self, report, connected, stop):
        self.runs += 1
        act = self.acts.pop(0) if self.acts else "machine"
        if isinstance(act, BaseException):
            raise act
        connected(act)
        connected(act)
        while not (stop.is_set() or self.leave.is_set()):
            stop.wait(0.002)
        if self.leave.is_set():
            self.leave.clear()
            raise BridgeLost("the cable is out")

    def obey(self, command):
        self.obeyed.append(command)
        if self.obey_error is not None:
            raise self.obey_error


class Stage:
    def __init__(self, *acts, deny=(), reporter=None) -> None:
        self.broker = MemoryBroker(deny=deny)
        self.bus = MemoryBus(self.broker)
        self.clock = FakeClock()
        self.bridge = ScriptedBridge(*acts)
        self.report = reporter or RecordingReporter()
        self.presence = []
        context = BridgeContext(
            site="lyon",
            device="laser",
            bus=self.bus,
            clock=self.clock,
            ids=TimeOrderedIds(),
            hash_badge=lambda _n: (),
            hide_card=repr,
        )
        self.runner = BridgeRunner(
            "laser", self.bridge, context, self.report, presence=self.presence.append, back_off=AT_ONCE
        )

    def said(self):
        return [fact for fact in self.report.facts if isinstance(fact, DeviceConnected | DeviceLost)]

    def command(self, command_id="c1", ttl_s=5.0, **options):
        command = SetPower(id=command_id, expires_at=self.clock.now() + timedelta(seconds=ttl_s), on=True)
        self.bus.publish(COMMAND, encode(command), **options)
        self.broker.settle()
        return command

    def close(self):
        self.runner.stop()
        self.bus.close()


@pytest.fixture
def play():
    stages = []

    def make(*acts, **options):
        stages.append(Stage(*acts, **options))
        stages[-1].runner.start()
        return stages[-1]

    yield make
    for stage in stages:
        stage.close()


def test_online_is_said_once_with_what_it_is_connected_to(play):
    stage = play("Grbl 1.1h")
    wait_until(lambda: stage.runner.online, "online")
    wait_until(lambda: stage.presence, "presence")
    assert stage.said() == [DeviceConnected(detail="Grbl 1.1h")]
    assert stage.presence == [True]


def test_an_outage_of_many_attempts_is_said_once_and_its_end_once(play):
    stage = play("a", *[BridgeLost(f"no answer {i}") for i in range(20)], "b")
    wait_until(lambda: stage.runner.online, "online")
    stage.bridge.leave.set()
    wait_until(lambda: stage.bridge.runs == 22, "the 22nd attempt")
    wait_until(lambda: stage.presence == [True, False, True], "back")
    assert stage.said() == [
        DeviceConnected(detail="a"),
        DeviceLost(reason="the cable is out"),
        DeviceConnected(detail="b"),
    ]


def test_a_device_that_was_never_there_is_said_to_be_lost_once(play):
    stage = play(*[BridgeLost("nobody at /dev/ttyUSB0")] * 5)
    wait_until(lambda: stage.bridge.runs >= 4, "some attempts")
    assert stage.said()[:1] == [DeviceLost(reason="nobody at /dev/ttyUSB0")]
    assert len([fact for fact in stage.said() if isinstance(fact, DeviceLost)]) == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (FileNotFoundError(2, "No such file or directory", "/dev/ttyACM0"), "No such file or directory"),
        (ZeroDivisionError("a bug"), "a bug"),
        (TimeoutError(), "TimeoutError"),
        (StoreUnavailable("the disk is full"), "the disk is full"),
    ],
)
def test_whatever_a_bridge_raises_it_is_run_again(play, error, reason):
    stage = play(error, "back")
    wait_until(lambda: stage.runner.online, "online again")
    lost, _connected = stage.said()
    assert reason in lost.reason


def test_a_bridge_that_simply_returns_is_run_again(play):
    stage = play("a")
    stage.bridge.run = lambda _report, _connected, _stop: setattr(stage.bridge, "runs", stage.bridge.runs + 1)
    stage.bridge.leave.set()
    wait_until(lambda: stage.bridge.runs >= 5, "again and again")


def test_the_same_fault_again_and_again_is_logged_once(play, caplog):
    stage = play(*[ZeroDivisionError("a bug")] * 10, "x")
    wait_until(lambda: stage.runner.online, "online")
    assert len([record for record in caplog.records if record.exc_info]) == 1


def test_a_full_disk_does_not_end_the_runner(play):
    class Full(RecordingReporter):
        def fact(self, fact):
            raise StoreUnavailable("full")

    stage = play(BridgeLost("x"), "y", reporter=Full())
    wait_until(lambda: stage.runner.online, "online")
    wait_until(lambda: stage.presence == [False, True], "presence")


def test_waits_grow_to_a_limit_and_never_agree(monkeypatch):
    back_off = BackOff(shortest_s=0.5, longest_s=30)
    for failures, low, high in ((1, 0.5, 1), (2, 1, 2), (3, 2, 4), (10, 15, 30), (10_000, 15, 30)):
        waits = {back_off.wait_s(failures) for _ in range(50)}
        assert all(low <= wait <= high for wait in waits)
        assert len(waits) > 10


def test_a_cable_that_flickers_makes_the_waits_grow_one_that_held_does_not(play):
    stage = play("a")
    for expected in (1, 2, 3):
        wait_until(lambda: stage.runner.online, "online")
        stage.bridge.leave.set()
        wait_until(lambda wanted=expected: stage.runner._failures == wanted, "counted")
    wait_until(lambda: stage.runner.online, "online")
    stage.clock.advance(60)
    stage.bridge.leave.set()
    wait_until(lambda: stage.runner._failures == 1, "a new start")


def test_a_command_is_obeyed_once_however_often_it_comes(play):
    stage = play()
    command = stage.command()
    stage.command()
    other = stage.command("c2")
    assert stage.bridge.obeyed == [command, other]


def test_a_command_that_comes_too_late_is_not_obeyed(play, caplog):
    stage = play()
    stage.command(ttl_s=0)
    stage.command("c2", ttl_s=-3600)
    assert stage.bridge.obeyed == []
    assert "too late" in caplog.text
    assert stage.command("c3", ttl_s=0.001) in stage.bridge.obeyed


def test_a_kept_command_is_never_obeyed(play):
    broker_first = Stage()
    broker_first.command(retain=True)
    broker_first.runner.start()
    broker_first.broker.settle()
    assert broker_first.bridge.obeyed == []
    assert [what for what, _ in broker_first.report.nonsenses] == ["retained command"]
    broker_first.close()


@pytest.mark.parametrize(
    "payload", [b"", b"\xff\xfe", b"[]", b'{"v":1,"kind":"set_power","body":{}}', encode(Receipt(boot="b", ranges=()))]
)
def test_nonsense_on_the_command_topic_is_counted_and_nothing_happens(play, payload):
    stage = play()
    stage.bus.publish(COMMAND, payload)
    stage.broker.settle()
    assert stage.report.nonsenses == [("command", payload)]
    assert stage.bridge.obeyed == []
    assert stage.command() in stage.bridge.obeyed


@pytest.mark.parametrize("error", [BridgeLost("gone"), ZeroDivisionError("a bug")])
def test_a_bridge_that_fails_on_a_command_still_gets_the_next(play, error, caplog):
    stage = play()
    stage.bridge.obey_error = error
    stage.command("c1")
    stage.command("c2")
    assert len(stage.bridge.obeyed) == 2
    assert str(error) in caplog.text


def test_after_stop_nothing_runs_and_no_command_is_obeyed(play):
    stage = play("a")
    wait_until(lambda: stage.runner.online, "online")
    assert stage.runner.stop()
    assert not stage.runner.alive
    stage.command()
    assert stage.bridge.obeyed == []
    assert [fact for fact in stage.said() if isinstance(fact, DeviceLost)] == [], "a stop is no outage"


def test_a_bridge_that_will_not_stop_is_said(play, caplog):
    stage = play("a")
    stuck, release = threading.Event(), threading.Event()

    def run(_report, _connected, _stop):
        stuck.set()
        release.wait(20)

    stage.bridge.run = run
    wait_until(lambda: stage.runner.online, "in its first run")
    stage.bridge.leave.set()
    assert stuck.wait(10)
    try:
        assert stage.runner.stop(timeout=0.05) is False
        assert "did not stop" in caplog.text
    finally:
        release.set()


def test_it_starts_without_a_broker_and_obeys_once_there_is_one():
    stage = Stage("a")
    stage.bus.disconnect()
    stage.runner.start()
    wait_until(lambda: stage.runner.online, "online")
    stage.bus.connect()
    stage.broker.settle()
    assert stage.command() in stage.bridge.obeyed
    stage.close()


def test_a_broker_that_forbids_the_commands_is_said_at_once():
    stage = Stage(deny=[COMMAND])
    with pytest.raises(SubscriptionRefused, match="command"):
        stage.runner.start()
    stage.close()
