"""Pulling a plug out while it is on tells how it comes back, whatever firmware it has; and who was cut is on the list."""

import pytest

from dashboard.watch.gather import look
from devices.messages import DeviceConnected, DeviceLost, PowerReported, SetPower
from devices.relay_dialects import DIALECTS
from gateway.domain.attention import Trouble
from gateway.domain.attention_rules import attention
from gateway.domain.sessions import State
from tests.faults.model import Plug


class Bench:
    """Ada's machine, on, behind a plug of that firmware."""

    def __init__(self, lab, dialect, *, on_at_boot):
        self.lab, self.plug = lab, Plug(dialect)
        self.plug.twin.on_at_boot = False
        self.say(self.plug.heard(self.plug.twin.boot(self.now), self.now) + self.plug.ask(self.now))
        lab.tap("ada")
        (order,) = [each for each in lab.commands("plug-1") if isinstance(each, SetPower) and each.on]
        self.say(self.plug.obey(order, self.now))
        self.plug.twin.on_at_boot = on_at_boot
        lab.bus.sent.clear()
        lab.later(60)

    @property
    def now(self):
        return self.lab.clock.monotonic()

    def say(self, facts):
        for fact in facts:
            self.lab.say("plug-1", fact)

    def pull(self):
        self.plug.twin.vanish(self.now)
        self.plug.watch.forget()
        self.lab.say("plug-1", DeviceLost(reason="is offline"))
        self.lab.later(30)

    def put_back(self):
        facts = self.plug.heard(self.plug.twin.boot(self.now), self.now)
        self.lab.say("plug-1", DeviceConnected())
        self.say(facts + self.plug.ask(self.now))


def plug_of(lab):
    return next(device for device in lab.store.views().devices() if device.slug == "plug-1")


def begin(lab):
    with lab.store.begin() as work:
        work.begin_cut_test(plug_of(lab).id, lab.clock.now())


def last(lab):
    """What is kept of the last test of that plug."""
    return lab.store.views().cut_tests().get(plug_of(lab).id)


def waits(lab):
    return last(lab).awaited(lab.clock.now())


@pytest.mark.parametrize("on_at_boot", [False, True], ids=["off", "on"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_how_it_comes_back_is_found_out(lab, dialect, on_at_boot):
    bench = Bench(lab, dialect, on_at_boot=on_at_boot)
    assert plug_of(lab).power_on is True
    begin(lab)
    assert waits(lab)
    bench.pull()
    assert last(lab).off is None
    bench.put_back()
    assert last(lab).off is (not on_at_boot)
    assert [event.data for event in lab.events("cut_tested")] == [{"off": not on_at_boot}]
    troubles = [item.trouble for item in found(lab)]
    assert (Trouble.RETURNS_ON in troubles) is on_at_boot


def found(lab):
    views, now = lab.store.views(), lab.clock.now()
    return attention(look(views, views.floor(now), (), now), now)


def test_whose_use_was_cut_is_on_the_list_and_only_a_new_tap_powers_it_again(lab):
    bench = Bench(lab, "tasmota", on_at_boot=False)
    bench.pull()
    bench.put_back()
    lab.later(5)
    lab.sweeper.sweep()
    assert lab.session().state is State.INTERRUPTED
    (item,) = [item for item in found(lab) if item.trouble is Trouble.INTERRUPTED]
    assert (item.resource, item.member_id) == ("laser-1", lab.ada)
    assert lab.power() == []
    lab.tap("ada")
    assert lab.power() == [True]


def test_a_plug_that_comes_back_long_after_is_no_answer_and_neither_is_one_that_nobody_pulled(lab):
    bench = Bench(lab, "tasmota", on_at_boot=False)
    begin(lab)
    bench.plug.twin.vanish(bench.now)
    lab.later(3600)
    bench.pull()
    bench.put_back()
    assert last(lab).off is None
    assert not waits(lab)


def test_what_it_says_while_it_has_power_ends_no_test_and_one_that_was_off_already_proves_nothing(lab):
    bench = Bench(lab, "tasmota", on_at_boot=False)
    begin(lab)
    lab.say("plug-1", PowerReported(on=True))
    lab.say("plug-1", PowerReported(on=False, cause="button"))
    assert last(lab).done_at is None
    bench.pull()
    bench.put_back()
    assert last(lab).off is None


def test_one_that_is_off_because_it_was_told_to_proves_nothing(lab):
    bench = Bench(lab, "tasmota", on_at_boot=True)
    begin(lab)
    bench.pull()
    lab.say("plug-1", DeviceConnected())
    lab.say("plug-1", PowerReported(on=False, cause="command"))
    assert last(lab).off is None
