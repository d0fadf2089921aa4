"""Who may use what: every unmet rule is named, in any order of the rules, and doubt is a no."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.access import RULES, AccessFacts, Denied, Granted, decide_access
from gateway.domain.booking import Reservation
from gateway.domain.people import Member
from gateway.domain.refusals import Code
from gateway.domain.resources import Resource
from gateway.domain.sessions import Session, State
from gateway.domain.timespan import Span
from gateway.domain.training import Requirement, Standing

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LASER = Resource(id="r1", slug="laser-1", names={"fr": "Découpe laser"}, ceiling_s=4 * 3600)
ADA = Member(id="m1", first_name="Ada")
BOB = Member(id="m2", first_name="Bob")


def trained(state: Standing = Standing.VALID, until: datetime | None = None) -> Requirement:
    return Requirement(slug="laser", names={"fr": "Laser"}, state=state, until=until)


def booked(member: Member, starts: datetime, ends: datetime) -> Reservation:
    return Reservation(
        id=f"b-{member.id}", resource_id="r1", member_id=member.id, span=Span(starts, ends), created_at=NOON
    )


def session_of(member: Member) -> Session:
    return Session(
        id="s1", resource_id="r1", operator_id=member.id, beneficiary_id=member.id, reservation_id=None,
        state=State.ACTIVE, opened_at=NOON - HOUR, last_tap_at=NOON - HOUR,
    )  # fmt: skip


def codes(decision: Granted | Denied) -> set[Code]:
    return {refusal.code for refusal in decision.refusals} if isinstance(decision, Denied) else set()


def test_a_trained_member_may_use_a_free_machine_until_its_ceiling() -> None:
    decision = decide_access(AccessFacts(resource=LASER, member=ADA, requirements=(trained(),)), NOON)

    assert decision == Granted(until=NOON + 4 * HOUR)


def test_every_unmet_rule_is_named_at_once() -> None:
    facts = AccessFacts(
        resource=Resource(
            id="r1", slug="laser-1", names={"fr": "Laser"}, out_of_service=True, reservation_required=True
        ),
        member=Member(id="m1", first_name="Ada", active=False, member_until=NOON - HOUR),
        badge_revoked=True,
        requirements=(
            trained(Standing.MISSING),
            trained(until=NOON),
            trained(Standing.AWAITING),
            trained(Standing.PREREQUISITE_LAPSED),
        ),
        session=session_of(BOB),
        interlock_known=False,
    )

    assert codes(decide_access(facts, NOON)) == {
        Code.BADGE_REVOKED, Code.MEMBER_INACTIVE, Code.MEMBERSHIP_LAPSED, Code.OUT_OF_SERVICE, Code.INTERLOCK_UNKNOWN,
        Code.TRAINING_MISSING, Code.TRAINING_LAPSED, Code.TRAINING_AWAITING, Code.PREREQUISITE_LAPSED, Code.IN_USE, Code.RESERVATION_REQUIRED,
    }  # fmt: skip


def test_an_unknown_badge_hears_only_what_concerns_it() -> None:
    decision = decide_access(AccessFacts(resource=LASER, member=None, requirements=(trained(Standing.MISSING),)), NOON)

    assert codes(decision) == {Code.BADGE_UNKNOWN}


def test_a_reader_without_a_machine_opens_nothing() -> None:
    assert codes(decide_access(AccessFacts(resource=None, member=ADA), NOON)) == {Code.READER_UNASSIGNED}


def test_another_members_booking_refuses_and_tells_until_when() -> None:
    facts = AccessFacts(resource=LASER, member=ADA, booked=(booked(BOB, NOON - HOUR, NOON + HOUR),))
    decision = decide_access(facts, NOON)

    assert isinstance(decision, Denied)
    assert decision.refusals[0].code is Code.RESERVED_BY_OTHER
    assert decision.refusals[0].params["until"] == NOON + HOUR


def test_ones_own_booking_grants_until_its_end() -> None:
    facts = AccessFacts(resource=LASER, member=ADA, booked=(booked(ADA, NOON, NOON + HOUR),))

    assert decide_access(facts, NOON) == Granted(until=NOON + HOUR, reservation_id="b-m1")


def test_the_next_booking_of_another_and_the_end_of_a_right_shorten_the_grant() -> None:
    facts = AccessFacts(
        resource=LASER,
        member=ADA,
        requirements=(trained(until=NOON + 3 * HOUR),),
        booked=(booked(BOB, NOON + 2 * HOUR, NOON + 3 * HOUR),),
    )

    assert decide_access(facts, NOON) == Granted(until=NOON + 2 * HOUR)


def test_a_booking_that_ends_now_no_longer_refuses() -> None:
    facts = AccessFacts(resource=LASER, member=ADA, booked=(booked(BOB, NOON - HOUR, NOON),))

    assert isinstance(decide_access(facts, NOON), Granted)


moments = st.timedeltas(min_value=timedelta(days=-3), max_value=timedelta(days=3)).map(lambda delta: NOON + delta)
requirements = st.builds(
    Requirement, slug=st.just("laser"), names=st.just({"fr": "Laser"}), state=st.sampled_from(Standing),
    until=st.none() | moments,
)  # fmt: skip
members = st.none() | st.builds(
    Member, id=st.sampled_from(["m1", "m2"]), first_name=st.just("X"), active=st.booleans(),
    member_until=st.none() | moments,
)  # fmt: skip
resources = st.none() | st.builds(
    Resource, id=st.just("r1"), slug=st.just("laser-1"), names=st.just({"fr": "Laser"}), out_of_service=st.booleans(),
    reservation_required=st.booleans(),
)  # fmt: skip
bookings = st.builds(
    lambda member, starts, hours: booked(member, starts, starts + hours * HOUR),
    st.sampled_from([ADA, BOB]), moments, st.integers(1, 30),
)  # fmt: skip
all_facts = st.builds(
    AccessFacts, resource=resources, member=members, badge_revoked=st.booleans(),
    requirements=st.lists(requirements, max_size=3).map(tuple), booked=st.lists(bookings, max_size=3).map(tuple),
    session=st.none() | st.sampled_from([session_of(ADA), session_of(BOB)]), interlock_known=st.booleans(),
)  # fmt: skip


@given(all_facts, st.permutations(RULES))
def test_the_order_of_the_rules_never_changes_the_answer(facts: AccessFacts, rules: list[object]) -> None:
    usual, shuffled = decide_access(facts, NOON), decide_access(facts, NOON, tuple(rules))  # type: ignore[arg-type]

    assert isinstance(usual, Granted) == isinstance(shuffled, Granted)
    assert codes(usual) == codes(shuffled)


@given(all_facts)
def test_nobody_gets_in_without_a_live_right_a_live_badge_and_a_free_machine(facts: AccessFacts) -> None:
    decision = decide_access(facts, NOON)

    if isinstance(decision, Granted):
        assert facts.resource is not None
        assert facts.member is not None
        assert not facts.badge_revoked
        assert not facts.resource.out_of_service
        assert all(
            need.state is Standing.VALID and (need.until is None or need.until > NOON) for need in facts.requirements
        )
        assert facts.session is None or facts.session.operator_id == facts.member.id
        assert decision.until > NOON
    else:
        assert decision.refusals


@given(all_facts)
def test_every_refusal_has_a_next_step(facts: AccessFacts) -> None:
    decision = decide_access(facts, NOON)

    if isinstance(decision, Denied):
        assert all(refusal.next_steps for refusal in decision.refusals)
