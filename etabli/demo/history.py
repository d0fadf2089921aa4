"""Two weeks of the demo's past, so that no page is empty: written as rows and events, in one transaction."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from devices.messages import Outcome
from devices.simulated.workshop import Person, PlannedJob, Visit, plan_day
from etabli.bootstrap import Basis
from etabli.demo import lab, programme
from etabli.demo.people import Written, again, give_roles, hashes, make_tokens, settle
from gateway.domain.booking import Reservation
from gateway.domain.events import Event, EventKind, Plain
from gateway.domain.jobs import Job
from gateway.domain.people import Member
from gateway.domain.refusals import Code, Refusal, refuse, to_plain
from gateway.domain.resources import Device, Resource
from gateway.domain.sessions import EndReason, Session, State, close
from gateway.domain.timespan import Span
from gateway.ports.ids import Ids
from gateway.ports.store import Store, Work
from gateway.service import resources

DAYS = 14
OPENS, CLOSES = 10, 19
CLOSED_ON = (0, 6)
"""Mondays and Sundays."""


@dataclass(slots=True, kw_only=True)
class _Past:
    work: Work
    ids: Ids
    now: datetime
    devices: dict[str, Device]
    resources: dict[str, Resource]
    written: Written
    events: list[Event] = field(default_factory=list)


def write(base: Basis, store: Store, seed: int, kiosk_of: str) -> Written:
    """People, rights, tokens, bookings, and what they did."""
    known = {member.first_name: member for member in store.views().members(limit=100, cursor=None).rows}
    if known:
        return again(base, store, known, kiosk_of)
    chance = random.Random(seed)
    now = base.clock.now()
    devices = {device.slug: device for device in store.views().devices()}
    written = Written()
    with store.begin() as work:
        places = {s.slug: found for s in lab.STATIONS if (found := work.resource(s.slug)) is not None}
        past = _Past(work=work, ids=base.ids, now=now, devices=devices, resources=places, written=written)
        past.events += settle(work, base, written, chance)
        make_tokens(work, base, written, kiosk_of)
        give_roles(work, written)
        for visit, opened, following in _visits(chance, now):
            if visit.refused:
                _refused(past, visit, opened, base)
            else:
                _session(past, visit, opened, following, chance)
        _troubles(past, chance)
        site = work.site_id()
        work.append(site, sorted(past.events, key=lambda event: event.at))
        programme.announce(work, base, written, CLOSED_ON)
        _bookings(past, chance)
        for station in lab.STATIONS:
            if station.out is not None:
                back = _local(now + timedelta(days=3), time(14))
                resources.take_out(work, slug=station.slug, reason=station.out, back_at=back, now=now)
    return written


def _local(moment: datetime, at: time) -> datetime:
    return datetime.combine(moment.astimezone(ZoneInfo("Europe/Paris")).date(), at, ZoneInfo("Europe/Paris"))


def _visits(chance: random.Random, now: datetime) -> Iterator[tuple[Visit, datetime, datetime | None]]:
    """Every visit of the past days, the moment from which its seconds count, and when the place is wanted again."""
    places = [station.place for station in lab.STATIONS if not station.reservation_required]
    people: list[Person] = [*lab.PEOPLE, lab.STRANGER]
    for back in range(DAYS, -1, -1):
        opens = _local(now - timedelta(days=back), time(OPENS))
        if opens.weekday() in CLOSED_ON:
            continue
        day = plan_day(
            people,
            places,
            chance,
            opens_s=0.0,
            closes_s=(CLOSES - OPENS) * 3600.0,
            visits=22 + int(chance.random() * 16),
        )
        for index, visit in enumerate(day):
            wanted = next((v.at_s for v in day[index + 1 :] if v.place == visit.place and not v.refused), None)
            moment = opens + timedelta(seconds=visit.at_s)
            # An hour that must add up everywhere is left for the live part.
            if moment + timedelta(seconds=visit.stays_s + 3600) < now:
                yield visit, moment, None if wanted is None else opens + timedelta(seconds=wanted)


def _member_of(past: _Past, visit: Visit) -> Member | None:
    return past.written.members.get(visit.person.name)


_COURSE_NAMES = {course["slug"]: course["names"] for course in lab.TRAININGS}


def _refused(past: _Past, visit: Visit, at: datetime, base: Basis) -> None:
    member = _member_of(past, visit)
    found: list[Refusal] = [] if member else [refuse(Code.BADGE_UNKNOWN)]
    found += [
        refuse(Code.TRAINING_MISSING, training=slug, names=_COURSE_NAMES[slug]) for slug in visit.missing if member
    ]
    data: dict[str, Plain] = {"refusals": [str(r.code) for r in found], "reasons": [to_plain(r) for r in found]}
    if member is None:
        data["badge"] = [
            {"form": b.form, "key_id": b.key_id, "digest": b.digest} for b in hashes(base, lab.badge_of(visit.person))
        ]
    past.events.append(_event(past, EventKind.TAP_REFUSED, at, visit, member=member, device="lecteur", data=data))


def _event(
    past: _Past, kind: EventKind, at: datetime, visit: Visit, *, member: Member | None = None,
    session: Session | None = None, device: str | None = None, data: dict[str, Plain] | None = None,
) -> Event:  # fmt: skip
    slug = visit.place.slug
    found = past.devices.get(f"{slug}-{device}") if device else None
    return Event(
        kind=kind, at=at, resource_id=past.resources[slug].id, member_id=member.id if member else None,
        session_id=session.id if session else None, device_id=found.id if found else None, data=data or {},
    )  # fmt: skip


def _session(past: _Past, visit: Visit, opened: datetime, following: datetime | None, chance: random.Random) -> None:
    member = _member_of(past, visit)
    assert member is not None
    resource = past.resources[visit.place.slug]
    until = opened + timedelta(seconds=resource.ceiling_s)
    on = opened + timedelta(seconds=chance.uniform(0.3, 1.5))
    session = Session(
        id=past.ids.new(), resource_id=resource.id, operator_id=member.id, beneficiary_id=member.id,
        reservation_id=None, state=State.ACTIVE, opened_at=opened, last_tap_at=opened, granted_until=until,
        energised_at=on, last_activity_at=opened,
    )  # fmt: skip
    active = sum(job.wall_s - job.paused_s for job in visit.jobs)
    last = max([opened, *(opened + timedelta(seconds=j.after_s + j.wall_s) for j in visit.jobs)])
    if visit.leaves_s is None:
        ends, reason = last + timedelta(seconds=resource.forgotten_s), EndReason.FORGOTTEN
        if following is not None and ends >= following:
            # Somebody else wanted it: the team ended what was forgotten.
            ends, reason = following - timedelta(seconds=40), EndReason.STAFF
    else:
        ends, reason = opened + timedelta(seconds=visit.leaves_s), EndReason.TAPPED_OUT
    ends = max(ends, last + timedelta(seconds=20))
    session = close(replace(session, active_s=active), ends, reason)
    past.work.save_session(session)
    _told(past, visit, session, member, until)
    for number, job in enumerate(visit.jobs):
        _job(past, visit, session, member, job, number, chance)
    _readings(past, visit, opened, ends)


def _told(past: _Past, visit: Visit, session: Session, member: Member, until: datetime) -> None:
    def say(kind: EventKind, at: datetime, device: str | None = None, **data: Plain) -> None:
        past.events.append(_event(past, kind, at, visit, member=member, session=session, device=device, data=data))

    say(EventKind.TAP_GRANTED, session.opened_at, "lecteur", until=until.isoformat())
    say(EventKind.SESSION_OPENED, session.opened_at, state="opening")
    if session.energised_at and lab.station(visit.place.slug).switched:
        say(EventKind.POWER_REPORTED, session.energised_at, "prise", on=True, cause="command")
        say(EventKind.SESSION_ENERGISED, session.energised_at, state="active")
    assert session.closed_at is not None
    if session.end_reason is EndReason.TAPPED_OUT:
        say(EventKind.TAP_NOTED, session.closed_at, "lecteur", note="session_closed")
    say(
        EventKind.SESSION_CLOSED, session.closed_at, state="closed", reason=str(session.end_reason),
        enabled_s=session.enabled_s, active_s=session.active_s, idle_s=session.idle_s,
    )  # fmt: skip
    if lab.station(visit.place.slug).switched:
        off = session.closed_at + timedelta(seconds=0.4)
        say(EventKind.POWER_REPORTED, off, "prise", on=False, cause="command")


def _job(
    past: _Past, visit: Visit, session: Session, member: Member, planned: PlannedJob, number: int,
    chance: random.Random,
) -> None:  # fmt: skip
    slug = visit.place.slug
    starts = session.opened_at + timedelta(seconds=planned.after_s)
    ends = starts + timedelta(seconds=planned.wall_s)
    active = planned.wall_s - planned.paused_s
    printer = lab.station(slug).machine == "octoprint"
    job = Job(
        id=past.ids.new(), device_id=past.devices[f"{slug}-machine"].id, key=f"past-{session.id[-12:]}-{number}",
        resource_id=session.resource_id, session_id=session.id, member_id=member.id, name=planned.name,
        started_at=starts, ended_at=ends, outcome=planned.outcome, wall_s=planned.wall_s, active_s=active,
        paused_s=planned.paused_s, laser_on_s=active * chance.uniform(0.4, 0.7) if slug == "laser" else None,
        filament_mm=active * chance.uniform(0.8, 1.6) if printer and planned.outcome is Outcome.FINISHED else None,
        reason=_REASONS.get(planned.outcome),
    )  # fmt: skip
    past.work.save_job(job)

    def say(kind: EventKind, at: datetime, **data: Plain) -> None:
        told: dict[str, Plain] = {"job": job.id, **data}
        past.events.append(_event(past, kind, at, visit, member=member, session=session, device="machine", data=told))

    say(EventKind.JOB_STARTED, starts, name=planned.name)
    if planned.paused_s:
        middle = starts + timedelta(seconds=active / 2)
        say(EventKind.JOB_PAUSED, middle)
        say(EventKind.JOB_RESUMED, middle + timedelta(seconds=planned.paused_s))
    say(
        EventKind.JOB_ENDED, ends, outcome=str(planned.outcome), wall_s=job.wall_s, active_s=active,
        paused_s=planned.paused_s, laser_on_s=job.laser_on_s, filament_mm=job.filament_mm, reason=job.reason,
    )  # fmt: skip


_REASONS = {
    Outcome.CANCELLED: "cancelled", Outcome.FAILED: "SerialTimeoutException", Outcome.UNKNOWN: "the printer was lost",
}  # fmt: skip


def _readings(past: _Past, visit: Visit, opened: datetime, ends: datetime) -> None:
    station = lab.station(visit.place.slug)
    if not station.switched:
        return
    moment = opened
    while moment < ends:
        busy = any(j.after_s <= (moment - opened).total_seconds() <= j.after_s + j.wall_s for j in visit.jobs)
        watts = station.watts if busy or not visit.jobs else station.watts * 0.08
        past.written.readings.append((moment, station.slug, f"{station.slug}-prise", watts))
        moment += timedelta(minutes=5)


def _troubles(past: _Past, chance: random.Random) -> None:
    """Alarms and devices that went and came back."""
    for back in range(1, DAYS, 3):
        at = _local(past.now - timedelta(days=back), time(11 + int(chance.random() * 6), int(chance.random() * 59)))
        slug, device, lost = chance.choice(_TROUBLES)
        found, over = past.devices[f"{slug}-{device}"], at + timedelta(minutes=chance.uniform(2, 25))
        kinds = (EventKind.DEVICE_LOST, EventKind.DEVICE_CONNECTED)
        data: dict[str, Plain] = {"reason": lost}
        if lost.startswith("grbl-"):
            kinds, data = (EventKind.ALARM_RAISED, EventKind.ALARM_CLEARED), {"code": lost}
        for kind, moment in zip(kinds, (at, over), strict=True):
            told = dict(data)
            past.events.append(
                Event(kind=kind, at=moment, resource_id=found.resource_id, device_id=found.id, data=told)
            )


_TROUBLES = (
    ("laser", "machine", "grbl-alarm-1"),
    ("imprimante-grace", "machine", "the printer's computer does not answer"),
    ("fraiseuse", "prise", "the plug has left the network"),
    ("fraiseuse", "machine", "grbl-alarm-2"),
)


def _bookings(past: _Past, chance: random.Random) -> None:
    """Some behind us, one soon, more over the coming days."""
    choices = ("laser", "fraiseuse", "salle-canal", "imprimante-hedy", "kit-video", "brodeuse")
    for day in range(-6, 8):
        for slug in choices:
            if chance.random() > 0.4:
                continue
            starts = _local(past.now + timedelta(days=day), time(OPENS + int(chance.random() * 7)))
            _book(past, slug, starts, timedelta(hours=chance.choice((1, 1.5, 2))), chance)
    hour = past.now.replace(minute=0, second=0, microsecond=0)
    for slug, after_h, length_h in _TODAY:
        _book(past, slug, hour + timedelta(hours=after_h), timedelta(hours=length_h), chance)


_TODAY = (("salle-canal", 2, 2), ("brodeuse", 0, 2), ("laser", 3, 1), ("imprimante-ada", 4, 2), ("fraiseuse", 5, 1))
"""(place, in how many hours, for how many): one is going on now."""


def _book(past: _Past, slug: str, starts: datetime, length: timedelta, chance: random.Random) -> None:
    person = chance.choice([p for p in lab.PEOPLE if set(lab.station(slug).place.trainings) <= p.trained])
    reservation = Reservation(
        id=past.ids.new(), resource_id=past.resources[slug].id, member_id=past.written.members[person.name].id,
        span=Span(starts, starts + length), created_at=min(past.now, starts) - timedelta(days=1),
    )  # fmt: skip
    past.work.add_reservation(reservation)


__all__ = ["Written", "write"]
