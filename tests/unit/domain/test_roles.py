"""Who may do what, and who may make whom something else."""

from datetime import timedelta

import pytest

from gateway.domain.accounts import ends_at
from gateway.domain.people import Role
from gateway.domain.roles import OF_PEOPLE, RIGHTS, May, may, may_give, roles_that
from tests.fixtures_store import NOW


def test_every_role_has_its_row():
    assert set(RIGHTS) == set(Role)
    assert roles_that(May.RUN) == {Role.MANAGER, Role.ADMINISTRATOR}
    assert roles_that(May.ADMINISTER) == {Role.ADMINISTRATOR}
    assert not any(may(None, what) for what in May)
    assert not may(Role.AUDITOR, May.RUN), "an auditor reads figures, never a name"


@pytest.mark.parametrize("new", Role)
def test_nobody_gives_more_than_they_are(new):
    for giver in Role:
        for old in OF_PEOPLE:
            given = may_give(giver, old, new)
            if giver is Role.ADMINISTRATOR:
                assert given == (new not in (Role.TV, Role.KIOSK))
            elif giver is Role.MANAGER:
                small = {Role.VISITOR, Role.MEMBER, Role.TRAINER}
                assert given == ({old, new} <= small), "a manager neither makes nor unmakes one"
            else:
                assert not given


def test_whoever_reads_names_signs_in_more_often():
    assert ends_at(Role.MEMBER, NOW, NOW) == NOW + timedelta(days=30)
    assert ends_at(Role.MANAGER, NOW, NOW) == NOW + timedelta(hours=12)
    late = NOW + timedelta(days=6, hours=23)
    assert ends_at(Role.ADMINISTRATOR, NOW, late) == NOW + timedelta(days=7)
