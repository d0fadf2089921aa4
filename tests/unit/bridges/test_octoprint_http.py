"""A printer's job that is lost, doubled or blamed on the wrong outage is a member's bill that is wrong."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from devices.messages import AlarmRaised, CancelJob, JobEnded, JobPaused, JobResumed, JobStarted, Outcome
from devices.simulated.octoprint import SimulatedOctoPrint
from firmware_bridges.bridge import BridgeContext
from firmware_bridges.octoprint_http import Settings, build
from firmware_bridges.twins.octoprint_server import OctoPrintServer
from gateway.adapters.bus_memory import MemoryBroker, MemoryBus
from gateway.adapters.clock import SystemClock
from gateway.adapters.ids import TimeOrderedIds
from gateway.ports.errors import BadConfiguration, BridgeLost, StoreUnavailable
from tests.fakes.report_recording import running


@pytest.fixture
def context():
    bus = MemoryBus(MemoryBroker())
    yield BridgeContext(
        site="lab",
        device="printer",
        bus=bus,
        clock=SystemClock(),
        ids=TimeOrderedIds(),
        hash_badge=tuple,
        hide_card=repr,
    )
    bus.close()


@pytest.fixture
def servers():
    started = []

    def start(**how):
        server = OctoPrintServer(SystemClock(), **how)
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


def bridge_to(server, context, **more):
    settings = {"url": server.url, "key": "simulated", "idle_s": 0.1, "busy_s": 0.1, "sample_s": 0.5, **more}
    return build(context, Settings(**settings))


def start_print(server, name="a.gcode", seconds=0.6, **how):
    assert server.do(lambda twin, now: twin.print_file(name, seconds, now=now, **how))


def test_a_print_is_captured_with_its_owner_its_time_and_its_filament(servers, context):
    server = servers()
    with running(bridge_to(server, context)) as run:
        run.wait(lambda: run.connected)
        start_print(server, owner="amina", filament_mm=1234.5)
        run.wait(lambda: run.report.of(JobEnded))
    assert run.connected == ["OctoPrint 1.11.8"]
    (start,), (end,) = run.report.of(JobStarted), run.report.of(JobEnded)
    assert (start.name, start.owner) == ("a.gcode", "amina")
    assert (end.job, end.outcome, end.filament_mm) == (start.job, Outcome.FINISHED, 1234.5)
    assert end.active_s == pytest.approx(0.6, abs=0.4)
    assert run.error is None


def test_pause_resume_and_cancel_are_one_job_with_one_end(servers, context):
    server = servers()
    with running(bridge_to(server, context)) as run:
        start_print(server, seconds=60)
        run.wait(lambda: run.report.of(JobStarted))
        server.do(SimulatedOctoPrint.pause)
        run.wait(lambda: run.report.of(JobPaused))
        server.do(SimulatedOctoPrint.resume)
        run.wait(lambda: run.report.of(JobResumed))
        server.do(SimulatedOctoPrint.cancel)
        run.wait(lambda: run.report.of(JobEnded))
    assert [end.outcome for end in run.report.of(JobEnded)] == [Outcome.CANCELLED]


def test_a_drop_of_the_printers_line_is_a_failure_and_an_alarm_in_that_order(servers, context):
    server = servers()
    with running(bridge_to(server, context)) as run:
        start_print(server, seconds=60)
        run.wait(lambda: run.report.of(JobStarted))
        server.do(SimulatedOctoPrint.drop)
        run.wait(lambda: run.report.of(AlarmRaised))
    assert [type(fact).__name__ for fact in run.report.facts] == ["JobStarted", "JobEnded", "AlarmRaised"]
    assert run.report.of(JobEnded)[0].outcome is Outcome.FAILED


def test_octoprint_killed_and_back_without_the_job_ends_it_unknown_once(servers, context):
    server = servers()
    bridge = bridge_to(server, context)
    with running(bridge) as run:
        start_print(server, seconds=60)
        run.wait(lambda: run.report.of(JobStarted))
        server.stop()
        error = run.wait_for_end()
    assert isinstance(error, BridgeLost)
    assert run.report.of(JobEnded) == []
    again = servers(port=server.port)
    for _ in range(2):
        with running(bridge, run.report) as later:
            later.wait(lambda: later.connected)
            later.wait(lambda: later.report.of(JobEnded))
    assert again.url == server.url
    assert [end.outcome for end in run.report.of(JobEnded)] == [Outcome.UNKNOWN]


def test_a_job_that_outlives_a_short_outage_is_picked_up(servers, context):
    server = servers()
    bridge = bridge_to(server, context)
    with running(bridge) as run:
        start_print(server, seconds=2)
        run.wait(lambda: run.report.of(JobStarted))
        server.stop()
        run.wait_for_end()
    servers(port=server.port, twin=server.twin)
    with running(bridge, run.report) as later:
        later.wait(lambda: later.report.of(JobEnded))
    assert len(run.report.of(JobStarted)) == 1
    (end,) = run.report.of(JobEnded)
    assert end.outcome is Outcome.FINISHED
    assert end.active_s == pytest.approx(2, abs=0.5)


def test_a_server_that_hangs_holds_up_no_other_printer(servers, context):
    dead, alive = servers(), servers()
    dead.twin.silent = True
    with running(bridge_to(dead, context)) as hung, running(bridge_to(alive, context)) as run:
        start_print(alive, seconds=0.3)
        run.wait(lambda: run.report.of(JobEnded), deadline_s=4.5)
        assert hung.connected == []
        dead.twin.silent = False
        dead.stop()


def test_a_print_shorter_than_a_look_is_not_missed(servers, context):
    server = servers()
    with running(bridge_to(server, context, idle_s=0.5)) as run:
        run.wait(lambda: run.report.samples)
        start_print(server, seconds=0.05)
        run.wait(lambda: run.report.of(JobEnded))
    assert len(run.report.of(JobStarted)) == 1


def test_temperatures_are_sampled_and_progress_only_during_a_print(servers, context):
    server = servers()
    with running(bridge_to(server, context)) as run:
        run.wait(lambda: run.report.samples)
        assert {"tool0_c", "bed_c"} <= set(run.report.samples[0])
        assert "progress_percent" not in run.report.samples[0]
        start_print(server, seconds=60)
        run.wait(lambda: any("progress_percent" in values for values in run.report.samples))


def test_a_key_that_may_not_list_files_costs_the_filament_and_nothing_else(servers, context, monkeypatch):
    server = servers()
    handle = server.twin.handle
    monkeypatch.setattr(
        server.twin, "handle",
        lambda method, path, *rest: (403, None) if "/files/" in path else handle(method, path, *rest),
    )  # fmt: skip
    with running(bridge_to(server, context)) as run:
        start_print(server)
        run.wait(lambda: run.report.of(JobEnded))
        assert run.report.of(JobEnded)[0].filament_mm is None
        assert not run.over


def test_answers_that_nobody_understands_are_counted_and_at_last_mean_lost(servers, context, monkeypatch):
    server = servers()
    handle = server.twin.handle
    monkeypatch.setattr(
        server.twin, "handle",
        lambda method, path, *rest: (200, {"state": 5}) if path == "/api/job" else handle(method, path, *rest),
    )  # fmt: skip
    with running(bridge_to(server, context)) as run:
        error = run.wait_for_end()
    assert isinstance(error, BridgeLost)
    assert "nonsense" in str(error)
    assert run.report.nonsenses[0][0] == "octoprint-job"


def test_a_disk_that_is_full_when_a_job_ends_delays_its_end_and_does_not_lose_it(servers, context):
    server = servers()
    bridge = bridge_to(server, context)
    with running(bridge) as run:
        start_print(server, seconds=1)
        run.wait(lambda: run.report.of(JobStarted))
        keep, run.report.fact = run.report.fact, raise_full
        error = run.wait_for_end()
    assert isinstance(error, StoreUnavailable)
    run.report.fact = keep
    with running(bridge, run.report) as again:
        again.wait(lambda: again.report.of(JobEnded))
    assert [end.outcome for end in run.report.of(JobEnded)] == [Outcome.FINISHED]


def raise_full(_fact):
    raise StoreUnavailable("the disk is full")


def test_a_wrong_key_is_said_in_one_sentence(servers, context):
    with running(bridge_to(servers(), context, key="wrong")) as run:
        error = run.wait_for_end()
    assert isinstance(error, BridgeLost)
    assert "refuses this key" in str(error)


def test_the_key_may_stand_in_a_file_of_its_own(servers, context, tmp_path):
    file = tmp_path / "printer.key"
    file.write_text("simulated\n")
    settings = Settings(url=servers().url, key_file=file)
    with running(build(context, settings)) as run:
        run.wait(lambda: run.connected)
    file.write_text("two words\n")
    with pytest.raises(BadConfiguration, match=r"key_file: .*printer\.key"):
        settings.read_key()
    file.unlink()
    with pytest.raises(BadConfiguration, match="cannot be read"):
        settings.read_key()


def test_settings_say_what_is_wrong_and_never_show_the_key():
    good = {"url": "http://octopi.local/octoprint", "key": "s3cret"}
    assert "s3cret" not in repr(Settings(**good))
    for wrong, words in (
        ({"url": "octopi.local"}, "expected an address like"),
        ({"url": "ftp://octopi.local"}, "expected an address like"),
        ({"url": "http://me:pw@octopi.local"}, "without a user name"),
        ({"key": None}, "expected a key"),
        ({"key_file": "/etc/key"}, "not both"),
        ({"port": 80}, "extra"),
        ({"idle_s": 0}, "greater"),
    ):
        with pytest.raises(ValidationError, match=words):
            Settings(**{**good, **wrong})


def cancel(clock, job, *, valid_s=5.0):
    return CancelJob(id="c", expires_at=clock.now() + timedelta(seconds=valid_s), job=job)


def test_a_print_is_cancelled_from_afar_and_only_the_one_that_was_meant(servers, context):
    server = servers()
    bridge = bridge_to(server, context)
    with running(bridge) as run:
        start_print(server, seconds=60)
        run.wait(lambda: run.report.of(JobStarted))
        (start,) = run.report.of(JobStarted)
        for other in (cancel(context.clock, "another"), cancel(context.clock, start.job, valid_s=-1)):
            bridge.obey(other)
            looks = len(run.report.samples)
            run.wait(lambda: len(run.report.samples) >= looks + 2)  # noqa: B023
        assert run.report.of(JobEnded) == []
        bridge.obey(cancel(context.clock, start.job))
        run.wait(lambda: run.report.of(JobEnded))
        bridge.obey(cancel(context.clock, start.job))
        looks = len(run.report.samples)
        run.wait(lambda: len(run.report.samples) >= looks + 2)
    assert [(end.job, end.outcome) for end in run.report.of(JobEnded)] == [(start.job, Outcome.CANCELLED)]
    assert run.error is None
