"""The lab that the use cases are tried in."""

from collections.abc import Iterator

import pytest

from tests.fakes.service_lab import ServiceLab


@pytest.fixture
def lab() -> Iterator[ServiceLab]:
    """A furnished lab."""
    lab = ServiceLab()
    yield lab
    lab.close()
