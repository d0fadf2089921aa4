import threading
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.ids import TimeOrderedIds


def test_an_id_is_a_uuid_of_version_7_with_the_time_in_front():
    text = TimeOrderedIds(lambda: 0x0123456789AB).new()
    assert len(text) == 36
    assert text == text.lower()
    assert (UUID(text).version, UUID(text).variant) == (7, "specified in RFC 4122")
    assert text.startswith("01234567-89ab-7")


@given(st.lists(st.integers(0, 2**47), min_size=1, max_size=40))
def test_ids_sort_in_the_order_of_making_whatever_the_clock_does(readings):
    clock = iter([reading for reading in readings for _ in range(5)])
    ids = TimeOrderedIds(lambda: next(clock))
    made = [ids.new() for _ in range(5 * len(readings))]
    assert made == sorted(set(made))


def test_a_counter_that_runs_over_borrows_the_next_millisecond():
    ids = TimeOrderedIds(lambda: 1000)
    first = ids.new()
    ids._counter = 2**74 - 1
    assert first < ids.new()
    assert ids._last_ms == 1001


def test_threads_never_get_the_same_id_and_each_sees_its_own_in_order():
    ids = TimeOrderedIds()
    made = [[] for _ in range(4)]
    threads = [threading.Thread(target=lambda mine=mine: mine.extend(ids.new() for _ in range(2000))) for mine in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(mine == sorted(mine) for mine in made)
    assert len({each for mine in made for each in mine}) == 8000
