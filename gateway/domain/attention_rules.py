"""What needs somebody of the team now: each rule says whether a trouble is there, since when, and whom it is about."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from gateway.domain.attention import ANSWERS, CLOCK, Act, Floor, Item, Machine, Trouble
from gateway.domain.booking import Purpose
from gateway.domain.help import REPORTED
from gateway.domain.refusals import Param
from gateway.domain.resources import SILENCE, Device, DeviceRole, Presence, ResourceKind
from gateway.domain.sessions import State, idle_seconds

STUCK_AFTER = timedelta(minutes=15)
"""A job whose progress has stood still for so long; short layers and long ones both move within it."""
PAUSED_AFTER = timedelta(minutes=30)
IDLE_AFTER = timedelta(minutes=30)
"""So long switched on and unused, somebody may have gone home."""
ABSENT_AFTER = timedelta(minutes=10)
"""So long after its start nobody has come for a booking."""
PART_AFTER = timedelta(minutes=30)
LATE_AFTER = timedelta(minutes=5)
ALARMS: dict[str, Trouble] = {
    "beam-on-while-idle": Trouble.BEAM_ON_IDLE,
    "printer-stalled": Trouble.STUCK,
    "relay_differs": Trouble.RELAY_DIFFERS,
    "relay_unconfirmed": Trouble.RELAY_UNKNOWN,
    "relay-unknown": Trouble.RELAY_UNKNOWN,
}
"""Alarms that are troubles of their own; any other is an ALARM."""
JOB_ACTS = frozenset({ResourceKind.PRINTER_3D})
"""Only a print can be cancelled from afar: on what cuts or mills, somebody goes there."""
WATCHED = frozenset({ResourceKind.LASER})
"""Nobody leaves these while they work."""


def attention(floor: Floor, now: datetime) -> tuple[Item, ...]:
    """Everything that needs somebody: the most urgent first, of equals the one that has waited longest."""
    found = [item for machine in floor.machines for rule in MACHINE_RULES for item in rule(machine, floor, now)]
    found += [item for rule in HOUSE_RULES for item in rule(floor, now)]
    rank = {trouble: place for place, trouble in enumerate(Trouble)}
    return tuple(sorted(found, key=lambda item: (item.urgency, rank[item.trouble], item.since or now, item.id)))


def _item(trouble: Trouble, machine: Machine | None, since: datetime | None, *, key: str | None = None,
          member: str | None = None, act: Act | None = None, **params: Param) -> Item:  # fmt: skip
    return Item(
        trouble=trouble, since=since, resource=machine.resource.slug if machine else None, member_id=member, key=key,
        act=act or ANSWERS[trouble][1], params={name: value for name, value in params.items() if value is not None},
    )  # fmt: skip


def _holder(machine: Machine) -> str | None:
    return machine.session.operator_id if machine.session else None


def _past(moment: datetime | None, patience: timedelta, now: datetime) -> bool:
    return moment is not None and now - moment >= patience


def _alarms(machine: Machine, _floor: Floor, _now: datetime) -> Iterator[Item]:
    for raised in machine.alarms:
        if raised.code == REPORTED:
            continue  # whoever reported it stands in the list already
        trouble = ALARMS.get(raised.code, Trouble.ALARM)
        if trouble is Trouble.STUCK:
            yield _stuck_item(machine, raised.since)
            continue
        out = machine.resource.out_of_service and ANSWERS[trouble][1] is Act.LOCK_OUT
        yield _item(
            trouble, machine, raised.since, key=raised.code, alarm=raised.code, member=_holder(machine),
            act=Act.SEE_MACHINE if out else None,
        )  # fmt: skip


def _unattended(machine: Machine, floor: Floor, _now: datetime) -> Iterator[Item]:
    """A beam at work and nobody beside it: its holder has left, or was never there."""
    job, session = machine.running, machine.session
    if job is None or job.paused or machine.resource.kind not in WATCHED:
        return
    if session is None:
        yield _item(Trouble.UNATTENDED, machine, job.started_at)
    elif session.state is State.LEAVING or session.person_gone_at is not None:
        yield _item(Trouble.UNATTENDED, machine, session.person_gone_at or job.started_at, member=session.operator_id)
    elif floor.here is not None and not {session.operator_id, session.supervisor_id} & floor.here:
        yield _item(Trouble.UNATTENDED, machine, job.started_at, member=session.operator_id)


def _relay(machine: Machine, _floor: Floor, _now: datetime) -> Iterator[Item]:
    told = {ALARMS.get(raised.code) for raised in machine.alarms}
    for device in machine.devices:
        nonsense = device.power_at is not None and device.power_on is None and device.presence is Presence.ONLINE
        if device.role.powers and nonsense and Trouble.RELAY_UNKNOWN not in told:
            act = Act.SEE_MACHINE if machine.resource.out_of_service else None
            yield _item(Trouble.RELAY_UNKNOWN, machine, device.power_at, key=device.slug, act=act)


def _returns_on(machine: Machine, floor: Floor, _now: datetime) -> Iterator[Item]:
    for device in machine.devices:
        if device.id in floor.returning_on:
            yield _item(Trouble.RETURNS_ON, machine, None, key=device.slug, device=device.slug)


def _silent(machine: Machine, _floor: Floor, _now: datetime) -> Iterator[Item]:
    for device in machine.devices:
        if device.presence is not Presence.OFFLINE or _asleep(machine, device):
            continue
        yield _item(
            Trouble.SILENT_IN_USE if machine.used else Trouble.SILENT, machine, device.last_seen_at, key=device.slug,
            device=device.slug, role=str(device.role),
        )  # fmt: skip


def _asleep(machine: Machine, device: Device) -> bool:
    """Behind a relay that is off it waits for a badge; where its bridge is well and says why, it is switched off."""
    if device.role is not DeviceRole.MACHINE:
        return False
    dark = any(d.role.powers and d.power_on is False for d in machine.devices)
    told = device.presence_reason is not None and device.presence_reason not in SILENCE
    return dark or (told and not machine.used)


def _stuck(machine: Machine, _floor: Floor, now: datetime) -> Iterator[Item]:
    job = machine.running
    told = any(ALARMS.get(raised.code) is Trouble.STUCK for raised in machine.alarms)
    if job is None or job.paused or told or not _past(machine.moved_at, STUCK_AFTER, now):
        return
    yield _stuck_item(machine, machine.moved_at)


def _stuck_item(machine: Machine, since: datetime | None) -> Item:
    job = machine.running
    act = None if job is not None and machine.resource.kind in JOB_ACTS else Act.SEE_MACHINE
    return _item(Trouble.STUCK, machine, since, key=job.id if job else None, member=_holder(machine), act=act)


def _session(machine: Machine, _floor: Floor, now: datetime) -> Iterator[Item]:
    session, job = machine.session, machine.running
    if session is None:
        return
    who, until = session.operator_id, session.granted_until
    if session.state is State.INTERRUPTED:
        yield _item(Trouble.INTERRUPTED, machine, session.last_activity_at, member=who)
    elif _past(until, LATE_AFTER, now):
        act = None if job else Act.END
        yield _item(Trouble.LATE, machine, until, member=who, until=until, act=act)
    elif job is None and session.state is State.ACTIVE and idle_seconds(session, now) >= IDLE_AFTER.total_seconds():
        yield _item(Trouble.IDLE_LONG, machine, session.last_activity_at or session.opened_at, member=who)


def _paused(machine: Machine, _floor: Floor, now: datetime) -> Iterator[Item]:
    """How long it has been paused is not kept: since when it has not advanced, where that is seen."""
    job = machine.running
    since = (machine.moved_at or job.started_at) if job else None
    if job is not None and job.paused and _past(since, PAUSED_AFTER, now):
        yield _item(Trouble.PAUSED_LONG, machine, since, member=_holder(machine))


def _absent(machine: Machine, _floor: Floor, now: datetime) -> Iterator[Item]:
    held, session = machine.reservation, machine.session
    if held is None or held.purpose is not Purpose.USE or held.checked_in_at is not None or held.member_id is None:
        return
    if not held.span.holds(now) or not _past(max(held.span.starts, held.created_at), ABSENT_AFTER, now):
        return
    there = session is not None and held.member_id in (session.operator_id, session.beneficiary_id)
    if not there and not machine.resource.out_of_service:
        yield _item(
            Trouble.NO_SHOW, machine, held.span.starts, key=held.id, member=held.member_id, until=held.span.ends
        )


def _part(machine: Machine, _floor: Floor, now: datetime) -> Iterator[Item]:
    part = machine.part
    if part is not None and _past(part.since, PART_AFTER, now):
        yield _item(Trouble.PART_WAITS, machine, part.since, member=part.member_id)


def _back(machine: Machine, _floor: Floor, now: datetime) -> Iterator[Item]:
    resource = machine.resource
    if resource.out_of_service and resource.back_at is not None and now >= resource.back_at:
        yield _item(Trouble.BACK_LATE, machine, resource.back_at, reason=resource.out_reason)


def _upkeep(machine: Machine, _floor: Floor, now: datetime) -> Iterator[Item]:
    kept = machine.kept
    if kept is not None and kept.due(now):
        yield _item(Trouble.UPKEEP_DUE, machine, kept.last.next_at, used_s=int(kept.used_s), at=kept.last.at)


def _nonsense(floor: Floor, _now: datetime) -> Iterator[Item]:
    owned = ((machine, device) for machine in floor.machines for device in machine.devices)
    for machine, device in (*owned, *((None, device) for device in floor.loose)):
        if device.nonsense_count > 0:
            yield _item(
                Trouble.NONSENSE, machine, None, key=device.slug, device=device.slug, count=device.nonsense_count
            )


def _loose_silent(floor: Floor, _now: datetime) -> Iterator[Item]:
    for device in floor.loose:
        if device.presence is Presence.OFFLINE:
            yield _item(
                Trouble.SILENT, None, device.last_seen_at, key=device.slug, device=device.slug, role=str(device.role)
            )


def _badges(floor: Floor, _now: datetime) -> Iterator[Item]:
    for tap in floor.taps:
        yield Item(
            trouble=Trouble.BADGE_UNKNOWN, since=tap.at, resource=tap.resource, key=str(tap.event), act=Act.GIVE_BADGE
        )


def _asked(floor: Floor, _now: datetime) -> Iterator[Item]:
    for one in floor.asked:
        params: dict[str, Param] = {"about": one.about} if one.about else {}
        yield Item(
            trouble=one.trouble, since=one.at, resource=one.resource, member_id=one.member_id, key=one.id,
            act=ANSWERS[one.trouble][1], params=params,
        )  # fmt: skip


def _program(floor: Floor, _now: datetime) -> Iterator[Item]:
    for name in sorted(set(floor.ailing)):
        if name == CLOCK:
            yield _item(Trouble.CLOCK_UNPROVED, None, None)
            continue
        yield _item(Trouble.PROGRAM_AILS, None, None, key=name, part=name)
    if floor.set_aside:
        yield _item(Trouble.SET_ASIDE, None, floor.set_aside_at, count=floor.set_aside)


MachineRule = Callable[[Machine, Floor, datetime], Iterable[Item]]
HouseRule = Callable[[Floor, datetime], Iterable[Item]]
MACHINE_RULES: tuple[MachineRule, ...] = (
    _alarms, _unattended, _relay, _returns_on, _silent, _stuck, _session, _paused, _absent, _part, _back, _upkeep,
)  # fmt: skip
HOUSE_RULES: tuple[HouseRule, ...] = (_nonsense, _loose_silent, _badges, _asked, _program)
