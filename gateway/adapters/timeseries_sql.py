"""The time series in SQL, always there: points as they came, hourly roll-ups that outlive them.

Every hour that a point touches is marked *dirty*; :meth:`SqlTimeSeries.roll_up` works those out anew, and a question
about an hour that is still dirty is answered from its points. So a late point counts from the moment it is written.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from gateway.adapters.timeseries_lines import EPOCH, Key, Refused, check_key, json_fields, ns_of, typed
from gateway.adapters.timeseries_sql_databases import Database, Postgres, Sqlite, SqliteMemory
from gateway.ports.timeseries import Bucket, FieldValue, Point, Written

HOUR_S = 3600
HOUR_NS = HOUR_S * 1_000_000_000
ROLLED_AT_ONCE = 500
"""Hours of a series rolled up in one transaction: a writer never waits for long."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class SqlTimeSeries:
    """The TimeSeries of an SQLite file of its own, of PostgreSQL, or of memory."""

    def __init__(self, address: str) -> None:
        """``address`` is a file's path, or ``postgresql://…``."""
        self._database: Database
        if address.startswith(("postgresql:", "postgresql+psycopg:", "postgres:")):
            self._database = Postgres(address)
        else:
            self._database = SqliteMemory() if address == ":memory:" else Sqlite(address)
        self._sql = self._database.statements
        self._text = json_fields()
        self._ids: dict[Key, int] = {}

    @classmethod
    def memory(cls) -> "SqlTimeSeries":
        """A series that is gone when it is closed."""
        return cls(":memory:")

    def write(self, points: Sequence[Point]) -> Written:
        """Keep the points; good ones stay even when others are refused. SeriesUnavailable: try the same again later."""
        refused: list[tuple[Point, str]] = []
        good: dict[Key, dict[int, str]] = {}
        for point in points:
            try:
                key = (point.measurement, point.tags)
                there = good.get(key)
                if there is None:
                    if key not in self._ids:
                        check_key(key)
                    there = good[key] = {}
                fields, at = self._text.fields(point), point.at_ns
                there[at] = _united(there[at], fields) if at in there else fields
            except Refused as error:
                refused.append((point, str(error)))
        if len(refused) < len(points):
            # Known only once it is certain: a series whose transaction is rolled back has no id.
            self._ids.update(self._database.change(lambda connection: self._insert(connection, good)))
        return Written(kept=len(points) - len(refused), refused=tuple(refused))

    def _insert(self, connection: Any, good: Mapping[Key, Mapping[int, str]]) -> dict[Key, int]:
        ids = {key: self._ids.get(key) or self._series(connection, key) for key, there in good.items() if there}
        by_series: dict[int, dict[int, str]] = {}
        for key, series in ids.items():
            there = by_series.setdefault(series, {})
            # Two orders of the same tags are one series.
            there |= {at: _united(there[at], fields) if at in there else fields for at, fields in good[key].items()}
        rows = [(series, at, "{" + fields + "}") for series, there in by_series.items() for at, fields in there.items()]
        soiled = {(series, at // HOUR_NS) for series, there in by_series.items() for at in there}
        self._database.put_points(connection, rows)
        self._database.many(connection, self._sql.soil, sorted(soiled))
        return ids

    def _series(self, connection: Any, key: Key) -> int:
        values = (key[0], _encode(sorted((name, value) for name, value in key[1] if value)))
        connection.execute(self._sql.add_series, values)
        row: tuple[int] = connection.execute(self._sql.series_id, values).fetchone()
        return row[0]

    def query(
        self, measurement: str, field: str, *, starts: datetime, ends: datetime, tags: Iterable[tuple[str, str]] = ()
    ) -> tuple[tuple[int, FieldValue], ...]:
        """``(at_ns, value)`` in ``[starts, ends)``, in order of time."""
        wanted = set(tags)

        def read(connection: Any) -> list[tuple[int, str]]:
            ids = self._database.among(self._chosen(connection, measurement, wanted))
            rows: list[tuple[int, str]] = connection.execute(
                self._sql.points, (ids, ns_of(starts), ns_of(ends))
            ).fetchall()
            return rows

        points = ((at, json.loads(fields)) for at, fields in self._database.read(read))
        return tuple((at, typed(field, fields[field])) for at, fields in points if field in fields)

    def buckets(
        self, measurement: str, field: str, *, starts: datetime, ends: datetime, width_s: int,
        tags: Iterable[tuple[str, str]] = (),
    ) -> tuple[Bucket, ...]:  # fmt: skip
        """Roll-ups of a numeric field over whole multiples of ``width_s``, those that touch ``[starts, ends)``."""
        wanted, width_ns = set(tags), width_s * 1_000_000_000
        first = ns_of(starts) // width_ns * width_ns // HOUR_NS
        last = -(-ns_of(ends) // width_ns) * width_ns // HOUR_NS

        def read(connection: Any) -> list[_Figures]:
            ids = self._database.among(self._chosen(connection, measurement, wanted))
            asked = (ids, field, first, last)
            hours: list[_Figures] = connection.execute(self._sql.hours, asked + asked).fetchall()
            return hours

        return _folded(self._database.read(read), width_s // HOUR_S)

    def _chosen(self, connection: Any, measurement: str, wanted: set[tuple[str, str]]) -> list[int]:
        rows = connection.execute(self._sql.series_of, (measurement,)).fetchall()
        return [number for number, tags in rows if wanted <= {(name, value) for name, value in json.loads(tags)}]

    def roll_up(self, now: datetime) -> int:
        """Work out the hours that ended before ``now`` and have changed since; how many hours of a series."""
        hour, done = ns_of(now) // HOUR_NS, 0
        while True:
            rolled = self._database.change(lambda connection: self._roll(connection, hour), alone=True)
            done += rolled
            if rolled < ROLLED_AT_ONCE:
                return done

    def _roll(self, connection: Any, before_hour: int) -> int:
        rows = connection.execute(self._sql.soiled, (before_hour, ROLLED_AT_ONCE)).fetchall()
        return self._roll_hours(connection, rows)

    def _roll_hours(self, connection: Any, rows: Iterable[Sequence[int]]) -> int:
        hours = sorted((series, hour) for series, hour in rows)
        if hours:
            # Cleaned first: in PostgreSQL this waits for a writer that is soiling the same hour.
            self._database.many(connection, self._sql.clean, hours)
            self._database.many(connection, self._sql.forget_hour, hours)
            spans = [(hour, series, hour * HOUR_NS, (hour + 1) * HOUR_NS) for series, hour in hours]
            self._database.many(connection, self._sql.roll_hour, spans)
        return len(hours)

    def trim(self, before: datetime) -> int:
        """Forget points older than ``before`` (whole hours); their roll-ups stay. How many points were forgotten."""
        hour = ns_of(before) // HOUR_NS
        series = self._database.read(lambda connection: connection.execute(self._sql.all_series).fetchall())
        return sum(self._trim_series(number, hour) for (number,) in series)

    def _trim_series(self, series: int, hour: int) -> int:
        def trim(connection: Any) -> int:
            self._roll_hours(connection, connection.execute(self._sql.soiled_of, (series, hour)).fetchall())
            connection.execute(self._sql.freeze, (series, hour))
            connection.execute(self._sql.forget_live, (series, hour))
            forgotten: int = connection.execute(self._sql.forget_points, (series, hour * HOUR_NS)).rowcount
            return forgotten

        return self._database.change(trim, alone=True)

    def check(self) -> None:
        """Raise SeriesUnavailable when it cannot be opened and written."""
        self._database.change(lambda connection: connection.execute(self._sql.all_series).fetchone())

    def close(self) -> None:
        """Close the connections; a later call opens them again."""
        self._database.close()
        self._ids.clear()


def _united(first: str, second: str) -> str:
    return _encode({**json.loads("{" + first + "}"), **json.loads("{" + second + "}")})[1:-1]


_Figures = tuple[int, int, float, float, float]


def _folded(hours: Iterable[_Figures], hours_wide: int) -> tuple[Bucket, ...]:
    """Hours of all series into buckets."""
    folded: dict[int, tuple[int, float, float, float]] = {}
    for hour, count, total, low, high in hours:
        first = hour // hours_wide * hours_wide
        n, sum_, least, most = folded.get(first, (0, 0.0, low, high))
        folded[first] = (n + count, sum_ + total, min(least, low), max(most, high))
    return tuple(
        Bucket(starts=EPOCH + timedelta(hours=first), count=n, total=total, least=least, most=most)
        for first, (n, total, least, most) in sorted(folded.items())
    )
