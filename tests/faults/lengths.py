"""The two lengths of a run: in the suite, and for `make soak`."""

import pytest


def short_and_long(short, long):
    """Values of one parameter."""
    return [
        pytest.param(short, id="short", marks=pytest.mark.timeout(180)),
        pytest.param(long, id="long", marks=[pytest.mark.soak, pytest.mark.timeout(0)]),
    ]
