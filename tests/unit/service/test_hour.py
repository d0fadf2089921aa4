"""A clock that was never set, or set under everybody's feet: nothing is let in by it, and no use changes its length."""

from datetime import UTC, datetime, timedelta

import pytest

from devices.messages import JobEnded, JobStarted, Outcome, PowerReported
from gateway.adapters import clock as real
from gateway.adapters.clock import SystemClock
from gateway.domain.hour import WRITTEN, Doubt, doubt_of
from gateway.domain.layers import SaidPolicies
from gateway.domain.refusals import Code
from gateway.domain.sessions import State
from tests.fakes.clock import START
from tests.fakes.service_lab import ServiceLab

YEARS = timedelta(days=365 * 50)
EPOCH = datetime(1970, 1, 1, 0, 0, 30, tzinfo=UTC)


def refusals(lab):
    return [event.data["refusals"] for event in lab.events("tap_refused")]


def jump(lab: ServiceLab, by: timedelta):
    lab.clock.set_wall(lab.clock.now() + by)


@pytest.mark.parametrize(
    ("now", "newest", "told", "keeps", "doubt"),
    [
        (EPOCH, None, False, True, Doubt.BEFORE_WRITTEN),
        (EPOCH, None, True, True, Doubt.BEFORE_WRITTEN),
        (START, START + timedelta(hours=1), False, True, Doubt.BEFORE_LAST),
        (START, START + timedelta(hours=1), True, True, None),
        (START, START + timedelta(minutes=4), False, True, None),
        (START, START - timedelta(days=1), False, False, Doubt.UNTOLD),
        (START, START - timedelta(days=1), True, False, None),
        (START, None, False, True, None),
    ],
)
def test_what_speaks_against_an_hour(now, newest, told, keeps, doubt):
    assert doubt_of(now, newest=newest, told=told, keeps_clock=keeps) is doubt


def test_with_an_hour_in_doubt_what_depends_on_it_is_refused_and_what_does_not_begins(lab):
    with lab.store.begin() as work:
        work.put_site_policies(SaidPolicies(use={"quota_day_minutes": 60}))
    lab.tap("stranger")  # something is written down
    jump(lab, timedelta(days=-400))
    lab.tap("ada")
    assert refusals(lab)[-1] == [Code.CLOCK_UNPROVED]
    with lab.store.begin() as work:
        work.put_site_policies(SaidPolicies())
    lab.tap("ada")
    assert lab.session() is not None


def test_staff_say_the_hour_and_the_same_tap_is_let_in(lab):
    with lab.store.begin() as work:
        work.put_site_policies(SaidPolicies(use={"quota_day_minutes": 60}))
    lab.tap("stranger")
    right = lab.clock.now()
    jump(lab, -YEARS)
    lab.tap("ada")
    assert refusals(lab)[-1] == [Code.CLOCK_UNPROVED]
    with lab.store.begin() as work:
        lab.hour.accept(work, right)
    assert lab.hour.doubt is None
    lab.tap("ada")
    assert lab.session() is not None
    (accepted,) = lab.events("clock_accepted")
    assert accepted.at == right
    assert datetime.fromisoformat(str(accepted.data["was"])) == right - YEARS


def test_a_clock_that_was_far_ahead_is_believed_again_once_staff_say_so(lab):
    right = lab.clock.now()
    jump(lab, YEARS)
    lab.tap("stranger")
    jump(lab, -YEARS)
    lab.later(60)
    assert lab.hour.doubt is Doubt.BEFORE_LAST
    with lab.store.begin() as work:
        lab.hour.accept(work, right)
    lab.later(60)
    assert lab.hour.doubt is None


@pytest.mark.parametrize("by", [YEARS, -YEARS, timedelta(hours=1), timedelta(seconds=-90)], ids=str)
@pytest.mark.parametrize("seen_by", ["fact", "sweep"])
def test_a_clock_set_in_the_middle_of_a_use_changes_nothing_of_its_length(lab, by, seen_by):
    lab.tap("ada")
    lab.say("plug-1", PowerReported(on=True, cause="command"))
    lab.later(600)
    jump(lab, by)
    if seen_by == "sweep":
        lab.sweeper.sweep()
    lab.later(300)
    lab.sweeper.sweep()
    assert lab.session().state is State.ACTIVE, "the clock ended a use"
    lab.tap("ada")
    (closed,) = lab.events("session_closed")
    assert closed.data["enabled_s"] == 900
    assert len(lab.events("clock_set")) == 1


def test_a_job_keeps_its_length_too(lab):
    lab.tap("ada")
    lab.say("plug-1", PowerReported(on=True, cause="command"))
    lab.say("grbl-1", JobStarted(job="j", name="box"))
    lab.later(100)
    jump(lab, YEARS)
    lab.later(100)
    lab.say("grbl-1", JobEnded(job="j", outcome=Outcome.FINISHED, wall_s=200, active_s=200, paused_s=0))
    lab.tap("ada")
    (closed,) = lab.events("session_closed")
    assert (closed.data["enabled_s"], closed.data["active_s"]) == (200, 200)


def test_a_clock_that_is_set_right_by_and_by_is_no_jump(lab):
    lab.tap("ada")
    for _ in range(20):
        jump(lab, timedelta(seconds=0.4))
        lab.later(1)
        lab.sweeper.sweep()
    assert lab.events("clock_set") == [] or len(lab.events("clock_set")) == 1


def test_the_hour_that_staff_say_goes_on_until_the_computer_is_told_another(monkeypatch):
    clock, said = SystemClock(), datetime(2031, 5, 1, 12, 0, tzinfo=UTC)
    clock.say(said)
    assert timedelta(0) <= clock.now() - said < timedelta(seconds=5)
    ahead = datetime.now(UTC) + timedelta(hours=3)

    class Set(datetime):
        """The computer's own clock, set by the network."""

        @classmethod
        def now(cls, tz=None):
            return ahead

    monkeypatch.setattr(real, "datetime", Set)
    assert clock.now() == ahead


def test_the_computer_is_asked_without_fail():
    clock = SystemClock()
    assert isinstance(clock.told, bool)
    assert isinstance(clock.kept, bool)
    assert clock.now() > WRITTEN
