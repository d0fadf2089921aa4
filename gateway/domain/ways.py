"""Ways into a machine beside one's own right: what each lifts, who may answer for whom, what a tap then opens."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.domain.access import Denied, decide_access
from gateway.domain.access_facts import AccessFacts
from gateway.domain.refusals import Code, Refusal, refuse
from gateway.domain.sessions import Beneficiary, Session, State, Trigger, Way, idle_seconds
from gateway.domain.timespan import seconds_between

MENTOR_WITHIN_S = 30
"""How long mentor and learner have between their two taps, unless the policy says otherwise."""
HAND_OVER_S = 600
"""How long a machine that is given to the next person waits for them."""
CLEAR_FROM_S, CLEAR_UNTIL_S = 5, 600
"""When a second tap says that the bed is clear: nobody clears one sooner, nobody remembers longer."""
LONGEST = timedelta(hours=12)
"""How long a way that somebody opens for others may last."""

_UNTRAINED = frozenset({Code.TRAINING_MISSING, Code.TRAINING_AWAITING, Code.TRAINING_LAPSED, Code.PREREQUISITE_LAPSED})
_NOT_BOOKED = frozenset({Code.RESERVATION_REQUIRED, Code.TOO_EARLY})
_RESERVED = frozenset({Code.RESERVED_BY_OTHER, Code.RESERVED_SOON})
_SPENT = frozenset({Code.QUOTA_DAY_USED_UP, Code.QUOTA_WEEK_USED_UP, Code.TOO_MANY_SESSIONS})
_NOBODY_AROUND = frozenset({Code.PRESENCE_UNKNOWN, Code.NO_RESPONSIBLE})
_CLOSED = frozenset({Code.CLOSED_NOW, Code.CLOSED_DAY})
_SUPERVISION = frozenset({Code.SUPERVISION_REQUIRED})
_LOCKED_OUT = frozenset({Code.OUT_OF_SERVICE})
LIFTS: dict[Way, frozenset[Code]] = {
    Way.OWN: frozenset(),
    Way.NODE: frozenset(),
    Way.SUPERVISED: _UNTRAINED | _SUPERVISION,
    Way.CLASS: _UNTRAINED | _SUPERVISION | _NOT_BOOKED | _SPENT | _NOBODY_AROUND | _CLOSED,
    Way.OVERRIDE: (
        _UNTRAINED | _SUPERVISION | _NOT_BOOKED | _RESERVED | _SPENT | _NOBODY_AROUND | _CLOSED
        | {Code.MEMBERSHIP_LAPSED, Code.CHARTER_NOT_ACCEPTED}
    ),
    Way.REPAIR: (
        _UNTRAINED | _SUPERVISION | _NOT_BOOKED | _RESERVED | _SPENT | _NOBODY_AROUND | _CLOSED | _LOCKED_OUT
    ),
    Way.ON_BEHALF: _NOT_BOOKED | _SPENT | _NOBODY_AROUND | _CLOSED,
}  # fmt: skip
"""What each way lifts, and nothing else: never a badge's or an account's own trouble, an age, or the machine's state."""

_NO_MATTER = _SUPERVISION | _NOT_BOOKED | _RESERVED | _SPENT | _NOBODY_AROUND | _LOCKED_OUT | {
    Code.IN_USE, Code.INTERLOCK_UNKNOWN, Code.COOLING_DOWN, Code.TOO_FEW_PEOPLE,
}  # fmt: skip
"""What says nothing against a mentor: it is asked of the learner's session, or of the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenClass:
    """A machine that a trainer has opened for everybody, for a workshop or without one, until a time."""

    id: str
    resource_id: str
    trainer_id: str
    workshop_id: str | None
    opened_at: datetime
    until: datetime
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingPart:
    """What a session that ended without anybody there has left on the machine, and whose it is."""

    resource_id: str
    member_id: str
    session_id: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TapBefore:
    """The answer to the tap at this machine before the present one."""

    at: datetime
    member_id: str | None
    refusals: tuple[str, ...] = ()
    asks_mentor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What a tap finds beside the facts of access.

    ``teaches``: the member may grant every training that the resource asks for; ``maintains``: looks after it.
    """

    running: bool = False
    open_class: OpenClass | None = None
    part: WaitingPart | None = None
    before: TapBefore | None = None
    teaches: bool = False
    maintains: bool = False


NOTHING_BESIDE = Beside()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A way that covers somebody now. ``ends`` is what becomes of the session that stands; ``turns``: it becomes theirs."""

    way: Way
    operator_id: str
    until: datetime
    reservation_id: str | None = None
    supervisor_id: str | None = None
    beneficiary_kind: Beneficiary = Beneficiary.MEMBER
    workshop_id: str | None = None
    warnings: tuple[Refusal, ...] = ()
    ends: Trigger | None = None
    turns: bool = False
    clears: bool = False
    """The second tap, which says that the bed is clear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BedFirst:
    """Yes, as soon as what lies on the machine is on the shelf; ``ends`` is what becomes of the session that stands."""

    ends: Trigger | None = None


def find_way(access: AccessFacts, beside: Beside, now: datetime) -> Entry | BedFirst | Denied:
    """The way in that this member has alone: the class that is open, one's own right, or a repair."""
    held = beside.open_class
    if held is not None and now < held.until:
        return _to_a_clear_bed(_in_class(access, beside, held, now), beside, now)
    ends, session = _given_up(access, beside, now), access.session
    if ends is not None:
        access = replace(access, session=None)
    found = _enter(access, now, Way.OWN, ends=ends)
    locked_out = isinstance(found, Denied) and any(refusal.code in _LOCKED_OUT for refusal in found.refusals)
    if locked_out and beside.maintains:
        return _enter(access, now, Way.REPAIR, ends=ends)
    leaves = ends is Trigger.TAKEN_OVER and access.use.parts_wait and session is not None and session.active_s > 0
    return _to_a_clear_bed(found, beside, now, leaves=leaves)


def _enter(access: AccessFacts, now: datetime, way: Way, **how: object) -> Entry | Denied:
    decision = decide_access(access, now, lifted=LIFTS[way])
    if isinstance(decision, Denied):
        return decision
    assert access.member is not None
    entry = Entry(
        way=way, operator_id=access.member.id, until=decision.until, reservation_id=decision.reservation_id,
        warnings=decision.warnings,
    )  # fmt: skip
    return replace(entry, **how)  # type: ignore[arg-type]


def _in_class(access: AccessFacts, beside: Beside, held: OpenClass, now: datetime) -> Entry | Denied:
    """During a class the machine passes from hand to hand, as long as nothing runs on it."""
    session, ends = access.session, None
    if session is not None and session.way is Way.CLASS and not beside.running and session.state is not State.LEAVING:
        access, ends = replace(access, session=None), Trigger.HANDED_OVER
    found = _enter(
        for_class(access, held), now, Way.CLASS, supervisor_id=held.trainer_id, ends=ends,
        beneficiary_kind=Beneficiary.WORKSHOP, workshop_id=held.workshop_id,
    )  # fmt: skip
    return found if isinstance(found, Denied) else replace(found, until=min(found.until, held.until))


def for_class(access: AccessFacts, held: OpenClass) -> AccessFacts:
    """The facts without the reservations that the class itself stands on: its trainer's."""
    return replace(access, booked=tuple(r for r in access.booked if r.member_id != held.trainer_id))


def _given_up(access: AccessFacts, beside: Beside, now: datetime) -> Trigger | None:
    """Whether the session that stands makes way: it was given to whoever comes next, or has been idle for long."""
    session = access.session
    if session is None or beside.running or session.state is State.LEAVING:
        return None
    if session.offered_at is not None and _within(session.offered_at, HAND_OVER_S, now):
        return Trigger.HANDED_OVER
    minutes = access.use.take_over_minutes
    idle = minutes is not None and idle_seconds(session, now) >= minutes * 60
    return Trigger.TAKEN_OVER if idle and session.state is not State.OPENING else None


def _within(earlier: datetime, seconds: float, now: datetime) -> bool:
    """Whether that was less than so many seconds ago; what a clock has put into the future never was."""
    return earlier <= now and seconds_between(earlier, now) < seconds


def _to_a_clear_bed(
    found: Entry | Denied, beside: Beside, now: datetime, *, leaves: bool = False
) -> Entry | BedFirst | Denied:
    """``leaves``: the session that is taken over leaves something, too."""
    if isinstance(found, Denied) or (beside.part is None and not leaves):
        return found
    if beside.part is not None and _confirms(found.operator_id, beside.before, now):
        return replace(found, clears=True)
    return BedFirst(ends=found.ends)


def _confirms(member_id: str, before: TapBefore | None, now: datetime) -> bool:
    if before is None or before.member_id != member_id or Code.PART_WAITING not in before.refusals:
        return False
    return seconds_between(before.at, now) >= CLEAR_FROM_S and _within(before.at, CLEAR_UNTIL_S, now)


def may_go_on(access: AccessFacts, session: Session, now: datetime) -> Denied | None:
    """Why a holder may not power their interrupted session again; None when they may: its own way stands until its end."""
    assert access.member is not None
    theirs = replace(access, session=replace(session, operator_id=access.member.id))
    lifted = LIFTS[session.way] | (_RESERVED if session.way not in {Way.OWN, Way.NODE} else frozenset())
    decision = decide_access(theirs, now, lifted=lifted)
    return decision if isinstance(decision, Denied) else None


# Two taps, one session: the mentor and the learner


def asks_mentor(denied: Denied, access: AccessFacts) -> bool:
    """Whether a mentor's tap would be enough."""
    return access.use.supervised_use and all(one.code in LIFTS[Way.SUPERVISED] for one in denied.refusals)


def partner(access: AccessFacts, beside: Beside, now: datetime) -> str | None:
    """Who has just tapped here and may belong to this tap, as its mentor or its learner."""
    member, session, before = access.member, access.session, beside.before
    if member is None or not access.use.supervised_use:
        return None
    within = access.use.supervised_within_seconds or MENTOR_WITHIN_S
    if session is not None:
        begins = session.state in (State.OPENING, State.ACTIVE) and not beside.running
        fresh = session.way is Way.OWN and begins and _within(session.opened_at, within, now)
        return session.operator_id if fresh and session.operator_id != member.id else None
    asked = before is not None and before.asks_mentor and _within(before.at, within, now)
    return before.member_id if before and asked and before.member_id != member.id else None


def may_supervise(access: AccessFacts, beside: Beside, now: datetime) -> bool:
    """Whether this member may answer for a learner: a trainer of all it asks for, with every right and a sound account."""
    decision = decide_access(access, now)
    return beside.teaches and (
        not isinstance(decision, Denied) or all(refusal.code in _NO_MATTER for refusal in decision.refusals)
    )


def together(
    present: tuple[AccessFacts, Beside], earlier: tuple[AccessFacts, Beside], now: datetime
) -> Entry | BedFirst | None:
    """What two people's taps open together, whoever of them came first; None when neither may answer for the other."""
    turns = present[0].session is not None
    if not turns and may_supervise(*present, now):
        return _supervised(earlier, present, now, turns=False)
    own = decide_access(replace(present[0], session=None), now)
    if isinstance(own, Denied) and may_supervise(*earlier, now):
        return _supervised(present, earlier, now, turns=turns)
    return None


def _supervised(
    learner: tuple[AccessFacts, Beside], mentor: tuple[AccessFacts, Beside], now: datetime, *, turns: bool
) -> Entry | BedFirst | None:
    assert mentor[0].member is not None
    alone = replace(learner[0], session=None)
    found = _enter(alone, now, Way.SUPERVISED, supervisor_id=mentor[0].member.id, turns=turns)
    if isinstance(found, Denied):
        return None
    return BedFirst() if learner[1].part is not None else found


# What somebody opens for others, at a desk


def object_to(
    way: Way, access: AccessFacts, beside: Beside, now: datetime, *, until: datetime | None
) -> tuple[Refusal, ...]:
    """What stands against opening this way, beside the rules that it does not lift."""
    found: tuple[Refusal, ...] = ()
    if until is not None and until <= now:
        found += (refuse(Code.WAY_ENDS_IN_THE_PAST, until=until),)
    if until is not None and until - now > LONGEST:
        found += (refuse(Code.WAY_TOO_LONG, hours=int(LONGEST.total_seconds() // 3600)),)
    if way is Way.REPAIR and not beside.maintains:
        found += (refuse(Code.NOT_A_MAINTAINER),)
    if way is Way.REPAIR and access.resource is not None and not access.resource.out_of_service:
        found += (refuse(Code.NOT_LOCKED_OUT),)
    if way is Way.CLASS and not may_supervise(access, beside, now):
        found += (refuse(Code.NOT_A_MENTOR),)
    if way is not Way.REPAIR and beside.part is not None:
        found += (refuse(Code.PART_WAITING, since=beside.part.since),)
    return found


def open_for(way: Way, access: AccessFacts, beside: Beside, now: datetime, *, until: datetime | None) -> Entry | Denied:
    """Let the member of these facts in by a way that staff open; every reason against it when they cannot."""
    objections = object_to(way, access, beside, now, until=until)
    found = _enter(access, now, way)
    if isinstance(found, Denied) or objections:
        return Denied(refusals=objections + (found.refusals if isinstance(found, Denied) else ()))
    return replace(found, until=min(found.until, until) if until else found.until)
