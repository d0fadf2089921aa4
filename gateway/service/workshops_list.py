"""The attendance list at a reader: badges tick presence there, new badges find their people, nothing gets power."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from devices.messages import Tone
from gateway.domain.events import Event, EventKind, Plain
from gateway.domain.refusals import Code, Refusal, Refused, refuse, to_plain
from gateway.domain.workshop_attendance import attend, may_note
from gateway.domain.workshop_seats import both, join
from gateway.domain.workshops import Place, PlaceState, Roll, Step
from gateway.ports.ids import Ids
from gateway.ports.store import TapFacts, Work
from gateway.service import members
from gateway.service.members import Enrolment
from gateway.service.uses import Outcome, Received, Verdict, log, told_of_badge
from gateway.service.workshops_rolls import close_readers, keep

LONGEST = timedelta(hours=4)
"""A list that nobody closes ends by itself after this at the latest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenList:
    """A list that is open at a reader."""

    reader: str
    until: datetime


def open_list(
    work: Work, *, workshop_id: str, reader: str, lasts: timedelta, now: datetime
) -> OpenList | Refused | None:
    """Open a workshop's list at a reader for so long; opening it again gives more time. None: no such workshop."""
    device = work.reader(reader)
    if device is None:
        return Refused((refuse(Code.NO_SUCH_READER, reader=reader),))
    facts = work.facts_for(device.resource_id) if device.resource_id else None
    roll = work.roll(workshop_id)
    if roll is None:
        return None
    other = device.list_open(now) not in (None, workshop_id)
    refusal = may_note(roll, now)
    if refusal is None and (other or (facts is not None and facts.session is not None)):
        refusal = refuse(Code.WORKSHOP_READER_BUSY, reader=reader)
    if refusal is not None:
        return Refused((refusal,))
    again = device.list_open(now) == workshop_id
    until = now + min(lasts, LONGEST)
    work.set_list(device.id, workshop_id, device.list_since if again else now, until)
    data: dict[str, Plain] = {"workshop": workshop_id, "until": until.isoformat()}
    kind = EventKind.WORKSHOP_LIST_OPENED
    log(work, Event(kind=kind, at=now, resource_id=device.resource_id, device_id=device.id, data=data))
    return OpenList(reader=reader, until=until)


def close_list(work: Work, *, workshop_id: str, now: datetime) -> bool | None:
    """Close a workshop's list wherever it is open; whether it was. None: there is no such workshop."""
    readers = work.readers_of(workshop_id)
    roll = work.roll(workshop_id)
    if roll is None:
        return None
    close_readers(work, roll.workshop, readers, now)
    return bool(readers)


def next_unbadged(work: Work, roll: Roll) -> Place | None:
    """To whom the next unknown badge goes: the first who is enrolled, not absent, and has none."""
    waiting = [p for p in roll.places if p.state is PlaceState.ENROLLED and p.present is not False and p.member_id]
    badged = work.badged(place.member_id for place in waiting if place.member_id)
    return next((place for place in waiting if place.member_id not in badged), None)


def note_tap(work: Work, workshop_id: str, facts: TapFacts, fact: Received, now: datetime, ids: Ids) -> Outcome | None:
    """The answer to a badge at a reader where a list is open; None when there is no such workshop any more.

    A late tap of somebody known counts at its hour; a late unknown badge is tied to nobody: who stands at the reader
    now may be another.
    """
    roll = work.roll(workshop_id)
    if roll is None:
        return None
    live = fact.fresh(now)
    member = facts.access.member
    if facts.access.badge_revoked:
        return _refused(work, facts, fact, roll, refuse(Code.BADGE_REVOKED), now) if live else _late(work, facts, fact)
    if member is None:
        return _unknown(work, facts, fact, roll, now, ids) if live else _late(work, facts, fact)
    if member.id == roll.workshop.trainer_id and roll.of_member(member.id) is None:
        return _noted(work, facts, fact, roll, member.id, "list_again", now)
    step = _ticked(roll, member.id, fact.happened_at, ids.new())
    if isinstance(step, Refusal):
        return _refused(work, facts, fact, roll, step, now) if live else _late(work, facts, fact)
    keep(work, roll, step, now)
    if not live:
        return _late(work, facts, fact)
    return _noted(work, facts, fact, roll, member.id, "list_present" if step.happenings else "list_again", now)


def tick_use(work: Work, workshop_id: str, member_id: str, now: datetime, new: str) -> Refusal | None:
    """Who uses a machine that is open for a workshop is there; why they stand on no list, if they cannot."""
    roll = work.roll(workshop_id)
    if roll is None or member_id == roll.workshop.trainer_id:
        return None
    step = _ticked(roll, member_id, now, new)
    if isinstance(step, Refusal):
        return step
    keep(work, roll, step, now)
    return None


def _ticked(roll: Roll, member_id: str, at: datetime, new: str) -> Step | Refusal:
    """Present; who was not on the list is put on it while there are seats."""
    step: Step | Refusal = Step(roll=roll)
    if roll.of_member(member_id) is None:
        step = join(
            roll, Place(id=new, workshop_id=roll.workshop.id, joined_at=at, member_id=member_id), at, there=True
        )
    if isinstance(step, Refusal):
        return step
    place = step.roll.of_member(member_id)
    assert place is not None
    there = attend(step.roll, place, present=True, at=at)
    return there if isinstance(there, Refusal) else both(step, there)


def _unknown(work: Work, facts: TapFacts, fact: Received, roll: Roll, now: datetime, ids: Ids) -> Outcome:
    refusal = may_note(roll, now)
    if refusal is not None:
        return _refused(work, facts, fact, roll, refusal, now)
    place = next_unbadged(work, roll)
    if place is None or place.member_id is None:
        return _refused(work, facts, fact, roll, refuse(Code.WORKSHOP_BADGE_WAITS), now)
    new = ids.new()
    outcome = members.enrol_badge(work, id=new, member_id=place.member_id, badge=fact.badge, now=now)
    if outcome is not Enrolment.ENROLLED:
        return _refused(work, facts, fact, roll, refuse(Code.WORKSHOP_BADGE_WAITS), now)
    if fact.card is not None:
        work.raise_counter(new, fact.card.counter)
    step = attend(roll, place, present=True, at=now)
    if isinstance(step, Step):
        keep(work, roll, step, now)
    return _noted(work, facts, fact, roll, place.member_id, "list_tied", now)


def _event(
    kind: EventKind, facts: TapFacts, fact: Received, at: datetime, member_id: str | None, **data: Plain
) -> Event:
    resource = facts.access.resource
    return Event(
        kind=kind, at=at, resource_id=resource.id if resource else None, member_id=member_id, device_id=fact.device.id,
        data=data,
    )  # fmt: skip


def _noted(
    work: Work, facts: TapFacts, fact: Received, roll: Roll, member_id: str, note: str, now: datetime
) -> Outcome:
    log(work, _event(EventKind.TAP_NOTED, facts, fact, now, member_id, note=note, workshop=roll.workshop.id))
    tone = Tone.NOTED if note == "list_again" else Tone.GRANTED
    return Outcome(verdict=Verdict(device=fact.device.slug, tone=tone, code=note))


def _refused(work: Work, facts: TapFacts, fact: Received, roll: Roll, refusal: Refusal, now: datetime) -> Outcome:
    member = facts.access.member
    data: dict[str, Plain] = {
        "refusals": [str(refusal.code)], "reasons": [to_plain(refusal)], "workshop": roll.workshop.id,
    }  # fmt: skip
    if member is None and not facts.access.badge_revoked:
        data |= told_of_badge(fact)
    log(work, _event(EventKind.TAP_REFUSED, facts, fact, now, member.id if member else None, **data))
    return Outcome(verdict=Verdict(device=fact.device.slug, tone=Tone.REFUSED, code=refusal.code))


def _late(work: Work, facts: TapFacts, fact: Received) -> Outcome:
    member = facts.access.member
    log(work, _event(EventKind.TAP_LATE, facts, fact, fact.happened_at, member.id if member else None))
    return Outcome()
