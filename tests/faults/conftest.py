"""Figures of the runs: shown at the end, and written where benchmarks write theirs when it was a long run."""

from collections.abc import Callable
from textwrap import fill

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
        terminalreporter.write_line(f"{figure.name:22} {figure.value:>10.4g} {figure.unit:8} (to be {figure.target})")
        terminalreporter.write_line(fill(figure.note, 116, initial_indent="    ", subsequent_indent="    "))
    if config.getoption("markexpr") == "soak":
        write(figures)
