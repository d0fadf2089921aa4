"""The one state of a resource: no news, off and out of order are three different things."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.messages import Outcome
from gateway.domain.booking import Reservation
from gateway.domain.floor import BoardKey as Key
from gateway.domain.floor import state_of
from gateway.domain.jobs import Job
from gateway.domain.resources import Device, Presence, Resource
from gateway.domain.resources import DeviceRole as Role
from gateway.domain.resources import ResourceKind as Kind
from gateway.domain.sessions import Session, State
from gateway.domain.timespan import Span

NOW = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def resource(**changes):
    return Resource(id="r", slug="laser", names={"fr": "Laser"}, kind=Kind.PRINTER_3D, **changes)


def device(role, presence=Presence.ONLINE, **more):
    return Device(id=role, slug=role, role=role, resource_id="r", presence=presence, last_seen_at=NOW - HOUR, **more)


def session(state=State.ACTIVE, **more):
    return Session(
        id="s", resource_id="r", operator_id="m", beneficiary_id="m", reservation_id=None, state=state,
        opened_at=NOW - HOUR, last_tap_at=NOW - HOUR, granted_until=NOW + HOUR, **more,
    )  # fmt: skip


def job(**more):
    return Job(
        id="j", device_id="d", key="k", resource_id="r", session_id="s", member_id="m", name=None,
        started_at=NOW - timedelta(minutes=30), **more,
    )  # fmt: skip


def held(starts, ends):
    return Reservation(id="b", resource_id="r", member_id="m", span=Span(NOW + starts, NOW + ends), created_at=NOW)


def state(**seen):
    blank = {"resource": resource(), "devices": (), "session": None, "job": None, "last_job": None, "reservation": None, "alarms": (), "progress": None}  # fmt: skip
    return state_of(**(blank | seen), now=NOW)


RELAY_ON = device(Role.INTERLOCK, power_on=True, power_at=NOW)
RELAY_OFF = device(Role.INTERLOCK, power_on=False, power_at=NOW)
GONE = device(Role.MACHINE, Presence.OFFLINE, presence_reason="the printer does not answer")
SILENT = device(Role.MACHINE, Presence.OFFLINE, presence_reason="no_news")


@pytest.mark.parametrize(
    ("key", "seen"),
    [
        (Key.FREE, {}),
        (Key.FREE, {"devices": (RELAY_OFF, device(Role.READER))}),
        (Key.FREE, {"devices": (device(Role.READER, Presence.NEVER),)}),
        (Key.FREE, {"devices": (RELAY_OFF, GONE)}),
        (Key.FREE, {"reservation": held(HOUR, 2 * HOUR)}),
        (Key.RESERVED, {"reservation": held(-HOUR, HOUR)}),
        (Key.OCCUPIED_IDLE, {"reservation": held(-HOUR, HOUR), "session": session()}),
        (Key.RUNNING, {"session": session(), "job": job()}),
        (Key.RUNNING, {"job": job(), "devices": (device(Role.READER, Presence.OFFLINE),)}),
        (Key.PAUSED, {"job": job(paused=True)}),
        (Key.OUT_OF_SERVICE, {"resource": resource(out_of_service=True), "job": job(), "alarms": ("x",)}),
        (Key.ALARM, {"alarms": ("grbl-alarm-1",), "job": job()}),
        (Key.STALE, {"devices": (device(Role.INTERLOCK, Presence.OFFLINE),), "session": session()}),
        (Key.STALE, {"devices": (SILENT,)}),
        (Key.STALE, {"devices": (GONE,), "job": job()}),
        (Key.STALE, {"devices": (device(Role.READER, Presence.OFFLINE),)}),
        (Key.OFF, {"devices": (GONE,)}),
        (Key.OFF, {"devices": (GONE, RELAY_ON)}),
        (Key.UNKNOWN, {"devices": (device(Role.INTERLOCK, power_on=None, power_at=NOW),)}),
        (Key.UNKNOWN, {"devices": (RELAY_OFF,), "session": session()}),
        (Key.STARTING, {"devices": (RELAY_OFF,), "session": session(State.OPENING)}),
        (Key.INTERRUPTED, {"devices": (RELAY_OFF,), "session": session(State.INTERRUPTED)}),
        (Key.FINISHED, {"session": session(), "last_job": job(ended_at=NOW, outcome=Outcome.FINISHED)}),
        (Key.FINISHED, {"last_job": job(ended_at=NOW, outcome=Outcome.FINISHED)}),
        (Key.FREE, {"last_job": job(ended_at=NOW - 2 * HOUR, outcome=Outcome.FINISHED)}),
        (Key.FREE, {"last_job": job(ended_at=NOW, outcome=Outcome.FAILED)}),
    ],
)
def test_the_first_rule_that_has_something_to_say_wins(key, seen):
    assert state(**seen).key is key


def test_what_is_left_is_guessed_from_progress_but_not_too_early():
    assert state(job=job(), progress=50.0).params["left_s"] == 30 * 60
    assert "left_s" not in state(job=job(), progress=1.0).params
    assert state(job=job(), progress=140.0).params["percent"] == 100
    assert state(job=job()).params == {"elapsed_s": 1800}


def test_only_free_machines_count_as_free():
    assert state().usable
    assert not state(devices=(GONE,)).usable


@given(
    presence=st.sampled_from(Presence), power=st.sampled_from([True, False, None]), open=st.sampled_from([None, *State]),
    running=st.booleans(), progress=st.none() | st.floats(allow_nan=False),
)  # fmt: skip
def test_a_relay_that_is_not_heard_or_does_not_confirm_is_never_shown_as_free_or_off(
    presence, power, open, running, progress
):
    relay = device(Role.INTERLOCK, presence, power_on=power, power_at=NOW)
    current = session(open) if open and open is not State.CLOSED else None
    key = state(devices=(relay,), session=current, job=job() if running else None, progress=progress).key
    if presence is Presence.OFFLINE or power is None:
        assert key in (Key.STALE, Key.UNKNOWN)
