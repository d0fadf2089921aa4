"""A device that sends too much is set apart, the others never, and it comes back once it is calm."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.flood import BURST, CALM_S, MOST_NAMES, RATE, Floodgate


def taken(gate, device, per_second, seconds, since=0.0):
    return [gate.admits(device, since + n / per_second) for n in range(int(per_second * seconds))]


def test_two_thousand_a_second_are_set_apart_within_two_seconds():
    gate = Floodgate()
    heard = taken(gate, "loud", 2000, 10)
    assert not any(heard[4000:]), "after two seconds nothing of it is heard"
    assert gate.apart == {"loud"}


def test_what_a_bridge_brings_after_days_is_heard_to_the_end():
    gate = Floodgate()
    assert all(taken(gate, "bridge", 400, 600))


def test_the_others_are_heard_meanwhile():
    gate = Floodgate()
    for n in range(20_000):
        gate.admits("loud", n / 2000)
        if n % 400 == 0:
            assert gate.admits("quiet", n / 2000)
    assert gate.apart == {"loud"}


def test_it_is_heard_again_once_it_is_calm():
    gate = Floodgate()
    taken(gate, "loud", 2000, 5)
    assert not gate.admits("loud", 5 + CALM_S - 1)
    assert gate.admits("loud", 5.1 + CALM_S)
    assert gate.apart == frozenset()


def test_strangers_that_make_up_names_take_no_memory_without_end():
    gate = Floodgate()
    for n in range(MOST_NAMES + 500):
        gate.admits(f"device-{n}", n / 1000)
    assert len(gate._buckets) == MOST_NAMES


@given(st.lists(st.floats(0, 2), max_size=300))
def test_whoever_sends_no_more_than_it_may_is_never_set_apart(gaps):
    gate, now = Floodgate(), 0.0
    for gap in gaps:
        now += max(gap, 1 / RATE)
        assert gate.admits("device", now)


def test_a_burst_alone_sets_nobody_apart():
    gate = Floodgate()
    assert all(gate.admits("device", 0.0) for _ in range(int(BURST)))


def test_who_is_apart_can_be_asked_while_another_thread_counts():
    gate, stop, faults = Floodgate(), threading.Event(), []

    def ask():
        while not stop.is_set():
            try:
                sorted(gate.apart)
            except RuntimeError as fault:
                faults.append(fault)
                return

    asking = threading.Thread(target=ask)
    asking.start()
    for n in range(100_000):
        gate.admits(f"device-{n % 300}", n / 200_000)
    stop.set()
    asking.join()
    assert faults == []
    assert gate.apart <= gate._buckets.keys()
