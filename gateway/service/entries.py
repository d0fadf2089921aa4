"""Somebody gets a machine: the session that a way in opens, or takes over, and what it finds on the bed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from gateway.domain.events import Event, EventKind, Plain
from gateway.domain.sessions import Beneficiary, Session, State
from gateway.domain.ways import Entry, OpenClass, WaitingPart
from gateway.ports.store import ResourceFacts, Work
from gateway.service.uses import advance, log, part_event, session_event


def enter(
    work: Work, facts: ResourceFacts, entry: Entry, now: datetime, *, id: str, beneficiary_id: str | None = None,
    reason: str | None = None, by: str | None = None,
) -> ResourceFacts:  # fmt: skip
    """Write the session of this entry and what becomes of the one that stood; the facts as they then are."""
    if entry.ends is not None:
        facts = advance(work, facts, entry.ends, now)
    if entry.turns and facts.session is not None:
        session, kind = _turned(facts.session, entry, now), EventKind.SESSION_SUPERVISED
    else:
        session, kind = _opened(facts, entry, now, id, beneficiary_id, reason), EventKind.SESSION_OPENED
    work.save_session(session)
    opened = session_event(kind, session, now)
    told: dict[str, Plain] = {"by": by, "reason": reason} if by is not None else {}
    log(work, replace(opened, data=opened.data | told))
    return replace(facts, session=session)


def _opened(
    facts: ResourceFacts, entry: Entry, now: datetime, id: str, beneficiary_id: str | None, reason: str | None
) -> Session:
    powered = facts.interlock is not None
    own = entry.operator_id if entry.beneficiary_kind is Beneficiary.MEMBER else None
    return Session(
        id=id, resource_id=facts.resource.id, operator_id=entry.operator_id, beneficiary_id=beneficiary_id or own,
        beneficiary_kind=entry.beneficiary_kind, reservation_id=entry.reservation_id,
        state=State.OPENING if powered else State.ACTIVE, opened_at=now, last_tap_at=now, last_activity_at=now,
        granted_until=entry.until, energised_at=None if powered else now, way=entry.way,
        supervisor_id=entry.supervisor_id, workshop_id=entry.workshop_id, reason=reason,
    )  # fmt: skip


def _turned(session: Session, entry: Entry, now: datetime) -> Session:
    """The mentor's session that has just begun becomes the learner's: one use, counted once, without a gap in power."""
    return replace(
        session, operator_id=entry.operator_id, beneficiary_id=entry.operator_id, way=entry.way,
        supervisor_id=entry.supervisor_id, reservation_id=entry.reservation_id, granted_until=entry.until,
        last_tap_at=now, last_activity_at=now,
    )  # fmt: skip


def shelve(work: Work, part: WaitingPart, now: datetime, *, shelf: Mapping[str, str] | None) -> None:
    """Somebody has put it on the shelf; its maker is told where."""
    work.clear_waiting_part(part.resource_id)
    log(work, part_event(EventKind.PART_SHELVED, part, now, shelf=dict(shelf) if shelf else None))


def close_class(work: Work, held: OpenClass, now: datetime, how: str) -> None:
    """From now on the machine asks for everybody's own right again."""
    work.save_class(replace(held, closed_at=now))
    log(work, class_event(EventKind.CLASS_CLOSED, held, now, how=how))


def class_event(kind: EventKind, held: OpenClass, at: datetime, **data: Plain) -> Event:
    """The event of a class; it concerns its trainer."""
    told: dict[str, Plain] = {"class": held.id, "workshop": held.workshop_id, "until": held.until.isoformat()}
    return Event(kind=kind, at=at, resource_id=held.resource_id, member_id=held.trainer_id, data=told | data)
