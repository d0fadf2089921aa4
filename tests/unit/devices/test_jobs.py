"""A job that is counted twice is billed twice; one that never ends keeps its machine busy for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.jobs import OPEN, OUTCOMES, TRANSITIONS, JobSignal, JobState, JobTracker
from devices.messages import Fact, JobEnded, JobPaused, JobResumed, JobStarted, Outcome

S = JobSignal


def feed_all(*signals: tuple[JobSignal, float]) -> tuple[JobTracker, list[Fact]]:
    tracker = JobTracker()
    facts: list[Fact] = []
    for number, (signal, at) in enumerate(signals):
        facts += tracker.feed(signal, at=at, job=f"job-{number}" if signal is S.START else None)
    return tracker, facts


def test_a_job_with_a_pause_counts_wall_active_and_paused_apart() -> None:
    # The times OctoPrint itself gave for a job that was paused and then cancelled.
    _, facts = feed_all((S.START, 1.02), (S.PAUSE, 3.03), (S.RESUME, 5.05), (S.CANCEL, 6.07))
    assert [type(fact) for fact in facts] == [JobStarted, JobPaused, JobResumed, JobEnded]
    end = facts[-1]
    assert isinstance(end, JobEnded)
    assert end.outcome is Outcome.CANCELLED
    assert (end.wall_s, end.active_s, end.paused_s) == pytest.approx((5.05, 3.03, 2.02))


def test_cancelled_and_then_failed_is_one_end_and_stays_cancelled() -> None:
    tracker, facts = feed_all((S.START, 0), (S.CANCEL, 2), (S.FAIL, 2.1))
    assert [fact.outcome for fact in facts if isinstance(fact, JobEnded)] == [Outcome.CANCELLED]
    assert tracker.state is JobState.CANCELLED


def test_the_same_start_heard_again_is_no_second_job_even_after_its_end() -> None:
    tracker = JobTracker()
    tracker.feed(S.START, at=0, job="a")
    assert tracker.feed(S.START, at=1, job="a") == ()
    tracker.feed(S.FINISH, at=2)
    assert tracker.feed(S.START, at=3, job="a") == ()
    assert not tracker.open


def test_a_start_while_another_job_is_open_closes_that_one_as_unknown() -> None:
    tracker = JobTracker()
    tracker.feed(S.START, at=0, job="a", name="vase.gcode")
    ended, started = tracker.feed(S.START, at=4, job="b", owner="ada")
    assert isinstance(ended, JobEnded)
    assert (ended.job, ended.outcome, ended.wall_s, ended.name) == ("a", Outcome.UNKNOWN, 4, "vase.gcode")
    assert started == JobStarted(job="b", owner="ada")


def test_a_late_word_about_an_earlier_job_does_not_end_the_present_one() -> None:
    tracker = JobTracker()
    tracker.feed(S.START, at=0, job="a")
    tracker.feed(S.START, at=1, job="b")
    assert tracker.feed(S.FAIL, at=2, job="a") == ()
    assert tracker.open


def test_name_reason_and_meters_reach_the_end() -> None:
    tracker = JobTracker()
    tracker.feed(S.START, at=0, job="a")
    (end,) = tracker.feed(S.FAIL, at=1, name="box.nc", reason="alarm 1", laser_on_s=0.5, filament_mm=12.0)
    assert isinstance(end, JobEnded)
    assert (end.name, end.reason, end.laser_on_s, end.filament_mm) == ("box.nc", "alarm 1", 0.5, 12.0)


def test_a_job_needs_a_name_of_its_own() -> None:
    with pytest.raises(ValueError, match="unique"):
        JobTracker().feed(S.START, at=0)


def test_a_job_can_be_kept_open_over_a_lost_connection_and_looked_at_meanwhile() -> None:
    tracker = JobTracker()
    tracker.feed(S.START, at=0, job="a")
    tracker.feed(S.PAUSE, at=10)
    assert tracker.seconds(at=15) == (10, 5)
    (end,) = tracker.feed(S.FINISH, at=20)
    assert isinstance(end, JobEnded)
    assert end.wall_s == 20


def test_the_table_names_every_state_and_only_open_jobs_end() -> None:
    assert set(TRANSITIONS) == set(JobState)
    for state, row in TRANSITIONS.items():
        assert (state in OPEN) == any(target in OUTCOMES for target in row.values())


SIGNALS = st.lists(st.tuples(st.sampled_from(JobSignal), st.floats(-1e6, 1e6)), max_size=60)


@given(SIGNALS)
def test_any_signals_at_any_times_start_and_end_each_job_once(signals: list[tuple[JobSignal, float]]) -> None:
    tracker, facts = feed_all(*signals)
    started = [fact.job for fact in facts if isinstance(fact, JobStarted)]
    ends = [fact for fact in facts if isinstance(fact, JobEnded)]
    ended = [fact.job for fact in ends]
    assert len(set(started)) == len(started) and len(set(ended)) == len(ended)
    assert started[: len(ended)] == ended
    assert len(started) - len(ended) == (1 if tracker.open else 0)
    for end in ends:
        assert end.wall_s == end.active_s + end.paused_s
        assert min(end.wall_s, end.active_s, end.paused_s) >= 0
    pauses = 0
    for fact in facts:
        pauses += isinstance(fact, JobPaused) - isinstance(fact, JobResumed)
        pauses = 0 if isinstance(fact, JobEnded) else pauses
        assert pauses in (0, 1)


@given(SIGNALS, st.integers(1, 3))
def test_every_signal_heard_several_times_tells_the_same_story(
    signals: list[tuple[JobSignal, float]], times: int
) -> None:
    once, several = JobTracker(), JobTracker()
    for number, (signal, at) in enumerate(signals):
        job = f"job-{number}" if signal is S.START else None
        facts = once.feed(signal, at=at, job=job)
        repeated = [fact for _ in range(times) for fact in several.feed(signal, at=at, job=job)]
        assert tuple(repeated) == facts
