"""What events and samples mean in the series, and how they get there."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.messages import Sample
from gateway.domain.events import Event, EventKind, StoredEvent
from gateway.ports.errors import SeriesUnavailable
from gateway.ports.timeseries import Written
from gateway.service.series import SampleBuffer, SeriesSink, points_of, points_of_sample

T0 = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)
T0_NS = 1772442000_123456_000
RESOURCE = (("kind", "laser"), ("resource", "laser"), ("site", "lab"))


def stored(kind, number=1007, *, at=T0, resource="laser", device="node", **data):
    event = Event(kind=kind, at=at, resource_id="r", member_id="camille", session_id="s", device_id="d", data=data)
    return StoredEvent(
        id=number,
        event=event,
        site="lab",
        resource=resource,
        device=device,
        resource_kind="laser" if resource else None,
    )


def only(*events):
    (point,) = [point for event in events for point in points_of(event)]
    return point


class Series:
    """Takes points, or refuses, or is away."""

    def __init__(self, refuse=lambda point: None):
        self.points, self.away, self.refuse = [], False, refuse

    def write(self, points):
        if self.away:
            raise SeriesUnavailable("away")
        refused = tuple((point, reason) for point in points if (reason := self.refuse(point)))
        self.points += [point for point in points if not self.refuse(point)]
        return Written(kept=len(points) - len(refused), refused=refused)


def test_a_session_is_counted_when_it_closes():
    session, state = points_of(
        stored(EventKind.SESSION_CLOSED, reason="tapped_out", enabled_s=100, active_s=60.5, idle_s=39.5)
    )
    assert (session.measurement, session.tags, session.at_ns) == ("session", RESOURCE, T0_NS + 7)
    assert session.fields == {
        "enabled_s": 100.0, "active_s": 60.5, "idle_s": 39.5, "reason": "tapped_out", "event": 1007,
    }  # fmt: skip
    assert (state.measurement, state.fields) == ("state", {"in_use": 0.0, "event": 1007})


def test_a_job_is_counted_when_it_ends_by_its_outcome():
    told = {"job": "j1", "outcome": "failed", "wall_s": 12.5, "active_s": 10.0, "paused_s": 2.5, "laser_on_s": 3.0}
    job, state = points_of(stored(EventKind.JOB_ENDED, filament_mm=None, **told))
    assert job.tags == (*RESOURCE, ("outcome", "failed"))
    assert job.fields == {"wall_s": 12.5, "active_s": 10.0, "paused_s": 2.5, "laser_on_s": 3.0, "event": 1007}
    assert state.fields == {"running": 0.0, "paused": 0.0, "event": 1007}


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        (EventKind.TAP_GRANTED, "granted"),
        (EventKind.TAP_REFUSED, "refused"),
        (EventKind.TAP_NOTED, "noted"),
        (EventKind.TAP_LATE, "late"),
    ],
)
def test_a_tap_is_counted_by_its_verdict(kind, verdict):
    tap = only(stored(kind, refusals=["training_missing", "in_use"], until="2026-03-02T10:00:00Z"))
    assert (tap.measurement, tap.tags) == ("tap", (*RESOURCE, ("verdict", verdict)))
    assert tap.fields == {"refusals": 2.0, "codes": "training_missing in_use", "event": 1007}


@pytest.mark.parametrize(
    ("kind", "data", "fields"),
    [
        (EventKind.POWER_REPORTED, {"on": True}, {"powered": 1.0, "power_unknown": 0.0}),
        (EventKind.POWER_REPORTED, {"on": False}, {"powered": 0.0, "power_unknown": 0.0}),
        (EventKind.POWER_REPORTED, {"on": None}, {"power_unknown": 1.0}),
        (EventKind.POWER_REPORTED, {}, {"power_unknown": 1.0}),
        (EventKind.SESSION_OPENED, {}, {"in_use": 1.0}),
        (EventKind.JOB_STARTED, {"job": "j"}, {"running": 1.0, "paused": 0.0}),
        (EventKind.JOB_PAUSED, {"job": "j"}, {"paused": 1.0}),
        (EventKind.JOB_RESUMED, {"job": "j"}, {"paused": 0.0}),
        (EventKind.ALARM_RAISED, {"code": "grbl-alarm-1"}, {"alarm": 1.0, "alarm_code": "grbl-alarm-1"}),
        (EventKind.ALARM_CLEARED, {"code": "grbl-alarm-1"}, {"alarm": 0.0, "alarm_code": "grbl-alarm-1"}),
        (EventKind.RESOURCE_OUT, {}, {"in_service": 0.0}),
        (EventKind.RESOURCE_BACK, {}, {"in_service": 1.0}),
    ],
)
def test_a_change_of_state_is_a_point_of_the_resource(kind, data, fields):
    state = only(stored(kind, **data))
    assert (state.measurement, state.tags, state.fields) == ("state", RESOURCE, {**fields, "event": 1007})


def test_no_news_offline_and_online_are_three_states_of_the_device():
    found = [
        only(stored(kind, reason="x"))
        for kind in (EventKind.DEVICE_CONNECTED, EventKind.DEVICE_STALE, EventKind.DEVICE_LOST)
    ]
    assert {point.tags for point in found} == {(("device", "node"), *RESOURCE)}
    assert [point.fields["presence"] for point in found] == [2.0, 1.0, 0.0]


def test_what_belongs_to_no_resource_is_told_of_the_device():
    assert only(stored(EventKind.ALARM_RAISED, resource=None)).tags == (("device", "node"), ("site", "lab"))


@pytest.mark.parametrize(
    "kind", [EventKind.POINT_REFUSED, EventKind.MEMBER_ADDED, EventKind.BADGE_ENROLLED, EventKind.RESERVATION_MADE]
)
def test_accounts_and_our_own_troubles_make_no_point(kind):
    assert points_of(stored(kind)) == ()


def test_no_person_stands_in_any_point():
    for kind in EventKind:
        for point in points_of(stored(kind, reason="x", job="j", outcome="finished", on=True, refusals=["a"])):
            assert "camille" not in repr(point)


def test_two_events_of_one_microsecond_are_two_points():
    first, second = (only(stored(EventKind.TAP_NOTED, number=n)) for n in (41, 42))
    assert (first.at_ns, second.at_ns) == (T0_NS + 41, T0_NS + 42)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)
keys = st.sampled_from(
    ["reason", "enabled_s", "active_s", "idle_s", "job", "outcome", "wall_s", "on", "code", "refusals", "until"]
)


@given(kind=st.sampled_from(EventKind), data=st.dictionaries(keys, plain))
def test_whatever_stands_in_an_event_gives_the_same_points_each_time(kind, data):
    event = stored(kind, **data)
    for point, again in zip(points_of(event), points_of(event), strict=True):
        assert repr(point) == repr(again)
        assert point.fields["event"] == event.id
        numbers = [value for name, value in point.fields.items() if name != "event" and not isinstance(value, str)]
        assert all(type(value) is float for value in numbers)


def test_a_sample_is_one_reading_with_a_field_per_value():
    sample = Sample(values={"power_w": 12, "nozzle_c": 210.5, "broken": float("nan"), "huge": 10**400})
    (point,) = points_of_sample(sample, at=T0, site="lab", resource="laser", device="plug", kind="laser")
    assert (point.measurement, point.tags, point.at_ns) == ("reading", (("device", "plug"), *RESOURCE), T0_NS)
    assert point.fields == {"power_w": 12.0, "nozzle_c": 210.5}
    assert points_of_sample(Sample(values={}), at=T0, site="lab", resource=None, device="plug") == ()


def test_the_sink_writes_and_asks_nothing_when_there_is_nothing_to_write():
    series = Series()
    assert SeriesSink(series, "series").deliver((stored(EventKind.TAP_NOTED), stored(EventKind.MEMBER_ADDED))) == ()
    assert len(series.points) == 1
    series.away = True
    assert SeriesSink(series, "series").deliver((stored(EventKind.POINT_REFUSED),)) == ()


def test_the_sink_leaves_a_series_that_is_away_to_its_caller():
    series = Series()
    series.away = True
    with pytest.raises(SeriesUnavailable):
        SeriesSink(series, "series").deliver((stored(EventKind.TAP_NOTED),))


def test_points_refused_alike_become_one_event_that_counts_them():
    series = Series(refuse=lambda point: "type conflict" if point.measurement == "tap" else None)
    events = [stored(EventKind.TAP_NOTED, number=n, at=T0 + timedelta(seconds=n)) for n in range(1, 31)]
    events.append(stored(EventKind.SESSION_OPENED, number=31))
    (trouble,) = SeriesSink(series, "influx").deliver(tuple(events))
    assert (trouble.kind, trouble.at, trouble.resource_id) == (EventKind.POINT_REFUSED, T0 + timedelta(seconds=1), "r")
    assert trouble.member_id is None
    assert trouble.data == {
        "sink": "influx", "measurement": "tap", "reason": "type conflict", "event": 1,
        "events": list(range(1, 21)), "count": 30,
    }  # fmt: skip
    assert [point.measurement for point in series.points] == ["state"]
    again = stored(trouble.kind, number=32, **trouble.data)
    assert SeriesSink(series, "influx").deliver((again,)) == ()


def readings(first, last):
    return [
        point
        for number in range(first, last)
        for point in points_of_sample(
            Sample(values={"n": number}), at=T0 + timedelta(seconds=number), site="lab", resource=None, device="plug"
        )
    ]


def test_samples_wait_while_the_series_is_away_and_the_oldest_go_first():
    series = Series()
    buffer = SampleBuffer(series, most=10)
    series.away = True
    buffer.add(readings(0, 8))
    with pytest.raises(SeriesUnavailable):
        buffer.flush()
    buffer.add(readings(8, 13))
    assert (len(buffer), buffer.dropped) == (10, 3)
    series.away = False
    assert buffer.flush() == 10
    assert [point.fields["n"] for point in series.points] == [float(number) for number in range(3, 13)]
    assert (buffer.flush(), buffer.dropped, len(buffer)) == (0, 3, 0)


def test_samples_that_come_during_a_failed_flush_stay_behind_the_older_ones():
    class Busy(Series):
        def write(self, points):
            if self.away:
                buffer.add(readings(5, 6))
            return super().write(points)

    series = Busy()
    buffer = SampleBuffer(series, most=100)
    series.away = True
    buffer.add(readings(0, 5))
    with pytest.raises(SeriesUnavailable):
        buffer.flush()
    series.away = False
    buffer.flush()
    assert [point.fields["n"] for point in series.points] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


def test_samples_refused_for_good_are_counted_and_gone():
    series = Series(refuse=lambda point: "no" if point.fields["n"] == 1.0 else None)
    buffer = SampleBuffer(series)
    buffer.add(readings(0, 3))
    assert (buffer.flush(), buffer.refused, len(buffer)) == (2, 1, 0)


def test_several_threads_add_while_one_flushes():
    series = Series()
    buffer = SampleBuffer(series)
    threads = [
        threading.Thread(target=lambda n=n: [buffer.add(readings(n * 100 + i, n * 100 + i + 1)) for i in range(100)])
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        buffer.flush()
    buffer.flush()
    assert (len(series.points), buffer.dropped) == (400, 0)
