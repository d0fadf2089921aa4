"""Readings on their way to the series."""

from types import SimpleNamespace
from typing import Any

from devices.messages import Sample
from etabli.bootstrap.gateway import Samples
from tests.fakes.clock import FakeClock


class CountingStore:
    """A store with an empty floor that counts how often it is read."""

    def __init__(self) -> None:
        self.read = 0

    def views(self) -> "CountingStore":
        return self

    def floor(self, _now: object) -> tuple[object, ...]:
        self.read += 1
        return ()


def test_devices_nobody_has_assigned_do_not_make_the_floor_be_read_for_each_reading() -> None:
    store, clock = CountingStore(), FakeClock()
    basis: Any = SimpleNamespace(site="lab", clock=clock)
    samples = Samples(basis, store, ())  # type: ignore[arg-type]
    for number in range(100):
        samples.take(f"new-{number % 3}", Sample(values={"power_w": 1.0}), clock.now())
    assert store.read == 1

    clock.advance(60)
    samples.take("new-1", Sample(values={"power_w": 1.0}), clock.now())
    assert store.read == 2
