"""Trainings and rights over HTTP: described, given, declared, validated, refused, revoked, and their history."""

from datetime import timedelta

import pytest

NOBODY = "00000000-0000-7000-8000-000000000000"
WRITES = [
    ("PUT", f"/api/v1/trainings/usinage/trainers/{NOBODY}", None),
    ("DELETE", f"/api/v1/trainings/usinage/trainers/{NOBODY}", None),
    ("POST", "/api/v1/qualifications/declare", {"member_id": NOBODY, "training": "usinage"}),
    ("POST", f"/api/v1/qualifications/{NOBODY}/validate", None),
    ("POST", f"/api/v1/qualifications/{NOBODY}/refuse", None),
    ("PUT", "/api/v1/resources/nulle-part/trainings", {"items": []}),
]
READS = ["/api/v1/qualifications/history", "/api/v1/trainings/usinage/trainers"]


@pytest.fixture
def api(web, bearer):
    """Send as a manager; the status and the body."""

    def send(method, path, body=None, role="manager"):
        answer = web.request(method, f"/api/v1{path}", json=body, headers=bearer(role))
        return answer.status_code, (answer.json() if answer.content else None)

    return send


@pytest.fixture
def people(lab):
    return {name: member.id for name, member in lab.people.items()}


def refusals(body):
    return [refusal["code"] for refusal in body["refusals"]]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
@pytest.mark.parametrize(("role", "status"), [("anonymous", 401), ("kiosk", 403), ("auditor", 403), ("manager", 404)])
def test_only_staff_write_and_what_is_not_there_is_said(web, bearer, method, path, body, role, status):
    assert web.request(method, path, json=body, headers=bearer(role)).status_code == status


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize(("role", "status"), [("anonymous", 401), ("kiosk", 403), ("auditor", 200), ("manager", 200)])
def test_only_those_who_see_members_read_of_their_rights(web, bearer, path, role, status):
    assert web.get(path, headers=bearer(role)).status_code == status


def test_staff_say_what_a_resource_asks_for(api, web, bearer):
    path = "/resources/scanner/trainings"
    assert api("GET", path, role="anonymous") == (200, {"items": []})
    asked = {"items": [{"training": "usinage", "level": 2}, {"training": "decoupe-laser"}]}
    told = {"items": [{"training": "decoupe-laser", "level": 1}, {"training": "usinage", "level": 2}]}
    for _ in range(2):
        assert api("PUT", path, asked) == (200, told)
    assert api("GET", path)[1] == told
    assert len(api("GET", "/events?kind=policy_changed")[1]["items"]) == 1
    course = next(one for one in api("GET", "/trainings")[1]["items"] if one["slug"] == "usinage")
    assert {"resource": "scanner", "level": 2} in course["opens"]
    status, body = api("PUT", path, {"items": [{"training": "tissage"}]})
    assert (status, refusals(body)) == (409, ["training_unknown"])
    assert api("GET", path)[1] == told
    for wrong in ([{"training": "usinage"}] * 2, [{"training": "usinage", "level": 10}]):
        assert api("PUT", path, {"items": wrong})[0] == 422
    assert api("PUT", path, {"items": []}) == (200, {"items": []})


def test_a_training_says_how_long_it_lasts_what_it_stands_on_and_what_it_opens(api):
    rules = {
        "validity_days": 365, "yearly_until": "08-31", "unused_days": 90, "minutes": 120, "refresher_minutes": 30,
        "remind_days": [7, 30], "retention_years": 5, "prerequisites": ["usinage"],
    }  # fmt: skip
    status, made = api("POST", "/trainings", {"slug": "decoupe-laser", "names": {"fr": "Laser"}, **rules})
    assert status == 201
    assert made.items() >= (rules | {"remind_days": [30, 7]}).items()
    assert made["opens"] == [{"resource": "laser", "level": 1}, {"resource": "fraiseuse", "level": 1}]
    assert made in api("GET", "/trainings", role="anonymous")[1]["items"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"yearly_until": "02-30"}, {"yearly_until": "8-31"}, {"validity_days": 0}, {"unused_days": -1},
        {"remind_days": [0]}, {"retention_years": 1000}, {"prerequisites": ["Pas un nom"]}, {"other": 1},
    ],
)  # fmt: skip
def test_a_training_that_cannot_be_is_refused(api, wrong):
    status, body = api("POST", "/trainings", {"slug": "tour", "names": {"fr": "Tour"}} | wrong)
    assert (status, body["code"]) == (422, "invalid")


def test_trainings_that_go_round_in_a_circle_are_refused_and_the_circle_is_named(api):
    assert (
        api("POST", "/trainings", {"slug": "usinage", "names": {"fr": "x"}, "prerequisites": ["decoupe-laser"]})[0]
        == 201
    )
    status, body = api(
        "POST", "/trainings", {"slug": "decoupe-laser", "names": {"fr": "x"}, "prerequisites": ["usinage", "rien"]}
    )
    assert (status, refusals(body)) == (409, ["training_unknown"])
    status, body = api(
        "POST", "/trainings", {"slug": "decoupe-laser", "names": {"fr": "x"}, "prerequisites": ["usinage"]}
    )
    assert (status, refusals(body)) == (409, ["training_cycle"])
    assert body["refusals"][0]["params"]["cycle"] == "decoupe-laser → usinage → decoupe-laser"


def test_a_trainer_gives_only_what_they_hold(api, people):
    trainer, learner = people["Léa"], people["Karim"]
    wish = {"member_id": learner, "training": "usinage", "granted_by_member": trainer}
    assert refusals(api("POST", "/qualifications", wish)[1]) == ["trainer_not_named"]
    assert api("PUT", f"/trainings/usinage/trainers/{trainer}") == (204, None)
    assert api("GET", "/trainings/usinage/trainers")[1] == {"items": [{"member_id": trainer}]}
    status, body = api("POST", "/qualifications", wish)
    assert (status, refusals(body)) == (409, ["trainer_without_right"])
    assert body["refusals"][0]["next_steps"][0]["code"] == "ask_another_trainer"
    assert api("GET", f"/qualifications?member_id={learner}")[1]["items"] == []
    assert api("POST", "/qualifications", {"member_id": trainer, "training": "usinage"})[0] == 201
    status, made = api("POST", "/qualifications", wish)
    assert (status, made["granted_by_member"], made["valid"]) == (201, trainer, True)
    assert refusals(api("POST", "/qualifications", wish | {"member_id": trainer})[1]) == ["trainer_for_oneself"]
    assert api("DELETE", f"/trainings/usinage/trainers/{trainer}") == (204, None)
    assert api("DELETE", f"/trainings/usinage/trainers/{trainer}")[0] == 404
    assert refusals(api("POST", "/qualifications", wish)[1]) == ["trainer_not_named"]


def test_a_right_that_could_not_be_is_refused_with_every_reason(lab, api, people):
    later = (lab.clock.now() + timedelta(days=1)).isoformat()
    wish = {
        "member_id": people["Karim"], "training": "usinage", "granted_at": later,
        "expires_at": lab.clock.now().isoformat(), "refresher": True,
    }  # fmt: skip
    status, body = api("POST", "/qualifications", wish)
    assert status == 409
    assert refusals(body) == ["right_from_the_future", "right_ends_before_it_begins", "refresher_without_first"]
    assert api("GET", f"/qualifications/history?member_id={people['Karim']}")[1]["items"] == []


def test_from_declared_to_revoked_with_every_line_kept(lab, api, people):
    karim = people["Karim"]
    declared = {"member_id": karim, "training": "usinage", "evidence": "https://exemple.fr/attestation/7"}
    status, made = api("POST", "/qualifications/declare", declared)
    assert (status, made["state"], made["valid"]) == (201, "awaiting_validation", False)
    assert api("POST", "/qualifications/declare", declared)[1]["id"] == made["id"]
    assert [row["id"] for row in api("GET", "/qualifications?awaiting=true")[1]["items"]] == [made["id"]]
    status, valid = api("POST", f"/qualifications/{made['id']}/validate", {"note": "vu à l'atelier"})
    assert (status, valid["state"], valid["granted_by"]) == (200, "valid", "manager")
    assert refusals(api("POST", f"/qualifications/{made['id']}/refuse")[1]) == ["right_not_awaiting"]
    revoked = api("POST", f"/qualifications/{made['id']}/revoke", {"note": "badge prêté"})[1]
    assert (revoked["state"], revoked["valid"]) == ("revoked", False)
    lines = api("GET", f"/qualifications/history?member_id={karim}")[1]["items"]
    assert [(line["act"], line["actor"], line["note"]) for line in lines] == [
        ("revoked", "manager", "badge prêté"), ("validated", "manager", "vu à l'atelier"),
        ("declared", "manager", None),
    ]  # fmt: skip
    assert lines[2]["evidence"] == declared["evidence"]
    seen = api("GET", f"/qualifications/history?qualification_id={made['id']}", role="auditor")[1]["items"]
    assert [line["act"] for line in seen] == ["revoked", "validated", "declared"]
    assert {line[key] for line in seen for key in ("actor", "evidence", "note")} == {None}


def test_a_refresher_is_a_new_right_and_the_old_one_stays(lab, api, people):
    wish = {"member_id": people["Karim"], "training": "usinage"}
    first = api("POST", "/qualifications", wish)[1]
    lab.clock.advance(86400)
    status, second = api("POST", "/qualifications", wish | {"refresher": True})
    assert (status, second["refresher"], second["expires_at"] > first["expires_at"]) == (201, True, True)
    kept = api("GET", f"/qualifications?member_id={people['Karim']}")[1]["items"]
    assert [row["id"] for row in kept] == [second["id"], first["id"]]
    assert kept[1] == first


def test_a_right_that_is_over_says_until_when_it_is_kept(api, people):
    api("POST", "/trainings", {"slug": "usinage", "names": {"fr": "Usinage"}, "retention_years": 2})
    made = api("POST", "/qualifications", {"member_id": people["Karim"], "training": "usinage"})[1]
    assert made["keep_until"] is None
    assert api("POST", f"/qualifications/{made['id']}/revoke")[1]["keep_until"][:4] == "2028"


def test_a_training_is_changed_in_part_and_rights_that_were_given_keep_their_ends(api, people):
    given = api("POST", "/qualifications", {"member_id": people["Karim"], "training": "usinage"})[1]
    before = next(row for row in api("GET", "/trainings")[1]["items"] if row["slug"] == "usinage")
    rules = {"validity_days": None, "unused_days": 90, "minutes": 120, "refresher_minutes": 30, "remind_days": [3, 14]}
    status, made = api("PATCH", "/trainings/usinage", rules)
    assert (status, made) == (200, before | rules | {"remind_days": [14, 3]})
    (kept,) = api("GET", f"/qualifications?member_id={people['Karim']}")[1]["items"]
    assert kept == given
    assert api("PATCH", "/trainings/usinage", {})[1] == made
    assert api("PATCH", "/trainings/rien", {"minutes": 5})[0] == 404
    assert api("PATCH", "/trainings/usinage", {"slug": "autre"})[0] == 422
    assert api("PATCH", "/trainings/usinage", {"minutes": 5}, role="auditor")[0] == 403


def test_a_refresher_that_is_not_shorter_is_refused_and_changes_nothing(api):
    rules = {"minutes": 30, "refresher_minutes": 30}
    status, body = api("PATCH", "/trainings/usinage", rules)
    assert (status, refusals(body)) == (409, ["refresher_not_shorter"])
    status, body = api("POST", "/trainings", {"slug": "tour", "names": {"fr": "Tour"}} | rules)
    assert (status, refusals(body)) == (409, ["refresher_not_shorter"])
    kept = {row["slug"]: row["minutes"] for row in api("GET", "/trainings")[1]["items"]}
    assert kept["usinage"] is None
    assert "tour" not in kept


def test_what_a_member_lacks_for_a_resource(api, people):
    karim, ask = people["Karim"], "/qualifications/standing?resource=fraiseuse&member_id="

    def states():
        body = api("GET", ask + karim, role="auditor")[1]
        return body["complete"], {row["training"]: row["state"] for row in body["items"]}

    asked = set(states()[1])
    assert states() == (False, dict.fromkeys(asked, "missing"))
    first, *rest = sorted(asked)
    declared = api("POST", "/qualifications/declare", {"member_id": karim, "training": first})[1]
    assert states()[1][first] == "awaiting_validation"
    api("POST", f"/qualifications/{declared['id']}/validate")
    for slug in rest:
        api("POST", "/qualifications", {"member_id": karim, "training": slug})
    assert states() == (True, dict.fromkeys(asked, "valid"))
    assert api("GET", ask + NOBODY)[0] == 404
    assert api("GET", f"/qualifications/standing?resource=rien&member_id={karim}")[0] == 404
    assert api("GET", ask + karim, role="kiosk")[0] == 403
