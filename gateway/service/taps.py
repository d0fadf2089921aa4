"""A badge tap: one read, one decision, one step, one write."""

from dataclasses import replace
from datetime import datetime

from devices.messages import Tone
from gateway.domain.access import Denied
from gateway.domain.access_rules import AT_THE_DOOR
from gateway.domain.cards import WORTHLESS, Shown, shown_as
from gateway.domain.events import Event, EventKind, Plain
from gateway.domain.hour import depends_on_time
from gateway.domain.people import Member
from gateway.domain.refusals import Code, refuse, to_plain
from gateway.domain.resources import DeviceRole
from gateway.domain.sessions import Session, State, Trigger, Way, tapped_again_too_soon
from gateway.domain.ways import BedFirst, Entry, asks_mentor, find_way, may_go_on, partner, together
from gateway.ports.ids import Ids
from gateway.ports.store import ResourceFacts, TapFacts, Work
from gateway.service.arrivals import check_in, move_here
from gateway.service.entries import close_class, enter, shelve
from gateway.service.place import pass_by
from gateway.service.uses import (
    Outcome,
    PowerOrder,
    Received,
    Verdict,
    advance,
    log,
    part_event,
    power_orders,
    told_of_badge,
)
from gateway.service.workshops_list import note_tap, tick_use


def handle_tap(work: Work, fact: Received, now: datetime, ids: Ids) -> Outcome:
    """Grant, refuse or note a tap; too old a tap is history: recorded at its hour, never grants."""
    facts = _shown(work, work.facts_for_tap(fact.device, fact.badge, now), fact)
    if facts.access.shown in WORTHLESS:
        return _not_their_card(work, facts, fact, now)
    session, member = facts.access.session, facts.access.member
    holds = session is not None and member is not None and session.held_by(member.id)
    workshop = fact.device.list_open(fact.happened_at)
    gives_back = session and holds and session.state is not State.INTERRUPTED and fact.fresh(now)
    if workshop is not None and not gives_back:
        listed = note_tap(work, workshop, facts, fact, now, ids)
        if listed is not None:
            return listed
    if not fact.fresh(now):
        check_in(work, facts.access, fact.happened_at)
        log(work, _event(EventKind.TAP_LATE, facts, fact, fact.happened_at))
        return Outcome()
    if session and member and holds and session.state is not State.INTERRUPTED:
        return _holder_tapped(work, facts, session, member, fact, now)
    if fact.device.role is DeviceRole.PLACE:
        return _at_the_door(work, facts, fact, now)
    if fact.device.role is DeviceRole.KIOSK:
        return _at_the_kiosk(work, facts, fact, now)
    return answer(work, facts, fact, now, ids)


def _shown(work: Work, facts: TapFacts, fact: Received) -> TapFacts:
    """What the showing of the badge is worth; a card's counter rises with it, whatever the answer will be."""
    if fact.card is None:
        return facts
    shown = shown_as(fact.card, facts.badge)
    if shown is Shown.PROVEN and facts.badge and not work.raise_counter(facts.badge.id, fact.card.counter):
        shown = Shown.REPLAYED
    return replace(facts, access=replace(facts.access, shown=shown))


def _not_their_card(work: Work, facts: TapFacts, fact: Received, now: datetime) -> Outcome:
    """A copy, or what was overheard: it is nobody's badge, opens nothing, ends nothing and counts nowhere."""
    forged = facts.access.shown is Shown.FORGED
    nobody = replace(facts, access=replace(facts.access, member=None))
    if not fact.fresh(now) and not forged:
        # It may have waited at its reader while the same card was shown elsewhere.
        log(work, _event(EventKind.TAP_LATE, nobody, fact, fact.happened_at))
        return Outcome()
    code = Code.CARD_FORGED if forged else Code.CARD_REPLAYED
    at = now if fact.fresh(now) else fact.happened_at
    return _refuse(work, nobody, fact, Denied(refusals=(refuse(code),)), at)


def answer(work: Work, facts: TapFacts, fact: Received, now: datetime, ids: Ids) -> Outcome:
    """What becomes of whoever does not have the machine yet, or has it with its power cut."""
    session, member = facts.access.session, facts.access.member
    holds = session is not None and member is not None and session.held_by(member.id)
    if _comes_for_their_part(facts):
        return _part_taken(work, facts, fact, now)
    if fact.doubt is not None and member is not None and depends_on_time(facts.access):
        # Whatever the rules say may be of another year.
        return _refuse(work, facts, fact, Denied(refusals=(refuse(Code.CLOCK_UNPROVED),)), now)
    facts = move_here(work, facts, now)
    check_in(work, facts.access, now)
    if session and holds:
        denied = may_go_on(facts.access, session, now) or _code_missing(work, facts, fact, now)
        return _refuse(work, facts, fact, denied, now) if denied else _reopen(work, facts, session, fact, now)
    found = _together(work, facts, now) or find_way(facts.access, facts.beside, now)
    if isinstance(found, Denied):
        return _refuse(work, facts, fact, found, now)
    denied = _code_missing(work, facts, fact, now)
    if denied:
        return _refuse(work, facts, fact, denied, now)
    if isinstance(found, BedFirst):
        return _bed_first(work, facts, fact, found, now)
    return _enter(work, facts, found, fact, now, ids)


def _code_missing(work: Work, facts: TapFacts, fact: Received, now: datetime) -> Denied | None:
    """Asked of whoever may begin, and of nobody else: the code of six digits, where there is a screen to type it."""
    access = facts.access
    if not access.use.pin or access.pin or access.member is None or access.resource is None:
        return None
    code = Code.PIN_NEEDED
    if not work.has_pin(access.member.id):
        code = Code.PIN_NOT_SET
    elif not work.has_screen(access.resource.id, fact.device.id, now):
        code = Code.PIN_NO_SCREEN
    return Denied(refusals=(refuse(code),))


def _together(work: Work, facts: TapFacts, now: datetime) -> Entry | BedFirst | None:
    """What this tap and the one before open as mentor and learner: the only tap that needs a second read."""
    other, resource = partner(facts.access, facts.beside, now), facts.access.resource
    if other is None or resource is None:
        return None
    theirs = work.facts_for_member(resource.id, other, now)
    return together((facts.access, facts.beside), (theirs.access, theirs.beside), now)


def _at_the_door(work: Work, facts: TapFacts, fact: Received, now: datetime) -> Outcome:
    unmet = tuple(refusal for rule in AT_THE_DOOR for refusal in rule(facts.access, now))
    member = facts.access.member
    if unmet or member is None:
        return _refuse(work, facts, fact, Denied(refusals=unmet), now)
    return pass_by(work, member, fact, facts.access.use.presence_hours, now)


def _at_the_kiosk(work: Work, facts: TapFacts, fact: Received, now: datetime) -> Outcome:
    """Nothing is switched on yet: the screen beside the reader asks which machine."""
    unmet = tuple(refusal for rule in AT_THE_DOOR for refusal in rule(facts.access, now))
    if unmet or facts.access.member is None:
        return _refuse(work, facts, fact, Denied(refusals=unmet), now)
    return _noted(work, facts, fact, now, "identified")


def _event(kind: EventKind, facts: TapFacts, fact: Received, at: datetime, **data: Plain) -> Event:
    resource, member, session = facts.access.resource, facts.access.member, facts.access.session
    if facts.access.shown is Shown.PROVEN:
        data["card"] = str(Shown.PROVEN)
    if facts.access.pin:
        data["pin"] = True
    return Event(
        kind=kind,
        at=at,
        resource_id=resource.id if resource else None,
        member_id=member.id if member else None,
        session_id=session.id if session else None,
        device_id=fact.device.id,
        data=data,
    )


def _verdict(fact: Received, tone: Tone, code: str) -> Verdict:
    return Verdict(device=fact.device.slug, tone=tone, code=code)


def _refuse(work: Work, facts: TapFacts, fact: Received, denied: Denied, now: datetime) -> Outcome:
    data: dict[str, Plain] = {
        "refusals": [str(refusal.code) for refusal in denied.refusals],
        "reasons": [to_plain(refusal) for refusal in denied.refusals],
    }
    if asks_mentor(denied, facts.access):
        data["asks_mentor"] = True
    if any(refusal.code is Code.BADGE_UNKNOWN for refusal in denied.refusals):
        data |= told_of_badge(fact)
    log(work, _event(EventKind.TAP_REFUSED, facts, fact, now, **data))
    first = denied.refusals[0].code
    return Outcome(verdict=_verdict(fact, Tone.WAIT if first is Code.PIN_NEEDED else Tone.REFUSED, first))


def _resource_facts(facts: TapFacts, session: Session | None) -> ResourceFacts:
    assert facts.access.resource is not None
    return ResourceFacts(
        resource=facts.access.resource, session=session, running=facts.running, interlock=facts.interlock,
        use=facts.access.use,
    )  # fmt: skip


def _holder_tapped(
    work: Work, facts: TapFacts, session: Session, member: Member, fact: Received, now: datetime
) -> Outcome:
    """The holder again: within 10 s nothing, with a job running *person gone* (or back), else the end.

    Who supervises may end an idle session, too; a trainer's tap ends the class with it.
    """
    if tapped_again_too_soon(session, now):
        return _noted(work, facts, fact, now, "again", code="tap_again")
    if facts.running and member.id != session.operator_id:
        return _noted(work, facts, fact, now, "watching")
    trigger = Trigger.HOLDER_TAPPED_RUNNING if facts.running else Trigger.HOLDER_TAPPED
    after = advance(work, _resource_facts(facts, session), trigger, now)
    assert after.session is not None
    note = {State.CLOSED: "session_closed", State.LEAVING: "person_gone"}.get(after.session.state, "person_back")
    held = facts.beside.open_class
    if held is not None and held.trainer_id == member.id:
        close_class(work, held, now, "tap")
        note = "class_closed" if after.session.state is State.CLOSED else note
    return _noted(work, facts, fact, now, note, power=power_orders(after, now))


def _noted(
    work: Work, facts: TapFacts, fact: Received, now: datetime, note: str, *, code: str | None = None,
    power: tuple[PowerOrder, ...] = (),
) -> Outcome:  # fmt: skip
    log(work, _event(EventKind.TAP_NOTED, facts, fact, now, note=note))
    return Outcome(power=power, verdict=_verdict(fact, Tone.NOTED, code or note))


def _reopen(work: Work, facts: TapFacts, session: Session, fact: Received, now: datetime) -> Outcome:
    """Only a new tap powers an interrupted session again."""
    after = advance(work, _resource_facts(facts, session), Trigger.HOLDER_TAPPED, now)
    log(work, _event(EventKind.TAP_GRANTED, facts, fact, now, until=_iso(session.granted_until)))
    return Outcome(power=power_orders(after, now), verdict=_verdict(fact, Tone.GRANTED, "granted"))


def _comes_for_their_part(facts: TapFacts) -> bool:
    access, part = facts.access, facts.beside.part
    theirs = part is not None and access.member is not None and part.member_id == access.member.id
    return theirs and access.session is None and not access.badge_revoked


def _part_taken(work: Work, facts: TapFacts, fact: Received, now: datetime) -> Outcome:
    """Whoever made it takes it away; another tap begins something new."""
    part = facts.beside.part
    assert part is not None
    work.clear_waiting_part(part.resource_id)
    log(work, part_event(EventKind.PART_TAKEN, part, now))
    return _noted(work, facts, fact, now, "part_taken")


def _bed_first(work: Work, facts: TapFacts, fact: Received, found: BedFirst, now: datetime) -> Outcome:
    """Not before what lies on the machine is on the shelf: the same person's next tap says so."""
    part = facts.beside.part
    power: tuple[PowerOrder, ...] = ()
    if found.ends is not None and facts.access.session is not None:
        after = advance(work, _resource_facts(facts, facts.access.session), found.ends, now)
        power = power_orders(after, now)
    denied = Denied(refusals=(refuse(Code.PART_WAITING, since=part.since if part else now),))
    return replace(_refuse(work, facts, fact, denied, now), power=power)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _enter(work: Work, facts: TapFacts, entry: Entry, fact: Received, now: datetime, ids: Ids) -> Outcome:
    if entry.clears and facts.beside.part is not None:
        shelve(work, facts.beside.part, now, shelf=facts.access.use.shelf)
    told: dict[str, Plain] = {"warnings": [to_plain(each) for each in entry.warnings]} if entry.warnings else {}
    if entry.way is not Way.OWN:
        told["way"] = str(entry.way)
    if entry.workshop_id is not None:
        unlisted = tick_use(work, entry.workshop_id, entry.operator_id, now, ids.new())
        told |= {"unlisted": to_plain(unlisted)} if unlisted else {}
    log(work, _event(EventKind.TAP_GRANTED, facts, fact, now, until=_iso(entry.until), **told))
    after = enter(work, _resource_facts(facts, facts.access.session), entry, now, id=ids.new())
    code = str(entry.warnings[0].code) if entry.warnings else "granted" if entry.way is Way.OWN else str(entry.way)
    return Outcome(power=power_orders(after, now), verdict=_verdict(fact, Tone.GRANTED, code))
