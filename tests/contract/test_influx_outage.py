"""InfluxDB away, slow, refusing: what is delivered to it is there afterwards, once, and what it refuses costs nothing else."""

import http.server
import socket
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from gateway.adapters.timeseries_influx import InfluxTimeSeries
from gateway.domain.events import Event, EventKind, StoredEvent
from gateway.ports.errors import BadConfiguration, SeriesUnavailable
from gateway.ports.timeseries import Point
from gateway.service.deliver import Deliver
from gateway.service.series import SampleBuffer, SeriesSink
from tests.fakes.service_lab import RecordingBus
from tests.fixtures_influx import ORG, TOKEN
from tests.ports import free_port

pytestmark = pytest.mark.influxdb

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
T0_NS = int(T0.timestamp()) * 10**9
LASER = (("resource", "laser"), ("site", "lab"))
DAY = timedelta(days=1)


def point(number, **fields):
    return Point(measurement="reading", tags=LASER, at_ns=T0_NS + number * 10**9, fields=fields)


def values(series, field, measurement="reading"):
    found = series.query(measurement, field, starts=T0 - 400 * DAY, ends=T0 + 400 * DAY)
    return [value for _, value in found]


@pytest.fixture(params=["packed", "plain"])
def series(request, influx, bucket):
    made = InfluxTimeSeries(influx.url, TOKEN, ORG, bucket, gzip=request.param == "packed")
    yield made
    made.close()


@pytest.fixture
def posts(series, monkeypatch):
    """How many requests were sent."""
    sent = []
    post = series._post
    monkeypatch.setattr(series, "_post", lambda body: (sent.append(len(body)), post(body))[1])
    return sent


# An outage while events are delivered


class Log:
    """The store as far as a durable sink needs it: events, a cursor, and what was written back."""

    def __init__(self, events):
        self.events, self.at, self.troubles = events, 0, []

    def views(self):
        return self

    def cursor(self, sink):
        return self.at

    def events_after(self, cursor, limit):
        return tuple(self.events[cursor : cursor + limit])

    @contextmanager
    def begin(self, *, within_s=None):
        yield self

    def site_id(self):
        return "site"

    def append(self, site, events):
        self.troubles += events

    def save_cursor(self, sink, cursor):
        self.at = cursor


def taps(count):
    return [
        StoredEvent(
            id=number, site="lab", resource=f"machine{number % 7}", device="reader", resource_kind="laser",
            event=Event(kind=EventKind.TAP_GRANTED, at=T0 + timedelta(milliseconds=number), data={}),
        )
        for number in range(1, count + 1)
    ]  # fmt: skip


def until(what, timeout_s=30.0):
    deadline = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


@contextmanager
def delivering(log, series):
    deliver = Deliver(store=log, bus=RecordingBus(), clock=None, ids=None, site="lab")
    stop = threading.Event()
    worker = threading.Thread(target=deliver.run_sink, args=(SeriesSink(series, "influx"), stop))
    worker.start()
    try:
        yield deliver
    finally:
        stop.set()
        deliver.after_commit((), ())
        worker.join()


def test_a_server_killed_in_the_middle_has_everything_once_when_it_is_back(own_influx):
    log = Log(taps(12_000))
    series = InfluxTimeSeries(own_influx.url, TOKEN, ORG, "first")
    with delivering(log, series) as deliver:
        until(lambda: log.at >= 4000)
        own_influx.kill()
        log.events += taps(20_000)[12_000:]
        deliver.after_commit((), ())
        until(lambda: "influx" in deliver.failing)
        assert own_influx.url in deliver.failing["influx"]
        assert log.at < 20_000
        own_influx.start()
        until(lambda: log.at == 20_000)
        until(lambda: not deliver.failing)
    assert values(series, "event", "tap") == list(range(1, 20_001))
    assert log.troubles == []
    series.close()


def test_samples_wait_through_an_outage_up_to_their_bound(own_influx):
    series = InfluxTimeSeries(own_influx.url, TOKEN, ORG, "first")
    buffer = SampleBuffer(series, most=100)
    own_influx.kill()
    buffer.add(point(number, watts=float(number)) for number in range(150))
    with pytest.raises(SeriesUnavailable):
        buffer.flush()
    own_influx.start()
    buffer.add([point(150, watts=150.0)])
    assert (buffer.flush(), buffer.dropped, len(buffer)) == (100, 51, 0)
    assert values(series, "watts") == [float(number) for number in range(51, 151)]
    series.close()


def test_a_server_that_hangs_is_given_up_in_time():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        series = InfluxTimeSeries(url, TOKEN, ORG, "b", timeout_s=0.3)
        for ask in (series.check, lambda: series.write([point(0, watts=1.0)]), lambda: values(series, "watts")):
            begun = time.monotonic()
            with pytest.raises(SeriesUnavailable, match=url):
                ask()
            assert time.monotonic() - begun < 3
        series.close()


# Points that are refused


def test_a_field_of_another_type_is_set_aside_and_its_neighbours_are_kept(series, posts):
    series.write([point(0, watts=0.0)])
    posts.clear()
    batch = [point(number, watts="many" if number in {7, 1234} else float(number)) for number in range(1, 5000)]
    written = series.write(batch)
    assert [refused.at_ns for refused, _ in written.refused] == [T0_NS + 7 * 10**9, T0_NS + 1234 * 10**9]
    assert {reason for _, reason in written.refused} == {
        'field type conflict: input field "watts" on measurement "reading" is type string, already exists as type float'
    }
    assert written.kept == 4997
    assert len(values(series, "watts")) == 4998
    assert len(posts) <= 4


def test_a_whole_batch_of_another_type_is_refused_at_once(series, posts):
    series.write([point(0, watts=0.0)])
    posts.clear()
    written = series.write([point(number, watts="many") for number in range(1, 5000)])
    assert (written.kept, len(written.refused), len(posts)) == (0, 4999, 1)


def test_a_conflict_inside_one_batch_keeps_the_first_type(series):
    written = series.write([point(number, state="on" if number % 2 else 1.0) for number in range(100)])
    assert written.kept == 50
    assert values(series, "state") in ([1.0] * 50, ["on"] * 50)


def test_points_older_than_the_bucket_keeps_are_refused_once(influx):
    bucket = influx.add_bucket("short-lived", keep_s=3600)
    series = InfluxTimeSeries(influx.url, TOKEN, ORG, bucket)
    now = time.time_ns()
    fresh = Point(measurement="reading", tags=LASER, at_ns=now, fields={"watts": 1.0})
    written = series.write([point(0, watts=1.0), fresh, point(1, watts=1.0)])
    assert (written.kept, len(written.refused)) == (1, 2)
    assert "retention" in written.refused[0][1]
    series.close()


def test_a_line_that_the_server_cannot_read_does_not_cost_its_batch(series, posts, monkeypatch):
    fields = series._text.fields
    monkeypatch.setattr(series._text, "fields", lambda p: "nonsense" if p.at_ns % 1000 == 1 else fields(p))
    bad = Point(measurement="reading", tags=LASER, at_ns=T0_NS + 1, fields={"watts": 1.0})
    written = series.write(
        [*(point(n, watts=1.0) for n in range(2500)), bad, *(point(n, volts=1.0) for n in range(2499))]
    )
    assert [(refused, reason) for refused, reason in written.refused] == [(bad, "invalid field format")]
    assert (len(values(series, "watts")), len(values(series, "volts"))) == (2500, 2499)
    assert len(posts) <= 30


def test_a_refused_point_becomes_an_event_and_is_not_sent_again(series):
    series.write([Point(measurement="tap", tags=LASER, at_ns=T0_NS, fields={"event": 1, "refusals": "none"})])
    log = Log(taps(3))
    with delivering(log, series):
        until(lambda: log.at == 3)
    (trouble,) = log.troubles
    assert (trouble.kind, trouble.data["events"], trouble.data["count"]) == (EventKind.POINT_REFUSED, [1, 2, 3], 3)
    assert "type conflict" in str(trouble.data["reason"])


def test_batches_are_packed_for_a_server_elsewhere_only():
    assert InfluxTimeSeries("http://influxdb:8086", TOKEN, ORG, "b")._gzip
    assert not InfluxTimeSeries("http://localhost:8086", TOKEN, ORG, "b")._gzip


# Wrong settings, in words that say what to do


@pytest.mark.parametrize(
    ("token", "org", "bucket", "words"),
    [
        ("wrong", ORG, "first", ["refuses the token", "'first'"]),
        (TOKEN, ORG, "nope", ["does not know bucket 'nope'", "create"]),
        (TOKEN, "nope", "first", ["organisation 'nope'"]),
    ],
)
def test_wrong_settings_are_told_by_name(influx, token, org, bucket, words):
    series = InfluxTimeSeries(influx.url, token, org, bucket)
    for ask in (series.check, lambda: series.write([point(0, watts=1.0)])):
        with pytest.raises(SeriesUnavailable) as told:
            ask()
        assert all(word in str(told.value) for word in [influx.url, *words])
        assert "\n" not in str(told.value)
    series.close()


def test_reading_with_wrong_settings_is_told_as_well(influx):
    for token, bucket in (("wrong", "first"), (TOKEN, "nope")):
        series = InfluxTimeSeries(influx.url, token, ORG, bucket)
        with pytest.raises(SeriesUnavailable, match=bucket):
            values(series, "watts")
        series.close()


def test_nobody_at_the_address_is_told_with_the_address():
    series = InfluxTimeSeries(f"http://127.0.0.1:{free_port()}", TOKEN, ORG, "b")
    with pytest.raises(SeriesUnavailable, match=r"No answer from InfluxDB at http://127\.0\.0\.1:\d+"):
        series.check()
    series.close()


@pytest.mark.parametrize("url", ["localhost:8086", "ftp://lab", "http://", "8086", "http://lab:port"])
def test_an_address_that_is_none_is_refused_at_once(url):
    with pytest.raises(BadConfiguration, match="expected an address"):
        InfluxTimeSeries(url, TOKEN, ORG, "b")


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (400, "<html>plain HTTP was sent to an HTTPS port</html>", "is no InfluxDB 2"),
        (301, "", "is no InfluxDB 2"),
        (405, "", "is no InfluxDB 2"),
        (429, '{"code":"too many requests","message":"slow down"}', "slow down"),
        (500, '{"code":"internal error","message":"An internal error has occurred"}', "internal error"),
        (503, "not ready", "503"),
    ],
)
def test_an_answer_that_is_not_about_the_points_costs_no_point(status, body, words):
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        worker = threading.Thread(target=server.serve_forever, args=(0.01,))
        worker.start()
        series = InfluxTimeSeries(f"http://127.0.0.1:{server.server_port}", TOKEN, ORG, "b")
        try:
            with pytest.raises(SeriesUnavailable, match=words):
                series.write([point(0, watts=1.0), point(1, watts=2.0)])
        finally:
            series.close()
            server.shutdown()
            worker.join()


def test_a_request_that_is_too_large_is_divided(series, monkeypatch):
    post = series._post
    from gateway.adapters.timeseries_influx_answers import Target, understood

    def narrow(body):
        return understood(Target(url="u", org="o", bucket="b"), 413, "") if len(body) > 2000 else post(body)

    monkeypatch.setattr(series, "_post", narrow)
    huge = point(500, text="x" * 3000)
    written = series.write([*(point(number, watts=1.0) for number in range(500)), huge])
    assert [refused for refused, _ in written.refused] == [huge]
    assert len(values(series, "watts")) == 500


def test_closing_twice_and_using_again_is_no_fault(series):
    series.write([point(0, watts=1.0)])
    series.close()
    series.close()
    assert values(series, "watts") == [1.0]
