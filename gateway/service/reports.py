"""What machines and relays report: each handler writes what happened and says what power follows from it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from devices.messages import (
    AlarmCleared,
    AlarmRaised,
    DeviceConnected,
    DeviceLost,
    JobEnded,
    JobPaused,
    JobResumed,
    JobStarted,
    NonsenseHeard,
    PowerReported,
)
from devices.messages import (
    Outcome as JobOutcome,
)
from gateway.domain.cuts import PATIENCE, cut_while_on, returned
from gateway.domain.events import Event, EventKind, Plain
from gateway.domain.jobs import Job
from gateway.domain.resources import Device, Presence
from gateway.domain.sessions import Session, State, Trigger
from gateway.domain.timespan import seconds_between
from gateway.ports.ids import Ids
from gateway.ports.store import ResourceFacts, Work
from gateway.service.uses import NOTHING, Outcome, Received, advance, log, power_orders

MOST_ON_S = 31 * 86400.0
ANSWERS = frozenset({"command", "unknown"})
"""Causes of what a relay says because it was asked, or told."""
UNPOWERED_S = 60.0
"""A relay that has been off this long has ended whatever ran behind it; a machine's own word comes sooner."""
Handler = Callable[[Work, Received, datetime, Ids], Outcome]


def _about(work: Work, device: Device) -> ResourceFacts | None:
    return work.facts_for(device.resource_id) if device.resource_id else None


def _device_event(kind: EventKind, device: Device, at: datetime, **data: Plain) -> Event:
    return Event(kind=kind, at=at, resource_id=device.resource_id, device_id=device.id, data=data)


def handle_power_reported(work: Work, fact: Received, now: datetime, ids: Ids) -> Outcome:
    """The relay spoke: the session learns that it is on, or that power went; a relay on without a right is told off."""
    report, device = fact.envelope.message, fact.device
    assert isinstance(report, PowerReported)
    if not device.role.powers:
        return NOTHING
    if report.on != device.power_on or device.presence is not Presence.ONLINE:
        log(work, _device_event(EventKind.POWER_REPORTED, device, fact.happened_at, on=report.on, cause=report.cause))
    _came_back(work, fact, report)
    device = replace(device, presence=Presence.ONLINE, presence_reason=None)
    standing = _about(work, device) if report.on is False else None
    if standing is not None and fact.predates(standing.session):
        # The end of an earlier use: it says nothing of the power that whoever has the machine now has.
        work.save_device(device)
        return NOTHING
    work.save_device(replace(device, power_on=report.on, power_at=fact.received_at))
    facts = _about(work, device)
    if facts is None:
        return NOTHING
    if report.on is not None:
        facts = advance(work, facts, _power_trigger(report, facts.session), _ended_at(report, facts.session, fact))
    if report.on == fact.device.power_on and report.cause in ANSWERS:
        # It says again what it said: one that refuses would be told again at each answer. A sweep tells it in its time.
        return NOTHING
    return Outcome(power=power_orders(facts, now))


def _came_back(work: Work, fact: Received, report: PowerReported) -> None:
    at, off = fact.received_at, report.on is False
    if cut_while_on(fact.device, report):
        work.note_cut(fact.device.id, at, since=at - PATIENCE)
    if returned(fact.device, report) and work.end_cut_test(fact.device.id, at, since=at - PATIENCE, off=off):
        log(work, _device_event(EventKind.CUT_TESTED, fact.device, at, off=off))


NODE_ENDS: dict[str, Trigger] = {
    "tap": Trigger.HOLDER_LEFT, "quiet": Trigger.FORGOTTEN, "until": Trigger.OVERDUE, "ceiling": Trigger.OVERDUE,
    "job_done": Trigger.LAST_JOB_ENDED,
}  # fmt: skip
"""Why a node switched off by itself, as an end and not as a failure."""


def _ended_at(report: PowerReported, session: Session | None, fact: Received) -> datetime:
    """A node counts the seconds itself: they are right whatever its hour was, and ours."""
    known = report.on is False and report.on_s is not None and session is not None
    if not known or session is None or session.energised_at is None or report.on_s is None:
        return fact.happened_at
    return session.energised_at + timedelta(seconds=max(0.0, min(report.on_s, MOST_ON_S)))


def _power_trigger(report: PowerReported, session: Session | None) -> Trigger:
    """A relay that has restarted was off, whatever it has come back as: only a start under way takes that for its on."""
    if report.on is False and report.cause in NODE_ENDS:
        leaving = session is not None and session.state is State.LEAVING
        return Trigger.LAST_JOB_ENDED if leaving else NODE_ENDS[report.cause]
    starts = session is not None and session.state is State.OPENING
    return Trigger.POWER_ON if report.on and (starts or report.cause != "boot") else Trigger.POWER_OFF


def _job_event(kind: EventKind, job: Job, at: datetime, **data: Plain) -> Event:
    return Event(
        kind=kind, at=at, resource_id=job.resource_id, member_id=job.member_id, session_id=job.session_id,
        device_id=job.device_id, data={"job": job.id, **data},
    )  # fmt: skip


def _new_job(facts: ResourceFacts | None, fact: Received, key: str, name: str | None, at: datetime, id: str) -> Job:
    """A job belongs to whoever had the machine when it began."""
    session = facts.session if facts else None
    theirs = session if session and session.state is not State.LEAVING and session.opened_at <= at else None
    return Job(
        id=id, device_id=fact.device.id, key=key, resource_id=fact.device.resource_id,
        session_id=theirs.id if theirs else None, member_id=theirs.beneficiary_id if theirs else None,
        name=name, started_at=at,
    )  # fmt: skip


def handle_job_started(work: Work, fact: Received, now: datetime, ids: Ids) -> Outcome:
    """A job began; one of the same device that never said its end is closed as unknown."""
    started = fact.envelope.message
    assert isinstance(started, JobStarted)
    if work.job(fact.device.id, started.job) is not None:
        return NOTHING
    work.save_device(replace(fact.device, presence=Presence.ONLINE, presence_reason=None))
    if _first_of_its_boot(fact) and _found_again(work, fact, started):
        return NOTHING
    _end_forgotten(work, fact, "another job began")
    facts = _about(work, fact.device)
    job = _new_job(facts, fact, started.job, started.name, fact.happened_at, ids.new())
    work.save_job(job)
    log(work, _job_event(EventKind.JOB_STARTED, job, job.started_at, name=job.name))
    if facts is not None:
        advance(work, facts, Trigger.JOB_STARTED, fact.happened_at)
    return NOTHING


def _end_forgotten(work: Work, fact: Received, reason: str) -> None:
    """Jobs of this device that nobody will ever end are over, how is unknown."""
    for job in work.running_jobs(fact.device.id):
        _end_unknown(work, job, reason, fact.happened_at)


def _end_unknown(work: Work, job: Job, reason: str, at: datetime) -> None:
    wall = seconds_between(job.started_at, at)
    over = replace(
        job, paused=False, ended_at=max(at, job.started_at), outcome=JobOutcome.UNKNOWN, wall_s=wall,
        active_s=wall, paused_s=0.0, reason=reason,
    )  # fmt: skip
    _end(work, over, at)
    facts = work.facts_for(job.resource_id) if job.resource_id else None
    if facts is not None:
        _credit(work, facts, over, at)


def end_unpowered(work: Work, facts: ResourceFacts, now: datetime) -> ResourceFacts:
    """Without power nothing runs: jobs of a machine whose relay has been off for a minute are over, how is unknown.

    The machine itself may never come back to say so; its session must not wait for ever.
    """
    relay = facts.interlock
    if not facts.running or relay is None or relay.presence is not Presence.ONLINE or relay.power_on is not False:
        return facts
    if seconds_between(relay.power_at or now, now) < UNPOWERED_S:
        return facts
    for job in facts.running:
        _end_unknown(work, job, "its power was off", now)
    return work.facts_for(facts.resource.id) or facts


def _first_of_its_boot(fact: Received) -> bool:
    """A bridge that starts anew remembers no job: this is the first that it sees of the machine, reached at last."""
    return fact.envelope.seq == 1 or (fact.envelope.seq == 2 and fact.device.presence is Presence.OFFLINE)


def _found_again(work: Work, fact: Received, started: JobStarted) -> bool:
    """The first word of a bridge that started anew is a job under way: the one of that name that was under way before."""
    job = next((job for job in work.running_jobs(fact.device.id) if job.name == started.name), None)
    if job is not None:
        work.save_job(replace(job, key=started.job, paused=False))
    return job is not None


def _end(work: Work, job: Job, at: datetime) -> None:
    work.save_job(job)
    figures: dict[str, Plain] = {
        "outcome": str(job.outcome), "wall_s": job.wall_s, "active_s": job.active_s, "paused_s": job.paused_s,
        "laser_on_s": job.laser_on_s, "filament_mm": job.filament_mm, "reason": job.reason,
    }  # fmt: skip
    log(work, _job_event(EventKind.JOB_ENDED, job, at, **figures))


def handle_job_ended(work: Work, fact: Received, now: datetime, ids: Ids) -> Outcome:
    """A job is over, once: its active seconds go to its session, which may have waited for just that."""
    ended = fact.envelope.message
    assert isinstance(ended, JobEnded)
    facts, at = _about(work, fact.device), fact.happened_at
    job = work.job(fact.device.id, ended.job) or _new_job(facts, fact, ended.job, ended.name, at, ids.new())
    if job.outcome is not None:
        return NOTHING
    job = replace(
        job, paused=False, ended_at=max(at, job.started_at), outcome=ended.outcome, wall_s=ended.wall_s,
        active_s=ended.active_s, paused_s=ended.paused_s, laser_on_s=ended.laser_on_s,
        filament_mm=ended.filament_mm, reason=ended.reason,
    )  # fmt: skip
    _end(work, job, at)
    facts = _about(work, fact.device)
    if facts is None:
        return NOTHING
    return Outcome(power=power_orders(_credit(work, facts, job, at), now))


def _credit(work: Work, facts: ResourceFacts, job: Job, at: datetime) -> ResourceFacts:
    session = facts.session
    if session is None:
        return facts
    if job.session_id == session.id:
        session = replace(session, active_s=session.active_s + (job.active_s or 0.0), last_activity_at=at)
        work.save_session(session)
        facts = replace(facts, session=session)
    return facts if facts.running else advance(work, facts, Trigger.LAST_JOB_ENDED, at)


def _pause(work: Work, fact: Received, key: str, *, paused: bool, kind: EventKind) -> Outcome:
    job = work.job(fact.device.id, key)
    if job is not None and job.outcome is None and job.paused is not paused:
        job = replace(job, paused=paused)
        work.save_job(job)
        log(work, _job_event(kind, job, fact.happened_at))
    return NOTHING


def handle_job_paused(work: Work, fact: Received, now: datetime, ids: Ids) -> Outcome:
    """The job stands still."""
    paused = fact.envelope.message
    assert isinstance(paused, JobPaused)
    return _pause(work, fact, paused.job, paused=True, kind=EventKind.JOB_PAUSED)


def handle_job_resumed(work: Work, fact: Received, now: datetime, ids: Ids) -> Outcome:
    """The job goes on."""
    resumed = fact.envelope.message
    assert isinstance(resumed, JobResumed)
    return _pause(work, fact, resumed.job, paused=False, kind=EventKind.JOB_RESUMED)


def handle_alarm_raised(work: Work, fact: Received, now: datetime, ids: Ids) -> Outcome:
    """The machine asks for a person."""
    alarm = fact.envelope.message
    assert isinstance(alarm, AlarmRaised)
    log(work, _device_event(EventKind.ALARM_RAISED, fact.device, fact.happened_at, code=alarm.code, text=alarm.text))
    return NOTHING


def handle_alarm_cleared(work: Work, fact: Received, now: datetime, ids: Ids) -> Outcome:
    """The alarm is over."""
    alarm = fact.envelope.message
    assert isinstance(alarm, AlarmCleared)
    log(work, _device_event(EventKind.ALARM_CLEARED, fact.device, fact.happened_at, code=alarm.code))
    return NOTHING


def handle_device_connected(work: Work, fact: Received, now: datetime, ids: Ids) -> Outcome:
    """The bridge reaches its machine: a job that was under way then has been told before."""
    connected = fact.envelope.message
    assert isinstance(connected, DeviceConnected)
    if _first_of_its_boot(fact):
        _end_forgotten(work, fact, "the bridge began anew")
    work.save_device(replace(fact.device, presence=Presence.ONLINE, presence_reason=None))
    log(work, _device_event(EventKind.DEVICE_CONNECTED, fact.device, fact.happened_at, detail=connected.detail))
    return NOTHING


def handle_device_lost(work: Work, fact: Received, now: datetime, ids: Ids) -> Outcome:
    """The bridge no longer reaches its machine; what its relay last said is no longer known."""
    lost = fact.envelope.message
    assert isinstance(lost, DeviceLost)
    work.save_device(replace(fact.device, presence=Presence.OFFLINE, presence_reason=lost.reason, power_on=None))
    if fact.device.power_on:
        work.note_cut(fact.device.id, fact.received_at, since=fact.received_at - PATIENCE)
    log(work, _device_event(EventKind.DEVICE_LOST, fact.device, fact.happened_at, reason=lost.reason))
    return NOTHING


def handle_nonsense(work: Work, fact: Received, now: datetime, ids: Ids) -> Outcome:
    """The device says things nobody understands: counted and shown to staff."""
    heard = fact.envelope.message
    assert isinstance(heard, NonsenseHeard)
    note_nonsense(work, fact.device, heard.what, heard.count, heard.example, fact.happened_at)
    return NOTHING


def note_nonsense(work: Work, device: Device, what: str, count: int, example: str, at: datetime) -> None:
    """Write down that this device talks nonsense."""
    work.save_device(replace(device, nonsense_count=max(count, device.nonsense_count), nonsense_example=example))
    log(work, _device_event(EventKind.DEVICE_NONSENSE, device, at, what=what, count=count, example=example))
