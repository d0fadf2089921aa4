"""What every test gets: fixtures of real servers, and a check that nothing is left running."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_HERE = Path(__file__).parent
pytest_plugins = [f"tests.{path.stem}" for path in sorted(_HERE.glob("fixtures_*.py"))]

PATIENCE_S = 5.0
"""A thread told to stop may take this long to be gone."""


@pytest.fixture(autouse=True)
def no_thread_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that leaves a thread running fails: it would meet the next one."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + PATIENCE_S
    while left := [thread for thread in set(threading.enumerate()) - before if _counts(thread)]:
        if time.monotonic() > deadline:
            pytest.fail(f"left running: {', '.join(sorted(thread.name for thread in left))}")
        time.sleep(0.01)


def _counts(thread: threading.Thread) -> bool:
    """Pools that a library keeps for the whole process are not a test's fault."""
    return thread.is_alive() and not thread.name.startswith(("AnyIO worker", "asyncio_", "shared-"))
