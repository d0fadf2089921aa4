"""Ways in beside one's own right: each lifts what the table says and nothing else, and doubt is a no."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain.access import Denied, Granted, decide_access
from gateway.domain.access_facts import AccessFacts
from gateway.domain.refusals import Code
from gateway.domain.sessions import Beneficiary, Session, State, Trigger, Way
from gateway.domain.training import Standing
from gateway.domain.ways import (
    HAND_OVER_S,
    LIFTS,
    NOTHING_BESIDE,
    BedFirst,
    Beside,
    Entry,
    OpenClass,
    TapBefore,
    WaitingPart,
    asks_mentor,
    find_way,
    may_go_on,
    may_supervise,
    open_for,
    partner,
    together,
)
from tests.unit.domain.access_cases import (
    ADA,
    BOB,
    DAY,
    HOUR,
    MINUTE,
    NOON,
    UNMET,
    all_facts,
    booked,
    facts,
    session_of,
    trained,
)

SECOND = timedelta(seconds=1)
patient = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TRAININGS = {Code.TRAINING_MISSING, Code.TRAINING_AWAITING, Code.TRAINING_LAPSED, Code.PREREQUISITE_LAPSED}
BOOKINGS = {Code.RESERVATION_REQUIRED, Code.TOO_EARLY}
RESERVED = {Code.RESERVED_BY_OTHER, Code.RESERVED_SOON}
QUOTAS = {Code.QUOTA_DAY_USED_UP, Code.QUOTA_WEEK_USED_UP, Code.TOO_MANY_SESSIONS}
ALONE = {Code.PRESENCE_UNKNOWN, Code.NO_RESPONSIBLE}
CLOSED = {Code.CLOSED_NOW, Code.CLOSED_DAY}
LIFTED: dict[Way, set[Code]] = {
    Way.OWN: set(),
    Way.NODE: set(),
    Way.SUPERVISED: TRAININGS | {Code.SUPERVISION_REQUIRED},
    Way.CLASS: TRAININGS | BOOKINGS | QUOTAS | ALONE | CLOSED | {Code.SUPERVISION_REQUIRED},
    Way.OVERRIDE: TRAININGS | BOOKINGS | RESERVED | QUOTAS | ALONE | CLOSED
    | {Code.SUPERVISION_REQUIRED, Code.MEMBERSHIP_LAPSED, Code.CHARTER_NOT_ACCEPTED},
    Way.REPAIR: TRAININGS | BOOKINGS | RESERVED | QUOTAS | ALONE | CLOSED | {Code.SUPERVISION_REQUIRED, Code.OUT_OF_SERVICE},
    Way.ON_BEHALF: BOOKINGS | QUOTAS | ALONE | CLOSED,
}  # fmt: skip
"""What a lab may rely on, written down a second time."""

LEARNER = replace(UNMET[Code.TRAINING_MISSING](), member=BOB, use=replace(facts().use, supervised_use=True))
MENTOR = facts(use={"supervised_use": True})
TEACHES = Beside(teaches=True)
CLASS = OpenClass(
    id="k1", resource_id="r1", trainer_id="m9", workshop_id="w1", opened_at=NOON - HOUR, until=NOON + HOUR
)
PART = WaitingPart(resource_id="r1", member_id="m9", session_id="s0", since=NOON - HOUR)


def of_ada(**changes: Any) -> Session:
    return replace(session_of(ADA), **{"last_activity_at": NOON - HOUR} | changes)


def asked(member: str, ago_s: float = 10) -> TapBefore:
    return TapBefore(at=NOON - ago_s * SECOND, member_id=member, refusals=("training_missing",), asks_mentor=True)


def told_of_the_part(member: str, ago_s: float) -> TapBefore:
    return TapBefore(at=NOON - ago_s * SECOND, member_id=member, refusals=("part_waiting",))


# The table


def test_the_table_says_what_each_way_lifts() -> None:
    assert LIFTS == LIFTED


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("code", UNMET)
def test_a_way_lifts_a_code_or_refuses_for_it(way: Way, code: Code) -> None:
    decision = decide_access(UNMET[code](), NOON, lifted=LIFTS[way])

    assert isinstance(decision, Granted) == (code in LIFTED[way])


@patient
@given(all_facts, st.sampled_from(Way))
def test_no_way_lifts_a_badge_an_age_or_what_the_machine_says(rough: AccessFacts, way: Way) -> None:
    never = {
        Code.BADGE_UNKNOWN, Code.BADGE_REVOKED, Code.MEMBER_INACTIVE, Code.BIRTH_DATE_UNKNOWN, Code.TOO_YOUNG,
        Code.GUARDIAN_CONSENT_MISSING, Code.INTERLOCK_UNKNOWN, Code.IN_USE, Code.COOLING_DOWN, Code.TOO_FEW_PEOPLE,
    }  # fmt: skip
    alone = decide_access(rough, NOON)
    if isinstance(alone, Denied) and never & {refusal.code for refusal in alone.refusals}:
        assert isinstance(decide_access(rough, NOON, lifted=LIFTS[way]), Denied)


@patient
@given(all_facts, st.sampled_from(Way))
def test_what_a_way_opens_ends_later_than_it_begins(rough: AccessFacts, way: Way) -> None:
    decision = decide_access(rough, NOON, lifted=LIFTS[way])
    if isinstance(decision, Granted):
        assert decision.until > NOON


# One's own right comes first and changes nothing for anybody


@patient
@given(all_facts)
def test_with_nothing_beside_a_tap_opens_what_its_own_right_opens(rough: AccessFacts) -> None:
    plain = replace(rough, use=replace(rough.use, take_over_minutes=None))
    found, decision = find_way(plain, NOTHING_BESIDE, NOON), decide_access(plain, NOON)

    if isinstance(decision, Denied):
        assert found == decision
    else:
        assert isinstance(found, Entry)
        assert (found.way, found.until, found.reservation_id) == (Way.OWN, decision.until, decision.reservation_id)


# Mentor and learner


def test_a_learner_is_told_that_a_mentor_may_tap_only_where_that_would_be_enough() -> None:
    denied = find_way(LEARNER, NOTHING_BESIDE, NOON)
    assert isinstance(denied, Denied)
    assert asks_mentor(denied, LEARNER)
    young = replace(LEARNER, use=replace(LEARNER.use, minimum_age=16))
    too_young = find_way(young, NOTHING_BESIDE, NOON)
    assert isinstance(too_young, Denied)
    assert not asks_mentor(too_young, young)
    assert not asks_mentor(denied, replace(LEARNER, use=facts().use))


def test_learner_then_mentor_opens_for_the_learner() -> None:
    beside = Beside(teaches=True, before=asked("m2"))
    assert partner(MENTOR, beside, NOON) == "m2"
    entry = together((MENTOR, beside), (LEARNER, NOTHING_BESIDE), NOON)

    assert isinstance(entry, Entry)
    assert (entry.way, entry.operator_id, entry.supervisor_id, entry.turns) == (Way.SUPERVISED, "m2", "m1", False)


def test_mentor_then_learner_makes_the_session_that_has_just_begun_the_learners() -> None:
    begun = of_ada(opened_at=NOON - 20 * SECOND, state=State.OPENING)
    learner = replace(LEARNER, session=begun)
    assert partner(learner, NOTHING_BESIDE, NOON) == "m1"
    entry = together((learner, NOTHING_BESIDE), (replace(MENTOR, session=begun), TEACHES), NOON)

    assert isinstance(entry, Entry)
    assert (entry.operator_id, entry.supervisor_id, entry.turns) == ("m2", "m1", True)


def test_where_everybody_is_supervised_the_mentors_own_tap_waits_for_the_learner() -> None:
    strict = {"supervised_use": True, "supervision": True}
    mentor, learner = facts(use=strict), facts(use=strict, member=BOB, requirements=(trained(Standing.MISSING),))
    assert partner(learner, Beside(before=asked("m1")), NOON) == "m1"
    entry = together((learner, Beside(before=asked("m1"))), (mentor, TEACHES), NOON)

    assert isinstance(entry, Entry)
    assert (entry.operator_id, entry.supervisor_id) == ("m2", "m1")


@pytest.mark.parametrize(
    ("present", "beside"),
    [
        (MENTOR, Beside(teaches=True, before=asked("m2", ago_s=30))),
        (MENTOR, Beside(teaches=True, before=asked("m2", ago_s=-5))),
        (MENTOR, Beside(teaches=True, before=asked("m1"))),
        (MENTOR, Beside(teaches=True, before=replace(asked("m2"), asks_mentor=False))),
        (MENTOR, TEACHES),
        (facts(), Beside(teaches=True, before=asked("m2"))),
        (replace(LEARNER, session=of_ada(opened_at=NOON - 30 * SECOND)), NOTHING_BESIDE),
        (replace(LEARNER, session=of_ada(opened_at=NOON - SECOND)), Beside(running=True)),
        (replace(LEARNER, session=of_ada(opened_at=NOON - SECOND, way=Way.SUPERVISED)), NOTHING_BESIDE),
        (replace(LEARNER, session=of_ada(opened_at=NOON - SECOND, state=State.INTERRUPTED)), NOTHING_BESIDE),
    ],
)
def test_taps_that_do_not_belong_together(present: AccessFacts, beside: Beside) -> None:
    assert partner(present, beside, NOON) is None


def test_the_policy_says_how_long_two_taps_belong_together() -> None:
    slow = facts(use={"supervised_use": True, "supervised_within_seconds": 60})
    assert partner(slow, Beside(before=asked("m2", ago_s=59)), NOON) == "m2"
    assert partner(slow, Beside(before=asked("m2", ago_s=60)), NOON) is None


@pytest.mark.parametrize(
    "broken",
    [
        Code.BADGE_REVOKED, Code.MEMBER_INACTIVE, Code.MEMBERSHIP_LAPSED, Code.CHARTER_NOT_ACCEPTED, *sorted(TRAININGS),
    ],
)  # fmt: skip
def test_whoever_answers_for_others_needs_a_sound_account_and_every_right(broken: Code) -> None:
    assert not may_supervise(UNMET[broken](), TEACHES, NOON)


def test_a_mentor_must_be_a_trainer_and_a_busy_machine_says_nothing_against_one() -> None:
    assert may_supervise(MENTOR, TEACHES, NOON)
    assert may_supervise(facts(session=session_of(BOB), use={"supervision": True}), TEACHES, NOON)
    assert not may_supervise(MENTOR, Beside(maintains=True), NOON)


def test_two_people_without_rights_open_nothing() -> None:
    beside = Beside(before=asked("m2"))
    assert together((replace(LEARNER, member=ADA), beside), (LEARNER, NOTHING_BESIDE), NOON) is None


def test_a_trained_person_who_comes_within_the_time_gets_their_own_session() -> None:
    trained_bob = replace(MENTOR, member=BOB, session=of_ada(opened_at=NOON - SECOND))
    assert together((trained_bob, NOTHING_BESIDE), (MENTOR, TEACHES), NOON) is None


@patient
@given(all_facts, st.sampled_from(list(UNMET)), st.booleans(), st.booleans(), st.booleans())
def test_supervision_never_opens_what_only_the_training_rules_kept_shut(
    one: AccessFacts, unmet: Code, one_teaches: bool, other_teaches: bool, swapped: bool
) -> None:
    other = replace(UNMET[unmet](), session=None)
    other = replace(other, member=other.member and replace(other.member, id=BOB.id))
    present, earlier = (one, Beside(teaches=one_teaches)), (other, Beside(teaches=other_teaches))
    if swapped:
        present, earlier = earlier, present
    if one.member is None or other.member is None or one.member.id == other.member.id:
        return
    entry = together(present, earlier, NOON)
    if isinstance(entry, Entry):
        learner = one if entry.operator_id == one.member.id else other
        alone = decide_access(replace(learner, session=None), NOON)
        assert not isinstance(alone, Denied) or {r.code for r in alone.refusals} <= LIFTED[Way.SUPERVISED]
        assert entry.supervisor_id not in (None, entry.operator_id)


# A class


def test_during_a_class_an_untrained_member_gets_in_and_it_counts_for_the_workshop() -> None:
    entry = find_way(UNMET[Code.TRAINING_MISSING](), Beside(open_class=CLASS), NOON)

    assert isinstance(entry, Entry)
    assert (entry.way, entry.beneficiary_kind, entry.workshop_id) == (Way.CLASS, Beneficiary.WORKSHOP, "w1")
    assert (entry.supervisor_id, entry.until) == ("m9", NOON + HOUR)


def test_a_class_that_is_over_opens_nothing() -> None:
    over = replace(CLASS, until=NOON)
    assert isinstance(find_way(UNMET[Code.TRAINING_MISSING](), Beside(open_class=over), NOON), Denied)


def test_the_trainers_own_reservation_does_not_keep_the_class_out() -> None:
    trainers = replace(booked(BOB, NOON - HOUR, NOON + HOUR), member_id="m9")
    assert isinstance(find_way(facts(booked=(trainers,)), Beside(open_class=CLASS), NOON), Entry)
    assert isinstance(find_way(facts(booked=(booked(BOB, NOON, NOON + HOUR),)), Beside(open_class=CLASS), NOON), Denied)


def test_in_a_class_an_idle_machine_passes_from_hand_to_hand_and_a_running_one_does_not() -> None:
    theirs = replace(session_of(BOB), way=Way.CLASS)
    entry = find_way(facts(session=theirs), Beside(open_class=CLASS), NOON)
    assert isinstance(entry, Entry)
    assert entry.ends is Trigger.HANDED_OVER
    assert isinstance(find_way(facts(session=theirs), Beside(open_class=CLASS, running=True), NOON), Denied)
    assert isinstance(find_way(facts(session=session_of(BOB)), Beside(open_class=CLASS), NOON), Denied)


# Hand-over and take-over


def test_an_offered_machine_goes_to_the_next_person_who_may() -> None:
    offered = replace(session_of(BOB), offered_at=NOON - MINUTE)
    entry = find_way(facts(session=offered), NOTHING_BESIDE, NOON)
    assert isinstance(entry, Entry)
    assert (entry.way, entry.ends) == (Way.OWN, Trigger.HANDED_OVER)
    assert isinstance(find_way(UNMET[Code.TRAINING_MISSING](), NOTHING_BESIDE, NOON), Denied)
    assert isinstance(find_way(facts(session=offered), Beside(running=True), NOON), Denied)
    late = replace(offered, offered_at=NOON - HAND_OVER_S * SECOND)
    assert isinstance(find_way(facts(session=late), NOTHING_BESIDE, NOON), Denied)


def test_a_session_idle_for_long_enough_is_taken_over() -> None:
    idle = replace(session_of(BOB), last_activity_at=NOON - 15 * MINUTE)
    entry = find_way(facts(session=idle, use={"take_over_minutes": 15}), NOTHING_BESIDE, NOON)
    assert isinstance(entry, Entry)
    assert entry.ends is Trigger.TAKEN_OVER


@pytest.mark.parametrize(
    ("session", "use", "beside", "reservations"),
    [
        ({"last_activity_at": NOON - 14 * MINUTE}, {"take_over_minutes": 15}, NOTHING_BESIDE, ()),
        ({}, {}, NOTHING_BESIDE, ()),
        ({}, {"take_over_minutes": 15}, Beside(running=True), ()),
        ({"state": State.LEAVING}, {"take_over_minutes": 15}, NOTHING_BESIDE, ()),
        ({"state": State.OPENING}, {"take_over_minutes": 15}, NOTHING_BESIDE, ()),
        ({}, {"take_over_minutes": 15}, NOTHING_BESIDE, (booked(BOB, NOON - HOUR, NOON + HOUR),)),
    ],
    ids=["idle for less", "not turned on", "a job runs", "a job waits for its end", "starting", "their own booking"],
)
def test_nobody_takes_a_session_over_that_does_not_make_way(
    session: dict[str, Any], use: dict[str, Any], beside: Beside, reservations: Any
) -> None:
    theirs = replace(session_of(BOB), **{"last_activity_at": NOON - HOUR} | session)
    assert isinstance(find_way(facts(session=theirs, use=use, booked=reservations), beside, NOON), Denied)


@patient
@given(all_facts, st.booleans())
def test_a_running_job_keeps_its_machine(rough: AccessFacts, offered: bool) -> None:
    session = replace(session_of(BOB), offered_at=NOON if offered else None, last_activity_at=NOON - DAY)
    mine = replace(rough, member=ADA, session=session, use=replace(rough.use, take_over_minutes=1))
    assert isinstance(find_way(mine, Beside(running=True), NOON), Denied)


# Repair


def test_a_maintainer_starts_a_machine_that_is_out_of_service_and_nobody_else_does() -> None:
    locked = facts(resource={"out_of_service": True}, requirements=(trained(Standing.MISSING),))
    entry = find_way(locked, Beside(maintains=True), NOON)
    assert isinstance(entry, Entry)
    assert entry.way is Way.REPAIR
    assert isinstance(find_way(locked, NOTHING_BESIDE, NOON), Denied)


def test_a_maintainer_without_the_training_is_refused_like_anybody_on_a_machine_in_service() -> None:
    assert isinstance(find_way(UNMET[Code.TRAINING_MISSING](), Beside(maintains=True), NOON), Denied)


# What lies on the machine


def test_whoever_comes_next_clears_the_bed_first_and_says_so_with_a_second_tap() -> None:
    assert find_way(facts(), Beside(part=PART), NOON) == BedFirst()
    again = Beside(part=PART, before=told_of_the_part("m1", 20))
    entry = find_way(facts(), again, NOON)
    assert isinstance(entry, Entry)
    assert entry.clears


@pytest.mark.parametrize(
    "before",
    [told_of_the_part("m1", 4), told_of_the_part("m1", 600), told_of_the_part("m2", 20), asked("m1"), None],
    ids=["the unsure second tap", "forgotten", "somebody else's", "another answer", "no tap before"],
)
def test_what_is_no_second_tap_does_not_clear_the_bed(before: TapBefore | None) -> None:
    assert find_way(facts(), Beside(part=PART, before=before), NOON) == BedFirst()


def test_whoever_may_not_use_the_machine_is_not_asked_to_clear_it() -> None:
    assert isinstance(find_way(UNMET[Code.TRAINING_MISSING](), Beside(part=PART), NOON), Denied)


def test_a_session_taken_over_leaves_its_part_to_be_cleared() -> None:
    theirs = replace(session_of(BOB), last_activity_at=NOON - HOUR, active_s=60.0)
    use = {"take_over_minutes": 15, "parts_wait": True}
    assert find_way(facts(session=theirs, use=use), NOTHING_BESIDE, NOON) == BedFirst(ends=Trigger.TAKEN_OVER)
    unused = replace(theirs, active_s=0.0)
    assert isinstance(find_way(facts(session=unused, use=use), NOTHING_BESIDE, NOON), Entry)


# Going on after power was lost


def test_a_supervised_session_goes_on_by_its_own_way_and_no_further() -> None:
    interrupted = of_ada(
        operator_id="m2", state=State.INTERRUPTED, way=Way.SUPERVISED, supervisor_id="m1", granted_until=NOON + HOUR
    )
    assert may_go_on(replace(LEARNER, session=interrupted), interrupted, NOON) is None
    assert may_go_on(replace(MENTOR, session=interrupted), interrupted, NOON) is None
    own = replace(interrupted, way=Way.OWN, supervisor_id=None)
    assert may_go_on(replace(LEARNER, session=own), own, NOON) is not None
    broken = replace(LEARNER, session=interrupted, interlock_known=False)
    assert may_go_on(broken, interrupted, NOON) is not None


# What staff open at a desk


def test_an_override_opens_until_its_time_and_never_beyond_the_next_reservation() -> None:
    entry = open_for(Way.OVERRIDE, UNMET[Code.TRAINING_MISSING](), NOTHING_BESIDE, NOON, until=NOON + HOUR)
    assert isinstance(entry, Entry)
    assert entry.until == NOON + HOUR
    soon = replace(UNMET[Code.TRAINING_MISSING](), booked=(booked(BOB, NOON + MINUTE, NOON + HOUR),))
    shorter = open_for(Way.OVERRIDE, soon, NOTHING_BESIDE, NOON, until=NOON + HOUR)
    assert isinstance(shorter, Entry)
    assert shorter.until == NOON + MINUTE


@pytest.mark.parametrize(
    ("way", "access", "beside", "until", "expected"),
    [
        (Way.OVERRIDE, facts(), NOTHING_BESIDE, NOON, {Code.WAY_ENDS_IN_THE_PAST}),
        (Way.OVERRIDE, facts(), NOTHING_BESIDE, NOON + 13 * HOUR, {Code.WAY_TOO_LONG}),
        (Way.OVERRIDE, facts(), Beside(part=PART), None, {Code.PART_WAITING}),
        (Way.REPAIR, facts(), NOTHING_BESIDE, None, {Code.NOT_A_MAINTAINER, Code.NOT_LOCKED_OUT}),
        (Way.CLASS, facts(), NOTHING_BESIDE, NOON + HOUR, {Code.NOT_A_MENTOR}),
        (Way.ON_BEHALF, UNMET[Code.TRAINING_MISSING](), NOTHING_BESIDE, None, {Code.TRAINING_MISSING}),
        (
            Way.OVERRIDE, facts(session=session_of(BOB), interlock_known=False), NOTHING_BESIDE, NOON,
            {Code.WAY_ENDS_IN_THE_PAST, Code.IN_USE, Code.INTERLOCK_UNKNOWN},
        ),
    ],
)  # fmt: skip
def test_everything_that_stands_against_a_way_is_named(
    way: Way, access: AccessFacts, beside: Beside, until: Any, expected: set[Code]
) -> None:
    found = open_for(way, access, beside, NOON, until=until)
    assert isinstance(found, Denied)
    assert {refusal.code for refusal in found.refusals} == expected


def test_a_repair_by_a_maintainer_and_a_class_by_a_trainer_are_opened() -> None:
    locked = facts(resource={"out_of_service": True})
    assert isinstance(open_for(Way.REPAIR, locked, Beside(maintains=True), NOON, until=None), Entry)
    assert isinstance(open_for(Way.CLASS, facts(), TEACHES, NOON, until=NOON + HOUR), Entry)
