"""Who is in the place, over HTTP: how many for anybody, who only with a token that sees members."""

from datetime import timedelta

import pytest

from gateway.domain.presence import Here
from tests.web.lab import NOON


def test_nobody_and_no_reader_at_the_door(web):
    told = web.get("/api/v1/presence").json()
    assert told == {"known": False, "open": False, "people": 0, "responsible": 0, "who": None}


@pytest.mark.parametrize(
    ("role", "sees"), [("anonymous", False), ("kiosk", False), ("auditor", True), ("manager", True)]
)
def test_who_is_here_only_for_those_who_see_members(web, bearer, lab, role, sees):
    lea = lab.people["Léa"].id
    until = NOON + timedelta(hours=3)
    with lab.store.begin() as work:
        work.put_here(Here(member_id=lea, since=NOON, until=until, changed_at=NOON, responsible=True))
    told = web.get("/api/v1/presence", headers=bearer(role)).json()
    assert (told["open"], told["people"], told["responsible"]) == (True, 1, 1)
    assert [person["member_id"] for person in told["who"] or []] == ([lea] if sees else [])
