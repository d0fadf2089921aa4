"""A laser that nobody watches must be at the top of the list; what is well must not be on it at all."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.attention import ANSWERS, Act, Asked, Floor, Machine, Raised, Trouble, UnknownTap, Urgency
from gateway.domain.attention_rules import attention
from gateway.domain.booking import Purpose, Reservation
from gateway.domain.jobs import Job
from gateway.domain.resources import Device, DeviceRole, Presence, Resource, ResourceKind
from gateway.domain.sessions import Session, State
from gateway.domain.timespan import Span
from gateway.domain.upkeep import Kept, Upkeep
from gateway.domain.ways import WaitingPart

NOW = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)


def ago(minutes):
    return NOW - timedelta(minutes=minutes)


def machine(kind=ResourceKind.LASER, *, slug="laser", **what):
    resource = Resource(id=f"id-{slug}", slug=slug, names={"fr": slug}, kind=kind)
    return Machine(resource=replace(resource, **what.pop("resource", {})), **what)


def session(**changes):
    base = Session(
        id="s", resource_id="id-laser", operator_id="ada", beneficiary_id="ada", reservation_id=None,
        state=State.ACTIVE, opened_at=ago(60), last_tap_at=ago(60), granted_until=NOW + timedelta(hours=1),
        last_activity_at=ago(2),
    )  # fmt: skip
    return replace(base, **changes)


def job(**changes):
    base = Job(
        id="j", device_id="d", key="k", resource_id="id-laser", session_id="s", member_id="ada", name="x.gcode",
        started_at=ago(40),
    )  # fmt: skip
    return replace(base, **changes)


def device(role=DeviceRole.INTERLOCK, **changes):
    base = Device(id="d", slug=f"dev-{role}", role=role, resource_id="id-laser", presence=Presence.ONLINE)
    return replace(base, **changes)


def held(**changes):
    base = Reservation(
        id="r", resource_id="id-laser", member_id="bob", span=Span(ago(20), NOW + timedelta(hours=1)),
        created_at=ago(900),
    )  # fmt: skip
    return replace(base, **changes)


def upkeep(**changes):
    return Upkeep(id="u", resource_id="id-laser", at=ago(9000), note="Lentille", **changes)


PRINTER = ResourceKind.PRINTER_3D
PART = WaitingPart(resource_id="id-laser", member_id="ada", session_id="s", since=ago(45))
OFF = {"presence": Presence.OFFLINE, "presence_reason": "no_news"}
GONE = {"state": State.LEAVING, "person_gone_at": ago(5)}

CASES = {
    "a quiet machine": (machine(), []),
    "in use as it should be": (machine(session=session(), job=job(), devices=(device(power_on=True),)), []),
    "beam on while idle": (
        machine(alarms=(Raised(code="beam-on-while-idle", since=ago(3)),)), [(Trouble.BEAM_ON_IDLE, Act.LOCK_OUT)]),
    "an alarm nobody named": (
        machine(alarms=(Raised(code="grbl-alarm-1", since=ago(3)),)), [(Trouble.ALARM, Act.SEE_MACHINE)]),
    "a danger that somebody has reported, told by their request": (
        machine(alarms=(Raised(code="reported-danger", since=ago(3)),)), []),
    "locked out already": (
        machine(alarms=(Raised(code="relay_differs", since=ago(3)),), resource={"out_of_service": True}),
        [(Trouble.RELAY_DIFFERS, Act.SEE_MACHINE)]),
    "the laser's person has left": (
        machine(session=session(**GONE), job=job()), [(Trouble.UNATTENDED, Act.MESSAGE)]),
    "a laser job without anybody": (machine(job=job()), [(Trouble.UNATTENDED, Act.MESSAGE)]),
    "a paused laser job without anybody": (machine(job=job(paused=True, started_at=ago(5))), []),
    "a print may run alone": (machine(PRINTER, session=session(**GONE), job=job()), []),
    "a relay that talks nonsense": (
        machine(devices=(device(power_at=ago(1), power_on=None),)), [(Trouble.RELAY_UNKNOWN, Act.LOCK_OUT)]),
    "a relay never heard of": (machine(devices=(device(),)), []),
    "no news": (machine(devices=(device(**OFF),)), [(Trouble.SILENT, Act.SEE_DEVICES)]),
    "no news while used": (
        machine(PRINTER, session=session(), devices=(device(**OFF),)), [(Trouble.SILENT_IN_USE, Act.SEE_MACHINE)]),
    "a machine behind a relay that is off": (
        machine(devices=(device(power_on=False), device(DeviceRole.MACHINE, **OFF))), []),
    "switched off, as its bridge says": (
        machine(PRINTER, devices=(device(DeviceRole.MACHINE, **OFF | {"presence_reason": "no answer"}),)), []),
    "switched off in the middle of a print": (
        machine(PRINTER, job=job(), devices=(device(DeviceRole.MACHINE, **OFF | {"presence_reason": "no answer"}),)),
        [(Trouble.SILENT_IN_USE, Act.SEE_MACHINE)]),
    "a print that stands still": (
        machine(PRINTER, session=session(), job=job(), moved_at=ago(20)), [(Trouble.STUCK, Act.CANCEL_JOB)]),
    "a cut that stands still": (
        machine(ResourceKind.CNC, session=session(), job=job(), moved_at=ago(20)),
        [(Trouble.STUCK, Act.SEE_MACHINE)]),
    "told and seen to stand still": (
        machine(PRINTER, session=session(), job=job(), moved_at=ago(20),
                alarms=(Raised(code="printer-stalled", since=ago(6)),)), [(Trouble.STUCK, Act.CANCEL_JOB)]),
    "a print that moves": (machine(PRINTER, session=session(), job=job(), moved_at=ago(3)), []),
    "its power went": (
        machine(session=session(state=State.INTERRUPTED)), [(Trouble.INTERRUPTED, Act.END)]),
    "late with a job": (
        machine(PRINTER, session=session(granted_until=ago(9), **GONE), job=job()), [(Trouble.LATE, Act.MESSAGE)]),
    "late without a job": (
        machine(session=session(granted_until=ago(9))), [(Trouble.LATE, Act.END)]),
    "late by a minute": (machine(session=session(granted_until=ago(1))), []),
    "idle for long": (
        machine(session=session(last_activity_at=ago(31))), [(Trouble.IDLE_LONG, Act.END)]),
    "paused for long": (
        machine(PRINTER, session=session(), job=job(paused=True)), [(Trouble.PAUSED_LONG, Act.MESSAGE)]),
    "nobody came": (machine(reservation=held()), [(Trouble.NO_SHOW, Act.FREE_SLOT)]),
    "checked in": (machine(reservation=held(checked_in_at=ago(19))), []),
    "booked a minute ago": (machine(reservation=held(created_at=ago(1))), []),
    "held for a workshop": (machine(reservation=held(purpose=Purpose.WORKSHOP)), []),
    "booked while locked out": (machine(reservation=held(), resource={"out_of_service": True}), []),
    "its own session is open": (machine(reservation=held(member_id="ada"), session=session()), []),
    "a part on the bed": (machine(PRINTER, part=PART), [(Trouble.PART_WAITS, Act.SHELVE)]),
    "a part just now": (machine(PRINTER, part=replace(PART, since=ago(2))), []),
    "back since yesterday": (
        machine(resource={"out_of_service": True, "back_at": ago(1440)}), [(Trouble.BACK_LATE, Act.RELEASE)]),
    "back tomorrow": (machine(resource={"out_of_service": True, "back_at": NOW + timedelta(days=1)}), []),
    "upkeep by date": (
        machine(kept=Kept(last=upkeep(next_at=ago(60)), used_s=0)), [(Trouble.UPKEEP_DUE, Act.NOTE_UPKEEP)]),
    "upkeep by hours": (
        machine(kept=Kept(last=upkeep(next_hours=50), used_s=181_000)), [(Trouble.UPKEEP_DUE, Act.NOTE_UPKEEP)]),
    "upkeep not yet": (machine(kept=Kept(last=upkeep(next_hours=50), used_s=100)), []),
    "nonsense": (machine(devices=(device(nonsense_count=3),)), [(Trouble.NONSENSE, Act.FORGET_NONSENSE)]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_on_the_list_and_what_its_button_does(case):
    it, expected = CASES[case]
    assert [(item.trouble, item.act) for item in attention(Floor(machines=(it,)), NOW)] == expected


def test_a_plug_that_came_back_on_when_pulled_out_is_to_be_set_and_tried_again():
    plug = device(power_at=ago(1), power_on=False)
    floor = Floor(machines=(machine(devices=(plug,)),), returning_on=frozenset({plug.id}))
    (item,) = attention(floor, NOW)
    assert (item.trouble, item.act, item.key) == (Trouble.RETURNS_ON, Act.TRY_CUT, plug.slug)


def test_whoever_is_not_in_the_place_watches_no_laser():
    cutting = machine(session=session(), job=job())
    assert attention(Floor(machines=(cutting,), here=frozenset({"ada"})), NOW) == ()
    (item,) = attention(Floor(machines=(cutting,), here=frozenset({"bob"})), NOW)
    assert (item.trouble, item.member_id) == (Trouble.UNATTENDED, "ada")


def test_the_house_itself_is_looked_at():
    floor = Floor(
        taps=(UnknownTap(event=7, at=ago(1), resource="laser"),), ailing=("sink-influx", "sink-influx", "clock", "broker"),
        set_aside=2, set_aside_at=ago(5), loose=(device(DeviceRole.PLACE, nonsense_count=1, **OFF),),
    )  # fmt: skip
    assert [(item.trouble, item.key) for item in attention(floor, NOW)] == [
        (Trouble.CLOCK_UNPROVED, None), (Trouble.PROGRAM_AILS, "broker"), (Trouble.PROGRAM_AILS, "sink-influx"),
        (Trouble.BADGE_UNKNOWN, "7"),
        (Trouble.SILENT, "dev-place"), (Trouble.NONSENSE, "dev-place"), (Trouble.SET_ASIDE, None),
    ]  # fmt: skip


def test_whoever_calls_comes_before_whoever_only_tells():
    asked = tuple(
        Asked(id=str(trouble), trouble=trouble, at=ago(3), resource="laser", about="broken")
        for trouble in (Trouble.PROBLEM_TOLD, Trouble.CALLED, Trouble.DANGER_TOLD)
    )
    found = attention(Floor(asked=asked), NOW)
    assert [item.trouble for item in found] == [Trouble.DANGER_TOLD, Trouble.CALLED, Trouble.PROBLEM_TOLD]
    assert {(item.act, item.params["about"]) for item in found} == {(Act.CLOSE_HELP, "broken")}


def test_every_trouble_has_an_answer_and_a_case():
    assert set(ANSWERS) == set(Trouble)
    shown = {trouble for _, expected in CASES.values() for trouble, _ in expected}
    of_the_house = {Trouble.CLOCK_UNPROVED, Trouble.PROGRAM_AILS, Trouble.BADGE_UNKNOWN, Trouble.SET_ASIDE}
    asked = {Trouble.CALLED, Trouble.DANGER_TOLD, Trouble.PROBLEM_TOLD}
    assert shown | of_the_house | asked | {Trouble.RETURNS_ON} == set(Trouble)
    urgencies = [ANSWERS[trouble][0] for trouble in Trouble]
    assert urgencies == sorted(urgencies)
    assert urgencies[0] is Urgency.NOW


several = st.lists(st.sampled_from(sorted(CASES)), max_size=8, unique=True)


def floor_of(names):
    made = []
    for number, name in enumerate(names):
        it = CASES[name][0]
        made.append(replace(it, resource=replace(it.resource, slug=f"m-{number}")))
    return made


@given(several, st.randoms(use_true_random=False))
def test_the_order_depends_on_what_is_there_not_on_how_it_was_read(names, random):
    machines = floor_of(names)
    first = attention(Floor(machines=tuple(machines)), NOW)
    random.shuffle(machines)
    assert attention(Floor(machines=tuple(machines)), NOW) == first
    assert [item.urgency for item in first] == sorted(item.urgency for item in first)
    assert len({item.id for item in first}) == len(first)


@given(several, st.sampled_from(sorted(CASES)))
def test_one_more_trouble_hides_none_of_the_others(names, more):
    before = attention(Floor(machines=tuple(floor_of(names))), NOW)
    after = attention(Floor(machines=tuple(floor_of([*names, more]))), NOW)
    assert [item for item in after if item.resource != f"m-{len(names)}"] == list(before)
