"""A planned day is one that could have been: nobody is in two places, no place has two, seconds add up."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.messages import Outcome
from devices.simulated.workshop import Person, Place, plan_day, plan_visit
from etabli.demo import lab

PLACES = [station.place for station in lab.STATIONS]
PEOPLE = [*lab.PEOPLE, lab.STRANGER]


def day(seed, visits=40):
    return plan_day(PEOPLE, PLACES, random.Random(seed), opens_s=0, closes_s=9 * 3600, visits=visits)


@settings(max_examples=40)
@given(st.integers(0, 10_000))
def test_no_place_is_used_twice_at_once_and_the_day_ends_in_time(seed):
    visits = day(seed)
    assert list(visits) == sorted(visits, key=lambda visit: visit.at_s)
    for place in PLACES:
        spans = [(v.at_s, v.at_s + v.stays_s) for v in visits if v.place == place and not v.refused]
        assert all(ends <= starts for (_, ends), (starts, _) in itertools.pairwise(spans))
        assert all(ends <= 9 * 3600 for _, ends in spans)


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.floats(1, 200))
def test_jobs_follow_one_another_and_their_seconds_are_real(seed, pace):
    chance = random.Random(seed)
    visit = plan_visit(lab.PEOPLE[0], lab.station("imprimante-ada").place, chance, at_s=0, pace=pace)
    last = 0.0
    for job in visit.jobs:
        assert job.after_s >= last
        assert 0 <= job.paused_s < job.wall_s
        last = job.after_s + job.wall_s
    assert visit.leaves_s is None or visit.leaves_s >= last


def test_the_same_seed_gives_the_same_day_and_another_gives_another():
    assert day(7) == day(7)
    assert day(7) != day(8)


def test_whoever_lacks_a_training_or_is_unknown_is_refused_and_makes_nothing():
    laser = lab.station("laser").place
    for person in (Person(name="X"), lab.STRANGER):
        visit = plan_visit(person, laser, random.Random(1), at_s=0)
        assert visit.refused
        assert visit.jobs == ()


@pytest.mark.parametrize("outcome", list(Outcome))
def test_over_some_weeks_everything_happens(outcome):
    jobs = [job for seed in range(60) for visit in day(seed) for job in visit.jobs]
    assert any(job.outcome is outcome for job in jobs)
    assert any(job.paused_s for job in jobs)
    assert any(visit.leaves_s is None for seed in range(20) for visit in day(seed) if not visit.refused)


def test_a_place_without_works_makes_nothing():
    desk = Place(slug="desk", minutes=(10, 20))
    visit = plan_visit(Person(name="X"), desk, random.Random(2), at_s=0)
    assert visit.jobs == ()
    assert visit.stays_s >= 0
