"""What time alone makes true."""

import threading

from devices.messages import DeviceConnected, JobStarted, PowerReported
from gateway.domain.resources import Presence
from gateway.domain.sessions import State, Way
from gateway.service.sweeps import QUIET_S, Sweeper
from gateway.service.transact import Transact
from gateway.service.ways import Opening, open_session
from tests.fakes.service_lab import ServiceLab
from tests.fixtures_broker import wait_until


def in_use(lab: ServiceLab) -> None:
    lab.tap("ada")
    lab.say("plug-1", PowerReported(on=True))


def reasons(lab: ServiceLab) -> list[object]:
    return [event.data["reason"] for event in lab.events() if event.kind in ("session_closed", "session_failed")]


def test_a_relay_that_never_confirms_ends_the_start_and_calls_staff(lab: ServiceLab) -> None:
    lab.tap("ada")
    lab.later(16)
    lab.sweeper.sweep()

    assert reasons(lab) == ["relay_unconfirmed"]
    assert [event.data["code"] for event in lab.events("alarm_raised")] == ["relay_unconfirmed"]


def test_an_order_that_was_lost_is_given_again(lab: ServiceLab) -> None:
    lab.tap("ada")
    lab.later(3)
    lab.sweeper.sweep()

    assert lab.power() == [True, True]


def test_a_relay_gets_time_to_answer_before_it_is_told_again(lab: ServiceLab) -> None:
    lab.tap("ada")
    lab.later(1)
    lab.sweeper.sweep()

    assert lab.power() == [True]


def test_a_forgotten_session_is_ended_and_the_power_cut(lab: ServiceLab) -> None:
    in_use(lab)
    lab.later(lab.laser.forgotten_s + 1)
    lab.sweeper.sweep()

    assert reasons(lab) == ["forgotten"]
    assert lab.power()[-1] is False


def test_the_ceiling_under_a_running_job_waits_for_the_job(lab: ServiceLab) -> None:
    in_use(lab)
    lab.say("grbl-1", JobStarted(job="j1"))
    lab.later(lab.laser.ceiling_s + 1)
    lab.sweeper.sweep()

    assert lab.session().state is State.LEAVING
    assert False not in lab.power()


def test_a_relay_that_does_not_obey_is_told_again_then_shown_and_the_alarm_goes_when_it_does(lab: ServiceLab) -> None:
    lab.say("plug-1", PowerReported(on=True, cause="button"))
    for _ in range(5):
        lab.sweeper.sweep()
        lab.later(2)
    assert lab.power().count(False) >= 4
    assert [event.data["code"] for event in lab.events("alarm_raised")] == ["relay_differs"]

    lab.say("plug-1", PowerReported(on=False))
    lab.sweeper.sweep()
    assert [event.data["code"] for event in lab.events("alarm_cleared")] == ["relay_differs"]


def test_a_device_that_says_nothing_is_no_news_until_it_speaks(lab: ServiceLab) -> None:
    lab.say("plug-1", PowerReported(on=False))
    lab.sweeper.sweep()
    lab.later(QUIET_S + 30)
    lab.sweeper.sweep()
    assert lab.facts().interlock.presence is Presence.OFFLINE
    assert lab.facts().interlock.presence_reason == "no_news"

    lab.say("plug-1", DeviceConnected())
    assert lab.facts().interlock.presence is Presence.ONLINE


def test_a_relay_that_was_only_not_heard_for_a_while_is_known_again_once_it_is_heard(lab: ServiceLab) -> None:
    lab.say("plug-1", PowerReported(on=False))
    lab.status("plug-1", online=False)
    lab.status("plug-1", online=True)
    lab.tap("ada")

    assert lab.power() == [True]


def test_sweeping_twice_changes_nothing_more(lab: ServiceLab) -> None:
    in_use(lab)
    lab.sweeper.sweep()
    before = lab.events()
    lab.sweeper.sweep()

    assert lab.events() == before


def test_after_a_long_absence_of_ours_devices_get_time_to_be_heard(lab: ServiceLab) -> None:
    lab.sweeper.sweep()
    lab.later(QUIET_S + 600)
    anew = Sweeper(store=lab.store, clock=lab.clock, ids=lab.ids, deliver=lab.deliver, heard=lambda: lab.consumer.heard)
    lab.consumer.heard.clear()
    for _ in range(3):
        anew.sweep()
        lab.later(25)
    assert lab.events("device_stale") == []

    lab.later(QUIET_S)
    anew.sweep()
    assert len(lab.events("device_stale")) == 1


def test_a_machine_that_lost_its_power_and_never_comes_back_holds_nobodys_session_for_ever(lab: ServiceLab) -> None:
    in_use(lab)
    lab.say("grbl-1", JobStarted(job="j1"))
    lab.say("plug-1", PowerReported(on=False, cause="button"))
    lab.later(59)
    lab.sweeper.sweep()
    assert lab.events("job_ended") == []

    lab.later(2)
    lab.sweeper.sweep()
    assert [event.data["outcome"] for event in lab.events("job_ended")] == ["unknown"]
    lab.later(lab.laser.forgotten_s + 1)
    lab.sweeper.sweep()
    assert reasons(lab) == ["power_lost"]


def test_a_session_that_a_page_begins_has_its_power_at_once(lab: ServiceLab) -> None:
    """Not at the next of the rounds, which here are an hour apart."""
    clock, stop = lab.clock, threading.Event()
    wish = Opening(way=Way.OVERRIDE, resource="laser-1", operator_id=lab.ada, by=lab.ada, reason="trial")
    sweeper = Sweeper(
        store=lab.store, clock=clock, ids=lab.ids, deliver=lab.deliver, heard=lambda: lab.consumer.heard, every_s=3600
    )
    round_ = threading.Thread(target=sweeper.run, args=(stop,))
    round_.start()
    try:
        wait_until(lambda: sweeper._alarms is not None)
        Transact(store=lab.store, clock=clock, deliver=lab.deliver)(
            lambda work, now: open_session(work, wish, id=lab.ids.new(), now=now)
        )
        wait_until(lambda: lab.power() == [True])
    finally:
        stop.set()
        round_.join()
