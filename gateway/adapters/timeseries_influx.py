"""The time series in InfluxDB 2: ready lines in synchronous batches, read back in InfluxQL.

Nothing is retried here: whoever holds the points sends them again when SeriesUnavailable has passed. A batch that the
server refuses in part is divided until the bad points stand alone; sending the good ones again changes nothing.
"""

import json
import threading
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gateway.adapters.timeseries_influx_answers import Line, No, Target, divided, understood
from gateway.adapters.timeseries_lines import EPOCH, Key, Refused, check_key, line_fields, ns_of, series_part, typed
from gateway.ports.errors import BadConfiguration, SeriesUnavailable
from gateway.ports.timeseries import Bucket, FieldValue, Point, Written

if TYPE_CHECKING:
    from influxdb_client.client.influxdb_client import InfluxDBClient

BATCH = 5000
_MOST_SERIES = 50_000
_THIS_COMPUTER = ("localhost", "127.0.0.1", "::1")


class InfluxTimeSeries:
    """The TimeSeries of an InfluxDB 2 bucket; what speaks its write API (VictoriaMetrics) can be written to as well."""

    def __init__(
        self, url: str, token: str, org: str, bucket: str, *, timeout_s: float = 10.0, gzip: bool | None = None
    ) -> None:
        """``gzip`` None: batches are packed unless the server is on this very computer, where it only costs time."""
        if not _is_address(url):
            raise BadConfiguration(f"series url {url!r}: expected an address such as http://localhost:8086")
        self._target, self._token = Target(url=url.rstrip("/"), org=org, bucket=bucket), token
        self._gzip = urlsplit(url).hostname not in _THIS_COMPUTER if gzip is None else gzip
        self._timeout_ms = int(timeout_s * 1000)
        self._lock = threading.Lock()
        self._client: InfluxDBClient | None = None
        self._text = line_fields()
        self._starts: dict[Key, str] = {}

    def write(self, points: Sequence[Point]) -> Written:
        """Keep the points; good ones stay even when others are refused. SeriesUnavailable: try the same again later."""
        lines: list[Line] = []
        refused: list[tuple[Point, str]] = []
        for point in points:
            try:
                start = self._starts.get((point.measurement, point.tags)) or self._start(point)
                lines.append((point, f"{start} {self._text.fields(point)} {point.at_ns}"))
            except Refused as error:
                refused.append((point, str(error)))
        for first in range(0, len(lines), BATCH):
            refused += self._send(lines[first : first + BATCH])
        return Written(kept=len(points) - len(refused), refused=tuple(refused))

    def query(
        self, measurement: str, field: str, *, starts: datetime, ends: datetime, tags: Iterable[tuple[str, str]] = ()
    ) -> tuple[tuple[int, FieldValue], ...]:
        """``(at_ns, value)`` in ``[starts, ends)``, in order of time."""
        where = _where(ns_of(starts), ns_of(ends), tags)
        rows = self._ask(f"SELECT {_name(field)} FROM {_name(measurement)} WHERE {where}")
        return tuple((at, typed(field, value)) for at, value in rows)

    def buckets(
        self, measurement: str, field: str, *, starts: datetime, ends: datetime, width_s: int,
        tags: Iterable[tuple[str, str]] = (),
    ) -> tuple[Bucket, ...]:  # fmt: skip
        """Roll-ups of a numeric field over whole multiples of ``width_s``, those that touch ``[starts, ends)``."""
        width = width_s * 1_000_000_000
        where = _where(ns_of(starts) // width * width, -(-ns_of(ends) // width) * width, tags)
        what = ", ".join(f"{how}({_name(field)})" for how in ("count", "sum", "min", "max"))
        rows = self._ask(
            f"SELECT {what} FROM {_name(measurement)} WHERE {where} GROUP BY time({width_s}s) fill(none)"
        )  # fmt: skip
        return tuple(
            Bucket(
                starts=EPOCH + timedelta(seconds=at // 1_000_000_000),
                count=int(count), total=float(total), least=float(least), most=float(most),
            )
            for at, count, total, least, most in rows
        )  # fmt: skip

    def check(self) -> None:
        """Raise SeriesUnavailable unless address, token, organisation and bucket are all accepted."""
        # A write of nothing passes through every one of these doors and leaves no trace.
        refused = self._post(b"\n")
        if refused:
            raise SeriesUnavailable(f"InfluxDB at {self._target.url} refuses to be written to: {refused.reason}")

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            client, self._client = self._client, None
        if client:
            client.close()

    def _start(self, point: Point) -> str:
        key = (point.measurement, point.tags)
        check_key(key)
        if len(self._starts) >= _MOST_SERIES:
            self._starts.clear()
        return self._starts.setdefault(key, series_part(key))

    def _send(self, batch: list[Line]) -> list[tuple[Point, str]]:
        """Post a batch, dividing what is refused; the points that no batch can carry."""
        refused: list[tuple[Point, str]] = []
        todo = [batch]
        while todo:
            part = todo.pop()
            no = self._post("\n".join([line for _, line in part]).encode())
            if no is None:
                continue
            if len(part) == 1 or no.dropped == len(part):
                refused += [(point, no.reason) for point, _ in part]
            else:
                todo += reversed(divided(part, no))
        return refused

    def _post(self, body: bytes) -> No | None:
        from influxdb_client.client.write_api import SYNCHRONOUS
        from influxdb_client.rest import ApiException
        from urllib3.exceptions import HTTPError

        target = self._target
        try:
            self._opened().write_api(write_options=SYNCHRONOUS).write(bucket=target.bucket, org=target.org, record=body)
        except ApiException as error:
            return understood(target, error.status, error.body)
        except HTTPError as error:
            raise self._away(error) from error
        return None

    def _ask(self, query: str) -> list[list[Any]]:
        from influxdb_client.rest import ApiException
        from urllib3.exceptions import HTTPError

        target, api = self._target, self._opened().api_client
        try:
            answer = api.rest_client.GET(
                f"{target.url}/query",
                headers=dict(api.default_headers),
                query_params={"db": target.bucket, "epoch": "ns", "q": query},
            )
            result = json.loads(answer.data)["results"][0]
        except ApiException as error:
            no = understood(target, error.status, error.body)
            raise SeriesUnavailable(f"InfluxDB at {target.url} refuses a question: {no.reason}") from error
        except HTTPError as error:
            raise self._away(error) from error
        except (ValueError, LookupError, TypeError) as error:
            raise SeriesUnavailable(f"What answers at {target.url} does not speak InfluxQL") from error
        if "error" in result:
            raise SeriesUnavailable(f"InfluxDB at {target.url}, bucket {target.bucket!r}: {result['error']}")
        return [row for series in result.get("series", ()) for row in series["values"]]

    def _opened(self) -> "InfluxDBClient":
        with self._lock:
            if self._client is None:
                from influxdb_client.client.influxdb_client import InfluxDBClient

                self._client = InfluxDBClient(
                    url=self._target.url,
                    token=self._token,
                    org=self._target.org,
                    timeout=self._timeout_ms,
                    enable_gzip=self._gzip,
                )
            return self._client

    def _away(self, error: Exception) -> SeriesUnavailable:
        return SeriesUnavailable(
            f"No answer from InfluxDB at {self._target.url} ({type(error).__name__}): "
            "check that it runs, and that the address and the port are right"
        )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _name(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _where(starts_ns: int, ends_ns: int, tags: Iterable[tuple[str, str]]) -> str:
    quoted = ((_name(name), value.replace("\\", "\\\\").replace("'", "\\'")) for name, value in tags)
    return " AND ".join(
        [f"time >= {starts_ns}", f"time < {ends_ns}", *(f"{name} = '{value}'" for name, value in quoted)]
    )
