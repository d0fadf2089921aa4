"""What a node decided while nobody answered: recorded at its hour, once; it moves no relay."""

from datetime import datetime

from devices.messages import TapDecided, Tone
from gateway.domain.access_rules import own_reservation
from gateway.domain.events import Event, EventKind, Plain
from gateway.domain.people import Member
from gateway.domain.resources import DeviceRole
from gateway.domain.sessions import Session, State, Trigger, Way
from gateway.ports.ids import Ids
from gateway.ports.store import ResourceFacts, TapFacts, Work
from gateway.service.arrivals import check_in
from gateway.service.uses import NOTHING, Outcome, Received, advance, log, session_event

NOTED: dict[str, Trigger] = {
    # The end itself is told by the relay that follows, with seconds that no clock bends.
    "person_gone": Trigger.HOLDER_TAPPED_RUNNING,
    "person_back": Trigger.HOLDER_TAPPED_RUNNING,
}
_RUNNING_ON = frozenset({State.LEAVING})


def handle_tap_decided(work: Work, fact: Received, now: datetime, ids: Ids) -> Outcome:
    """The tap itself came before it: what the gateway made of that one stands, and this adds what the node did."""
    decided, device = fact.envelope.message, fact.device
    assert isinstance(decided, TapDecided)
    if device.role is not DeviceRole.NODE or device.resource_id is None:
        return NOTHING
    facts, at = work.facts_for_tap(device, decided.badge, now), fact.happened_at
    member, session = facts.access.member, facts.access.session
    log(work, _event(facts, fact, decided, at))
    standing = _resource_facts(facts)
    if member is None:
        return NOTHING
    holds = session is not None and session.held_by(member.id)
    if decided.outcome is Tone.GRANTED:
        _begin(work, standing, facts, member, fact, ids, holds=holds)
    elif decided.outcome is Tone.REFUSED and holds and session is not None and session.state is State.OPENING:
        # Our answer came too late: they were told no, and have gone.
        advance(work, standing, Trigger.HOLDER_TAPPED, at)
    elif holds and decided.code in NOTED:
        advance(work, standing, NOTED[decided.code], at)
    return NOTHING


def _begin(
    work: Work, standing: ResourceFacts, facts: TapFacts, member: Member, fact: Received, ids: Ids, *, holds: bool
) -> None:
    at, session = fact.happened_at, standing.session
    if session is not None and holds:
        if session.state is State.INTERRUPTED:
            advance(work, advance(work, standing, Trigger.HOLDER_TAPPED, at), Trigger.POWER_ON, at)
        return
    if fact.predates(session):
        # It comes late: whoever has the machine now came after that use.
        return
    if session is not None:
        # The node had it free: whoever held it has left, however that was.
        over = Trigger.LAST_JOB_ENDED if session.state in _RUNNING_ON else Trigger.HANDED_OVER
        standing = advance(work, standing, over, at)
        if standing.session is not None and standing.session.state is not State.CLOSED:
            return
    check_in(work, facts.access, at)
    booked = own_reservation(facts.access, at)
    opened = Session(
        id=ids.new(), resource_id=standing.resource.id, operator_id=member.id, beneficiary_id=member.id,
        reservation_id=booked.id if booked else None, state=State.ACTIVE, opened_at=at, last_tap_at=at, energised_at=at,
        last_activity_at=max(at, fact.received_at), way=Way.NODE,
    )  # fmt: skip
    work.save_session(opened)
    log(work, session_event(EventKind.SESSION_OPENED, opened, at))


def _resource_facts(facts: TapFacts) -> ResourceFacts:
    assert facts.access.resource is not None
    return ResourceFacts(
        resource=facts.access.resource, session=facts.access.session, running=facts.running, interlock=facts.interlock,
        use=facts.access.use,
    )  # fmt: skip


def _event(facts: TapFacts, fact: Received, decided: TapDecided, at: datetime) -> Event:
    member, session = facts.access.member, facts.access.session
    data: dict[str, Plain] = {
        "outcome": str(decided.outcome), "code": decided.code, "list_version": decided.list_version,
        "until_s": decided.until_s,
    }  # fmt: skip
    return Event(
        kind=EventKind.TAP_ALONE, at=at, resource_id=fact.device.resource_id, member_id=member.id if member else None,
        session_id=session.id if session else None, device_id=fact.device.id, data=data,
    )  # fmt: skip
