"""Reservations over HTTP: made, moved, given, approved, declined, repeated, cancelled; every no with its reasons."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.people import Role

NOBODY = "00000000-0000-7000-8000-000000000000"
ROOT = "/api/v1/reservations"


@pytest.fixture
def api(web, bearer):
    """Send as a manager; the status and the body."""

    def send(method, path="", body=None, role="manager"):
        answer = web.request(method, ROOT + path, json=body, headers=bearer(role))
        return answer.status_code, answer.json()

    return send


@pytest.fixture
def wish(lab):
    def make(starts, ends, **more):
        now = lab.clock.now() + timedelta(days=3)
        return {
            "resource": "scanner", "member_id": lab.people["Léa"].id,
            "starts": (now + timedelta(hours=starts)).isoformat(), "ends": (now + timedelta(hours=ends)).isoformat(),
        } | more  # fmt: skip

    return make


def codes(body):
    return [refusal["code"] for refusal in body["refusals"]]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", f"/{NOBODY}", {}), ("POST", f"/{NOBODY}/give", {"member_id": NOBODY}),
        ("POST", f"/{NOBODY}/approve", None), ("POST", f"/{NOBODY}/decline", None), ("POST", f"/{NOBODY}/cancel", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("role", "status"), [("anonymous", 401), ("kiosk", 403), ("auditor", 403), ("manager", 404)])
def test_only_staff_change_and_what_is_not_there_is_said(api, method, path, body, role, status):
    assert api(method, path, body, role)[0] == status


def test_a_booking_is_moved_and_a_no_leaves_it_as_it_was(api, wish):
    made = api("POST", "", wish(0, 1))[1]
    other = api("POST", "", wish(2, 3))[1]
    status, moved = api("PATCH", f"/{made['id']}", {"ends": wish(0, 1.5)["ends"]})
    assert (status, moved["version"], moved["status"]) == (200, 2, "standing")
    status, refused = api("PATCH", f"/{made['id']}", {"ends": other["ends"]})
    assert (status, codes(refused)) == (409, ["booking_overlaps"])
    assert refused["refusals"][0]["params"]["until"].startswith(other["busy_until"][:19])
    assert moved in api("GET")[1]["items"]


def test_a_visitor_s_booking_is_named_for_staff_alone(api, wish):
    assert codes(api("POST", "", wish(0, 1, member_id=None))[1]) == ["booking_for_nobody"]
    made = api("POST", "", wish(0, 1, member_id=None, note="Une classe"))[1]
    assert (made["member_id"], made["note"]) == (None, "Une classe")
    shown = {row["id"]: row for row in api("GET", role="anonymous")[1]["items"]}
    assert shown[made["id"]]["note"] is None


def test_a_booking_is_given_to_another(api, wish, lab):
    made = api("POST", "", wish(0, 1))[1]
    karim = lab.people["Karim"].id
    assert api("POST", f"/{made['id']}/give", {"member_id": karim})[1]["member_id"] == karim


@pytest.mark.parametrize(("answer", "status"), [("approve", "standing"), ("decline", "declined")])
def test_what_awaits_approval_gets_an_answer(api, wish, web, bearer, answer, status):
    said = web.patch(
        "/api/v1/resources/scanner/policies", json={"booking": {"approval": True}}, headers=bearer("manager")
    )
    assert said.status_code == 200, said.text
    made = api("POST", "", wish(0, 1))[1]
    assert made["status"] == "awaiting_approval"
    assert api("POST", f"/{made['id']}/{answer}")[1]["status"] == status


def test_several_again_and_again_and_their_end(api, wish):
    taken = api("POST", "", wish(24, 25))[1]
    several = wish(0, 1, resources=["scanner", "laser"], rule="FREQ=DAILY;COUNT=3", zone="Europe/Paris")
    del several["resource"]
    status, refused = api("POST", "/together", several)
    assert (status, codes(refused)) == (409, ["booking_overlaps"])
    assert refused["refusals"][0]["params"]["resource"] == "scanner"
    status, booked = api("POST", "/together", several | {"free_ones": True})
    assert (status, len(booked["made"]), codes({"refusals": booked["left_out"]})) == (201, 4, ["booking_overlaps"])
    series = booked["made"][0]["series_id"]
    assert len(api("POST", f"/series/{series}/cancel")[1]) == 4
    assert [row["id"] for row in api("GET")[1]["items"] if row["resource"] == "scanner"][-1] == taken["id"]
    endless = several | {"rule": "FREQ=DAILY"}
    assert codes(api("POST", "/together", endless)[1]) == ["recurrence_endless"]


def test_an_hour_that_the_spring_skips_is_refused(api, wish):
    gap = wish(0, 1) | {"starts": "2027-03-28T02:30:00", "ends": "2027-03-28T04:00:00", "zone": "Europe/Paris"}
    assert codes(api("POST", "", gap)[1]) == ["booking_skipped_hour"]
    assert codes(api("POST", "", gap | {"zone": "Europe/Nulle"})[1]) == ["zone_unknown"]


def test_a_role_that_goes_first_is_told_so_asks_for_it_and_nobody_else_can(api, lab, wish):
    with lab.store.begin() as work:
        policy = {"priority_roles": ["trainer"], "priority_days": 1}
        work.put_resource(replace(work.resource("scanner"), booking_policy=policy))
        work.set_role(lab.people["Inès"].id, Role.TRAINER)
    held = api("POST", "", wish(0, 1))[1]
    other = wish(0, 1, member_id=lab.people["Karim"].id, displace=True)
    assert codes(api("POST", "", other)[1]) == ["booking_overlaps"]
    first = wish(0, 1, member_id=lab.people["Inès"].id)
    status, refused = api("POST", "", first)
    assert (status, codes(refused)) == (409, ["booking_gives_way"])
    assert [step["code"] for step in refused["refusals"][0]["next_steps"]] == ["choose_another_time", "go_first"]
    assert held in api("GET")[1]["items"]
    assert api("POST", "", first | {"displace": True})[0] == 201
    (waits,) = api("GET", "/waiting")[1]["items"]
    assert (waits["id"], waits["moves"], waits["state"]) == (held["id"], True, "waiting")
    choice = api("GET", f"/waiting/{held['id']}/choices")[1]["items"][0]
    taken = {"resource": choice["resource"], "starts": choice["starts"]}
    status, again = api("POST", f"/waiting/{held['id']}/accept", taken)
    assert (status, again["id"], again["status"], again["starts"]) == (200, held["id"], "standing", choice["starts"])
