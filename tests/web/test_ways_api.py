"""What staff open for others over HTTP: sessions by another way, classes, hand-over, parts, who looks after a machine."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.ways import WaitingPart

NOBODY = "00000000-0000-7000-8000-000000000000"


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


@pytest.fixture
def wish(people):
    def wish(**changes):
        given = {"resource": "laser", "operator_id": people["Léa"], "way": "override", "reason": "Portes ouvertes"}
        return given | changes

    return wish


@pytest.fixture
def trainer(lab, api, people):
    """Inès holds and may give what the laser asks for."""
    assert api("POST", "/qualifications", {"member_id": people["Inès"], "training": "decoupe-laser"})[0] == 201
    assert api("PUT", f"/trainings/decoupe-laser/trainers/{people['Inès']}")[0] in (200, 201, 204)
    return people["Inès"]


def later(lab, hours):
    return (lab.clock.now() + timedelta(hours=hours)).isoformat()


def refusals(body):
    return [refusal["code"] for refusal in body["refusals"]]


WRITES = [
    ("POST", "/sessions", {"resource": "laser", "operator_id": NOBODY, "way": "override", "reason": "x"}),
    ("POST", "/resources/rien/class", {"trainer_id": NOBODY, "until": "2026-11-24T13:00:00Z"}),
    ("DELETE", "/resources/laser/class", None),
    ("POST", "/resources/rien/hand-over", None),
    ("POST", "/resources/rien/part-shelved", None),
    ("PUT", f"/resources/laser/maintainers/{NOBODY}", None),
    ("DELETE", f"/resources/laser/maintainers/{NOBODY}", None),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
@pytest.mark.parametrize(("role", "status"), [("anonymous", 401), ("kiosk", 403), ("auditor", 403), ("manager", 404)])
def test_only_staff_open_and_what_is_not_there_is_said(api, method, path, body, role, status):
    assert api(method, path, body, role)[0] == status


def test_an_override_opens_against_a_rule_and_its_reason_stays_with_who_said_so(lab, api, wish, people):
    status, made = api("POST", "/sessions", wish(until=later(lab, 1)))
    assert status == 201
    assert made.items() >= {
        "resource": "laser", "way": "override", "operator_id": people["Léa"], "beneficiary_id": people["Léa"],
        "beneficiary_kind": "member", "state": "opening",
    }.items()  # fmt: skip
    told = api("GET", "/events?kind=session_opened")[1]["items"][0]
    assert (told["data"]["by"], told["data"]["reason"]) == ("manager", "Portes ouvertes")
    status, body = api("POST", "/sessions", wish(operator_id=people["Karim"]))
    assert (status, refusals(body)) == (409, ["in_use"])


@pytest.mark.parametrize(
    "wrong", [{"reason": ""}, {"reason": None}, {"way": "own"}, {"way": "class"}, {"until": "demain"}]
)
def test_an_override_without_its_reason_or_by_no_way_of_staff_is_invalid(api, wish, wrong):
    status, body = api("POST", "/sessions", wish(**wrong))
    assert (status, body["code"]) == (422, "invalid")
    assert api("GET", "/sessions")[1]["items"] == []


@pytest.mark.parametrize(("hours", "code"), [(-1, "way_ends_in_the_past"), (13, "way_too_long")])
def test_an_end_that_cannot_be_is_refused_in_both_languages(lab, web, bearer, wish, hours, code):
    for language in ("fr", "en"):
        answer = web.post(
            "/api/v1/sessions", json=wish(until=later(lab, hours)), headers=bearer("manager") | {"Accept-Language": language}
        )  # fmt: skip
        assert answer.status_code == 409
        (told,) = answer.json()["refusals"]
        assert told["code"] == code
        assert "{" not in str(told["title"])


def test_a_repair_needs_a_machine_out_of_service_and_whoever_looks_after_it(api, wish, people):
    repair = wish(way="repair", reason="Courroie")
    assert refusals(api("POST", "/sessions", repair)[1]) == ["not_a_maintainer", "not_locked_out"]
    assert api("PUT", f"/resources/laser/maintainers/{people['Léa']}")[0] == 204
    assert api("POST", "/resources/laser/out-of-service", {"reason": "Courroie"})[0] == 200
    assert api("POST", "/sessions", repair)[0] == 201
    assert api("DELETE", f"/resources/laser/maintainers/{people['Léa']}")[0] == 204


def test_a_session_is_run_for_a_member_a_visitor_or_a_workshop_and_counts_once(lab, api, wish, people, trainer):
    on_behalf = wish(way="on_behalf", operator_id=trainer, reason="Atelier du mercredi")
    for beneficiary, counts_for in (
        ({"beneficiary": "member", "beneficiary_id": people["Karim"]}, people["Karim"]),
        ({"beneficiary": "visitor"}, None),
    ):
        status, made = api("POST", "/sessions", on_behalf | beneficiary)
        assert status == 201, made
        assert (made["operator_id"], made["beneficiary_id"]) == (trainer, counts_for)
        assert made["beneficiary_kind"] == beneficiary["beneficiary"]
        assert api("POST", "/resources/laser/end-session")[0] == 200
    for_workshop = on_behalf | {"beneficiary": "workshop", "workshop_id": NOBODY}
    assert api("POST", "/sessions", for_workshop)[0] == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"way": "on_behalf"}, {"way": "on_behalf", "beneficiary": "workshop"}, {"beneficiary": "visitor"},
        {"way": "on_behalf", "beneficiary": "visitor", "workshop_id": NOBODY}, {"beneficiary_id": NOBODY},
    ],
)  # fmt: skip
def test_whom_it_counts_for_is_said_once(api, wish, wrong):
    status, body = api("POST", "/sessions", wish(**wrong))
    assert (status, body["code"]) == (422, "invalid")


def test_a_class_is_opened_by_a_trainer_seen_on_the_board_and_closed(lab, api, people, trainer):
    status, body = api("POST", "/resources/laser/class", {"trainer_id": people["Karim"], "until": later(lab, 2)})
    assert (status, refusals(body)) == (409, ["not_a_mentor"])
    status, made = api("POST", "/resources/laser/class", {"trainer_id": trainer, "until": later(lab, 2)})
    assert (status, made["resource"], made["trainer_id"]) == (201, "laser", trainer)
    assert api("GET", "/resources/laser")[1]["state"]["key"] == "reserved"
    assert api("POST", "/resources/laser/class", {"trainer_id": trainer, "until": later(lab, 2)})[0] == 409
    assert api("DELETE", "/resources/laser/class")[0] == 204
    assert api("DELETE", "/resources/laser/class")[0] == 404
    assert api("GET", "/resources/laser")[1]["state"]["key"] == "free"


def test_a_machine_is_handed_over_only_while_somebody_has_it_and_nothing_runs(lab, api):
    assert refusals(api("POST", "/resources/laser/hand-over")[1]) == ["not_in_use"]
    session = lab.session("laser")
    status, made = api("POST", "/resources/laser/hand-over")
    assert (status, made["id"]) == (200, session.id)
    assert api("GET", "/events?kind=session_offered")[1]["items"][0]["resource"] == "laser"


def test_a_part_is_put_away_once_and_its_maker_is_told_where(lab, api, people):
    with lab.store.begin() as work:
        work.put_resource(
            replace(lab.resources["laser"], use_policy={"parts_wait": True, "shelf": {"fr": "Étagère 2"}})
        )
    session, leave_part = lab.session("laser"), lambda work, _: work.save_waiting_part(part)
    part = WaitingPart(
        resource_id=session.resource_id, member_id=people["Léa"], session_id=session.id, since=lab.clock.now()
    )
    with lab.store.begin() as work:
        work.save_session(replace(session, state="closed", closed_at=lab.clock.now()))
    lab.transact(leave_part)
    assert api("GET", "/resources/laser")[1]["state"]["key"] == "finished"

    status, told = api("POST", "/resources/laser/part-shelved")
    assert (status, told["member_id"], told["session_id"]) == (200, people["Léa"], session.id)
    event = api("GET", "/events?kind=part_shelved")[1]["items"][0]
    assert event["data"]["shelf"] == {"fr": "Étagère 2"}
    assert refusals(api("POST", "/resources/laser/part-shelved")[1]) == ["no_part_waiting"]
    lab.transact(leave_part)
    assert api("POST", "/resources/laser/part-shelved", {"place": "Bac bleu"})[0] == 200
    assert api("GET", "/events?kind=part_shelved")[1]["items"][0]["data"]["shelf"] == {"fr": "Bac bleu"}
