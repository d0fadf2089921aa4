"""Who may use what: every unmet rule is named, in any order of the rules, and doubt is a no."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.access import Denied, Granted, decide_access, foreseen
from gateway.domain.access_facts import AccessFacts
from gateway.domain.access_rules import RULES, holds_session
from gateway.domain.booking import Status
from gateway.domain.presence import Place
from gateway.domain.refusals import Code
from gateway.domain.timespan import Span
from gateway.domain.training import Standing
from tests.unit.domain.access_cases import (
    ADA,
    AFTERNOONS,
    BOB,
    DAY,
    FINE,
    HOUR,
    MINUTE,
    NOON,
    UNMET,
    all_facts,
    booked,
    codes,
    facts,
    mild_facts,
    params,
    session_of,
    trained,
)

PARIS = ZoneInfo("Europe/Paris")


def test_a_trained_member_may_use_a_free_machine_until_its_ceiling() -> None:
    assert decide_access(FINE, NOON) == Granted(until=NOON + 4 * HOUR)


@pytest.mark.parametrize("code", UNMET)
def test_each_rule_says_no_for_its_own_reason_alone(code: Code) -> None:
    assert codes(decide_access(UNMET[code](), NOON)) == {code}


def test_every_unmet_rule_is_named_at_once() -> None:
    everything = facts(
        member={"active": False, "member_until": NOON - HOUR, "birth_date": date(2020, 1, 1), "charter_version": None},
        resource={"out_of_service": True, "reservation_required": True},
        use={
            "charter_version": 1, "minimum_age": 16, "guardian_consent_under": 18, "supervision": True,
            "minimum_people": 2, "cool_down_seconds": 60, "quota_day_minutes": 1, "quota_week_minutes": 1,
            "max_open_sessions": 1,
        },
        badge_revoked=True, interlock_known=False, session=session_of(BOB), last_ended_at=NOON, open_elsewhere=1,
        requirements=(trained(Standing.MISSING), trained(until=NOON), trained(Standing.AWAITING)),
        booked=(booked(BOB, NOON, NOON + HOUR),), uses=(Span(NOON - HOUR, NOON),),
        schedule=AFTERNOONS,
    )  # fmt: skip

    assert codes(decide_access(everything, NOON)) == set(UNMET) - {
        Code.READER_UNASSIGNED, Code.BADGE_UNKNOWN, Code.BIRTH_DATE_UNKNOWN, Code.PREREQUISITE_LAPSED,
        Code.NO_RESPONSIBLE, Code.TOO_FEW_PEOPLE, Code.RESERVED_SOON, Code.TOO_EARLY, Code.CLOSED_DAY,
        Code.UNDER_MAINTENANCE,
    }  # fmt: skip


def test_an_unknown_badge_hears_only_what_concerns_it() -> None:
    assert codes(decide_access(facts(member=None, requirements=(trained(Standing.MISSING),)), NOON)) == {
        Code.BADGE_UNKNOWN
    }


# Until when


def test_another_members_booking_refuses_and_tells_until_when() -> None:
    decision = decide_access(facts(booked=(booked(BOB, NOON - HOUR, NOON + HOUR),)), NOON)

    assert params(decision, Code.RESERVED_BY_OTHER) == {"until": NOON + HOUR}


def test_ones_own_booking_grants_until_its_end() -> None:
    held = (booked(ADA, NOON, NOON + HOUR), booked(BOB, NOON + HOUR, NOON + 2 * HOUR))

    assert decide_access(facts(booked=held, booking={"buffer_minutes": 15}), NOON) == Granted(
        until=NOON + HOUR, reservation_id="b-m1"
    )


def test_the_next_booking_of_another_less_the_pause_before_it_ends_a_use() -> None:
    held = (booked(BOB, NOON + 2 * HOUR, NOON + 3 * HOUR),)

    assert decide_access(facts(booked=held), NOON) == Granted(until=NOON + 2 * HOUR)
    assert decide_access(facts(booked=held, booking={"buffer_minutes": 15}), NOON) == Granted(until=NOON + 105 * MINUTE)


def test_a_booking_that_ends_now_no_longer_refuses() -> None:
    assert isinstance(decide_access(facts(booked=(booked(BOB, NOON - HOUR, NOON),)), NOON), Granted)


@pytest.mark.parametrize(
    ("changes", "until"),
    [
        ({"requirements": (trained(until=NOON + HOUR),)}, HOUR),
        ({"member": {"member_until": NOON + HOUR}}, HOUR),
        ({"member": {"member_until": NOON - DAY + HOUR}, "use": {"membership_grace_days": 1}}, HOUR),
        ({"use": {"max_session_minutes": 45}}, 45 * MINUTE),
        ({"use": {"quota_day_minutes": 90}, "uses": (Span(NOON - 2 * HOUR, NOON - HOUR),)}, 30 * MINUTE),
        ({"use": {"quota_week_minutes": 90}, "uses": (Span(NOON - 2 * HOUR, NOON - HOUR),)}, 30 * MINUTE),
    ],
)
def test_a_use_ends_with_whatever_ends_first(changes, until) -> None:
    decision = decide_access(facts(**changes), NOON)

    assert isinstance(decision, Granted)
    assert decision.until == NOON + until


# Account, age


def test_a_lapsed_membership_warns_through_its_days_of_grace_before_it_refuses() -> None:
    lapsed = facts(member={"member_until": NOON - DAY}, use={"membership_grace_days": 2})

    granted = decide_access(lapsed, NOON)
    assert isinstance(granted, Granted)
    (warning,) = granted.warnings
    assert (warning.code, warning.params) == (
        Code.MEMBERSHIP_IN_GRACE, {"since": NOON - DAY, "until": NOON + DAY},
    )  # fmt: skip
    assert granted.until <= NOON + DAY
    assert codes(decide_access(lapsed, NOON + DAY)) == {Code.MEMBERSHIP_LAPSED}


def test_a_newer_charter_than_the_one_asked_for_is_accepted_too() -> None:
    assert isinstance(decide_access(facts(use={"charter_version": 2}), NOON), Granted)
    assert codes(decide_access(facts(use={"charter_version": 1}, member={"charter_version": None}), NOON))


def test_a_birthday_opens_the_machine_at_midnight_on_the_wall() -> None:
    born = facts(member={"birth_date": date(2010, 11, 24)}, use={"minimum_age": 16}, zone=PARIS)
    before_midnight = NOON.replace(hour=22, minute=59)

    assert codes(decide_access(born, before_midnight)) == {Code.TOO_YOUNG}
    assert isinstance(decide_access(born, before_midnight + MINUTE), Granted)


def test_a_guardians_consent_lets_a_minor_in_and_an_adult_needs_none() -> None:
    asked = {"guardian_consent_under": 18}
    minor = {"birth_date": date(2012, 1, 1)}

    assert isinstance(decide_access(facts(use=asked, member=minor | {"guardian_consent_at": NOON}), NOON), Granted)
    assert isinstance(decide_access(facts(use=asked), NOON), Granted)
    unknown = {"birth_date": None, "guardian_consent_at": NOON}
    assert isinstance(decide_access(facts(use=asked, member=unknown), NOON), Granted)


def test_only_the_young_need_somebody_beside_them() -> None:
    asked = {"supervision_under": 14}

    assert codes(decide_access(facts(use=asked, member={"birth_date": date(2015, 1, 1)}), NOON)) == {
        Code.SUPERVISION_REQUIRED
    }
    assert isinstance(decide_access(facts(use=asked), NOON), Granted)


# Presence


def test_presence_that_nobody_knows_is_said_once_and_not_taken_for_absence() -> None:
    asked = {"minimum_people": 2, "responsible_present": True}

    assert codes(decide_access(facts(use=asked), NOON)) == {Code.PRESENCE_UNKNOWN}
    here = Place(known=True, people=2, responsible=1)
    assert isinstance(decide_access(facts(use=asked, place=here), NOON), Granted)


# Bookings


def test_ones_own_booking_opens_the_machine_a_little_early_where_the_lab_says_so() -> None:
    held = (booked(ADA, NOON + 10 * MINUTE, NOON + HOUR),)
    early = facts(resource={"reservation_required": True}, use={"early_minutes": 10}, booked=held)

    assert decide_access(early, NOON) == Granted(until=NOON + HOUR, reservation_id="b-m1")
    too_early = decide_access(early, NOON - MINUTE)
    assert params(too_early, Code.TOO_EARLY) == {"starts": NOON + 10 * MINUTE, "until": NOON}


def test_an_early_tap_does_not_push_out_whoever_still_has_the_machine() -> None:
    held = (booked(BOB, NOON - HOUR, NOON + 5 * MINUTE), booked(ADA, NOON + 5 * MINUTE, NOON + HOUR))
    early = facts(resource={"reservation_required": True}, use={"early_minutes": 10}, booked=held)

    assert codes(decide_access(early, NOON)) == {Code.RESERVED_BY_OTHER, Code.TOO_EARLY}


# Quotas and rest


def test_a_quota_counts_only_what_lies_in_the_local_day_and_week() -> None:
    monday = NOON.replace(hour=23, minute=30)  # half past midnight on Tuesday in Paris
    evening = (Span(monday - 2 * HOUR, monday - 15 * MINUTE),)
    day = facts(use={"quota_day_minutes": 20}, uses=evening, zone=PARIS)

    granted = decide_access(day, monday)
    assert isinstance(granted, Granted)
    assert granted.until == monday + 5 * MINUTE
    sunday = (Span(NOON - DAY, NOON - DAY + 5 * HOUR),)
    assert isinstance(decide_access(facts(use={"quota_week_minutes": 60}, uses=sunday, zone=PARIS), NOON), Granted)


def test_a_quota_comes_back_at_local_midnight() -> None:
    spent = facts(use={"quota_day_minutes": 60}, uses=(Span(NOON - HOUR, NOON),), zone=PARIS)

    assert params(decide_access(spent, NOON), Code.QUOTA_DAY_USED_UP) == {
        "limit_s": 3600, "until": NOON.replace(hour=23),
    }  # fmt: skip


def test_whoever_holds_the_machine_need_not_wait_for_it_to_rest() -> None:
    own = facts(use={"cool_down_seconds": 600}, last_ended_at=NOON, session=session_of(ADA))

    assert isinstance(decide_access(own, NOON), Granted)
    assert isinstance(decide_access(facts(use={"cool_down_seconds": 60}, last_ended_at=NOON + HOUR), NOON), Granted)


# What somebody present answers for


def test_a_lifted_rule_no_longer_refuses_and_its_past_end_does_not_end_the_use() -> None:
    lapsed = facts(requirements=(trained(until=NOON - HOUR),))

    assert decide_access(lapsed, NOON, lifted=frozenset({Code.TRAINING_LAPSED})) == Granted(until=NOON + 4 * HOUR)
    assert isinstance(decide_access(facts(member=None), NOON, lifted=frozenset(Code)), Denied)


# Properties


@given(all_facts, st.permutations(RULES))
def test_the_order_of_the_rules_never_changes_the_answer(given_facts: AccessFacts, rules: list[object]) -> None:
    usual = decide_access(given_facts, NOON)
    shuffled = decide_access(given_facts, NOON, rules=tuple(rules))  # type: ignore[arg-type]

    if isinstance(usual, Granted):
        assert usual == shuffled
    else:
        assert codes(usual) == codes(shuffled)


@given(all_facts | mild_facts)
def test_nobody_gets_in_without_a_live_right_a_live_badge_and_a_free_machine(given_facts: AccessFacts) -> None:
    decision = decide_access(given_facts, NOON)

    if isinstance(decision, Denied):
        assert decision.refusals
        assert all(refusal.next_steps for refusal in decision.refusals)
        return
    assert given_facts.resource is not None
    assert given_facts.member is not None
    assert given_facts.member.active
    assert not given_facts.badge_revoked
    assert not given_facts.resource.out_of_service
    assert all(need.state_at(NOON) is Standing.VALID for need in given_facts.requirements)
    assert given_facts.session is None or given_facts.session.operator_id == given_facts.member.id
    others = [held.span for held in given_facts.booked if held.member_id != given_facts.member.id]
    assert all(decision.until <= span.starts for span in others)
    assert NOON < decision.until <= NOON + timedelta(seconds=given_facts.resource.ceiling_s)


def _better(worse: AccessFacts) -> list[AccessFacts]:
    """The same facts after something good happened to this member or machine."""
    assert worse.member is not None
    assert worse.resource is not None
    return [
        replace(worse, badge_revoked=False),
        replace(worse, interlock_known=True),
        worse if holds_session(worse) else replace(worse, session=None),
        replace(worse, requirements=tuple(trained() for _ in worse.requirements)),
        replace(worse, requirements=()),
        replace(worse, resource=replace(worse.resource, out_of_service=False)),
        replace(worse, resource=replace(worse.resource, reservation_required=False)),
        replace(worse, member=replace(worse.member, active=True, member_until=None)),
        replace(worse, member=replace(worse.member, charter_version=3, guardian_consent_at=NOON)),
        replace(worse, member=replace(worse.member, birth_date=date(1990, 1, 1))),
        replace(worse, booked=tuple(held for held in worse.booked if held.member_id == worse.member.id)),
        replace(worse, place=Place(known=True, people=9, responsible=9)),
        replace(worse, uses=(), open_elsewhere=0, last_ended_at=None),
        replace(worse, use=replace(worse.use, supervision=False, supervision_under=None)),
    ]


@given(mild_facts)
def test_a_right_gained_or_a_lockout_lifted_never_turns_yes_into_no(given_facts: AccessFacts) -> None:
    if isinstance(decide_access(given_facts, NOON), Granted):
        assert all(isinstance(decide_access(better, NOON), Granted) for better in _better(given_facts))


@given(all_facts)
def test_a_right_gained_or_a_lockout_lifted_never_adds_a_reason(given_facts: AccessFacts) -> None:
    if given_facts.member is None or given_facts.resource is None:
        return
    before = codes(decide_access(given_facts, NOON))
    assert all(codes(decide_access(better, NOON)) <= before for better in _better(given_facts))


def test_a_later_moment_knows_whose_time_is_up_and_what_is_back() -> None:
    busy = replace(session_of(BOB), granted_until=NOON + HOUR)
    broken = {"out_of_service": True, "back_at": NOON + HOUR}
    now = facts(session=busy, resource=broken, uses=(Span(NOON - HOUR, NOON + 3 * HOUR),))
    soon, later = (foreseen(now, NOON, NOON + minutes * MINUTE) for minutes in (59, 60))
    assert codes(decide_access(soon, NOON + 59 * MINUTE)) == {Code.IN_USE, Code.OUT_OF_SERVICE}
    assert isinstance(decide_access(later, NOON + HOUR), Granted)
    assert later.uses == (Span(NOON - HOUR, NOON),)


def test_who_should_have_gone_already_is_still_there_later() -> None:
    late = facts(session=replace(session_of(BOB), granted_until=NOON - HOUR))
    assert codes(decide_access(foreseen(late, NOON, NOON + HOUR), NOON + HOUR)) == {Code.IN_USE}


def test_a_reservation_that_awaits_approval_opens_nothing_yet() -> None:
    asked = replace(booked(ADA, NOON - HOUR, NOON + HOUR), status=Status.AWAITING_APPROVAL)
    waits = facts(resource={"reservation_required": True}, booked=(asked,))
    assert codes(decide_access(waits, NOON)) == {Code.RESERVATION_REQUIRED}
    assert isinstance(decide_access(replace(waits, booked=(replace(asked, status=Status.STANDING),)), NOON), Granted)
