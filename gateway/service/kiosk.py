"""What whoever has tapped at a kiosk then does on its screen: begin, go on for longer."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from devices.envelope import Envelope
from devices.messages import BadgeTapped
from gateway.domain.cards import Shown
from gateway.domain.hour import Doubt
from gateway.domain.refusals import Code, Refused, refuse
from gateway.domain.resources import Device
from gateway.domain.sessions import Session, State
from gateway.ports.ids import Ids
from gateway.ports.store import TapFacts, Work
from gateway.service import bookings_changes, taps
from gateway.service.uses import Outcome, Received

MORE = timedelta(minutes=30)
"""By how much a use goes on at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Who touched which machine at the kiosk of which reader."""

    reader: Device
    resource: str
    member_id: str
    shown: Shown
    """What their tap was worth."""
    doubt: Doubt | None = None
    """Why our own hour cannot be believed."""
    pin: bool = False
    """Whether they have typed their code since."""


def begin(work: Work, chosen: Chosen, now: datetime, ids: Ids) -> Outcome | None:
    """The very answer that a tap at the machine's own reader would get; None when there is no such machine."""
    facts = _facts(work, chosen, now)
    if facts is None:
        return None
    session, member = facts.access.session, facts.access.member
    if session and member and session.held_by(member.id) and session.state is not State.INTERRUPTED:
        return Outcome()
    # The badge has been read already: the finger on the tile stands for the tap.
    tap = Envelope(
        site="", device=chosen.reader.slug, boot="", seq=None, mono_ms=0, age_ms=0, at=now,
        message=BadgeTapped(badge=()),
    )  # fmt: skip
    fact = Received(envelope=tap, device=chosen.reader, received_at=now, topic="", payload=b"", doubt=chosen.doubt)
    return taps.answer(work, facts, fact, now, ids)


def go_on(work: Work, *, resource: str, member_id: str, now: datetime) -> Session | Refused | None:
    """Half an hour more than was booked, if the lab's rules and the next booking allow it."""
    found = _held(work, resource, member_id)
    if not isinstance(found, Session):
        return found
    held = work.reservation(found.reservation_id) if found.reservation_id else None
    if held is None:
        return Refused((refuse(Code.NOT_IN_USE),))
    moved = bookings_changes.move(work, id=held.id, ends=held.span.ends + MORE, now=now)
    if moved is None or isinstance(moved, Refused):
        return moved
    longer = replace(found, granted_until=moved.span.ends)
    work.save_session(longer)
    return longer


def _held(work: Work, resource: str, member_id: str) -> Session | Refused | None:
    """The open session there, if it is this person's."""
    found = work.resource(resource)
    known = work.facts_for(found.id) if found else None
    if known is None:
        return None
    if known.session is None or not known.session.held_by(member_id):
        return Refused((refuse(Code.NOT_IN_USE),))
    return known.session


def _facts(work: Work, chosen: Chosen, now: datetime) -> TapFacts | None:
    found = work.resource(chosen.resource)
    if found is None or work.facts_for(found.id) is None:
        return None
    facts = work.facts_for_member(found.id, chosen.member_id, now)
    return replace(facts, access=replace(facts.access, shown=chosen.shown, pin=chosen.pin))
