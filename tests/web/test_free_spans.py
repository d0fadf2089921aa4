"""When can somebody have it, over HTTP."""

import pytest

from tests.web.booked import booked, elsewhere
from tests.web.test_api import NOBODY, problem

ASK = {"from": "2026-11-24T11:00:00Z", "to": "2026-11-24T18:00:00Z", "minutes": 90}


@pytest.fixture
def ask(web, bearer):
    return lambda role="manager", **more: web.get("/api/v1/free-spans", params=ASK | more, headers=bearer(role))


def test_anybody_asks_when_a_machine_is_free(ask, web, bearer, lab):
    booking = {"starts": "2026-11-24T13:00:00Z", "ends": "2026-11-24T15:00:00Z", "resource": "bureau"}
    web.post("/api/v1/reservations", json=booking | {"member_id": lab.people["Karim"].id}, headers=bearer("manager"))
    told = ask("anonymous", resource="bureau").json()
    assert told["barred"] == []
    assert [(each["first"], each["last"], each["ends"]) for each in told["items"]] == [
        ("2026-11-24T11:00:00Z", "2026-11-24T11:30:00Z", "2026-11-24T13:00:00Z"),
        ("2026-11-24T15:00:00Z", "2026-11-24T16:30:00Z", "2026-11-24T18:00:00Z"),
    ]
    assert {(each["resource"], each["step_minutes"]) for each in told["items"]} == {("bureau", None)}


def test_a_member_hears_what_bars_them(ask, lab):
    told = ask(resource="laser", member=lab.people["Léa"].id).json()
    assert told["items"] == []
    assert told["barred"][0]["resource"] == "laser"
    (missing,) = told["barred"][0]["refusals"]
    assert (missing["code"], bool(missing["sentence"])) == ("training_missing", True)


@pytest.mark.parametrize(("role", "status"), [("anonymous", 401), ("kiosk", 403), ("auditor", 403)])
def test_only_staff_ask_for_a_member(ask, lab, role, status):
    assert ask(role, resource="laser", member=lab.people["Léa"].id).status_code == status


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({}, "group"),
        ({"group": "imprimantes", "resource": "bureau"}, "group"),
        ({"resource": "bureau", "to": ASK["from"]}, "to"),
        ({"resource": "bureau", "to": "2027-11-24T18:00:00Z"}, "to"),
    ],
)
def test_a_question_without_sense_is_told_where(ask, more, field):
    answer = ask(**more)
    assert answer.status_code == 422
    assert problem(answer)["errors"][0]["where"] == ["query", field]


@pytest.mark.parametrize(
    "more", [{"resource": "nulle-part"}, {"group": "nulle-part"}, {"resource": "bureau", "member": NOBODY}]
)
def test_what_is_not_there_is_said(ask, more):
    assert ask(**more).status_code == 404


def test_a_kind_is_answered_for_every_site_and_each_start_says_where(ask, lab):
    booked(lab)
    elsewhere(lab)
    told = ask("anonymous", group="prusa").json()
    assert [(each["site"], each["timezone"]) for each in told["sites"]] == [
        ("la-ruche", "Europe/Paris"), ("acores", "Atlantic/Azores"),
    ]  # fmt: skip
    assert {(each["site"], each["resource"]) for each in told["items"]} >= {("la-ruche", "prusa-2"), ("acores", "mk4")}
    only = ask("anonymous", group="prusa", site="acores").json()
    assert {each["site"] for each in only["items"]} == {"acores"}
    assert [each["address"] for each in only["sites"]] == ["https://acores.example"]
    member = ask(group="prusa", member=lab.people["Léa"].id).json()
    assert [each["site"] for each in member["sites"]] == ["la-ruche"]
