"""Every rule of access, one small function each: what is unmet, in the order in which a person can act on it."""

from collections.abc import Callable
from datetime import datetime, timedelta

from gateway.domain.access_facts import AccessFacts
from gateway.domain.booking import Purpose, Reservation, Status
from gateway.domain.cards import Shown
from gateway.domain.opening import ClosedBy, Open
from gateway.domain.people import Member, age_on
from gateway.domain.quota import local_day, local_week, seconds_in
from gateway.domain.refusals import Code, Refusal, refuse
from gateway.domain.training import Requirement, Standing

Unmet = tuple[Refusal, ...]
Rule = Callable[[AccessFacts, datetime], Unmet]
NONE: Unmet = ()


# The badge and the account


def _known_reader(facts: AccessFacts, now: datetime) -> Unmet:
    return NONE if facts.resource else (refuse(Code.READER_UNASSIGNED),)


def _known_badge(facts: AccessFacts, now: datetime) -> Unmet:
    return NONE if facts.member else (refuse(Code.BADGE_UNKNOWN),)


def _live_badge(facts: AccessFacts, now: datetime) -> Unmet:
    return (refuse(Code.BADGE_REVOKED),) if facts.badge_revoked else NONE


def _own_card(facts: AccessFacts, now: datetime) -> Unmet:
    """A number that anybody may have copied does not open what asks for the card itself."""
    if not facts.use.unclonable_card or facts.shown in (None, Shown.PROVEN):
        return NONE
    return (refuse(Code.CARD_NOT_PROVEN),)


def _active_member(facts: AccessFacts, now: datetime) -> Unmet:
    return (refuse(Code.MEMBER_INACTIVE),) if facts.member and not facts.member.active else NONE


def membership_ends(facts: AccessFacts) -> datetime | None:
    """When a membership stops opening machines, its days of grace counted in."""
    until = facts.member.member_until if facts.member else None
    return until + timedelta(days=facts.use.membership_grace_days or 0) if until else None


def _membership(facts: AccessFacts, now: datetime) -> Unmet:
    ends = membership_ends(facts)
    if ends is None or now < ends or facts.member is None:
        return NONE
    return (refuse(Code.MEMBERSHIP_LAPSED, since=facts.member.member_until),)


def _charter(facts: AccessFacts, now: datetime) -> Unmet:
    asked = facts.use.charter_version
    if asked is None or facts.member is None or (facts.member.charter_version or 0) >= asked:
        return NONE
    return (refuse(Code.CHARTER_NOT_ACCEPTED, version=asked),)


# Age


def _younger_than(facts: AccessFacts, member: Member, years: int, now: datetime) -> bool | None:
    """None when nobody has written down the date of birth."""
    born = member.birth_date
    return None if born is None else age_on(born, now.astimezone(facts.zone).date()) < years


def _birth_date(facts: AccessFacts, now: datetime) -> Unmet:
    member, use = facts.member, facts.use
    if member is None or member.birth_date is not None:
        return NONE
    consent = use.guardian_consent_under if member.guardian_consent_at is None else None
    if use.minimum_age is None and use.supervision_under is None and consent is None:
        return NONE
    return (refuse(Code.BIRTH_DATE_UNKNOWN),)


def _old_enough(facts: AccessFacts, now: datetime) -> Unmet:
    years, member = facts.use.minimum_age, facts.member
    if years is None or member is None or not _younger_than(facts, member, years, now):
        return NONE
    return (refuse(Code.TOO_YOUNG, age=years),)


def _guardian(facts: AccessFacts, now: datetime) -> Unmet:
    years, member = facts.use.guardian_consent_under, facts.member
    if years is None or member is None or member.guardian_consent_at is not None:
        return NONE
    return (refuse(Code.GUARDIAN_CONSENT_MISSING, age=years),) if _younger_than(facts, member, years, now) else NONE


# The machine


def _in_service(facts: AccessFacts, now: datetime) -> Unmet:
    resource = facts.resource
    if resource is None or not resource.out_of_service:
        return NONE
    return (refuse(Code.OUT_OF_SERVICE, reason=resource.out_reason, back_at=resource.back_at),)


def _interlock(facts: AccessFacts, now: datetime) -> Unmet:
    return NONE if facts.interlock_known else (refuse(Code.INTERLOCK_UNKNOWN),)


def holds_session(facts: AccessFacts) -> bool:
    """Whether the open session of the resource is this member's own."""
    session, member = facts.session, facts.member
    return session is not None and member is not None and session.operator_id == member.id


def _cool(facts: AccessFacts, now: datetime) -> Unmet:
    seconds, ended = facts.use.cool_down_seconds, facts.last_ended_at
    if not seconds or ended is None or holds_session(facts):
        return NONE
    until = ended + timedelta(seconds=seconds)
    return (refuse(Code.COOLING_DOWN, until=until),) if ended <= now < until else NONE


def _open(facts: AccessFacts, now: datetime) -> Unmet:
    state = facts.schedule.state_at(now)
    if isinstance(state, Open):
        return NONE
    if state.by is ClosedBy.HOURS:
        return (refuse(Code.CLOSED_NOW, until=state.opens_at),)
    return (refuse(Code.CLOSED_DAY, until=state.opens_at, reason=state.reason, names=state.names),)


# Trainings


def _trained(facts: AccessFacts, now: datetime) -> Unmet:
    found = NONE
    if facts.member is not None:
        for need in facts.requirements:
            state = need.state_at(now)
            if state is not Standing.VALID:
                found += (UNTRAINED[state](need),)
    return found


UNTRAINED: dict[Standing, Callable[[Requirement], Refusal]] = {
    Standing.MISSING: lambda need: refuse(
        Code.TRAINING_MISSING, training=need.slug, names=need.names, level=need.level if need.level > 1 else None
    ),
    Standing.AWAITING: lambda need: refuse(Code.TRAINING_AWAITING, training=need.slug, names=need.names),
    Standing.LAPSED: lambda need: refuse(
        Code.TRAINING_LAPSED, training=need.slug, names=need.names, since=need.until
    ),
    Standing.PREREQUISITE_LAPSED: lambda need: refuse(
        Code.PREREQUISITE_LAPSED, training=need.slug, names=need.names, prerequisite=need.prerequisite,
        prerequisite_names=need.prerequisite_names, since=need.until,
    ),
}  # fmt: skip


def _supervised(facts: AccessFacts, now: datetime) -> Unmet:
    use, member = facts.use, facts.member
    if member is None or (not use.supervision and use.supervision_under is None):
        return NONE
    years = use.supervision_under
    needed = use.supervision or (years is not None and _younger_than(facts, member, years, now))
    return (refuse(Code.SUPERVISION_REQUIRED),) if needed else NONE


# Who else is there


def _presence_known(facts: AccessFacts, now: datetime) -> Unmet:
    use = facts.use
    asked = use.minimum_people is not None or use.responsible_present
    return (refuse(Code.PRESENCE_UNKNOWN),) if asked and not facts.place.known else NONE


def _enough_people(facts: AccessFacts, now: datetime) -> Unmet:
    least, place = facts.use.minimum_people, facts.place
    if least is None or not place.known or place.people >= least:
        return NONE
    return (refuse(Code.TOO_FEW_PEOPLE, least=least, count=place.people),)


def _responsible(facts: AccessFacts, now: datetime) -> Unmet:
    place = facts.place
    if not facts.use.responsible_present or not place.known or place.responsible:
        return NONE
    return (refuse(Code.NO_RESPONSIBLE),)


# Whose turn it is


def _free(facts: AccessFacts, now: datetime) -> Unmet:
    session = facts.session
    if session is None or holds_session(facts):
        return NONE
    return (refuse(Code.IN_USE, until=session.granted_until),)


def own_reservation(facts: AccessFacts, now: datetime) -> Reservation | None:
    """The member's reservation that opens the resource now: it covers ``now``, or begins soon enough."""
    if facts.member is None:
        return None
    early = timedelta(minutes=facts.use.early_minutes or 0)
    for held in facts.booked:
        if held.span.ends > now:
            near = held.span.starts <= now + early
            own = held.member_id == facts.member.id and held.status is Status.STANDING
            return held if near and own else None
    return None


def _not_reserved(facts: AccessFacts, now: datetime) -> Unmet:
    """The reservation of another, or the pause that is kept before it."""
    for held in facts.booked:
        if held.span.ends <= now:
            continue
        if facts.member is not None and held.member_id == facts.member.id:
            return NONE
        if held.span.starts <= now:
            code = Code.UNDER_MAINTENANCE if held.purpose is Purpose.MAINTENANCE else Code.RESERVED_BY_OTHER
            return (refuse(code, until=held.span.ends),)
        near = held.span.starts <= now + timedelta(minutes=facts.booking.buffer_minutes or 0)
        return (refuse(Code.RESERVED_SOON, starts=held.span.starts),) if near else NONE
    return NONE


def _reserved_if_needed(facts: AccessFacts, now: datetime) -> Unmet:
    resource, member = facts.resource, facts.member
    if resource is None or not resource.reservation_required or own_reservation(facts, now):
        return NONE
    for held in facts.booked if member else ():
        if member and held.member_id == member.id and held.span.starts > now:
            early = timedelta(minutes=facts.use.early_minutes or 0)
            return (refuse(Code.TOO_EARLY, starts=held.span.starts, until=held.span.starts - early),)
    return (refuse(Code.RESERVATION_REQUIRED),)


def _quota_of_the_day(facts: AccessFacts, now: datetime) -> Unmet:
    minutes = facts.use.quota_day_minutes
    if minutes is None:
        return NONE
    day = local_day(now, facts.zone)
    spent = seconds_in(day, facts.uses) >= minutes * 60
    return (refuse(Code.QUOTA_DAY_USED_UP, limit_s=60 * minutes, until=day.ends),) if spent else NONE


def _quota_of_the_week(facts: AccessFacts, now: datetime) -> Unmet:
    minutes = facts.use.quota_week_minutes
    if minutes is None:
        return NONE
    week = local_week(now, facts.zone)
    spent = seconds_in(week, facts.uses) >= minutes * 60
    return (refuse(Code.QUOTA_WEEK_USED_UP, limit_s=60 * minutes, until=week.ends),) if spent else NONE


def _few_enough_sessions(facts: AccessFacts, now: datetime) -> Unmet:
    most = facts.use.max_open_sessions
    if most is None or facts.open_elsewhere < most or holds_session(facts):
        return NONE
    return (refuse(Code.TOO_MANY_SESSIONS, most=most),)


RULES: tuple[Rule, ...] = (
    _known_reader, _known_badge, _live_badge, _own_card, _active_member, _membership, _charter,
    _birth_date, _old_enough, _guardian,
    _in_service, _interlock, _open, _trained, _supervised,
    _presence_known, _responsible, _enough_people,
    _free, _cool, _not_reserved, _reserved_if_needed,
    _quota_of_the_day, _quota_of_the_week, _few_enough_sessions,
)  # fmt: skip
"""In the order in which a person can act on them; the order never changes yes or no."""


OF_THE_PERSON: tuple[Rule, ...] = (
    _active_member, _membership, _charter, _birth_date, _old_enough, _guardian, _trained,
)  # fmt: skip
"""What a person can know at home, and mend: nothing of the moment or of the machine."""


AT_THE_DOOR: tuple[Rule, ...] = (_known_badge, _live_badge, _active_member)
"""What arriving asks for: a membership that has lapsed keeps nobody out of the count."""


def _membership_in_grace(facts: AccessFacts, now: datetime) -> Unmet:
    since = facts.member.member_until if facts.member else None
    if since is None or now < since:
        return NONE
    return (refuse(Code.MEMBERSHIP_IN_GRACE, since=since, until=membership_ends(facts)),)


WARNINGS: tuple[Rule, ...] = (_membership_in_grace,)
"""What a person is told although they may go on."""
