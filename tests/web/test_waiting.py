"""The line for a slot over HTTP."""

from datetime import timedelta

import pytest

from gateway.service.waiting import settle_line

NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def api(web, bearer):
    """Send as a manager; the status and the body."""

    def send(method, path, body=None, role="manager"):
        answer = web.request(method, f"/api/v1/reservations{path}", json=body, headers=bearer(role))
        return answer.status_code, answer.json()

    return send


@pytest.fixture
def wish(lab):
    starts = lab.clock.now() + timedelta(days=3)
    ada, bob = list(lab.people.values())[:2]
    times = {"resource": "scanner", "starts": starts.isoformat(), "ends": (starts + timedelta(hours=1)).isoformat()}
    return {"member_id": ada.id, **times}, {"member_id": bob.id, **times}


def test_whoever_waits_is_asked_when_the_slot_frees_and_takes_it_with_one_call(api, wish, lab):
    first, second = wish
    status, held = api("POST", "", first)
    assert status == 201
    status, place = api("POST", "/waiting", second)
    assert (status, place["state"], place["resource"]) == (201, "waiting", "scanner")
    status, body = api("POST", f"/waiting/{place['id']}/accept")
    assert (status, body["refusals"][0]["code"]) == (409, "offer_over")
    assert api("GET", "/waiting")[1]["items"] == [place]
    api("POST", f"/{held['id']}/cancel")
    lab.transact(settle_line)
    (asked,) = api("GET", "/waiting")[1]["items"]
    assert (asked["state"], asked["offered"]) == ("offered", "scanner")
    status, made = api("POST", f"/waiting/{place['id']}/accept")
    assert (status, made["member_id"], made["starts"]) == (200, second["member_id"], place["starts"])


def test_leaving_the_line_is_said_and_kept(api, wish):
    first, second = wish
    api("POST", "", first)
    _, place = api("POST", "/waiting", second)
    assert api("POST", f"/waiting/{place['id']}/leave")[1]["state"] == "left"
    assert api("GET", "/waiting")[1]["items"] == []
    assert api("GET", f"/waiting?member_id={second['member_id']}")[1]["items"][0]["state"] == "left"


def test_a_free_slot_needs_no_line(api, wish):
    status, body = api("POST", "/waiting", wish[0])
    assert (status, body["refusals"][0]["code"]) == (409, "wait_slot_free")
    assert body["refusals"][0]["next_steps"][0]["code"] == "book_first"


@pytest.mark.parametrize("change", [{"group": "scanners"}, {"resource": None}, {"starts": "demain"}, {"more": 1}])
def test_a_wish_that_cannot_be_read(api, wish, change):
    assert api("POST", "/waiting", wish[0] | change)[0] == 422


@pytest.mark.parametrize(("role", "status"), [("anonymous", 401), ("kiosk", 403), ("auditor", 403), ("manager", 404)])
@pytest.mark.parametrize("path", [f"/waiting/{NOBODY}/accept", f"/waiting/{NOBODY}/leave"])
def test_only_staff_and_only_what_is_there(api, role, status, path):
    assert api("POST", path, role=role)[0] == status


def test_a_machine_that_breaks_offers_its_equal(api, wish, web, bearer, lab):
    def send(method, path, body=None):
        answer = web.request(method, f"/api/v1{path}", json=body, headers=bearer("manager"))
        assert answer.is_success, answer.text
        return answer.json()

    send("POST", "/groups", {"slug": "prusa", "names": {"fr": "Prusa"}})
    for slug in ("prusa-1", "prusa-2"):
        send("PUT", f"/resources/{slug}/group", {"group": "prusa"})
    status, held = api("POST", "", wish[0] | {"resource": "prusa-1"})
    assert status == 201
    send("POST", "/resources/prusa-1/out-of-service", {"reason": "Buse bouchée"})
    (offer,) = api("GET", "/waiting")[1]["items"]
    assert (offer["id"], offer["state"], offer["offered"], offer["moves"]) == (held["id"], "offered", "prusa-2", True)
    same = {"resource": "prusa-2", "starts": held["starts"], "ends": held["ends"]}
    assert api("GET", f"/waiting/{offer['id']}/choices")[1]["items"] == [same]
    assert api("GET", f"/waiting/{NOBODY}/choices")[0] == 404
    passed = {"resource": "prusa-2", "starts": "2026-11-20T10:00:00Z"}
    status, body = api("POST", f"/waiting/{offer['id']}/accept", passed)
    assert (status, body["refusals"][0]["code"]) == (409, "booking_in_the_past")
    later = {"resource": "prusa-2", "starts": (lab.clock.now() + timedelta(days=4)).isoformat()}
    status, moved = api("POST", f"/waiting/{offer['id']}/accept", later)
    assert (status, moved["id"], moved["resource"]) == (200, held["id"], "prusa-2")
    assert moved["starts"].startswith("2026-11-28T11:00:00")
