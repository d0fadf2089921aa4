"""A badge tap: one read, one decision, one step, one write."""

from datetime import datetime

from devices.messages import BadgeTapped, Tone
from gateway.domain.access import Denied, Granted, decide_access
from gateway.domain.access_rules import AT_THE_DOOR
from gateway.domain.events import Event, EventKind, Plain
from gateway.domain.refusals import Code, Refusal, to_plain
from gateway.domain.resources import DeviceRole
from gateway.domain.sessions import Session, State, Trigger, tapped_again_too_soon
from gateway.ports.ids import Ids
from gateway.ports.store import ResourceFacts, TapFacts, Work
from gateway.service.arrivals import check_in, move_here
from gateway.service.place import pass_by
from gateway.service.uses import Outcome, Received, Verdict, advance, log, power_orders, session_event
from gateway.service.workshops_list import note_tap


def handle_tap(work: Work, fact: Received, now: datetime, ids: Ids) -> Outcome:
    """Grant, refuse or note a tap; too old a tap is history: recorded at its hour, never grants."""
    tap = fact.envelope.message
    assert isinstance(tap, BadgeTapped)
    facts = work.facts_for_tap(fact.device, tap.badge, now)
    session, member = facts.access.session, facts.access.member
    holds = session is not None and member is not None and session.operator_id == member.id
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
    if session and holds and session.state is not State.INTERRUPTED:
        return _holder_tapped(work, facts, session, fact, now)
    if fact.device.role is DeviceRole.PLACE:
        return _at_the_door(work, facts, fact, now)
    facts = move_here(work, facts, now)
    check_in(work, facts.access, now)
    decision = decide_access(facts.access, now)
    if isinstance(decision, Denied):
        return _refuse(work, facts, fact, decision.refusals, now)
    if session and holds:
        return _reopen(work, facts, session, fact, now)
    return _open(work, facts, decision, fact, now, ids)


def _at_the_door(work: Work, facts: TapFacts, fact: Received, now: datetime) -> Outcome:
    unmet = tuple(refusal for rule in AT_THE_DOOR for refusal in rule(facts.access, now))
    member = facts.access.member
    if unmet or member is None:
        return _refuse(work, facts, fact, unmet, now)
    return pass_by(work, member, fact, facts.access.use.presence_hours, now)


def _event(kind: EventKind, facts: TapFacts, fact: Received, at: datetime, **data: Plain) -> Event:
    resource, member, session = facts.access.resource, facts.access.member, facts.access.session
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


def _refuse(work: Work, facts: TapFacts, fact: Received, refusals: tuple[Refusal, ...], now: datetime) -> Outcome:
    data: dict[str, Plain] = {
        "refusals": [str(refusal.code) for refusal in refusals],
        "reasons": [to_plain(refusal) for refusal in refusals],
    }
    tap = fact.envelope.message
    if isinstance(tap, BadgeTapped) and any(refusal.code is Code.BADGE_UNKNOWN for refusal in refusals):
        data["badge"] = [{"form": b.form, "key_id": b.key_id, "digest": b.digest} for b in tap.badge]
    log(work, _event(EventKind.TAP_REFUSED, facts, fact, now, **data))
    return Outcome(verdict=_verdict(fact, Tone.REFUSED, refusals[0].code))


def _resource_facts(facts: TapFacts, session: Session | None) -> ResourceFacts:
    assert facts.access.resource is not None
    return ResourceFacts(
        resource=facts.access.resource, session=session, running=facts.running, interlock=facts.interlock
    )


def _holder_tapped(work: Work, facts: TapFacts, session: Session, fact: Received, now: datetime) -> Outcome:
    """The holder again: within 10 s nothing, with a job running *person gone* (or back), else the end."""
    if tapped_again_too_soon(session, now):
        log(work, _event(EventKind.TAP_NOTED, facts, fact, now, note="again"))
        return Outcome(verdict=_verdict(fact, Tone.NOTED, "tap_again"))
    trigger = Trigger.HOLDER_TAPPED_RUNNING if facts.running else Trigger.HOLDER_TAPPED
    after = advance(work, _resource_facts(facts, session), trigger, now)
    assert after.session is not None
    note = {State.CLOSED: "session_closed", State.LEAVING: "person_gone"}.get(after.session.state, "person_back")
    log(work, _event(EventKind.TAP_NOTED, facts, fact, now, note=note))
    return Outcome(power=power_orders(after, now), verdict=_verdict(fact, Tone.NOTED, note))


def _reopen(work: Work, facts: TapFacts, session: Session, fact: Received, now: datetime) -> Outcome:
    """Only a new tap powers an interrupted session again."""
    after = advance(work, _resource_facts(facts, session), Trigger.HOLDER_TAPPED, now)
    log(work, _event(EventKind.TAP_GRANTED, facts, fact, now, until=_iso(session.granted_until)))
    return Outcome(power=power_orders(after, now), verdict=_verdict(fact, Tone.GRANTED, "granted"))


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _open(work: Work, facts: TapFacts, granted: Granted, fact: Received, now: datetime, ids: Ids) -> Outcome:
    resource, member = facts.access.resource, facts.access.member
    assert resource is not None
    assert member is not None
    powered = facts.interlock is not None
    session = Session(
        id=ids.new(),
        resource_id=resource.id,
        operator_id=member.id,
        beneficiary_id=member.id,
        reservation_id=granted.reservation_id,
        state=State.OPENING if powered else State.ACTIVE,
        opened_at=now,
        last_tap_at=now,
        last_activity_at=now,
        granted_until=granted.until,
        energised_at=None if powered else now,
    )
    work.save_session(session)
    told: dict[str, Plain] = {"warnings": [to_plain(each) for each in granted.warnings]} if granted.warnings else {}
    tap = _event(EventKind.TAP_GRANTED, facts, fact, now, until=_iso(granted.until), **told)
    log(work, tap, session_event(EventKind.SESSION_OPENED, session, now))
    orders = power_orders(_resource_facts(facts, session), now)
    code = str(granted.warnings[0].code) if granted.warnings else "granted"
    return Outcome(power=orders, verdict=_verdict(fact, Tone.GRANTED, code))
