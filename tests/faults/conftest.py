"""Figures of the runs: shown at the end, and written where benchmarks write theirs when it was a long run."""

from collections.abc import Callable

import pytest

from bench.__main__ import write
from bench.figures import Figure

FIGURES = pytest.StashKey[list[Figure]]()


@pytest.fixture
def publish(request: pytest.FixtureRequest) -> Callable[[list[Figure]], None]:
    """Show these figures when all is over."""
    return request.config.stash.setdefault(FIGURES, []).extend


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    figures = config.stash.get(FIGURES, [])
    if figures:
        terminalreporter.section("faults on purpose")
    for figure in figures:
        terminalreporter.write_line(f"{figure.name:24} {figure.value:g} {figure.unit}: {figure.note}")
    if config.getoption("markexpr") == "soak":
        write(figures)
