"""Jobs and devices: each job ends exactly once, whoever died in between."""

from devices.messages import (
    AlarmCleared,
    AlarmRaised,
    DeviceConnected,
    DeviceLost,
    JobEnded,
    JobStarted,
    Outcome,
    PowerReported,
)
from gateway.domain.resources import Presence
from tests.fakes.service_lab import ServiceLab

DONE = JobEnded(job="j1", outcome=Outcome.FINISHED, wall_s=5, active_s=5, paused_s=0)


def ends(lab: ServiceLab) -> list[object]:
    return [event.data["outcome"] for event in lab.events("job_ended")]


def test_a_bridge_that_died_in_mid_job_leaves_no_job_running_for_ever(lab: ServiceLab) -> None:
    lab.tap("ada")
    lab.say("plug-1", PowerReported(on=True))
    lab.say("grbl-1", JobStarted(job="j1"), boot="b1")
    lab.later(60)
    lab.tap("ada")
    lab.say("grbl-1", DeviceConnected(), boot="b2")
    lab.sweeper.sweep()

    assert ends(lab) == ["unknown"]
    assert lab.session() is None
    assert lab.power() == [True, False]


def test_a_bridge_that_began_anew_finds_its_job_again_and_nobody_is_cut_off(lab: ServiceLab) -> None:
    lab.tap("ada")
    lab.say("plug-1", PowerReported(on=True))
    lab.say("grbl-1", DeviceConnected(), boot="b1")
    lab.say("grbl-1", JobStarted(job="j0", name="vase"), boot="b1")
    lab.later(60)
    lab.tap("ada")
    lab.say("grbl-1", JobStarted(job="j1", name="vase"), boot="b2")
    lab.sweeper.sweep()
    lab.say("grbl-1", DeviceConnected(), boot="b2")
    lab.sweeper.sweep()
    assert ends(lab) == []
    assert lab.power() == [True]

    lab.say("grbl-1", DONE, boot="b2")
    assert ends(lab) == ["finished"]
    assert lab.session() is None
    assert [event.session_id is not None for event in lab.events("job_ended")] == [True]


def test_a_machine_that_wakes_late_but_never_stopped_keeps_its_job(lab: ServiceLab) -> None:
    lab.say("grbl-1", JobStarted(job="j0"), boot="b1")
    lab.say("grbl-1", DeviceLost(reason="it does not answer"), boot="b2")
    lab.say("grbl-1", JobStarted(job="j1"), boot="b2")
    lab.say("grbl-1", DeviceConnected(), boot="b2")
    lab.say("grbl-1", DONE, boot="b2")

    assert ends(lab) == ["finished"]


def test_another_job_after_a_new_beginning_is_another_job(lab: ServiceLab) -> None:
    lab.say("grbl-1", JobStarted(job="j0", name="vase"), boot="b1")
    lab.say("grbl-1", JobStarted(job="j1", name="lamp"), boot="b2")

    assert ends(lab) == ["unknown"]


def test_after_a_power_cut_a_machine_that_wakes_late_runs_no_job_for_ever(lab: ServiceLab) -> None:
    lab.say("grbl-1", JobStarted(job="j0"), boot="b1")
    lab.say("grbl-1", DeviceLost(reason="it does not answer"), boot="b2")
    assert ends(lab) == []

    lab.say("grbl-1", DeviceConnected(), boot="b2")
    assert ends(lab) == ["unknown"]


def test_a_device_that_was_only_away_keeps_its_job(lab: ServiceLab) -> None:
    lab.say("grbl-1", DeviceConnected())
    lab.say("grbl-1", JobStarted(job="j1"))
    lab.say("grbl-1", DeviceLost(reason="unplugged"))
    lab.say("grbl-1", DeviceConnected())
    assert ends(lab) == []

    lab.say("grbl-1", DONE)
    assert ends(lab) == ["finished"]


def test_a_job_whose_start_was_lost_is_still_recorded(lab: ServiceLab) -> None:
    lab.say("grbl-1", DONE)

    assert ends(lab) == ["finished"]


def test_a_new_job_closes_the_one_that_never_said_its_end(lab: ServiceLab) -> None:
    lab.say("grbl-1", JobStarted(job="j0"))
    lab.say("grbl-1", JobStarted(job="j1"))
    lab.say("grbl-1", DONE)
    lab.say("grbl-1", DONE)

    assert ends(lab) == ["unknown", "finished"]


def test_a_relay_that_is_lost_is_no_longer_known_to_be_on(lab: ServiceLab) -> None:
    lab.say("plug-1", PowerReported(on=True))
    lab.say("plug-1", DeviceLost(reason="no answer"))

    interlock = lab.facts().interlock
    assert interlock is not None
    assert (interlock.presence, interlock.power_on) == (Presence.OFFLINE, None)


def test_alarms_are_raised_and_cleared_by_their_code(lab: ServiceLab) -> None:
    lab.say("grbl-1", AlarmRaised(code="grbl-alarm-1", text="Hard limit"))
    assert lab.store.views().floor(lab.clock.now())[0].alarms == ("grbl-alarm-1",)

    lab.say("grbl-1", AlarmCleared(code="grbl-alarm-1"))
    assert lab.store.views().floor(lab.clock.now())[0].alarms == ()


def test_a_relay_that_refuses_is_told_again_in_time_and_not_at_each_of_its_answers(lab):
    lab.say("plug-1", PowerReported(on=True, cause="button"))
    assert lab.power() == [False]
    for _ in range(5):
        lab.say("plug-1", PowerReported(on=True, cause="command"))
    assert lab.power() == [False]
    lab.later(10)
    lab.sweeper.sweep()
    assert lab.power() == [False, False]
