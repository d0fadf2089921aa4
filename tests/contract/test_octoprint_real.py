"""The client and the bridge against a real OctoPrint 1.11 and its virtual printer."""

from datetime import timedelta
from pathlib import Path

import pytest

from devices.messages import AlarmRaised, CancelJob, JobEnded, JobPaused, JobResumed, JobStarted, Outcome
from firmware_bridges.bridge import BridgeContext
from firmware_bridges.octoprint_client import OctoPrintClient, Refused
from firmware_bridges.octoprint_http import Settings, build
from gateway.adapters.bus_memory import MemoryBroker, MemoryBus
from gateway.adapters.clock import SystemClock
from gateway.adapters.ids import TimeOrderedIds
from gateway.ports.errors import BadConfiguration, BridgeLost
from tests.fakes.report_recording import running, wait_until
from tests.fixtures_octoprint import USER, dwell

pytestmark = [pytest.mark.octoprint, pytest.mark.slow]


@pytest.fixture
def bridge(octoprint):
    bus = MemoryBus(MemoryBroker())
    context = BridgeContext(
        site="lab",
        device="printer",
        bus=bus,
        clock=SystemClock(),
        ids=TimeOrderedIds(),
        hash_badge=tuple,
        hide_card=repr,
    )
    yield build(context, Settings(url=octoprint.url, key=octoprint.key, sample_s=0.5))
    bus.close()


@pytest.fixture
def client(octoprint):
    client = OctoPrintClient(octoprint.url, octoprint.key)
    yield client
    client.close()


def ends(run):
    return [end.outcome for end in run.report.of(JobEnded)]


def test_a_print_of_2_5_seconds_is_captured_with_its_owner_and_time(octoprint, bridge):
    with running(bridge) as run:
        run.wait(lambda: run.connected)
        octoprint.print_gcode("short.gcode", dwell(2.5))
        run.wait(lambda: run.report.of(JobEnded), deadline_s=20)
    assert run.connected[0].startswith("OctoPrint 1.11")
    (start,), (end,) = run.report.of(JobStarted), run.report.of(JobEnded)
    assert (start.name, start.owner) == ("short.gcode", USER)
    assert (end.job, end.outcome, end.name) == (start.job, Outcome.FINISHED, "short.gcode")
    assert end.active_s == pytest.approx(2.53, abs=1.0)
    assert end.paused_s == 0
    assert any("tool0_c" in values and "progress_percent" in values for values in run.report.samples)
    assert run.report.nonsenses == []


def test_the_same_program_twice_is_two_jobs_even_when_each_is_shorter_than_a_look(octoprint, bridge):
    with running(bridge) as run:
        run.wait(lambda: run.report.samples)
        for number in (1, 2):
            octoprint.print_gcode("quick.gcode", dwell(0.1))
            run.wait(lambda: len(run.report.of(JobEnded)) >= number, deadline_s=20)  # noqa: B023
    assert ends(run) == [Outcome.FINISHED] * 2
    assert len({start.job for start in run.report.of(JobStarted)}) == 2


def test_pause_resume_and_cancel_give_one_end(octoprint, bridge, client):
    with running(bridge) as run:
        client.print_gcode("long.gcode", dwell(60).encode())
        run.wait(lambda: run.report.of(JobStarted))
        client.pause()
        # OctoPrint stays *Pausing* until the printer has told its position, or for ten seconds.
        run.wait(lambda: run.report.of(JobPaused), deadline_s=20)
        client.resume()
        run.wait(lambda: run.report.of(JobResumed))
        client.cancel()
        run.wait(lambda: run.report.of(JobEnded))
        looks = len(run.report.samples)
        run.wait(lambda: len(run.report.samples) >= looks + 3)
    assert ends(run) == [Outcome.CANCELLED]
    assert run.report.of(JobEnded)[0].paused_s > 0


def test_the_team_cancels_a_print_from_afar(octoprint, bridge):
    with running(bridge) as run:
        octoprint.print_gcode("long.gcode", dwell(60))
        run.wait(lambda: run.report.of(JobStarted))
        (start,) = run.report.of(JobStarted)
        expires = SystemClock().now() + timedelta(seconds=5)
        bridge.obey(CancelJob(id="1", expires_at=expires, job=start.job))
        run.wait(lambda: run.report.of(JobEnded), deadline_s=20)
    assert [(end.job, end.outcome) for end in run.report.of(JobEnded)] == [(start.job, Outcome.CANCELLED)]


@pytest.mark.parametrize(
    ("deed", "words"),
    [("drop_connection", "SerialTimeoutException"), ("trigger_fatal_error_marlin", "Thermal Runaway")],
)
def test_a_printer_that_goes_away_mid_print_is_a_failure_with_its_reason(octoprint, bridge, deed, words):
    with running(bridge) as run:
        octoprint.print_gcode("long.gcode", dwell(60))
        run.wait(lambda: run.report.of(JobStarted))
        octoprint.debug(deed)
        run.wait(lambda: run.report.of(JobEnded) and run.report.of(AlarmRaised), deadline_s=30)
    (end,) = run.report.of(JobEnded)
    assert (end.outcome, end.name) == (Outcome.FAILED, "long.gcode")
    assert words in end.reason
    assert [alarm.code for alarm in run.report.of(AlarmRaised)] == ["printer-error"]


@pytest.mark.timeout(120)
def test_killed_in_mid_print_and_started_again_the_job_ends_unknown_exactly_once(octoprint, bridge):
    with running(bridge) as run:
        octoprint.print_gcode("long.gcode", dwell(60))
        run.wait(lambda: run.report.of(JobStarted))
        octoprint.kill()
        error = run.wait_for_end()
    assert isinstance(error, BridgeLost)
    assert "cannot be reached" in str(error)
    assert ends(run) == []
    octoprint.start()
    for _ in range(2):
        with running(bridge, run.report) as again:
            again.wait(lambda: again.connected)
            looks = len(again.report.samples)
            again.wait(lambda: len(again.report.samples) >= looks + 2)  # noqa: B023
    assert ends(run) == [Outcome.UNKNOWN]
    assert len(run.report.of(JobStarted)) == 1


def test_a_wrong_key_and_a_wrong_address_are_plain_sentences(octoprint):
    for url, key, words in (
        (octoprint.url, "WRONG", "refuses this key"),
        (octoprint.url + "/elsewhere", octoprint.key, "there is no OctoPrint"),
    ):
        client = OctoPrintClient(url, key)
        with pytest.raises(BadConfiguration, match=words):
            client.job()
        client.close()


def test_every_call_of_the_client_is_understood(octoprint, client):
    assert client.version()["server"].startswith("1.11")
    assert client.connection()["current"]["state"] == "Operational"
    assert client.printer()["state"]["flags"]["operational"]
    assert client.file("local", "no such.gcode") is None
    with pytest.raises(Refused, match="neither printing nor paused"):
        client.cancel()
    client.print_gcode("a b#1.gcode", dwell(5).encode())
    wait_until(lambda: client.job()["state"] == "Printing")
    name = client.job()["job"]["file"]["path"]
    assert client.file("local", name)["path"] == name
    with pytest.raises(Refused):
        client.print_gcode("other.gcode", b"G28\n")
    client.cancel()
    wait_until(lambda: client.job()["state"] == "Operational")
    client.gcode("M105")
    octoprint.post("/api/connection", {"command": "disconnect"})
    wait_until(lambda: client.printer() is None)
    client.connect()
    wait_until(lambda: client.printer() is not None)


def test_nothing_of_ours_leaves_a_warning_in_its_log(octoprint):
    # The global key is on its way out of OctoPrint: one of an account must do.
    assert "deprecated" not in Path(octoprint.log).read_text()
