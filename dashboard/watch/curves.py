"""Curves of a machine from the series: drawn on the server, told as a table, handed out for livelier drawing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.ports.errors import SeriesUnavailable
from gateway.ports.timeseries import TimeSeries

PANELS: dict[str, tuple[tuple[str, ...], str]] = {
    "temperature": (("tool0_c", "tool1_c", "bed_c", "chamber_c"), "°C"),
    "power": (("power_w",), "W"),
    "beam": (("laser_power", "spindle"), ""),
    "progress": (("progress_percent",), "%"),
}
"""What is drawn together, in which fields of the measurement ``reading``, and its unit."""
WIDTH, HEIGHT, EDGE = 640, 180, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """How far back, in slots of how many seconds; whole hours come from the roll-ups."""

    length: timedelta
    slot_s: int
    row_s: int


RANGES: dict[str, Range] = {
    "heure": Range(length=timedelta(hours=1), slot_s=15, row_s=300),
    "jour": Range(length=timedelta(days=1), slot_s=3600, row_s=3600),
    "semaine": Range(length=timedelta(days=7), slot_s=3600, row_s=6 * 3600),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One field over time: seconds since 1970 and the mean of each slot. ``path`` is where it runs in the drawing."""

    field: str
    points: tuple[tuple[int, float], ...]
    path: str

    @property
    def latest(self) -> float:
        """Its last value."""
        return self.points[-1][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Curves with one scale, and the same as rows of a table: a moment and one value, or None, for each curve."""

    key: str
    unit: str
    least: float
    most: float
    curves: tuple[Curve, ...]
    rows: tuple[tuple[datetime, tuple[float | None, ...]], ...]


def panels(series: TimeSeries | None, slug: str, chosen: Range, now: datetime) -> tuple[Panel, ...] | None:
    """Every panel that has something to show; None when the series cannot be read."""
    if series is None:
        return ()
    starts = now - chosen.length
    try:
        found = [_panel(key, fields, unit, series, slug, chosen, starts, now) for key, (fields, unit) in PANELS.items()]
    except SeriesUnavailable:
        return None
    return tuple(panel for panel in found if panel is not None)


def _panel(
    key: str, fields: Iterable[str], unit: str, series: TimeSeries, slug: str, chosen: Range, starts: datetime,
    ends: datetime,
) -> Panel | None:  # fmt: skip
    read = {field: _read(series, field, slug, chosen, starts, ends) for field in fields}
    read = {field: points for field, points in read.items() if points}
    if not read:
        return None
    values = [value for points in read.values() for _, value in points]
    least, most = min(0.0, *values), max(values)
    most = most if most > least else least + 1
    first, last = starts.timestamp(), ends.timestamp()
    curves = tuple(
        Curve(field=field, points=points, path=_path(points, first, last, least, most))
        for field, points in read.items()
    )
    return Panel(key=key, unit=unit, least=least, most=most, curves=curves, rows=_rows(curves, chosen.row_s))


def _read(
    series: TimeSeries, field: str, slug: str, chosen: Range, starts: datetime, ends: datetime
) -> tuple[tuple[int, float], ...]:
    tags = (("resource", slug),)
    if chosen.slot_s >= 3600:
        rolled = series.buckets("reading", field, starts=starts, ends=ends, width_s=chosen.slot_s, tags=tags)
        return tuple((int(one.starts.timestamp()), one.total / one.count) for one in rolled if one.count)
    told = series.query("reading", field, starts=starts, ends=ends, tags=tags)
    numbers = ((at // 1_000_000_000, float(value)) for at, value in told if isinstance(value, int | float))
    return means(numbers, chosen.slot_s)


def means(points: Iterable[tuple[int, float]], slot_s: int) -> tuple[tuple[int, float], ...]:
    """The mean of each slot that holds something, by the second it begins in."""
    sums: dict[int, tuple[float, int]] = {}
    for at, value in points:
        total, count = sums.get(at // slot_s, (0.0, 0))
        sums[at // slot_s] = (total + value, count + 1)
    return tuple((slot * slot_s, total / count) for slot, (total, count) in sorted(sums.items()))


def _path(points: Iterable[tuple[int, float]], first: float, last: float, least: float, most: float) -> str:
    def spot(at: int, value: float) -> str:
        across = EDGE + (WIDTH - 2 * EDGE) * (at - first) / (last - first)
        down = HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (value - least) / (most - least)
        return f"{min(WIDTH - EDGE, max(EDGE, across)):.1f},{down:.1f}"

    return " ".join(spot(at, value) for at, value in points)


def _rows(curves: tuple[Curve, ...], row_s: int) -> tuple[tuple[datetime, tuple[float | None, ...]], ...]:
    columns = [dict(means(curve.points, row_s)) for curve in curves]
    moments = sorted({at for column in columns for at in column}, reverse=True)
    return tuple((datetime.fromtimestamp(at, UTC), tuple(column.get(at) for column in columns)) for at in moments)
