"""The lab that the use cases are tried in."""

from collections.abc import Iterator

import pytest

from tests.fakes.booked_floor import BookedFloor
from tests.fakes.service_lab import ServiceLab


@pytest.fixture
def lab() -> Iterator[ServiceLab]:
    """A furnished lab."""
    lab = ServiceLab()
    yield lab
    lab.close()


@pytest.fixture
def floor() -> Iterator[BookedFloor]:
    """Two equal lasers, and bookings of them."""
    lab = ServiceLab()
    yield BookedFloor(lab)
    lab.close()
