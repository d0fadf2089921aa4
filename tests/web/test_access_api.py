"""The dry run over HTTP: the same rules and codes as a tap, now and later, and nothing is written."""

from datetime import timedelta

import pytest

from tests.web.lab import NOON

HOUR = timedelta(hours=1)
NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def staff(web, bearer):
    """Send as a manager; the body of the answer."""

    def send(method, path, body=None):
        answer = web.request(method, f"/api/v1{path}", json=body, headers=bearer("manager"))
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    return send


@pytest.fixture
def ask(web, bearer, lab):
    """Ask about Léa; the body of the answer."""

    def send(resource="bureau", at=None, role="manager", member=None):
        params = {"resource": resource, "member": member or lab.people["Léa"].id} | (
            {"at": at.isoformat()} if at else {}
        )
        answer = web.get("/api/v1/access", params=params, headers=bearer(role))
        return answer.json() if answer.status_code == 200 else answer.status_code

    return send


def codes(told):
    return [refusal["code"] for refusal in told["refusals"]]


@pytest.mark.parametrize(("role", "status"), [("anonymous", 401), ("kiosk", 403), ("auditor", 403)])
def test_only_staff_ask_about_a_member(ask, role, status):
    assert ask(role=role) == status


def test_what_is_not_there_or_past_is_said(ask):
    assert ask(member=NOBODY) == 404
    assert ask(resource="nulle-part") == 404
    assert ask(at=NOON - HOUR) == 422


def test_every_missing_thing_is_told_with_its_words_and_steps(ask, staff, lab):
    staff("PATCH", f"/members/{lab.people['Léa'].id}", {"active": False})
    told = ask("laser")
    assert (told["granted"], told["until"]) == (False, None)
    assert codes(told) == ["member_inactive", "training_missing"]
    missing = told["refusals"][1]
    assert missing["params"]["training"] == "decoupe-laser"
    assert missing["sentence"]
    assert [step["code"] for step in missing["next_steps"]] == ["ask_for_training"]


def test_a_later_moment_is_answered_with_the_reservations_of_that_moment(ask, staff, lab):
    booking = {"starts": (NOON + 2 * HOUR).isoformat(), "ends": (NOON + 4 * HOUR).isoformat(), "resource": "bureau"}
    staff("POST", "/reservations", booking | {"member_id": lab.people["Karim"].id})
    soon, then, after = ask(), ask(at=NOON + 3 * HOUR), ask(at=NOON + 4 * HOUR)
    assert (soon["granted"], soon["until"]) == (True, "2026-11-24T13:00:00Z")
    assert codes(then) == ["reserved_by_other"]
    assert after["granted"]


def test_a_lapsed_membership_in_its_days_of_grace_warns(ask, staff, lab):
    staff("PATCH", f"/members/{lab.people['Léa'].id}", {"member_until": NOON.isoformat()})
    assert codes(ask()) == ["membership_lapsed"]
    staff("PATCH", "/policies", {"use": {"membership_grace_days": 7}})
    told = ask(at=NOON + 24 * HOUR)
    assert told["granted"]
    assert [warning["code"] for warning in told["warnings"]] == ["membership_in_grace"]
    assert codes(ask(at=NOON + 7 * 24 * HOUR)) == ["membership_lapsed"]


def test_nothing_is_written(ask, lab):
    before = lab.store.views().events_after(0, 1000)
    ask("laser")
    assert lab.store.views().events_after(0, 1000) == before
