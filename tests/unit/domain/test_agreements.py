"""Charter and guardians: who has agreed, who must, and in which order."""

from dataclasses import replace
from datetime import date

import pytest

from gateway.domain.agreements import Agreement, charter, guardian
from gateway.domain.people import Member
from gateway.domain.use_policy import UsePolicy
from tests.fixtures_store import NOW

TODAY = date(2026, 3, 2)
GROWN, CHILD = date(2000, 1, 1), date(2012, 3, 3)
ADA = Member(id="a", first_name="Ada", birth_date=GROWN)


def use(charter=None, under=None):
    return replace(UsePolicy(), charter_version=charter, guardian_consent_under=under)


@pytest.mark.parametrize(
    ("asked", "accepted", "state"),
    [
        (None, None, None), (3, None, Agreement.MISSING), (3, 2, Agreement.MISSING), (3, 3, Agreement.GIVEN),
        (3, 4, Agreement.GIVEN),
    ],
)  # fmt: skip
def test_a_newer_charter_asks_again(asked, accepted, state):
    assert charter(use(asked), replace(ADA, charter_version=accepted), TODAY) is state


@pytest.mark.parametrize(
    ("born", "consent", "state"),
    [
        (GROWN, None, None), (CHILD, None, Agreement.MISSING), (CHILD, NOW, Agreement.GIVEN),
        (None, None, Agreement.AGE_UNKNOWN), (date(2010, 3, 2), None, None), (date(2010, 3, 3), None, Agreement.MISSING),
    ],
)  # fmt: skip
def test_a_minor_s_guardian_agrees_first(born, consent, state):
    member = replace(ADA, birth_date=born, guardian_consent_at=consent)
    assert guardian(use(under=16), member, TODAY) is state
    assert guardian(use(), member, TODAY) is None
    first = state in (Agreement.MISSING, Agreement.AGE_UNKNOWN)
    assert charter(use(1, 16), member, TODAY) is (Agreement.GUARDIAN_FIRST if first else Agreement.MISSING)
