"""The time series: points for Grafana and long keeping; a view, rebuildable from events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

FieldValue = float | int | bool | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Identity is measurement, tags and time: the same point written twice counts once, its fields united.

    ``at_ns`` is nanoseconds since 1970; the last three digits tell apart events of one microsecond.
    """

    measurement: str
    tags: tuple[tuple[str, str], ...]
    at_ns: int
    fields: dict[str, FieldValue] = field(hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A roll-up of one numeric field over ``[starts, starts + width)``."""

    starts: datetime
    count: int
    total: float
    least: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of a batch: ``refused`` are points the database will never take, each with its reason."""

    kept: int
    refused: tuple[tuple[Point, str], ...] = ()


class TimeSeries(Protocol):
    """Write and read points. Thread-safe."""

    def write(self, points: Sequence[Point]) -> Written:
        """Keep the points; good ones stay even when others are refused. SeriesUnavailable: try the same again later."""

    def query(
        self, measurement: str, field: str, *, starts: datetime, ends: datetime, tags: Iterable[tuple[str, str]] = ()
    ) -> tuple[tuple[int, FieldValue], ...]:
        """``(at_ns, value)`` in ``[starts, ends)``, in order of time."""

    def buckets(
        self, measurement: str, field: str, *, starts: datetime, ends: datetime, width_s: int,
        tags: Iterable[tuple[str, str]] = (),
    ) -> tuple[Bucket, ...]:  # fmt: skip
        """Roll-ups of a numeric field; ``width_s`` a multiple of 3600 (roll-ups outlive the points)."""

    def check(self) -> None:
        """Raise SeriesUnavailable when it cannot be reached."""

    def close(self) -> None:
        """Release everything."""
