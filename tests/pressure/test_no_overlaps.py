"""Thousands of attempts at a few slots, at once: nobody ever holds what somebody else holds."""

from collections import Counter

import pytest

from tests.pressure.place import opened
from tests.pressure.scramble import ACTS, overlaps, scramble

PEOPLE = 8
LONG = pytest.param(1_000_000, marks=[pytest.mark.soak, pytest.mark.timeout(0)], id="long")
AT_THE_STORE = [pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(240)], id="short"), LONG]
THROUGH_HTTP = [pytest.param(2_400, marks=[pytest.mark.slow, pytest.mark.timeout(240)], id="short"), LONG]
"""A call costs some milliseconds; `python -m bench bookings` makes ten thousand of them on each database."""
everywhere = pytest.mark.parametrize(
    "where", ["sqlite_path", pytest.param("postgres_store_url", marks=pytest.mark.postgres)]
)


@pytest.fixture
def place(where, request):
    with opened(request.getfixturevalue(where)) as place:
        yield place


def every_act_was_tried_and_some_worked(told: Counter[str], attempts: int) -> None:
    assert sum(told.values()) == attempts
    for act in set(ACTS):
        assert told[f"{act}_done"] > attempts / 1000, told
    assert told["book_refused"] > attempts / 20, told
    assert told["unavailable"] < attempts / 100, told


@everywhere
@pytest.mark.parametrize("attempts", AT_THE_STORE)
def test_straight_at_the_store(place, attempts):
    told = scramble(place.at_the_store(PEOPLE), attempts)
    assert overlaps(place.address) == 0
    every_act_was_tried_and_some_worked(told, attempts)


@everywhere
@pytest.mark.parametrize("attempts", THROUGH_HTTP)
def test_through_http(place, attempts):
    with place.through_http(PEOPLE) as desks:
        told = scramble(desks, attempts)
    assert overlaps(place.address) == 0
    every_act_was_tried_and_some_worked(told, attempts)


@everywhere
def test_without_its_guard_the_oracle_sees_overlaps(place):
    with place.unguarded():
        scramble(place.at_the_store(PEOPLE), 400)
        assert overlaps(place.address) > 0
