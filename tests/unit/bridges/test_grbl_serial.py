"""The laser over a real serial line: a cut must be counted once, whatever happens to cable, controller and program."""

from dataclasses import replace

import pytest
from pydantic import ValidationError

from devices.messages import (
    AlarmCleared,
    AlarmRaised,
    JobEnded,
    JobPaused,
    JobResumed,
    JobStarted,
    Outcome,
    ShowVerdict,
    Tone,
)
from devices.simulated.grbl import SimulatedGrbl
from firmware_bridges.bridge import BridgeContext
from firmware_bridges.grbl_serial import Settings, build
from firmware_bridges.twins.pty import PtyTwin
from gateway.adapters.clock import SystemClock
from gateway.adapters.ids import TimeOrderedIds
from gateway.ports.errors import BridgeLost
from tests.fakes.clock import START
from tests.fakes.report_recording import RecordingReporter, Running, running, wait_until

BOTH = pytest.mark.parametrize("dialect", ["grbl-1.1h", "grblhal"])
SPEED = 8.0
CUT = ["G21 G90", "M4 S500", "G1 X4 F600", "G1 X8 F600", "M5", "G0 X0"]

LONG = ["M4 S500", "G1 X600 F600"]


class FastClock(SystemClock):
    """Eight seconds in one, so that a cut does not take as long as a cut."""

    def monotonic(self):
        return super().monotonic() * SPEED


@pytest.fixture
def clock():
    return FastClock()


def context(clock):
    return BridgeContext(
        site="lab", device="laser-grbl", bus=None, clock=clock, ids=TimeOrderedIds(), hash_badge=tuple, hide_card=repr
    )


def bridge_to(twin, **more):
    values = {"settle_s": 1.0, "answer_within_s": 40.0, "keep_job_s": 60.0, **more}
    return build(context(twin._clock), Settings(port=str(twin.link), **values))


@pytest.fixture
def laser(tmp_path, clock, request):
    dialect = getattr(request, "param", "grbl-1.1h")
    with PtyTwin(SimulatedGrbl(dialect=dialect, name="big laser"), tmp_path / "laser", clock, tick_s=0.002) as twin:
        yield twin


def cut(twin, lines=CUT):
    twin.do(lambda laser, _: laser.load(lines))


def outcomes(report):
    return [fact.outcome for fact in report.of(JobEnded)]


@pytest.mark.parametrize("laser", ["grbl-1.1h", "grblhal"], indirect=True)
def test_a_cut_is_one_job_with_its_times_and_readings(laser):
    with running(bridge_to(laser)) as run:
        run.wait(lambda: run.connected)
        cut(laser)
        run.wait(lambda: run.report.of(JobEnded))
        assert [type(fact) for fact in run.report.facts] == [JobStarted, JobEnded]
        start, end = run.report.facts
        assert (end.job, end.outcome) == (start.job, Outcome.FINISHED)
        assert 3 < end.wall_s < 20
        assert 1 < end.laser_on_s <= end.wall_s
        assert {"x", "y", "z", "feed", "laser_power"} <= run.report.samples[0].keys()
        assert max(sample["x"] for sample in run.report.samples) > 1
        assert not run.report.nonsenses
        assert len(run.connected) == 1


def test_it_is_asked_at_most_five_times_a_second_and_never_reset_or_given_a_job(tmp_path, clock):
    class Listening(SimulatedGrbl):
        heard = b""

        def receive(self, data, now):
            self.heard += data
            super().receive(data, now)

    with PtyTwin(Listening(), tmp_path / "laser", clock, tick_s=0.002) as twin:
        with running(bridge_to(twin, poll_hz=5)) as run:
            run.wait(lambda: run.connected)
            began, before = clock.monotonic(), twin.device.heard.count(b"?")
            wait_until(lambda: clock.monotonic() > began + 4)
            asked = twin.device.heard.count(b"?") - before
            assert asked <= 5 * (clock.monotonic() - began) + 2
        assert set(twin.device.heard.replace(b"$I\n", b"").replace(b"$$\n", b"")) == set(b"?")
        assert twin.device.heard.count(b"$$\n") == 1
    with pytest.raises(ValidationError):
        Settings(port="x", poll_hz=6)


def test_hold_and_resume_and_a_door(laser):
    with running(bridge_to(laser)) as run:
        run.wait(lambda: run.connected)
        cut(laser, LONG)
        run.wait(lambda: run.report.of(JobStarted))
        laser.do(lambda device, now: device.receive(b"!", now))
        run.wait(lambda: run.report.of(JobPaused))
        wait_until(lambda: laser.device._substate() == 0)
        laser.do(lambda device, now: device.receive(b"~", now))
        run.wait(lambda: run.report.of(JobResumed))
        laser.do(lambda device, now: device.receive(b"\x84", now))
        run.wait(lambda: run.report.of(AlarmRaised))
        assert run.report.of(AlarmRaised)[0].code == "grbl-door"
        assert not run.report.of(JobEnded)


def test_a_hard_limit_fails_the_job_and_its_silence_is_no_lost_cable(laser):
    with running(bridge_to(laser, answer_within_s=2)) as run:
        run.wait(lambda: run.connected)
        cut(laser, LONG)
        run.wait(lambda: run.report.of(JobStarted))
        laser.do(lambda device, _: device.fail(1))
        run.wait(lambda: run.report.of(AlarmRaised))
        at = laser._clock.monotonic()
        wait_until(lambda: laser._clock.monotonic() > at + 4)
        assert not run.over
        laser.do(lambda device, _: device.reset())
        laser.do(lambda device, now: device.receive(b"$X\n", now))
        run.wait(lambda: run.report.of(AlarmCleared))
        assert outcomes(run.report) == [Outcome.FAILED]
        assert run.report.of(AlarmCleared) == [AlarmCleared(code="grbl-alarm-1")]


def lose(run, twin):
    twin.unplug()
    error = run.wait_for_end()
    assert isinstance(error, BridgeLost)
    assert str(error).startswith(str(twin.link))


def test_a_job_that_outlives_a_pulled_cable_is_still_one_job(laser):
    bridge, report = bridge_to(laser), RecordingReporter()
    run = Running(bridge, report)
    run.wait(lambda: run.connected)
    cut(laser)
    run.wait(lambda: report.of(JobStarted))
    laser.do(lambda device, now: device.receive(b"!", now))
    run.wait(lambda: report.of(JobPaused))
    lose(run, laser)
    assert isinstance(Running(bridge, report).wait_for_end(), BridgeLost), "not plugged in again yet"
    laser.replug()
    with running(bridge, report) as again:
        again.wait(lambda: again.connected)
        wait_until(lambda: laser.device._substate() == 0)
        laser.do(lambda device, now: device.receive(b"~", now))
        again.wait(lambda: report.of(JobEnded))
    assert [type(fact) for fact in report.facts] == [JobStarted, JobPaused, JobResumed, JobEnded]
    assert outcomes(report) == [Outcome.FINISHED]


def test_a_job_that_is_over_after_a_replug_ended_as_unknown_once(laser):
    bridge, report = bridge_to(laser), RecordingReporter()
    run = Running(bridge, report)
    run.wait(lambda: run.connected)
    cut(laser, LONG)
    run.wait(lambda: report.of(JobStarted))
    lose(run, laser)
    laser.do(lambda device, _: device.power_cycle())
    laser.replug()
    with running(bridge, report) as again:
        again.wait(lambda: again.connected)
        again.wait(lambda: report.of(JobEnded))
        cut(laser)
        again.wait(lambda: len(report.of(JobEnded)) == 2)
    assert outcomes(report) == [Outcome.UNKNOWN, Outcome.FINISHED]
    assert len({fact.job for fact in report.of(JobStarted)}) == 2


def test_a_machine_that_stays_away_is_given_up_at_a_later_try(laser):
    bridge, report = bridge_to(laser, keep_job_s=2), RecordingReporter()
    run = Running(bridge, report)
    run.wait(lambda: run.connected)
    cut(laser, LONG)
    run.wait(lambda: report.of(JobStarted))
    lose(run, laser)
    wait_until(lambda: Running(bridge, report).wait_for_end() and report.of(JobEnded))
    assert outcomes(report) == [Outcome.UNKNOWN]
    assert isinstance(Running(bridge, report).wait_for_end(), BridgeLost)
    assert len(report.of(JobEnded)) == 1


def test_stopping_the_program_ends_the_open_job_as_unknown(laser):
    with running(bridge_to(laser)) as run:
        run.wait(lambda: run.connected)
        cut(laser, LONG)
        run.wait(lambda: run.report.of(JobStarted))
    assert outcomes(run.report) == [Outcome.UNKNOWN]


def test_a_reset_in_mid_job_ends_it_as_failed_once(laser):
    with running(bridge_to(laser)) as run:
        run.wait(lambda: run.connected)
        cut(laser, LONG)
        run.wait(lambda: run.report.of(JobStarted))
        laser.do(lambda device, _: device.power_cycle())
        run.wait(lambda: run.report.of(JobEnded))
        cut(laser)
        run.wait(lambda: len(run.report.of(JobEnded)) == 2)
    assert outcomes(run.report) == [Outcome.FAILED, Outcome.FINISHED]


def test_a_controller_that_falls_silent_is_lost_with_a_plain_sentence(laser):
    run = Running(bridge_to(laser, answer_within_s=1))
    run.wait(lambda: run.connected)
    laser.device.silent = True
    assert str(run.wait_for_end()) == f"{laser.link}: the controller does not answer; is it switched on?"


def test_a_wrong_speed_is_told_as_such_and_its_noise_is_counted(laser):
    laser.device.silent = True

    class Noise:
        def receive(self, data, now):
            pass

        def tick(self, now):
            return b"\xf3\x80noise\n"

    laser.do(lambda *_: setattr(laser, "device", Noise()))
    run = Running(bridge_to(laser, answer_within_s=1))
    assert "115200 baud?" in str(run.wait_for_end())
    assert run.report.nonsenses
    assert not run.connected


def test_noise_in_mid_job_changes_nothing(laser):
    with running(bridge_to(laser)) as run:
        run.wait(lambda: run.connected)
        cut(laser)
        run.wait(lambda: run.report.of(JobStarted))
        laser.do(lambda device, _: device.babble(b"\xff\x00<Run|garb\r\n"))
        run.wait(lambda: run.report.of(JobEnded))
        assert outcomes(run.report) == [Outcome.FINISHED]
        assert run.report.nonsenses


def test_a_fact_that_a_full_disk_refused_is_told_at_the_next_try(laser):
    class FullDisk(RecordingReporter):
        full = True

        def fact(self, fact):
            if self.full:
                raise OSError("no space left on device")
            super().fact(fact)

    bridge, report = bridge_to(laser), FullDisk()
    run = Running(bridge, report)
    run.wait(lambda: run.connected)
    cut(laser)
    assert isinstance(run.wait_for_end(), OSError)
    report.full = False
    with running(bridge, report) as again:
        again.wait(lambda: report.of(JobEnded))
    assert [type(fact) for fact in report.facts] == [JobStarted, JobEnded]


def test_a_mill_has_a_spindle_and_no_beam(tmp_path, clock):
    with (
        PtyTwin(SimulatedGrbl(laser=False), tmp_path / "mill", clock, tick_s=0.002) as twin,
        running(bridge_to(twin)) as run,
    ):
        run.wait(lambda: run.connected)
        cut(twin, ["M3 S900", "G1 X5 F600"])
        run.wait(lambda: run.report.of(JobEnded))
        assert run.report.of(JobEnded)[0].laser_on_s is None
        run.wait(lambda: any("spindle" in sample for sample in run.report.samples))
        assert not run.report.of(AlarmRaised)


def test_it_obeys_nothing_and_touches_nothing_until_it_runs(clock):
    bridge = build(context(clock), Settings(port="/nowhere"))
    bridge.obey(ShowVerdict(id="1", expires_at=START, tone=Tone.GRANTED, code="x"))
    assert replace(context(clock), device="x").device == "x"
    with pytest.raises(ValidationError):
        Settings(port="")
