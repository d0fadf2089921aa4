"""A relay that is switched late, twice, or believed when it is dead, powers a machine that nobody watches."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from devices.messages import AlarmCleared, AlarmRaised, PowerReported, SetPower, ShowVerdict, Tone
from devices.relay_dialects import DIALECTS
from devices.simulated.relay import SimulatedRelay
from firmware_bridges.bridge import BridgeContext
from firmware_bridges.relay_mqtt import Settings, build
from firmware_bridges.twins.relay_topics import RelayOnTheBus
from gateway.adapters.bus_memory import MemoryBroker, MemoryBus
from gateway.adapters.ids import TimeOrderedIds
from gateway.ports.errors import BridgeLost
from tests.fakes.clock import FakeClock
from tests.fakes.report_recording import running, wait_until

dialects = pytest.mark.parametrize("dialect", list(DIALECTS))


class Lab:
    """A broker, a bridge's settings, and twins that can be plugged in."""

    def __init__(self):
        self.broker = MemoryBroker()
        self.bus = MemoryBus(self.broker)
        self.plug_bus = MemoryBus(self.broker, client_id="plug")
        self.clock = FakeClock()
        self.twins = []

    def bridge(self, dialect, **more):
        context = BridgeContext(
            site="lab",
            device="laser-plug",
            bus=self.bus,
            clock=self.clock,
            ids=TimeOrderedIds(),
            hash_badge=tuple,
            hide_card=repr,
        )
        return build(context, Settings(dialect=dialect, name="laser", **more))

    def plug_in(self, bridge, **how):
        twin = RelayOnTheBus(self.plug_bus, self.clock, SimulatedRelay(bridge._relay, **how), tick_s=0.01)
        self.twins.append(twin)
        twin.start()
        return twin

    def order(self, bridge, *, on, id="c1", ceiling_s=3600, lasts_s=5.0):
        expires_at = self.clock.now() + timedelta(seconds=lasts_s)
        bridge.obey(SetPower(id=id, expires_at=expires_at, on=on, ceiling_s=ceiling_s))

    def close(self):
        for twin in self.twins:
            twin.stop()
        self.bus.close()
        self.plug_bus.close()


@pytest.fixture
def lab():
    lab = Lab()
    yield lab
    lab.close()


def powers(run):
    return [(fact.on, fact.cause) for fact in run.report.of(PowerReported)]


@dialects
def test_a_relay_is_found_switched_and_confirmed(lab, dialect):
    bridge = lab.bridge(dialect)
    twin = lab.plug_in(bridge)
    with running(bridge) as run:
        run.wait(lambda: powers(run))
        assert run.connected == [f"{DIALECTS[dialect].title} 'laser'"]
        lab.order(bridge, on=True)
        run.wait(lambda: (True, "command") in powers(run))
        assert twin.twin.on
        lab.order(bridge, on=False, id="c2")
        run.wait(lambda: (False, "command") in powers(run))
    assert not twin.twin.on
    assert run.error is None


@dialects
def test_a_command_that_changes_nothing_is_confirmed_all_the_same(lab, dialect):
    bridge = lab.bridge(dialect)
    lab.plug_in(bridge, on_at_boot=True)
    with running(bridge) as run:
        run.wait(lambda: powers(run))
        before = len(powers(run))
        lab.order(bridge, on=True)
        run.wait(lambda: len(powers(run)) > before)
        assert powers(run)[-1][0] is True


@dialects
def test_the_last_will_ends_the_run_and_the_next_one_waits_for_the_plug(lab, dialect):
    bridge = lab.bridge(dialect)
    twin = lab.plug_in(bridge)
    with running(bridge) as run:
        run.wait(lambda: run.connected)
        twin.do(SimulatedRelay.vanish)
        error = run.wait_for_end()
    assert isinstance(error, BridgeLost)
    assert "offline" in str(error)
    with running(bridge, run.report) as again:
        lab.order(bridge, on=True)
        twin.do(SimulatedRelay.come_back)
        again.wait(lambda: again.connected)
        again.wait(lambda: powers(again))
    assert not twin.twin.on, "an order given while it was away must not wait for it"


@dialects
def test_a_reboot_that_comes_back_on_is_reported_and_not_as_ours(lab, dialect):
    bridge = lab.bridge(dialect, ask_every_s=1)
    twin = lab.plug_in(bridge, on_at_boot=True)
    with running(bridge) as run:
        run.wait(lambda: powers(run))
        lab.order(bridge, on=False)
        run.wait(lambda: powers(run)[-1] == (False, "command"))
        lab.clock.advance(100)
        twin.do(SimulatedRelay.boot)
        run.wait(lambda: powers(run)[-1][0] is True)
        assert powers(run)[-1][1] in ("boot", "unknown")


def test_an_expired_command_is_not_obeyed(lab):
    bridge = lab.bridge("tasmota")
    twin = lab.plug_in(bridge)
    with running(bridge) as run:
        run.wait(lambda: run.connected)
        lab.order(bridge, on=True, lasts_s=0)
        lab.broker.settle()
    assert not twin.twin.on


def test_what_it_sends_is_never_retained(lab):
    heard = []
    lab.plug_bus.subscribe([("cmnd/#", 0)], heard.append)
    bridge = lab.bridge("tasmota")
    with running(bridge):
        lab.order(bridge, on=True)
        wait_until(lambda: len(heard) >= 4)
    later = []
    lab.bus.subscribe([("#", 0)], later.append)
    lab.broker.settle()
    assert later == []


def test_a_plug_that_never_answers_is_lost_in_a_plain_sentence(lab):
    bridge = lab.bridge("tasmota")
    with running(bridge) as run:
        wait_until(lambda: lab.clock.advance(1) or run.over)
    assert isinstance(run.error, BridgeLost)
    assert "Tasmota 'laser' does not answer" in str(run.error)
    assert run.connected == []


def test_a_plug_that_falls_silent_without_a_will_is_lost_too(lab):
    bridge = lab.bridge("shelly-gen1")
    twin = lab.plug_in(bridge)
    with running(bridge) as run:
        run.wait(lambda: powers(run))
        twin._bus.unsubscribe(twin._hear)
        twin.twin.online = False
        wait_until(lambda: lab.clock.advance(5) or run.over)
    assert isinstance(run.error, BridgeLost)


def test_a_broker_that_is_away_is_not_blamed_on_the_plug(lab):
    bridge = lab.bridge("tasmota", ask_every_s=1)
    twin = lab.plug_in(bridge)
    with running(bridge) as run:
        run.wait(lambda: powers(run))
        lab.broker.stop()
        for _ in range(20):
            lab.clock.advance(10)
        twin.do(SimulatedRelay.press_button)
        lab.broker.start()
        # What changed meanwhile is found by asking.
        run.wait(lambda: lab.clock.advance(0.1) or powers(run)[-1][0] is True)
        assert len(run.connected) == 1


def test_a_broker_that_is_away_from_the_start_is_said_plainly(lab):
    bridge = lab.bridge("tasmota")
    lab.broker.stop()
    with running(bridge) as run:
        error = run.wait_for_end()
    assert isinstance(error, BridgeLost)
    assert "cannot be heard" in str(error)
    lab.order(bridge, on=True)


@dialects
def test_nonsense_is_counted_and_makes_the_state_unknown_until_it_is_asked_again(lab, dialect):
    bridge = lab.bridge(dialect)
    twin = lab.plug_in(bridge)
    with running(bridge) as run:
        run.wait(lambda: powers(run))
        for each in twin.twin.garble():
            lab.plug_bus.publish(each.topic, each.payload)
        run.wait(lambda: run.report.nonsenses)
        assert run.report.nonsenses[0][0] in ("relay-state", "relay-message")
        lab.order(bridge, on=True)
        run.wait(lambda: powers(run)[-1][0] is True)


def test_watts_and_energy_are_samples(lab):
    bridge = lab.bridge("tasmota")
    lab.plug_in(bridge, load_w=1000)
    with running(bridge) as run:
        run.wait(lambda: powers(run))
        lab.order(bridge, on=True)
        run.wait(lambda: powers(run)[-1][0] is True)
        lab.clock.advance(20)
        run.wait(lambda: any(values.get("power_w") == 1000 for values in run.report.samples))
        assert all(set(values) <= {"power_w", "energy_wh"} for values in run.report.samples)


def test_a_plug_that_says_why_it_refuses_raises_one_alarm(lab):
    bridge = lab.bridge("shelly-gen2")
    lab.plug_in(bridge)
    with running(bridge) as run:
        run.wait(lambda: powers(run))
        answer = b'{"id":1,"error":{"code":-105,"message":"id=7 not found"}}'
        for _ in range(2):
            lab.plug_bus.publish("etabli/lab/laser-plug/rpc", answer)
        run.wait(lambda: run.report.of(AlarmRaised))
        lab.order(bridge, on=True)
        run.wait(lambda: run.report.of(AlarmCleared))
    assert run.report.of(AlarmRaised) == [AlarmRaised(code="relay-refused", text="id=7 not found")]


def test_commands_for_other_kinds_of_device_are_passed_over(lab):
    expires_at = lab.clock.now() + timedelta(seconds=5)
    lab.bridge("tasmota").obey(ShowVerdict(id="x", expires_at=expires_at, tone=Tone.GRANTED, code="granted"))


def test_the_handler_only_queues_so_the_bus_is_never_held_up(lab):
    bridge = lab.bridge("tasmota")
    with running(bridge):
        for number in range(2000):
            lab.plug_bus.publish("tele/laser/STATE", b"\xff" * (number % 7))
        lab.broker.settle()


def test_settings_say_what_is_wrong():
    with pytest.raises(ValidationError, match="expected one of tasmota"):
        Settings(dialect="sonoff", name="x")
    with pytest.raises(ValidationError, match="without \\+ #"):
        Settings(dialect="tasmota", name="#")
    with pytest.raises(ValidationError, match="extra"):
        Settings(dialect="tasmota", name="x", colour="red")


def test_a_delivery_that_is_retained_does_not_count_as_a_sign_of_life(lab):
    lab.plug_bus.publish("tele/laser/LWT", b"Online", retain=True)
    bridge = lab.bridge("tasmota")
    with running(bridge) as run:
        wait_until(lambda: lab.clock.advance(1) or run.over)
    assert run.connected == []
