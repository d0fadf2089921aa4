"""What staff open for others: a session with a reason, a repair, one on behalf, a class; and what they then end."""

from dataclasses import dataclass, replace
from datetime import datetime

from gateway.domain.access import Denied
from gateway.domain.events import Event, EventKind
from gateway.domain.refusals import Code, Refused, refuse
from gateway.domain.resources import Resource
from gateway.domain.sessions import Beneficiary, Session, Way
from gateway.domain.ways import OpenClass, WaitingPart, for_class, open_for
from gateway.ports.store import ResourceFacts, Work
from gateway.service.entries import class_event, close_class, enter, shelve
from gateway.service.uses import log, session_event


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Who is to operate what, by which way, for whom and until when; ``by`` is the staff who say so."""

    way: Way
    resource: str
    operator_id: str
    by: str
    reason: str | None = None
    until: datetime | None = None
    beneficiary_kind: Beneficiary = Beneficiary.MEMBER
    beneficiary_id: str | None = None
    workshop_id: str | None = None


def open_session(work: Work, wish: Opening, *, id: str, now: datetime) -> Session | Refused | None:
    """The session, open; every reason against it; None when one of those named does not exist."""
    known = _lock(work, wish.resource)
    if known is None or not _all_exist(work, wish):
        return None
    facts = work.facts_for_member(known.resource.id, wish.operator_id, now)
    if facts.access.member is None:
        return None
    held = facts.beside.open_class
    if held is not None and now < held.until and wish.way is not Way.REPAIR:
        return Refused((refuse(Code.CLASS_OPEN, until=held.until),))
    entry = open_for(wish.way, facts.access, facts.beside, now, until=wish.until)
    if isinstance(entry, Denied):
        return Refused(entry.refusals)
    entry = replace(entry, beneficiary_kind=wish.beneficiary_kind, workshop_id=wish.workshop_id)
    after = enter(
        work, known, entry, now, id=id, beneficiary_id=wish.beneficiary_id, reason=wish.reason, by=wish.by
    )  # fmt: skip
    return after.session


def _lock(work: Work, slug: str) -> ResourceFacts | None:
    resource = work.resource(slug)
    return work.facts_for(resource.id) if resource else None


def _all_exist(work: Work, wish: Opening) -> bool:
    member = wish.beneficiary_id is None or work.member(wish.beneficiary_id) is not None
    return member and (wish.workshop_id is None or work.roll(wish.workshop_id) is not None)


def open_class(
    work: Work, *, id: str, resource: str, trainer_id: str, workshop_id: str | None, until: datetime, by: str,
    now: datetime,
) -> OpenClass | Refused | None:  # fmt: skip
    """From now until then, whoever taps has the machine, and its trainer answers for them."""
    known = _lock(work, resource)
    if known is None or (workshop_id is not None and work.roll(workshop_id) is None):
        return None
    before = work.open_class(known.resource.id)
    if before is not None and now < before.until:
        return Refused((refuse(Code.CLASS_OPEN, until=before.until),))
    facts = work.facts_for_member(known.resource.id, trainer_id, now)
    if facts.access.member is None:
        return None
    held = OpenClass(
        id=id, resource_id=known.resource.id, trainer_id=trainer_id, workshop_id=workshop_id, opened_at=now, until=until
    )
    entry = open_for(Way.CLASS, for_class(facts.access, held), facts.beside, now, until=until)
    if isinstance(entry, Denied):
        return Refused(entry.refusals)
    if before is not None:
        close_class(work, before, now, "time")
    work.save_class(held)
    log(work, class_event(EventKind.CLASS_OPENED, held, now, by=by))
    return held


def end_class(work: Work, *, resource: str, now: datetime) -> OpenClass | None:
    """The machine asks for everybody's own right again; None when no class is open there."""
    known = _lock(work, resource)
    held = work.open_class(known.resource.id) if known else None
    if held is not None:
        close_class(work, held, now, "staff")
    return held


def hand_over(work: Work, *, resource: str, now: datetime) -> Session | Refused | None:
    """The next qualified person's tap has the machine, its power uncut; never while a job runs."""
    known = _lock(work, resource)
    if known is None:
        return None
    if known.session is None:
        return Refused((refuse(Code.NOT_IN_USE),))
    if known.running:
        return Refused((refuse(Code.JOB_RUNNING),))
    offered = replace(known.session, offered_at=now)
    work.save_session(offered)
    log(work, session_event(EventKind.SESSION_OFFERED, offered, now))
    return offered


def shelve_part(
    work: Work, *, resource: str, now: datetime, place: str | None = None
) -> WaitingPart | Refused | None:  # fmt: skip
    """Bed cleared, part on the shelf: its maker is told where it lies, at this ``place`` or where parts always go."""
    known = _lock(work, resource)
    if known is None:
        return None
    part = work.waiting_part(known.resource.id)
    if part is None:
        return Refused((refuse(Code.NO_PART_WAITING),))
    shelve(work, part, now, shelf={"fr": place} if place else known.use.shelf)
    return part


def add_maintainer(work: Work, *, resource: str, member_id: str, now: datetime) -> bool:
    """Let a member look after a resource; twice changes nothing more. False when one of them does not exist."""
    found = work.resource(resource)
    if found is None or work.member(member_id) is None:
        return False
    if work.add_maintainer(found.id, member_id, now):
        log(work, _maintainer_event(EventKind.MAINTAINER_ADDED, found, member_id, now))
    return True


def remove_maintainer(work: Work, *, resource: str, member_id: str, now: datetime) -> bool:
    """No longer; False when they did not."""
    found = work.resource(resource)
    if found is None or not work.remove_maintainer(found.id, member_id):
        return False
    log(work, _maintainer_event(EventKind.MAINTAINER_REMOVED, found, member_id, now))
    return True


def _maintainer_event(kind: EventKind, resource: Resource, member_id: str, now: datetime) -> Event:
    return Event(kind=kind, at=now, resource_id=resource.id, member_id=member_id)


# What time alone does


def end_classes_over(work: Work, now: datetime) -> None:
    """A class whose time is over is closed."""
    for held in work.classes_over(now):
        close_class(work, held, now, "time")


def tell_who_is_held_up(work: Work, facts: ResourceFacts, now: datetime) -> ResourceFacts:
    """Once, tell whoever has booked the machine that a job still runs on it."""
    session = facts.session
    if session is None or not facts.running or not facts.use.job_outlives_hours:
        return facts
    booked = work.next_booked(facts.resource.id, now)
    if booked is None or booked.span.starts > now or booked.member_id == session.concerns:
        return facts
    if booked.id == session.told_reservation_id:
        return facts
    told = replace(session, told_reservation_id=booked.id)
    work.save_session(told)
    log(work, Event(
        kind=EventKind.RESERVATION_HELD_UP, at=now, resource_id=facts.resource.id, member_id=booked.member_id,
        session_id=session.id, data={"reservation": booked.id},
    ))  # fmt: skip
    return replace(facts, session=told)
