"""What a benchmark gives back, and the arithmetic they share."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. ``note`` says how it was taken; ``target`` is what it should reach, in words."""

    name: str
    value: float
    unit: str
    note: str
    target: str = ""


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` (0 to 1) of ``values`` do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]


def middle(values: Sequence[float]) -> float:
    """The median of several runs."""
    return float(median(values))
