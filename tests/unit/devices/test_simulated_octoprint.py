"""The twin must show what a real OctoPrint 1.11.8 showed, or every test on top of it proves nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.messages import JobEnded, JobPaused, JobStarted, Outcome
from devices.octoprint import Phase, read_file, read_job, read_printer, read_version
from devices.octoprint_watch import PrinterWatch
from devices.simulated.octoprint import NO_ANSWER, SimulatedOctoPrint, dwell_seconds


def get(twin, path, now):
    status, answer = twin.handle("GET", path, None, twin.key, now)
    assert status == 200
    return answer


def job(twin, now):
    return read_job(get(twin, "/api/job", now))


class Watched:
    def __init__(self, twin, every=0.5):
        numbers = iter(range(1, 10_000))
        self.twin, self.every, self.now = twin, every, 0.0
        self.watch = PrinterWatch(lambda: f"job-{next(numbers)}")
        self.facts = []

    def until(self, end):
        while self.now < end:
            self.now = min(end, self.now + self.every)
            self.facts += self.watch.look(job(self.twin, self.now), at=self.now)

    def ends(self):
        return [fact for fact in self.facts if isinstance(fact, JobEnded)]


def test_a_print_goes_through_its_states_and_leaves_full_progress():
    twin = SimulatedOctoPrint()
    assert job(twin, 0).identity is None
    assert twin.print_file("a.gcode", 10, now=0, owner="amina", filament_mm=123.0)
    mid = job(twin, 5)
    assert (mid.phase, mid.user, mid.completion, mid.print_time) == (Phase.PRINTING, "amina", 50.0, 5)
    assert job(twin, 10.1).phase is Phase.PRINTING
    end = job(twin, 11)
    assert (end.phase, end.done) == (Phase.READY, True)
    assert end.last_print_time == pytest.approx(10, abs=0.001)
    assert read_file(get(twin, "/api/files/local/a.gcode", 11)).filament_mm == 123.0


def test_a_2_5_s_job_is_captured_with_its_owner():
    twin = SimulatedOctoPrint()
    watched = Watched(twin)
    watched.until(1)
    twin.print_file("a.gcode", 2.5, now=1, owner="amina")
    watched.until(10)
    assert [f.owner for f in watched.facts if isinstance(f, JobStarted)] == ["amina"]
    (end,) = watched.ends()
    assert end.outcome is Outcome.FINISHED
    assert end.active_s == pytest.approx(2.5, abs=0.5)


def test_pause_resume_and_cancel_are_one_job_with_one_end():
    twin = SimulatedOctoPrint()
    watched = Watched(twin)
    twin.print_file("a.gcode", 60, now=0)
    watched.until(5)
    assert twin.pause(5)
    watched.until(20)
    assert twin.resume(20)
    watched.until(25)
    assert twin.cancel(25)
    watched.until(30)
    assert [type(fact).__name__ for fact in watched.facts] == ["JobStarted", "JobPaused", "JobResumed", "JobEnded"]
    assert watched.ends()[0].outcome is Outcome.CANCELLED
    assert watched.ends()[0].paused_s == pytest.approx(14.5, abs=1)


def test_a_drop_forgets_the_file_and_the_printer_is_409():
    twin = SimulatedOctoPrint()
    watched = Watched(twin)
    twin.print_file("a.gcode", 60, now=0)
    watched.until(5)
    twin.drop(5)
    assert twin.handle("GET", "/api/printer", None, twin.key, 6)[0] == 409
    assert job(twin, 6).path is None
    watched.until(7)
    assert [end.outcome for end in watched.ends()] == [Outcome.FAILED]
    twin.connect(8)
    assert job(twin, 9).phase is Phase.READY


def test_a_stuck_printer_goes_on_printing_without_progress():
    twin = SimulatedOctoPrint()
    twin.print_file("a.gcode", 60, now=0)
    job(twin, 5)
    twin.stuck = True
    assert job(twin, 500) == job(twin, 5)


def test_a_restart_ends_unknown_once():
    twin = SimulatedOctoPrint()
    watched = Watched(twin)
    twin.print_file("a.gcode", 60, now=0)
    watched.until(5)
    twin.restart(6)
    watched.watch.interrupted()
    watched.until(20)
    assert [end.outcome for end in watched.ends()] == [Outcome.UNKNOWN]


def test_it_refuses_a_wrong_key_and_what_does_not_fit_its_state():
    twin = SimulatedOctoPrint(key="right")
    assert twin.handle("GET", "/api/job", None, "wrong", 0)[0] == 403
    assert twin.handle("POST", "/api/job", {"command": "cancel"}, "right", 0)[0] == 409
    assert twin.handle("GET", "/api/files/local/none.gcode", None, "right", 0)[0] == 404
    twin.silent = True
    assert twin.handle("GET", "/api/job", None, "right", 0)[0] == NO_ANSWER


def test_an_upload_takes_as_long_as_its_dwells_and_prints_when_asked():
    twin = SimulatedOctoPrint()
    assert dwell_seconds("G28\nG4 S2\nG4 P500\n") == pytest.approx(2.51)
    body = {"file": "a.gcode", "content": b"G4 S2\n", "print": "true"}
    assert twin.handle("POST", "/api/files/local", body, twin.key, 0)[0] == 201
    assert job(twin, 1).phase is Phase.PRINTING
    assert job(twin, 3).done
    select = {"command": "select", "print": True}
    assert twin.handle("POST", "/api/files/local/a.gcode", select, twin.key, 4)[0] == 204
    assert twin.handle("POST", "/api/files/local/a.gcode", select, twin.key, 5)[0] == 409


def test_it_warms_up_while_it_prints():
    twin = SimulatedOctoPrint()
    assert read_version(get(twin, "/api/version", 0)) == "1.11.8"
    cold = read_printer(get(twin, "/api/printer", 0)).values["tool0_c"]
    twin.print_file("a.gcode", 600, now=0)
    warm = read_printer(get(twin, "/api/printer", 300)).values
    assert warm["tool0_c"] > cold + 100
    assert warm["tool0_target_c"] == 210


deeds = st.sampled_from(
    ["print", "pause", "resume", "cancel", "drop", "fail", "connect", "disconnect", "restart", "wait"]
)


@given(st.lists(st.tuples(deeds, st.floats(0, 30)), max_size=40), st.sampled_from([0.5, 1.0, 3.0]))
def test_any_story_is_watched_as_jobs_that_start_once_and_end_once(story, every):
    twin = SimulatedOctoPrint()
    watched, now, prints = Watched(twin, every), 0.0, 0
    for deed, gap in story:
        now += gap
        watched.until(now)
        if deed == "print":
            prints += twin.print_file(f"{prints}.gcode", 20, now=now)
        elif deed == "restart":
            twin.restart(now)
            watched.watch.interrupted()
        elif deed != "wait":
            getattr(twin, deed)(now)
    watched.until(now + 1)
    starts = [fact for fact in watched.facts if isinstance(fact, JobStarted)]
    assert len(starts) - len(watched.ends()) == watched.watch.busy
    assert len(starts) <= prints
    for end in watched.ends():
        if end.outcome is Outcome.FINISHED:
            assert end.active_s == pytest.approx(20, abs=2 * every + 1)
    assert len([fact for fact in watched.facts if isinstance(fact, JobPaused)]) <= len(story)


@given(method=st.sampled_from(["GET", "POST", "PUT"]), path=st.text(), body=st.none() | st.text() | st.dictionaries(
    st.sampled_from(["command", "action", "file", "content", "print"]), st.none() | st.text() | st.binary()))  # fmt: skip
def test_no_request_breaks_it(method, path, body):
    twin = SimulatedOctoPrint()
    for route in (path, "/api/job", "/api/files/local", "/api/connection", f"/api/files/local/{path}"):
        status, _ = twin.handle(method, route, body, twin.key, 1.0)
        assert 200 <= status < 500
