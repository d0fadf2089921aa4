"""Opening hours and closures through the API."""

from datetime import timedelta

import pytest

from tests.web.lab import NOON
from tests.web.test_api import NOBODY, ROLES, STRANGERS, problem

HOURS = {"tuesday": ["9:00-12:30", "14:00-18:00"], "friday": "20:00-2:00", "holidays": "france"}
CLOSURE = {"starts": "2026-11-24T11:00:00Z", "ends": "2026-11-27T11:00:00Z", "reason": "Travaux"}


@pytest.fixture
def put(web, bearer):
    return lambda hours, of="": web.put(f"/api/v1/opening{of}", json=hours, headers=bearer("manager"))


@pytest.mark.parametrize("role", ROLES)
def test_only_staff_change_the_hours(web, bearer, role):
    for method, path, body in (
        ("PUT", "opening", HOURS),
        ("DELETE", "opening?resource=laser", None),
        ("POST", "closures", CLOSURE),
        ("DELETE", f"closures/{NOBODY}", None),
    ):
        answer = web.request(method, f"/api/v1/{path}", json=body, headers=bearer(role))
        assert answer.status_code == STRANGERS.get(role, answer.status_code), path
        assert answer.status_code in {200, 201, 404} or role in STRANGERS


def test_nothing_set_is_always_open(web):
    told = web.get("/api/v1/opening").json()
    assert (told["site"]["hours"], told["site"]["state"]["open"]) == (None, True)
    assert {each["resource"] for each in told["resources"]} >= {"laser", "prusa-1"}
    assert all(each["state"]["sentence"] == "C’est ouvert." for each in told["resources"])


def test_hours_of_the_site_and_of_one_machine(web, put, bearer):
    site = put(HOURS).json()  # it is Tuesday noon in Paris
    assert site["hours"] == {
        "zone": "Europe/Paris", "tuesday": ["09:00-12:30", "14:00-18:00"], "friday": ["20:00-02:00"], "holidays": "france",
    }  # fmt: skip
    assert site["state"]["until"] == "2026-11-24T11:30:00Z"
    assert site["state"]["sentence"] == "C’est ouvert jusqu’à 12\u00a0h\u00a030."
    laser = put({"friday": "10:00-11:00"}, "?resource=laser").json()
    assert (laser["own"], laser["state"]["open"], laser["state"]["closed_by"]) == (True, False, "hours")
    assert laser["state"]["sentence"] == "C’est fermé. Ouverture vendredi 27 novembre à\u00a010\u00a0h."
    told = {each["resource"]: each for each in web.get("/api/v1/opening").json()["resources"]}
    assert (told["prusa-1"]["own"], told["prusa-1"]["hours"]) == (False, site["hours"])
    back = web.delete("/api/v1/opening?resource=laser", headers=bearer("manager")).json()
    assert (back["own"], back["hours"]) == (False, site["hours"])


def test_everything_that_is_wrong_with_the_hours_is_told(put, web):
    told = problem(put({"lundi": "9:00-12:00", "monday": "9-12", "zone": "Mars/Phobos", "holidays": "noel"}))
    assert {each["code"] for each in told["refusals"]} == {
        "opening_key_unknown", "opening_unreadable", "zone_unknown", "holidays_unknown",
    }  # fmt: skip
    assert web.get("/api/v1/opening").json()["site"]["hours"] is None
    assert put(HOURS, "?resource=nothing").status_code == 404


def test_a_closure_is_made_read_and_taken_back(web, put, bearer):
    put(HOURS)
    made = web.post("/api/v1/closures", json=CLOSURE, headers=bearer("manager")).json()
    state = web.get("/api/v1/opening").json()["site"]["state"]
    assert (state["closed_by"], state["reason"], state["opens_at"]) == ("closure", "Travaux", "2026-11-27T19:00:00Z")
    assert state["sentence"] == "C’est fermé : Travaux. Ouverture vendredi 27 novembre à\u00a020\u00a0h.".replace(
        " :", "\u00a0:"
    )
    of_laser = web.post("/api/v1/closures", json=CLOSURE | {"resource": "laser"}, headers=bearer("manager")).json()
    assert [each["id"] for each in web.get("/api/v1/closures").json()["items"]] == [made["id"], of_laser["id"]]
    prusa = web.get("/api/v1/closures?resource=prusa-1").json()["items"]
    assert [each["id"] for each in prusa] == [made["id"]]
    assert web.get("/api/v1/closures?starts=2026-11-28T00:00:00Z").json()["items"] == []
    for _ in range(2):
        gone = web.delete(f"/api/v1/closures/{made['id']}", headers=bearer("manager"))
    assert gone.status_code == 404
    assert web.get("/api/v1/opening").json()["site"]["state"]["open"] is True


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ends": "2026-11-24T11:00:00Z"}, "closure_ends_before_start"),
        ({"ends": "2026-11-23T11:00:00Z"}, "closure_ends_before_start"),
        ({"ends": "2126-11-23T11:00:00Z"}, "closure_too_long"),
    ],
)
def test_a_closure_that_cannot_be_is_refused(web, bearer, change, code):
    told = problem(web.post("/api/v1/closures", json=CLOSURE | change, headers=bearer("manager")))
    assert [each["code"] for each in told["refusals"]] == [code]
    assert web.get("/api/v1/closures").json()["items"] == []


def test_the_open_spans_of_a_window(web, put):
    put(HOURS)
    window = f"starts={NOON.isoformat()[:10]}T00:00:00Z&ends=2026-11-28T12:00:00Z"
    assert web.get(f"/api/v1/opening/spans?{window}").json()["items"] == [
        {"starts": "2026-11-24T08:00:00Z", "ends": "2026-11-24T11:30:00Z"},
        {"starts": "2026-11-24T13:00:00Z", "ends": "2026-11-24T17:00:00Z"},
        {"starts": "2026-11-27T19:00:00Z", "ends": "2026-11-28T01:00:00Z"},
    ]
    late = (NOON + timedelta(days=900)).isoformat().replace("+", "%2B")
    assert web.get(f"/api/v1/opening/spans?starts=2026-11-24T00:00:00Z&ends={late}").status_code == 422


def test_a_century_of_closures_answers(web):
    assert web.get("/api/v1/closures?starts=2000-01-01T00:00:00Z&ends=2200-01-01T00:00:00Z").json()["items"] == []
    assert web.get("/api/v1/closures?starts=2200-01-01T00:00:00Z").status_code == 200
