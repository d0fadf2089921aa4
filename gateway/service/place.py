"""Taps at the door: who arrives and leaves, and with whom the place opens and closes."""

from datetime import datetime, timedelta

from devices.messages import Tone
from gateway.domain.events import Event, EventKind, Plain
from gateway.domain.people import Member
from gateway.domain.presence import AGAIN_S, Here, Passing, pass_door
from gateway.ports.store import Work
from gateway.service.uses import Outcome, Received, Verdict, log

ARRIVAL = frozenset({Passing.ARRIVES, Passing.OPENS})


def pass_by(work: Work, member: Member, fact: Received, hours: int | None, now: datetime) -> Outcome:
    """The member goes in or out; with the last responsible person everybody has left."""
    rows = {row.member_id: row for row in work.people_here()}
    before = rows.pop(member.id, None)
    passed = pass_door(before, rows.values(), member_id=member.id, responsible=member.responsible, hours=hours, now=now)
    what = passed.what
    if what is Passing.AGAIN:
        log(work, _event(EventKind.TAP_NOTED, member.id, fact, now, note="again"))
        return Outcome(verdict=Verdict(device=fact.device.slug, tone=Tone.NOTED, code=what))
    work.put_here(passed.row)
    if what is Passing.OPENS:
        log(work, _event(EventKind.PLACE_OPENED, member.id, fact, now))
    kind = EventKind.PERSON_ARRIVED if what in ARRIVAL else EventKind.PERSON_LEFT
    log(work, _event(kind, member.id, fact, now))
    if what is Passing.CLOSES:
        left = [row for row in rows.values() if row.present(now)]
        work.forget_here([row.member_id for row in rows.values()])
        log(work, _event(EventKind.PLACE_CLOSED, member.id, fact, now, still_here=len(left)))
    tone = Tone.GRANTED if what in ARRIVAL else Tone.NOTED
    return Outcome(verdict=Verdict(device=fact.device.slug, tone=tone, code=what))


def _event(kind: EventKind, member_id: str, fact: Received, now: datetime, **data: Plain) -> Event:
    return Event(kind=kind, at=now, member_id=member_id, device_id=fact.device.id, data=data)


def expire(work: Work, now: datetime) -> None:
    """Whoever did not leave by the door is no longer counted; the place closes with the last responsible one."""
    rows = work.people_here()
    expired = [row for row in rows if row.until is not None and row.until <= now]
    left = [row for row in rows if row.until is None and row.changed_at <= now - timedelta(seconds=AGAIN_S)]
    if not expired and not left:
        return
    work.forget_here([row.member_id for row in (*expired, *left)])
    for row in expired:
        told: dict[str, Plain] = {"since": row.since.isoformat()}
        log(work, Event(kind=EventKind.PRESENCE_EXPIRED, at=now, member_id=row.member_id, data=told))
    if _any_responsible(expired) and not _any_responsible([row for row in rows if row.present(now)]):
        still_here = sum(row.present(now) for row in rows)
        log(work, Event(kind=EventKind.PLACE_CLOSED, at=now, data={"still_here": still_here}))


def _any_responsible(rows: list[Here]) -> bool:
    return any(row.responsible for row in rows)
