"""A print that is counted twice is billed twice; one whose end is missed keeps its printer *busy* for ever."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codec import BadMessage
from devices.jobs import JobSignal
from devices.messages import AlarmCleared, AlarmRaised, JobEnded, JobPaused, JobResumed, JobStarted, Outcome
from devices.octoprint import (
    BUSY,
    JobReading,
    Phase,
    phase_of,
    read_connection,
    read_file,
    read_job,
    read_printer,
    read_version,
    values_of,
)
from devices.octoprint_events import EventReading, MqttReading, read_event, read_mqtt
from devices.octoprint_watch import PrinterWatch

# As OctoPrint 1.11.8 answered.
PRINTING = {
    "job": {"averagePrintTime": None, "estimatedPrintTime": None, "filament": None, "lastPrintTime": None,
            "user": "amina", "file": {"date": 1795357034, "display": "small.gcode", "name": "small.gcode",
                                      "origin": "local", "path": "parts/small.gcode", "size": 9776}},
    "progress": {"completion": 0.3069, "filepos": 30, "printTime": 0, "printTimeLeft": None,
                 "printTimeLeftOrigin": "linear"},
    "state": "Printing",
}  # fmt: skip
NOTHING_SELECTED = {
    "job": {"averagePrintTime": None, "estimatedPrintTime": None, "lastPrintTime": None, "user": None,
            "filament": {"length": None, "volume": None},
            "file": {"date": None, "name": None, "origin": None, "path": None, "size": None}},
    "progress": {"completion": None, "filepos": None, "printTime": None, "printTimeLeft": None,
                 "printTimeLeftOrigin": None},
    "state": "Operational",
}  # fmt: skip
DROPPED = {**NOTHING_SELECTED, "state": "Offline after error", "error": "SerialTimeoutException: "}


def test_a_running_print_is_read_with_its_owner_and_file():
    job = read_job(PRINTING)
    assert (job.phase, job.name, job.user) == (Phase.PRINTING, "small.gcode", "amina")
    assert job.identity == ("local", "parts/small.gcode", 1795357034, 9776)
    assert job.completion == pytest.approx(0.3069)


def test_no_file_and_an_error_are_read_as_such():
    assert read_job(NOTHING_SELECTED) == JobReading(phase=Phase.READY)
    assert read_job(DROPPED) == JobReading(phase=Phase.ERROR, error="SerialTimeoutException: ")


def test_filament_is_the_sum_over_tools_and_none_where_it_is_not_known():
    tools = {"tool0": {"length": 19.95, "volume": 0.0}, "tool1": {"length": 5.05}, "tool2": {"length": None}}
    assert read_job({**PRINTING, "job": {**PRINTING["job"], "filament": tools}}).filament_mm == pytest.approx(25)
    assert read_file({"gcodeAnalysis": {"filament": tools}}).filament_mm == pytest.approx(25)
    assert read_file({"gcodeAnalysis": {"_empty": True, "filament": {}}}).analysed
    assert not read_file({"name": "a.gcode"}).analysed


@pytest.mark.parametrize(
    ("state", "phase"),
    [
        ("Operational", Phase.READY), ("Printing", Phase.PRINTING), ("Printing from SD", Phase.PRINTING),
        ("Starting", Phase.PRINTING), ("Finishing", Phase.PRINTING), ("Pausing", Phase.PRINTING),
        ("Paused", Phase.PAUSED), ("Resuming", Phase.PAUSED), ("Cancelling", Phase.CANCELLING),
        ("Sending file to SD", Phase.READY), ("Starting to send file to SD", Phase.READY),
        ("Offline", Phase.OFFLINE), ("Closed", Phase.OFFLINE), ("Offline after error", Phase.ERROR),
        ("Offline (Error: SerialException)", Phase.ERROR), ("Error: heater", Phase.ERROR),
        ("Opening serial connection", Phase.CONNECTING),
    ],
)  # fmt: skip
def test_every_state_has_one_phase_whatever_it_ends_with(state, phase):
    assert phase_of(state) is phase


def test_new_words_for_a_state_are_read_by_the_flags():
    assert phase_of("Preparing", frozenset({"operational", "printing"})) is Phase.PRINTING
    assert phase_of("Preparing", frozenset({"operational", "ready"})) is Phase.READY
    with pytest.raises(BadMessage):
        phase_of("Preparing")


def test_temperatures_and_progress_become_samples_without_what_is_unknown():
    printer = read_printer(
        {
            "state": {"flags": {"operational": True, "printing": True, "ready": False}},
            "temperature": {"tool0": {"actual": 210.1, "target": 210, "offset": 0}, "bed": {"actual": None}, "W": 1},
        }
    )
    assert printer.flags == {"operational", "printing"}
    assert values_of(read_job(PRINTING), printer) == {
        "tool0_c": 210.1, "tool0_target_c": 210.0, "progress_percent": 0.3069,
    }  # fmt: skip
    done = JobReading(phase=Phase.READY, path="a", completion=100.0)
    assert "progress_percent" not in values_of(done, printer)


def test_a_printer_that_is_not_connected_is_no_error():
    assert phase_of(None, read_printer(None).flags) is Phase.OFFLINE
    assert read_connection({"current": {"state": "Closed", "port": None}}).phase is Phase.OFFLINE


def test_something_else_than_octoprint_is_told_by_its_version():
    assert read_version({"api": "0.1", "server": "1.11.8"}) == "1.11.8"
    for answer in ({}, [], None, {"server": 5}):
        with pytest.raises(BadMessage):
            read_version(answer)


# --- events -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "payload", "reading"),
    [
        ("PrintStarted", {"name": "a.gcode", "path": "a.gcode", "origin": "local", "owner": "amina", "user": "gw"},
         EventReading(signal=JobSignal.START, path="a.gcode", name="a.gcode", owner="amina")),
        ("PrintDone", {"path": "a.gcode", "owner": "amina", "time": 5.7267},
         EventReading(signal=JobSignal.FINISH, path="a.gcode", owner="amina", seconds=5.7267)),
        ("PrintPaused", {"progress": 12}, EventReading(signal=JobSignal.PAUSE, percent=12)),
        ("PrintCancelled", {"time": 3.04, "progress": 1}, EventReading(signal=JobSignal.CANCEL, seconds=3.04, percent=1)),
        ("PrintFailed", {"reason": "cancelled", "time": 3.04, "progress": 1},
         EventReading(signal=JobSignal.CANCEL, seconds=3.04, percent=1, reason="cancelled")),
        ("PrintFailed", {"reason": "error", "error": "SerialTimeoutException: ", "progress": 0.0062},
         EventReading(signal=JobSignal.FAIL, percent=pytest.approx(0.62), reason="SerialTimeoutException: ")),
        ("Error", {"error": "Thermal Runaway", "reason": "firmware"},
         EventReading(alarm="Thermal Runaway", reason="firmware")),
        ("ZChange", {"new": 1.2}, EventReading()),
        ("Startup", None, EventReading()),
    ],
)  # fmt: skip
def test_events_become_signals_and_progress_is_always_percent(name, payload, reading):
    assert read_event(name, payload) == reading


@pytest.mark.parametrize(
    ("topic", "payload", "reading"),
    [
        ("mqtt", b"disconnected", MqttReading(online=False)),
        ("event/PrintResumed", b'{"_event":"PrintResumed","_timestamp":1}',
         MqttReading(event=EventReading(signal=JobSignal.RESUME))),
        ("temperature/tool0", b'{"actual":21.3,"target":0.0,"_timestamp":1}',
         MqttReading(values={"tool0_c": 21.3, "tool0_target_c": 0.0})),
        ("progress/printing", b'{"location":"local","path":"a.gcode","progress":92}',
         MqttReading(values={"progress_percent": 92})),
        ("progress/printing", b'{"location":"","path":"","progress":0}', MqttReading()),
        ("hass/x", b"\xff", MqttReading()),
    ],
)  # fmt: skip
def test_the_mqtt_plugins_topics_say_the_same(topic, payload, reading):
    assert read_mqtt(topic, payload) == reading


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    | st.sampled_from(["Printing", "Operational", "Paused", "Offline", "PrintDone", "cancelled"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(max_size=3) | st.sampled_from(
        ["job", "file", "progress", "state", "flags", "temperature", "tool0", "current", "gcodeAnalysis", "filament",
         "completion", "printTime", "path", "name", "date", "length", "actual", "error", "reason", "time"]), inner),
    max_leaves=20,
)  # fmt: skip


@given(values, st.text(), st.sampled_from(["PrintStarted", "PrintFailed", "Error", "x"]))
def test_any_json_whatever_is_a_reading_or_a_bad_message(value, topic, event):
    payload = json.dumps(value).encode()
    for read in (
        lambda: read_job(value),
        lambda: read_job({**PRINTING, "job": value}),
        lambda: read_job({**PRINTING, "progress": value}),
        lambda: read_printer(value),
        lambda: read_printer({"state": value, "temperature": value}),
        lambda: read_connection(value),
        lambda: read_file(value),
        lambda: read_version(value),
        lambda: read_event(event, value),
        lambda: read_mqtt(f"event/{event}", payload),
        lambda: read_mqtt("temperature/bed", payload),
        lambda: read_mqtt("progress/printing", payload),
        lambda: read_mqtt(topic, topic.encode("utf-8", "replace")),
    ):
        try:
            read()
        except BadMessage as error:
            assert str(error)


# --- looks ------------------------------------------------------------------------------------------------------------


def reading(phase=Phase.PRINTING, path="a.gcode", **more):
    return JobReading(phase=phase, path=path, name=path, date=1, size=100, **more)


def printing(seconds, completion=50.0, **more):
    return reading(print_time=seconds, completion=completion, filepos=round(completion), **more)


def done(last, **more):
    return reading(Phase.READY, completion=100.0, filepos=100, print_time=int(last), last_print_time=last, **more)


GONE = JobReading(phase=Phase.READY)


class Looks:
    def __init__(self, **how):
        numbers = iter(range(1, 1000))
        self.watch = PrinterWatch(lambda: f"job-{next(numbers)}", **how)
        self.facts = []

    def at(self, at, job, *, gap=False):
        if gap:
            self.watch.interrupted()
        new = self.watch.look(job, at=at)
        self.facts += new
        return list(new)

    def ends(self):
        return [fact for fact in self.facts if isinstance(fact, JobEnded)]

    def starts(self):
        return [fact for fact in self.facts if isinstance(fact, JobStarted)]


def test_a_print_is_one_start_and_one_end_with_the_printers_own_time():
    looks = Looks()
    looks.at(0, GONE)
    looks.at(1.0, printing(0, 0, user="amina"))
    looks.at(3.0, printing(2, 90, user="amina"))
    looks.at(4.0, done(2.5329))
    looks.at(5.0, done(2.5329))
    assert looks.starts() == [JobStarted(job="job-1", name="a.gcode", owner="amina")]
    (end,) = looks.ends()
    assert (end.outcome, end.name) == (Outcome.FINISHED, "a.gcode")
    assert end.active_s == pytest.approx(2.5329)


def test_full_progress_at_the_first_look_is_an_old_print():
    looks = Looks()
    assert looks.at(0, done(100.0)) == []
    assert looks.at(1, done(100.0)) == []


def test_a_print_shorter_than_a_look_is_reported_whole():
    looks = Looks()
    looks.at(0, done(0.515))
    looks.at(1, done(0.4917))
    assert len(looks.starts()) == len(looks.ends()) == 1
    assert looks.ends()[0].active_s == pytest.approx(0.4917)
    assert looks.at(2, done(0.4917)) == []


def test_selecting_an_old_file_is_no_print():
    looks = Looks()
    looks.at(0, GONE)
    assert looks.at(1, reading(Phase.READY, last_print_time=50.0)) == []
    assert looks.at(1, reading(Phase.READY, last_print_time=50.0, completion=0.0, filepos=0)) == []


def test_a_cancel_is_one_end_whether_or_not_cancelling_was_seen():
    for seen in (True, False):
        looks = Looks()
        looks.at(0, printing(0))
        looks.at(3, printing(3))
        if seen:
            looks.at(3.5, reading(Phase.CANCELLING))
        looks.at(4, reading(Phase.READY))
        looks.at(5, reading(Phase.READY))
        assert [end.outcome for end in looks.ends()] == [Outcome.CANCELLED]


def test_a_pause_is_counted_apart():
    looks = Looks()
    looks.at(1, printing(0, 0))
    assert looks.at(3, reading(Phase.PAUSED, print_time=2)) == [JobPaused(job="job-1")]
    assert looks.at(4, reading(Phase.PAUSED, print_time=2)) == []
    assert looks.at(5, printing(2)) == [JobResumed(job="job-1")]
    looks.at(6, done(3.0))
    (end,) = looks.ends()
    assert (end.wall_s, end.active_s, end.paused_s) == pytest.approx((5, 3, 2))


def test_a_serial_drop_is_a_failure_with_its_reason_and_keeps_the_files_name():
    looks = Looks()
    looks.at(0, printing(0))
    facts = looks.at(1, read_job(DROPPED))
    (end,) = looks.ends()
    assert (end.outcome, end.name, end.reason) == (Outcome.FAILED, "a.gcode", "SerialTimeoutException: ")
    assert AlarmRaised(code="printer-error", text="SerialTimeoutException: ") in facts
    assert looks.at(2, read_job(DROPPED)) == []
    assert looks.at(3, GONE) == [AlarmCleared(code="printer-error")]


def test_a_disconnect_while_printing_is_a_failure_too():
    looks = Looks()
    looks.at(0, printing(0))
    looks.at(1, JobReading(phase=Phase.OFFLINE))
    assert [(end.outcome, end.reason) for end in looks.ends()] == [(Outcome.FAILED, "the printer was disconnected")]


def test_a_printer_switched_off_between_prints_calls_nobody():
    looks = Looks()
    looks.at(0, GONE)
    assert looks.at(1, JobReading(phase=Phase.ERROR, error="SerialException: device disconnected")) == []
    assert looks.at(2, JobReading(phase=Phase.OFFLINE)) == []
    heater = JobReading(phase=Phase.ERROR, error="MINTEMP triggered, system stopped! Heater_ID: 0")
    assert looks.at(3, heater) == [AlarmRaised(code="printer-error", text=heater.error)]


def test_after_an_outage_the_same_print_is_picked_up():
    looks = Looks()
    looks.at(0, printing(0))
    looks.at(10, printing(10))
    assert looks.at(70, printing(69), gap=True) == []
    looks.at(80, done(79.5))
    assert [end.outcome for end in looks.ends()] == [Outcome.FINISHED]
    assert len(looks.starts()) == 1


@pytest.mark.parametrize(
    "after",
    [
        GONE,
        JobReading(phase=Phase.CONNECTING),
        JobReading(phase=Phase.ERROR, error="SerialException"),
        reading(Phase.READY),
    ],
)
def test_after_an_outage_without_the_print_it_ends_unknown_once_and_the_outage_is_not_counted(after):
    looks = Looks()
    looks.at(0, printing(0))
    looks.at(10, printing(10))
    looks.at(3600, after, gap=True)
    looks.at(3601, GONE)
    (end,) = looks.ends()
    assert (end.outcome, end.active_s) == (Outcome.UNKNOWN, 10)


@pytest.mark.parametrize("seconds", [3, 300])
def test_another_print_of_the_same_file_after_an_outage_is_another_job(seconds):
    looks = Looks()
    looks.at(0, printing(0))
    looks.at(10, printing(10))
    looks.at(20, printing(seconds), gap=True)
    assert [end.outcome for end in looks.ends()] == [Outcome.UNKNOWN]
    assert len(looks.starts()) == 2


def test_a_print_that_finished_during_an_outage_is_known_by_its_new_last_time():
    looks = Looks()
    looks.at(0, printing(0))
    looks.at(10, printing(10))
    looks.at(3600, done(60.25), gap=True)
    (end,) = looks.ends()
    assert end.outcome is Outcome.FINISHED
    assert end.active_s == pytest.approx(60.25)


def test_the_next_print_of_the_same_file_ends_the_one_before_as_finished():
    looks = Looks()
    looks.at(0, printing(0))
    looks.at(10, printing(10, last_print_time=None))
    looks.at(11, printing(0, 1, last_print_time=10.4))
    assert [end.outcome for end in looks.ends()] == [Outcome.FINISHED]
    assert len(looks.starts()) == 2


def test_the_last_time_may_be_told_while_still_finishing():
    looks = Looks()
    looks.at(0, printing(0))
    looks.at(10, printing(10, 100.0, last_print_time=10.2))
    looks.at(11, done(10.2))
    looks.at(12, done(10.2))
    assert [end.outcome for end in looks.ends()] == [Outcome.FINISHED]
    assert len(looks.starts()) == 1


def test_the_last_time_may_be_told_before_the_progress_and_the_state_know_of_the_end():
    looks = Looks()
    looks.at(0, printing(0, 1.0))
    looks.at(2, printing(2, 80.0))
    assert looks.at(3, printing(2, 80.0, last_print_time=2.3)) == []
    (end,) = looks.at(4, done(2.3))
    assert end.outcome is Outcome.FINISHED
    assert 2.3 <= end.active_s <= 3, "its own time, to one look"
    assert len(looks.starts()) == 1


def test_another_file_that_prints_ends_the_first_as_unknown():
    looks = Looks()
    looks.at(0, printing(0))
    looks.at(1, printing(0, path="b.gcode"))
    assert [end.outcome for end in looks.ends()] == [Outcome.UNKNOWN]
    assert [start.name for start in looks.starts()] == ["a.gcode", "b.gcode"]


def test_a_program_that_starts_in_the_middle_of_a_print_counts_it_from_its_start():
    looks = Looks()
    looks.at(100, printing(40))
    looks.at(160, done(100.0))
    assert looks.ends()[0].active_s == pytest.approx(100)


def test_a_print_that_stands_still_calls_for_help_once_and_takes_it_back():
    looks = Looks(stalled_s=60)
    stuck = printing(5, 10)
    for at in range(5, 64):
        assert AlarmRaised not in [type(fact) for fact in looks.at(at, stuck)]
    (alarm,) = looks.at(66, stuck)
    assert alarm.code == "printer-stalled"
    assert looks.at(70, stuck) == []
    assert looks.at(71, printing(6, 11)) == [AlarmCleared(code="printer-stalled")]


def test_a_pause_is_not_standing_still():
    looks = Looks(stalled_s=60)
    looks.at(0, printing(5))
    for at in range(1, 200):
        assert AlarmRaised not in [type(fact) for fact in looks.at(at, reading(Phase.PAUSED, print_time=5))]


def test_filament_of_a_cancelled_print_is_what_it_had_used():
    for after, used in ((reading(Phase.READY), 250.0), (done(8.0), 1000.0)):
        looks = Looks()
        looks.at(0, printing(0, 0, filament_mm=1000.0))
        looks.at(2, printing(2, 25.0, filament_mm=1000.0))
        looks.at(3, after)
        assert looks.ends()[0].filament_mm == pytest.approx(used)


readings = st.builds(
    JobReading,
    phase=st.sampled_from(Phase),
    path=st.sampled_from([None, "a", "b"]),
    completion=st.sampled_from([None, 0.0, 50.0, 100.0]),
    print_time=st.none() | st.floats(0, 100),
    filepos=st.none() | st.floats(0, 100),
    last_print_time=st.sampled_from([None, 1.0, 2.0]),
    filament_mm=st.none() | st.floats(0, 100),
    error=st.sampled_from([None, "", "MINTEMP", "SerialException"]),
)


@given(st.lists(st.tuples(readings, st.floats(0, 500), st.booleans())))
def test_whatever_is_seen_each_job_starts_once_and_ends_once_in_order(story):
    looks, at, open_job = Looks(), 0.0, None
    for job, gap, lost in story:
        at += gap
        for fact in looks.at(at, job, gap=lost):
            if isinstance(fact, JobStarted):
                assert open_job is None
                open_job = fact.job
            elif isinstance(fact, JobEnded):
                assert fact.job == open_job
                assert fact.wall_s == pytest.approx(fact.active_s + fact.paused_s)
                assert fact.active_s >= 0
                assert fact.paused_s >= 0
                open_job = None
            elif isinstance(fact, JobPaused | JobResumed):
                assert fact.job == open_job
        if job.phase not in BUSY:
            assert open_job is None
    raised = [fact.code for fact in looks.facts if isinstance(fact, AlarmRaised)]
    cleared = [fact.code for fact in looks.facts if isinstance(fact, AlarmCleared)]
    for code in ("printer-error", "printer-stalled"):
        assert 0 <= raised.count(code) - cleared.count(code) <= 1
