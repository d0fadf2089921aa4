"""Who goes before whom: off until a manager says it, never over what has begun or whom nobody can tell."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.booking import Purpose, Reservation, Status
from gateway.domain.booking_policy import BookingPolicy
from gateway.domain.people import Role
from gateway.domain.priority import Claim, level, policy_for, weigh_clashes
from gateway.domain.refusals import Code
from gateway.domain.timespan import Span

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
POLICY = BookingPolicy(priority_roles=("manager", "trainer"), priority_days=7, priority_over_unapproved=True)
HELD = Reservation(
    id="h", resource_id="m", member_id="ada", span=Span(NOW + 7 * DAY, NOW + 7 * DAY + HOUR), created_at=NOW
)
SOON = replace(HELD, span=Span(NOW + DAY, NOW + DAY + HOUR))
AWAITS = replace(SOON, status=Status.AWAITING_APPROVAL)
TRAINER = Claim(role=Role.TRAINER, purpose=Purpose.USE, displaces=True)


def weigh(held=HELD, claim=TRAINER, policy=POLICY, other=Role.MEMBER):
    displaced, refusals = weigh_clashes([held], {"ada": other}, policy, claim, NOW)
    return len(displaced), [refusal.code for refusal in refusals]


GIVES, KEEPS = (1, []), (0, [Code.BOOKING_OVERLAPS])


@pytest.mark.parametrize(
    ("held", "other", "expected"),
    [
        (HELD, Role.MEMBER, GIVES),
        (HELD, None, GIVES),
        (HELD, Role.TRAINER, KEEPS),
        (HELD, Role.MANAGER, KEEPS),
        (SOON, Role.MEMBER, KEEPS),
        (AWAITS, Role.MEMBER, GIVES),
        (replace(HELD, member_id=None, note="Visiteuse"), Role.MEMBER, KEEPS),
        (replace(HELD, purpose=Purpose.WORKSHOP), Role.MEMBER, KEEPS),
        (replace(HELD, span=Span(NOW, NOW + HOUR)), Role.MEMBER, KEEPS),
    ],
)
def test_what_gives_way_to_a_trainer(held, other, expected):
    assert weigh(held, other=other) == expected


def test_nobody_takes_a_place_without_saying_so():
    assert weigh(claim=replace(TRAINER, displaces=False)) == (0, [Code.BOOKING_GIVES_WAY])
    assert weigh(claim=replace(TRAINER, new=False)) == KEEPS


@pytest.mark.parametrize(
    "changes", [{"priority_roles": ()}, {"priority_days": None}, {"priority_roles": ("manager",)}, {"priority_days": 8}]
)
def test_nothing_gives_way_that_the_lab_has_not_said(changes):
    assert weigh(policy=replace(POLICY, **changes)) == KEEPS
    assert weigh(AWAITS, policy=replace(POLICY, priority_over_unapproved=False)) == KEEPS


def test_maintenance_needs_no_role_but_its_own_rule():
    maintenance = Claim(role=None, purpose=Purpose.MAINTENANCE)
    assert weigh(claim=maintenance) == KEEPS
    assert weigh(SOON, maintenance, replace(POLICY, maintenance_first=True), Role.MANAGER) == GIVES


def test_those_who_go_first_may_book_further_ahead_and_never_less_far():
    far = BookingPolicy(horizon_days=14, priority_roles=("trainer",), priority_horizon_days=60)
    assert policy_for(far, Role.TRAINER).horizon_days == 60
    assert policy_for(far, Role.MEMBER).horizon_days == policy_for(far, None).horizon_days == 14
    assert policy_for(replace(far, priority_horizon_days=7), Role.TRAINER).horizon_days == 14
    assert policy_for(replace(far, horizon_days=None), Role.TRAINER).horizon_days is None


@given(st.lists(st.sampled_from(("trainer", "manager", "administrator")), unique=True), st.sampled_from(Role))
def test_a_level_is_above_that_of_every_role_named_later_and_of_all_that_are_not(roles, role):
    policy = BookingPolicy(priority_roles=tuple(roles))
    at = roles.index(role) if role in roles else len(roles)
    assert all((level(policy, role) > level(policy, Role(other))) == (at < roles.index(other)) for other in roles)
    assert level(policy, Role.MEMBER) == 0
