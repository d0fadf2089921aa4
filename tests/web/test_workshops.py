"""Workshops through the API: planned, filled, held, and what a paper list says afterwards."""

from datetime import timedelta

import pytest

API = "/api/v1/workshops"
NOTHING = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def send(web, bearer):
    def send(method, path="", body=None, *, status=200, role="manager"):
        answer = web.request(method, f"{API}{path}", json=body, headers=bearer(role))
        assert answer.status_code == status, answer.text
        return answer.json()

    return send


@pytest.fixture
def wish(lab):
    def wish(days=2, **changes):
        starts = lab.clock.now() + timedelta(days=days)
        given = {
            "kind": "course", "titles": {"fr": "Découpe laser"}, "trainer_id": lab.people["Inès"].id,
            "starts": starts.isoformat(), "ends": (starts + timedelta(hours=2)).isoformat(), "seats": 2,
            "training": "decoupe-laser", "resources": ["laser"],
        }  # fmt: skip
        return given | changes

    return wish


@pytest.fixture
def planned(send, wish):
    return lambda **changes: send("POST", "", wish(**changes), status=201)["items"][0]["id"]


def codes(answer):
    return [refusal["code"] for refusal in answer["refusals"]]


CALLS = [
    ("POST", "", {}), ("PATCH", f"/{NOTHING}", {}), ("POST", f"/{NOTHING}/cancel", {}), ("GET", f"/{NOTHING}/places", None),
    ("POST", f"/{NOTHING}/places", {}), ("POST", f"/{NOTHING}/places/{NOTHING}/leave", None),
    ("POST", f"/{NOTHING}/places/{NOTHING}/accept", None), ("POST", f"/{NOTHING}/places/{NOTHING}/member", {}),
    ("POST", f"/{NOTHING}/list", {}), ("POST", f"/{NOTHING}/pass", {}), ("POST", f"/{NOTHING}/list/open", {}),
    ("POST", f"/{NOTHING}/list/close", None),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_nothing_about_people_and_no_change_without_a_token_that_allows_it(send, method, path, body):
    send(method, path, body, status=401, role="anonymous")
    send(method, path, body, status=403, role="kiosk")


BODIES = {
    "cancel": {}, "places": {"name": "Zoé"}, "member": {"member_id": NOTHING}, "pass": {}, "open": {"reader": "laser-reader"},
    "list": {"rows": [{"place_id": NOTHING, "present": True}]},
}  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), CALLS[1:])
def test_what_is_not_there_is_not_found(send, method, path, body):
    send(method, path, BODIES.get(path.rpartition("/")[2], body), status=404)


def test_anybody_reads_what_is_coming_and_nobody_is_named(send, planned, wish, lab):
    first, gone = planned(days=2), planned(days=3)
    planned(days=4, training=None, kind="repair_cafe", resources=[])
    send("POST", f"/{first}/places", {"name": "Zoé", "contact": "06 12 34 56 78"}, status=201)
    send("POST", f"/{gone}/cancel", {"reason": "Inès est malade"})
    told = send("GET", "?coming=true", role="anonymous")
    assert [(row["kind"], row["seats_left"], row["trainer_id"]) for row in told["items"]] == [
        ("course", 1, None), ("repair_cafe", 2, None),
    ]  # fmt: skip
    assert [row["state"] for row in send("GET", "?training=decoupe-laser", role="anonymous")["items"]] == [
        "planned", "cancelled",
    ]  # fmt: skip
    everything = str(send("GET", role="anonymous")) + str(send("GET", f"/{gone}", role="anonymous"))
    assert not any(word in everything for word in ("Zoé", "06 12", "malade", lab.people["Inès"].id))
    lab.clock.advance(timedelta(days=9).total_seconds())
    assert send("GET", "?coming=true", role="anonymous")["items"] == []


def test_a_clash_is_told_by_name_with_its_sentence_and_nothing_is_planned(send, wish, lab):
    starts = lab.clock.now() + timedelta(days=9)
    lab.reserve("laser", "Karim", starts, starts + timedelta(hours=1))
    series = wish(rule="FREQ=WEEKLY;COUNT=3")
    (refusal,) = send("POST", "", series, status=409)["refusals"]
    assert (refusal["code"], refusal["params"]["resource"]) == ("workshop_resource_taken", "laser")
    assert "Découpe laser" in refusal["sentence"]
    assert send("GET")["items"] == []
    kept = send("POST", "", series | {"skip_clashes": True}, status=201)["items"]
    assert len(kept) == 2
    assert len({row["series_id"] for row in kept}) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"rule": "FREQ=WEEKLY"}, "recurrence_endless"),
        ({"minimum": 3}, "workshop_minimum_too_high"),
        ({"trainer_id": NOTHING}, "no_such_member"),
        ({"training": "nothing"}, "no_such_training"),
        ({"resources": ["nothing"]}, "no_such_resource"),
        ({"starts": "2026-01-01T10:00:00Z"}, "booking_in_the_past"),
        ({"ends": "2026-01-01T10:00:00Z"}, "booking_ends_before_start"),
        ({"minimum": 1, "decide_by": "2026-01-01T10:00:00Z"}, "workshop_deadline_past"),
    ],
)
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_a_mistake_has_a_code_and_a_sentence(web, bearer, wish, changes, code, lang):
    headers = bearer("manager") | {"Accept-Language": lang}
    answer = web.post(API, json=wish(**changes), headers=headers).json()
    assert code in codes(answer)
    assert all(refusal["title"] and refusal["sentence"] for refusal in answer["refusals"])
    assert web.get(API).json()["items"] == []


@pytest.mark.parametrize(
    "place",
    [
        {}, {"contact": "06"}, {"member_id": NOTHING, "name": "Zoé"}, {"name": "Zoé", "mediator_id": NOTHING},
        {"headcount": {"commune": "Hesdin", "bands": {}}}, {"headcount": {"commune": "Hesdin", "bands": {"6-99": 1}}},
        {"headcount": {"commune": "Hesdin", "bands": {"6-10": 0}}},
    ],
)  # fmt: skip
def test_a_line_that_says_nobody_or_two_is_a_mistake(send, planned, place):
    send("POST", f"/{planned()}/places", place, status=422)


def test_a_line_is_offered_a_freed_seat_and_takes_it(send, planned, lab):
    key = planned(seats=1, offer_hours=4)
    (lea, karim) = (
        send("POST", f"/{key}/places", {"member_id": lab.people[who].id}, status=201) for who in ("Léa", "Karim")
    )
    assert (lea["state"], karim["state"]) == ("enrolled", "waiting")
    assert codes(send("POST", f"/{key}/places/{karim['id']}/accept", status=409)) == ["workshop_offer_over"]
    assert send("POST", f"/{key}/places/{lea['id']}/leave")["state"] == "left"
    assert [row["state"] for row in send("GET", f"/{key}/places")["items"]] == ["left", "offered"]
    assert send("POST", f"/{key}/places/{karim['id']}/accept")["state"] == "enrolled"


def test_an_auditor_reads_a_list_without_its_names(send, planned, lab):
    key = planned(seats=30)
    send("POST", f"/{key}/places", {"name": "Zoé", "contact": "zoe@example.org"}, status=201)
    send("POST", f"/{key}/places", {"member_id": lab.people["Léa"].id}, status=201)
    send("POST", f"/{key}/places", {"headcount": {"commune": "Hesdin", "bands": {"11-14": 3, "6-10": 20}}}, status=201)
    assert [row["name"] for row in send("GET", f"/{key}/places")["items"]] == ["Zoé", "Léa Marchand", None]
    rows = send("GET", f"/{key}/places", role="auditor")["items"]
    assert [(row["name"], row["contact"], row["size"]) for row in rows] == [
        (None, None, 1),
        (None, None, 1),
        (None, None, 23),
    ]
    assert rows[2]["mediator_id"] == lab.people["Inès"].id


def test_a_paper_list_is_typed_in_and_everybody_present_gets_the_right(send, planned, lab, web, bearer):
    key = planned()
    karim = send("POST", f"/{key}/places", {"member_id": lab.people["Karim"].id}, status=201)["id"]
    lab.clock.advance(timedelta(days=3).total_seconds())
    rows = [
        {"place_id": karim, "present": True},
        {"who": {"name": "Zoé"}, "present": True},
        {"who": {"name": "Trop"}, "present": True},
        {"place_id": NOTHING, "present": True},
    ]
    answers = send("POST", f"/{key}/list", {"rows": rows})["items"]
    assert [codes(answer) for answer in answers] == [[], [], ["workshop_full"], ["workshop_row_unknown"]]
    zoe = answers[1]["place_id"]
    assert send("POST", f"/{key}/pass", {})["items"] == [
        {"place_id": karim, "outcome": "granted", "refusals": []},
        {"place_id": zoe, "outcome": "no_account", "refusals": []},
    ]
    # Zoé joins afterwards; who has the right already keeps the one they have.
    named = send("POST", f"/{key}/places/{zoe}/member", {"member_id": lab.people["Léa"].id})
    assert (named["name"], named["contact"]) == ("Léa Marchand", None)
    assert [row["outcome"] for row in send("POST", f"/{key}/pass", {})["items"]] == ["granted"]
    rights = web.get("/api/v1/qualifications", headers=bearer("manager")).json()["items"]
    assert sorted(row["member_id"] for row in rights) == sorted(lab.people[who].id for who in ("Karim", "Léa"))


def test_a_trainer_gives_only_what_they_hold(send, planned, lab):
    key, trainer = planned(), lab.people["Inès"].id
    karim = send("POST", f"/{key}/places", {"member_id": lab.people["Karim"].id}, status=201)["id"]
    lab.clock.advance(timedelta(days=3).total_seconds())
    send("POST", f"/{key}/list", {"rows": [{"place_id": karim, "present": True}]})
    (answer,) = send("POST", f"/{key}/pass", {"granted_by_member": trainer})["items"]
    assert answer["outcome"] == "refused"
    assert answer["refusals"]
    assert send("GET", f"/{key}/places")["items"][0]["qualification_id"] is None


def test_a_workshop_moves_with_its_machine_or_not_at_all(send, planned, lab):
    key, starts = planned(), lab.clock.now() + timedelta(days=5)
    ends = starts + timedelta(hours=2)
    moved = send("PATCH", f"/{key}", {"starts": starts.isoformat(), "ends": ends.isoformat(), "seats": 6})
    assert (moved["seats"], moved["resources"]) == (6, ["laser"])
    lab.reserve("scanner", "Karim", starts, ends)
    assert codes(send("PATCH", f"/{key}", {"resources": ["scanner"]}, status=409)) == ["workshop_resource_taken"]
    assert send("GET", f"/{key}")["resources"] == ["laser"]
    assert send("PATCH", f"/{key}", {"training": None, "resources": []})["training"] is None


def test_a_list_opens_at_a_reader_on_the_day_and_closes_once(send, planned, lab):
    key = planned()
    wish = {"reader": "laser-reader", "minutes": 30}
    assert codes(send("POST", f"/{key}/list/open", wish, status=409)) == ["workshop_not_yet"]
    lab.clock.advance(timedelta(hours=47).total_seconds())
    assert send("POST", f"/{key}/list/open", wish)["reader"] == "laser-reader"
    assert codes(send("POST", f"/{key}/list/open", wish | {"reader": "none"}, status=409)) == ["no_such_reader"]
    assert [send("POST", f"/{key}/list/close")["closed"] for _ in range(2)] == [True, False]


def test_this_workshop_and_the_later_ones_of_its_series(send, wish):
    made = send("POST", "", wish(rule="FREQ=WEEKLY;COUNT=3"), status=201)["items"]
    gone = send("POST", f"/{made[1]['id']}/cancel", {"following": True, "reason": "Travaux"})["items"]
    assert [(row["id"], row["state"], row["reason"]) for row in gone] == [
        (row["id"], "cancelled", "Travaux") for row in made[1:]
    ]
    assert [row["id"] for row in send("GET", "?coming=true")["items"]] == [made[0]["id"]]
