"""One suite for every time series: what is written is there, once, and what can never be kept is set aside alone."""

import math
import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from gateway.adapters.timeseries_influx import BATCH, InfluxTimeSeries
from gateway.adapters.timeseries_sql import SqlTimeSeries
from gateway.domain.events import Event, EventKind, StoredEvent
from gateway.ports.errors import SeriesUnavailable
from gateway.ports.timeseries import Point
from gateway.service.series import SeriesSink
from tests.fixtures_influx import ORG, TOKEN

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
T0_NS = int(T0.timestamp()) * 10**9
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LASER = (("resource", "laser"), ("site", "lab"))
CNC = (("resource", "cnc"), ("site", "lab"))


@pytest.fixture
def postgres(postgres_url):
    """An empty schema in the module's database."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS etabli_series CASCADE")
    return postgres_url


@pytest.fixture(
    params=[
        "sqlite file",
        "sqlite memory",
        pytest.param("postgresql", marks=pytest.mark.postgres),
        pytest.param("influxdb", marks=pytest.mark.influxdb),
    ]
)
def series(request, tmp_path):
    match request.param:
        case "sqlite file":
            made = SqlTimeSeries(str(tmp_path / "series.db"))
        case "sqlite memory":
            made = SqlTimeSeries.memory()
        case "postgresql":
            made = SqlTimeSeries(request.getfixturevalue("postgres"))
        case _:
            server, bucket = request.getfixturevalue("influx"), request.getfixturevalue("bucket")
            made = InfluxTimeSeries(server.url, TOKEN, ORG, bucket)
    yield made
    made.close()


def point(after_s=0.0, *, measurement="reading", tags=LASER, **fields):
    return Point(measurement=measurement, tags=tags, at_ns=T0_NS + int(after_s * 10**9), fields=fields)


def everything(series, field, measurement="reading", tags=()):
    return series.query(measurement, field, starts=T0 - 400 * DAY, ends=T0 + 400 * DAY, tags=tags)


def values(series, field, **more):
    return [value for _, value in everything(series, field, **more)]


def test_points_come_back_in_order_of_time(series):
    assert series.write([point(2, watts=3.5), point(0, watts=1.0), point(1, watts=2.0)]).kept == 3
    assert everything(series, "watts") == ((T0_NS, 1.0), (T0_NS + 10**9, 2.0), (T0_NS + 2 * 10**9, 3.5))


def test_a_range_holds_its_start_and_not_its_end(series):
    series.write([point(0, watts=1.0), point(1, watts=2.0), point(2, watts=3.0)])
    found = series.query("reading", "watts", starts=T0, ends=T0 + timedelta(seconds=2))
    assert [value for _, value in found] == [1.0, 2.0]


def test_the_same_point_twice_counts_once_and_its_fields_unite(series):
    series.write([point(watts=1.0, volts=230.0), point(watts=2.0)])
    series.write([point(amps=0.5), point(watts=3.0)])
    assert [values(series, field) for field in ("watts", "volts", "amps")] == [[3.0], [230.0], [0.5]]


def test_tags_make_another_series_and_choose_among_them(series):
    series.write([point(watts=1.0), point(watts=2.0, tags=CNC)])
    assert sorted(values(series, "watts")) == [1.0, 2.0]
    assert values(series, "watts", tags=[("resource", "cnc")]) == [2.0]
    assert values(series, "watts", tags=[("resource", "cnc"), ("site", "elsewhere")]) == []


def test_the_order_of_tags_and_empty_ones_do_not_matter(series):
    other = (("site", "lab"), ("device", ""), ("resource", "laser"))
    series.write([point(watts=1.0), point(1, watts=1.0), point(watts=2.0, tags=other)])
    assert values(series, "watts") == [2.0, 1.0]
    series.write([point(1, watts=3.0, tags=other)])
    assert values(series, "watts") == [2.0, 3.0]


@pytest.mark.parametrize("odd", ["d'été, 2=3", 'dit "non"', "fraise à bois", "  ", "l'atelier 🔧", "50%"])
def test_awkward_words_come_back_as_they_were(series, odd):
    tags = (("resource", odd), ("site", "lab"))
    series.write([point(measurement=f"m {odd}", tags=tags, **{f"f {odd}": 1.5, "text": f"{odd}\n\\ {odd}\\"})])
    assert values(series, f"f {odd}", measurement=f"m {odd}", tags=tags) == [1.5]
    assert values(series, "text", measurement=f"m {odd}", tags=tags) == [f"{odd}\n\\ {odd}\\"]


def test_every_kind_of_value_keeps_its_kind(series):
    series.write([point(text="on", flag=True, event=2**60 + 1, ratio=1e-9, large=1.7e308)])
    found = [values(series, name)[0] for name in ("text", "flag", "event", "ratio", "large")]
    assert found == ["on", True, 2**60 + 1, 1e-9, 1.7e308]
    assert [type(value) for value in found] == [str, bool, int, float, float]


def test_a_whole_number_and_a_broken_one_are_the_same_field(series):
    assert series.write([point(0, watts=3)]).refused == ()
    assert series.write([point(1, watts=3.5), point(2, watts=4)]).refused == ()
    assert values(series, "watts") == [3.0, 3.5, 4.0]


HOPELESS = [
    point(1, watts=math.nan),
    point(2, watts=math.inf),
    point(3),
    point(4, event=2**63),
    point(5, event=math.inf),
    point(6, watts=10**400),
    point(7, text="nul \x00"),
    point(8, text="half \ud800"),
    point(9, text="x" * 100_000),
    point(10, time=1.0),
    point(11, **{"": 1.0}),
    point(12, _field=1.0),
    point(13, watts=1.0, tags=(("resource", "two\nlines"),)),
    point(14, watts=1.0, tags=(("resource", "back\\slash"),)),
    point(15, watts=1.0, tags=(("resource", "a"), ("resource", "b"))),
    point(16, watts=1.0, tags=(("resource", "x" * 5000),)),
    point(17, watts=1.0, measurement=""),
    Point(measurement="reading", tags=LASER, at_ns=2**63 - 1, fields={"watts": 1.0}),
    Point(measurement="reading", tags=LASER, at_ns=-(2**70), fields={"watts": 1.0}),
]


def test_what_no_series_can_keep_is_set_aside_with_a_reason_and_the_rest_is_kept(series):
    mixed = [thing for bad in HOPELESS for thing in (bad, point(bad.at_ns % 1000, good=1.0))]
    mixed += [point(100 + i, watts=float(i)) for i in range(50)]
    written = series.write(mixed)
    assert [refused for refused, _ in written.refused] == HOPELESS
    assert all(reason for _, reason in written.refused)
    assert written.kept == len(mixed) - len(HOPELESS)
    assert values(series, "watts") == [float(i) for i in range(50)]


def test_nothing_to_write_is_nothing_written(series):
    written = series.write([])
    assert (written.kept, written.refused) == (0, ())


def test_what_was_never_written_is_not_there(series):
    assert everything(series, "watts", measurement="never") == ()
    assert series.buckets("never", "watts", starts=T0, ends=T0 + DAY, width_s=3600) == ()


def figures(buckets):
    return [((b.starts - T0) / HOUR, b.count, b.total, b.least, b.most) for b in buckets]


def test_buckets_roll_up_all_series_of_a_field(series):
    series.write([point(60 * m, watts=float(m), note="x") for m in range(0, 180, 30)])
    series.write([point(5400, watts=100.0, tags=CNC), point(0, volts=230.0)])
    hours = series.buckets("reading", "watts", starts=T0, ends=T0 + 3 * HOUR, width_s=3600)
    assert figures(hours) == [(0, 2, 30.0, 0.0, 30.0), (1, 3, 250.0, 60.0, 100.0), (2, 2, 270.0, 120.0, 150.0)]
    only = series.buckets("reading", "watts", starts=T0, ends=T0 + 3 * HOUR, width_s=3600, tags=[("resource", "cnc")])
    assert figures(only) == [(1, 1, 100.0, 100.0, 100.0)]


def test_buckets_are_whole_multiples_of_their_width(series):
    series.write([point(3600 * h, watts=1.0) for h in range(-9, 15)])
    days = series.buckets("reading", "watts", starts=T0 - HOUR, ends=T0 + HOUR, width_s=86_400)
    assert [(b.starts, b.count) for b in days] == [(datetime(2026, 3, 2, tzinfo=UTC), 24)]


def test_a_late_point_counts_at_its_own_hour(series):
    series.write([point(0, watts=1.0), point(3600, watts=5.0)])
    if isinstance(series, SqlTimeSeries):
        series.roll_up(T0 + DAY)
    series.write([point(1800, watts=7.0)])
    hours = series.buckets("reading", "watts", starts=T0, ends=T0 + 2 * HOUR, width_s=3600)
    assert figures(hours) == [(0, 2, 8.0, 1.0, 7.0), (1, 1, 5.0, 5.0, 5.0)]


def test_more_points_than_one_batch_holds(series):
    many = [point(i, watts=float(i)) for i in range(2 * BATCH + 17)]
    assert series.write(many).kept == len(many)
    day = series.buckets("reading", "watts", starts=T0 - 9 * HOUR, ends=T0, width_s=86_400)
    assert (day[0].count, day[0].most) == (len(many), float(len(many) - 1))


def test_several_threads_write_and_read_at_once(series):
    faults = []

    def work(number):
        try:
            for step in range(10):
                series.write([point(number * 100 + step, watts=1.0, tags=(("resource", f"r{number}"),))])
                everything(series, "watts", tags=[("resource", f"r{number}")])
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (faults, len(values(series, "watts"))) == ([], 60)


def test_events_delivered_again_after_a_crash_count_once(series):
    log = tuple(
        StoredEvent(
            id=number, site="lab", resource="laser", device="reader", resource_kind="laser",
            event=Event(kind=EventKind.TAP_REFUSED, at=T0, data={"refusals": ["training_missing"]}),
        )
        for number in range(1, 21)
    )  # fmt: skip
    sink = SeriesSink(series, "series")
    assert sink.deliver(log) == ()
    assert sink.deliver(log[5:]) == ()
    assert values(series, "event", measurement="tap", tags=[("verdict", "refused")]) == list(range(1, 21))


def test_it_says_that_it_is_there(series):
    series.check()


# SQL alone: roll-ups, retention, the file


@pytest.fixture(params=["sqlite file", "sqlite memory", pytest.param("postgresql", marks=pytest.mark.postgres)])
def sql_series(request, tmp_path):
    if request.param == "postgresql":
        made = SqlTimeSeries(request.getfixturevalue("postgres"))
    else:
        made = SqlTimeSeries(str(tmp_path / "series.db") if request.param == "sqlite file" else ":memory:")
    yield made
    made.close()


def totals(series, field="watts"):
    return figures(series.buckets("reading", field, starts=T0, ends=T0 + 10 * DAY, width_s=3600))


def test_rolling_up_changes_no_answer_and_is_done_once(sql_series):
    sql_series.write([point(1800 * i, watts=float(i), event=i, note="x", flag=True) for i in range(20)])
    before = totals(sql_series), totals(sql_series, "event")
    assert sql_series.roll_up(T0 + 5 * HOUR) == 5
    assert (totals(sql_series), totals(sql_series, "event")) == before
    assert sql_series.roll_up(T0 + DAY) == 5
    assert sql_series.roll_up(T0 + DAY) == 0
    assert (totals(sql_series), totals(sql_series, "event")) == before
    assert (totals(sql_series, "note"), totals(sql_series, "flag")) == ([], [])


def test_old_points_go_and_their_roll_ups_stay(sql_series):
    sql_series.write([point(1800 * i, watts=float(i)) for i in range(20)])
    before = totals(sql_series)
    assert sql_series.trim(T0 + 5 * HOUR + timedelta(minutes=59)) == 10
    assert values(sql_series, "watts") == [float(i) for i in range(10, 20)]
    assert totals(sql_series) == before
    assert sql_series.trim(T0 + 5 * HOUR) == 0
    assert totals(sql_series) == before


def test_a_point_that_comes_after_its_hour_was_trimmed_still_counts(sql_series):
    sql_series.write([point(0, watts=1.0), point(10, watts=2.0)])
    sql_series.trim(T0 + DAY)
    late = [point(20, watts=9.0)]
    sql_series.write(late)
    sql_series.write(late)
    assert totals(sql_series) == [(0, 3, 12.0, 1.0, 9.0)]
    sql_series.roll_up(T0 + DAY)
    assert totals(sql_series) == [(0, 3, 12.0, 1.0, 9.0)]
    sql_series.trim(T0 + DAY)
    assert totals(sql_series) == [(0, 3, 12.0, 1.0, 9.0)]
    assert values(sql_series, "watts") == []


def test_more_hours_than_are_rolled_up_at_once(sql_series):
    sql_series.write([point(3600 * i, watts=1.0) for i in range(1100)])
    assert sql_series.roll_up(T0 + 100 * DAY) == 1100
    assert sql_series.roll_up(T0 + 100 * DAY) == 0


def test_a_file_is_read_again_by_the_next_process(tmp_path):
    path = str(tmp_path / "series.db")
    first = SqlTimeSeries(path)
    first.write([point(watts=1.0)])
    first.close()
    second = SqlTimeSeries(path)
    second.write([point(1, watts=2.0)])
    assert values(second, "watts") == [1.0, 2.0]
    second.close()


def test_a_folder_that_is_not_there_is_told_by_name(tmp_path):
    series = SqlTimeSeries(str(tmp_path / "nowhere" / "series.db"))
    with pytest.raises(SeriesUnavailable, match=r"nowhere/series\.db"):
        series.write([point(watts=1.0)])
    with pytest.raises(SeriesUnavailable):
        series.check()
    series.close()


def test_a_full_disk_keeps_what_was_there_and_takes_the_same_points_later(tmp_path):
    series = SqlTimeSeries(str(tmp_path / "series.db"))
    series.write([point(watts=1.0)])
    writer = series._database._writer
    writer.execute("PRAGMA max_page_count = 12")
    many = [point(i, watts=float(i), tags=CNC) for i in range(5000)]
    with pytest.raises(SeriesUnavailable, match="full"):
        series.write(many)
    assert values(series, "watts") == [1.0]
    writer.execute("PRAGMA max_page_count = 1000000")
    assert series.write(many).kept == len(many)
    assert len(values(series, "watts", tags=CNC)) == len(many)
    series.close()


@pytest.mark.postgres
def test_a_postgresql_that_is_away_is_used_again_when_it_is_back(postgres):
    series = SqlTimeSeries(postgres)
    series.write([point(watts=1.0)])
    with psycopg.connect(postgres, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with pytest.raises(SeriesUnavailable):
        series.write([point(1, watts=2.0)])
    series.write([point(1, watts=2.0)])
    assert values(series, "watts") == [1.0, 2.0]
    series.close()


@pytest.mark.postgres
def test_two_processes_write_while_one_rolls_up_and_no_point_is_missed(postgres):
    writers, roller = [SqlTimeSeries(postgres) for _ in range(2)], SqlTimeSeries(postgres)
    done = threading.Event()
    faults = []

    def write(number):
        try:
            for step in range(60):
                writers[number].write([point(60 * (step % 50) + number, watts=1.0, **{f"f{step}": 1.0})])
        except Exception as error:
            faults.append(error)

    def roll():
        while not done.is_set():
            roller.roll_up(T0 + DAY)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    rolling = threading.Thread(target=roll)
    for thread in [*threads, rolling]:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    rolling.join()
    roller.roll_up(T0 + DAY)
    assert faults == []
    assert totals(roller) == [(0, 100, 100.0, 1.0, 1.0)]
    for one in [*writers, roller]:
        one.close()


# VictoriaMetrics takes the same writes; it keeps numbers only.


@pytest.mark.victoria
def test_victoriametrics_takes_the_same_lines(victoria):
    series = InfluxTimeSeries(victoria.url, "", "etabli", "etabli")
    series.check()
    points = [point(i, measurement="vmreading", watts=float(i), event=i) for i in range(BATCH + 10)]
    assert series.write(points).refused == ()
    assert series.write(points).refused == ()
    (exported,) = victoria.export("vmreading_watts")
    assert (exported["metric"]["resource"], exported["metric"]["site"]) == ("laser", "lab")
    assert sorted(set(exported["values"])) == [float(i) for i in range(BATCH + 10)]
    assert set(exported["timestamps"]) == {T0_NS // 10**6 + 1000 * i for i in range(BATCH + 10)}
    series.close()
