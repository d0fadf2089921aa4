"""Workers come back when they fail, one line per change, and stop in time."""

import logging
import os
import signal
import threading
import time

import pytest

from etabli.supervisor import Health, Supervisor


@pytest.fixture
def supervisor():
    made = Supervisor(pause_s=0.01)
    yield made
    made.stop()


def wait_until(true, within=5.0):
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.005)


def test_a_worker_that_fails_is_started_again_and_each_change_is_one_line(supervisor, caplog):
    caplog.set_level(logging.INFO)
    runs = []

    def work(stop):
        runs.append(1)
        if len(runs) < 3:
            raise RuntimeError("the cable is out")
        stop.wait()

    worker = supervisor.add("laser", work)
    supervisor.start()
    wait_until(lambda: len(runs) == 3 and worker.health is Health.RUNNING)
    lines = [record.message for record in caplog.records]
    assert lines == [
        "laser failed and will be tried again: RuntimeError: the cable is out",
        "laser runs again",
        "laser failed and will be tried again: RuntimeError: the cable is out",
        "laser runs again",
    ]
    assert worker.restarts == 2


def test_a_failing_worker_never_stops_its_neighbour(supervisor):
    beats = []

    def bad(_stop):
        raise OSError("no")

    def good(stop):
        while not stop.wait(0.002):
            beats.append(1)

    supervisor.add("bad", bad)
    supervisor.add("good", good)
    supervisor.start()
    wait_until(lambda: len(beats) > 20)
    assert set(supervisor.ailing()) <= {"bad"}


def test_a_worker_that_does_not_answer_is_named(supervisor):
    supervisor.add("deaf", lambda stop: stop.wait(), ping=lambda: 1 / 0)
    supervisor.start()
    wait_until(lambda: supervisor.ailing() == {"deaf": "it does not answer"})


def test_later_stages_stop_first_and_what_they_used_is_closed_last():
    order = []
    supervisor = Supervisor()

    def noted(name):
        def run(stop):
            stop.wait()
            order.append(name)

        return run

    supervisor.add("web", noted("web"), stage=2)
    supervisor.add("gateway", noted("gateway"), stage=1)
    supervisor.on_close("store", lambda: order.append("store"))
    supervisor.on_close("bus", lambda: order.append("bus"))
    supervisor.start()
    assert supervisor.stop() == ()
    assert order == ["web", "gateway", "bus", "store"]


def test_one_that_will_not_stop_is_named_and_not_waited_for():
    free = threading.Event()
    supervisor = Supervisor()
    supervisor.add("stuck", lambda _stop: free.wait())
    supervisor.start()
    began = time.monotonic()
    assert supervisor.stop(within_s=0.1) == ("stuck",)
    assert time.monotonic() - began < 6
    free.set()


def test_one_wish_told_twice_is_not_an_order_to_drop_everything(supervisor):
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    supervisor.catch_signals()
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        supervisor.wait()
        assert supervisor.stop() == ()
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])


def test_a_signal_ends_the_wait(supervisor):
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM))
    supervisor.catch_signals()
    timer.start()
    try:
        supervisor.wait()
        assert supervisor.stopping.is_set()
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])
