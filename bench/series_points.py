"""How fast event rows become points: through the sink into the SQL series, and into a genuine InfluxDB 2."""

import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.figures import Figure, middle
from gateway.adapters.timeseries_influx import InfluxTimeSeries
from gateway.adapters.timeseries_sql import SqlTimeSeries
from gateway.domain.events import Event, EventKind, StoredEvent
from gateway.ports.timeseries import TimeSeries
from gateway.service.series import SeriesSink, points_of
from tests.fixtures_influx import ORG, TOKEN, Influx

MACHINES, SINK_BATCH, RUNS = 50, 2000, 5
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

# One visit, as the log has it.
VISIT = (
    (EventKind.TAP_GRANTED, {"refusals": []}),
    (EventKind.SESSION_OPENED, {}),
    (EventKind.POWER_REPORTED, {"on": True, "cause": "command"}),
    (EventKind.SESSION_ENERGISED, {}),
    (EventKind.JOB_STARTED, {"job": "0199d6a1-0000-7000-8000-000000000001"}),
    (
        EventKind.JOB_ENDED,
        {
            "job": "0199d6a1-0000-7000-8000-000000000001", "outcome": "finished", "wall_s": 1834.2,
            "active_s": 1790.1, "paused_s": 44.1, "laser_on_s": None, "filament_mm": 3120.7,
        },
    ),
    (EventKind.TAP_REFUSED, {"refusals": ["training_missing", "reserved_by_other"]}),
    (EventKind.TAP_NOTED, {"refusals": []}),
    (
        EventKind.SESSION_CLOSED,
        {"reason": "tapped_out", "enabled_s": 2101.4, "active_s": 1790.1, "idle_s": 311.3},
    ),
    (EventKind.POWER_REPORTED, {"on": False, "cause": "command"}),
)  # fmt: skip


def log_of(events: int, first: int = 1) -> list[StoredEvent]:
    """So many rows of the log: visits of fifty machines, one event each second."""
    rows = []
    for number in range(first, first + events):
        visit, step = divmod(number, len(VISIT))
        kind, data = VISIT[step]
        machine = visit % MACHINES
        event = Event(kind=kind, at=START + timedelta(seconds=number), resource_id=f"r{machine}", data=data)
        rows.append(
            StoredEvent(
                id=number, event=event, site="lab", resource=f"machine-{machine}", device=f"node-{machine}",
                resource_kind="laser",
            )
        )  # fmt: skip
    return rows


def points_per_second(series: TimeSeries, events: int, first: int = 1) -> float:
    """Rows are made between the batches, off the clock: a sink never has more than one batch of them in its hands."""
    sink, points, taken = SeriesSink(series, "bench"), 0, 0.0
    for start in range(first, first + events, SINK_BATCH):
        rows = tuple(log_of(SINK_BATCH, start))
        points += sum(len(points_of(row)) for row in rows)
        begun = time.perf_counter()
        refused = sink.deliver(rows)
        taken += time.perf_counter() - begun
        assert refused == ()
    return points / taken


def _median(series: TimeSeries, events: int) -> float:
    points_per_second(series, SINK_BATCH)
    return middle([points_per_second(series, events, first=1 + run * events) for run in range(1, RUNS + 1)])


def measure(events: int = 60_000) -> list[Figure]:
    """Medians of five runs, each with events of its own."""
    points = sum(len(points_of(row)) for row in log_of(events))
    note = f"median of {RUNS} runs of {points} points from {events} event rows, batches of {SINK_BATCH} events"
    with tempfile.TemporaryDirectory() as folder:
        series: TimeSeries = SqlTimeSeries(f"{folder}/series.db")
        figures = [_figure("series_points_per_second_sql", _median(series, events), f"SQLite file; {note}")]
        series.close()
    if shutil.which(Influx.program) is None:
        print("influxd is not on the PATH: series_points_per_second is left out", file=sys.stderr)
        return figures
    with tempfile.TemporaryDirectory() as folder:
        server = Influx(Path(folder))
        try:
            server.start()
            server.set_up("bench")
            series = InfluxTimeSeries(server.url, TOKEN, ORG, "bench")
            rate = _median(series, events)
            series.close()
        finally:
            server.kill()
    return [_figure("series_points_per_second", rate, f"genuine InfluxDB 2; {note}"), *figures]


def _figure(name: str, value: float, note: str) -> Figure:
    return Figure(name=name, value=value, unit="points/s", note=note, target="≥ 50,000")


if __name__ == "__main__":
    for figure in measure():
        print(f"{figure.name:32} {figure.value:>10,.0f} {figure.unit}   {figure.note}")
