import re
from datetime import timedelta

import pytest

from gateway.domain.events import EventKind
from gateway.domain.notices import Notice, NoticeState
from gateway.domain.refusals import Code
from gateway.ports.errors import StoreUnavailable
from tests.web.lab import SITE

ROLES = ["anonymous", "kiosk", "auditor", "manager", "administrator"]
STRANGERS = {"anonymous": 401, "kiosk": 403, "auditor": 403}
NOBODY = "00000000-0000-7000-8000-000000000000"


def problem(response):
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == response.status_code
    assert {"type", "title", "status", "detail", "code", "instance"} <= body.keys()
    assert "Traceback" not in response.text
    return body


def iso(moment):
    return moment.isoformat()


@pytest.fixture
def lea(lab):
    return lab.people["Léa"]


# Who may what


WRITES = [
    ("POST", "/api/v1/resources/laser/out-of-service", {"reason": "Lentille sale"}),
    ("POST", "/api/v1/resources/laser/back", None),
    ("POST", "/api/v1/resources/laser/end-session", None),
    ("POST", "/api/v1/reservations", {"resource": "laser", "member_id": NOBODY, "starts": "2026-11-25T10:00:00Z", "ends": "2026-11-25T11:00:00Z"}),
    ("POST", f"/api/v1/reservations/{NOBODY}/cancel", None),
    ("POST", "/api/v1/members", {"first_name": "Zoé"}),
    ("PATCH", f"/api/v1/members/{NOBODY}", {"active": False}),
    ("POST", f"/api/v1/members/{NOBODY}/badges", {"number": "1234567"}),
    ("POST", "/api/v1/trainings", {"slug": "couture", "names": {"fr": "Couture"}}),
    ("POST", "/api/v1/qualifications", {"member_id": NOBODY, "training": "usinage"}),
    ("POST", f"/api/v1/qualifications/{NOBODY}/revoke", None),
    ("GET", "/api/v1/devices", None),
    ("GET", "/api/v1/events", None),
]  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_only_staff_change_things_and_read_the_log(web, bearer, role, method, path, body):
    answer = web.request(method, path, json=body, headers=bearer(role))
    if role in STRANGERS:
        assert answer.status_code == STRANGERS[role]
        assert problem(answer)["code"] in ("unauthorised", "forbidden")
    else:
        assert answer.status_code in (200, 201, 404, 409)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("path", ["/api/v1/members", "/api/v1/qualifications", f"/api/v1/members/{NOBODY}"])
def test_what_points_to_a_person_is_never_readable_without_a_token(web, bearer, role, path):
    answer = web.get(path, headers=bearer(role))
    expected = {"anonymous": 401, "kiosk": 403}.get(role, 404 if NOBODY in path else 200)
    assert answer.status_code == expected


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("path", ["resources", "sessions", "jobs", "reservations", "trainings", "resources/laser"])
def test_anybody_reads_the_lab_without_its_people(busy, web, bearer, role, path):
    answer = web.get(f"/api/v1/{path}", headers=bearer(role))
    assert answer.status_code == 200
    people = [member.id for member in busy.people.values()]
    named = [name for member in busy.people.values() for name in (member.first_name, member.last_name)]
    if role in ("anonymous", "kiosk"):
        assert not any(each in answer.text for each in people)
        assert "lampe-de-lea" not in answer.text
    assert not any(name in answer.text for name in named)


def test_an_auditor_reads_no_names_at_all(busy, web, bearer):
    members = web.get("/api/v1/members", headers=bearer("auditor")).json()["items"]
    assert len(members) == 3
    assert {(m["first_name"], m["last_name"], m["email"]) for m in members} == {(None, None, None)}
    jobs = web.get("/api/v1/jobs", headers=bearer("auditor")).json()["items"]
    assert {job["name"] for job in jobs} == {None}
    assert {job["member_id"] for job in jobs} != {None}
    assert web.get("/api/v1/members?search=Mar", headers=bearer("auditor")).status_code == 403


def test_a_token_that_is_sent_must_be_a_good_one(web):
    for header in ("Bearer nonsense", "Basic abc", "Bearer", "Bearer " + "x" * 600):
        answer = web.get("/api/v1/resources", headers={"Authorization": header})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert problem(answer)["code"] == "unauthorised"


# Resources


def test_a_resource_is_taken_out_and_put_back(web, bearer):
    out = web.post(
        "/api/v1/resources/laser/out-of-service", headers=bearer("manager"), json={"reason": "Lentille sale"}
    )
    assert out.json()["state"]["key"] == "out_of_service"
    assert "Lentille sale." in out.json()["state"]["sentence"]
    back = web.post("/api/v1/resources/laser/back", headers=bearer("manager"))
    assert back.json()["state"]["key"] == "free"


def test_a_session_is_ended_by_staff_once(lab, web, bearer):
    lab.session("brodeuse")
    assert web.post("/api/v1/resources/brodeuse/end-session", headers=bearer("manager")).status_code == 200
    again = web.post("/api/v1/resources/brodeuse/end-session", headers=bearer("manager"))
    assert problem(again)["code"] == "conflict"
    assert web.get("/api/v1/sessions").json()["items"][0]["end_reason"] == "staff"


def test_words_follow_the_language_asked_for(web):
    french = web.get("/api/v1/resources/laser").json()["state"]
    english = web.get("/api/v1/resources/laser", headers={"Accept-Language": "en-GB,en;q=0.9"}).json()["state"]
    assert (french["word"], english["word"]) == ("Libre", "Free")


# Reservations


def test_a_booking_stands_and_another_over_it_is_refused_with_reasons(lab, web, bearer, lea):
    starts = lab.clock.now() + timedelta(hours=2)
    wish = {"resource": "laser", "member_id": lea.id, "starts": iso(starts), "ends": iso(starts + timedelta(hours=1))}
    made = web.post("/api/v1/reservations", headers=bearer("manager"), json=wish)
    assert made.status_code == 201
    refused = web.post("/api/v1/reservations", headers=bearer("manager"), json=wish)
    assert refused.status_code == 409
    (refusal,) = problem(refused)["refusals"]
    assert refusal["code"] == Code.BOOKING_OVERLAPS
    assert refusal["title"]
    assert refusal["sentence"]
    assert [step["code"] for step in refusal["next_steps"]] == ["choose_another_time", "use_another"]
    cancelled = web.post(f"/api/v1/reservations/{made.json()['id']}/cancel", headers=bearer("manager"))
    assert cancelled.json()["cancelled_at"]
    assert web.post("/api/v1/reservations", headers=bearer("manager"), json=wish).status_code == 201


def test_every_broken_rule_of_a_booking_is_told(lab, web, bearer, lea):
    past = lab.clock.now() - timedelta(days=30)
    wish = {"resource": "laser", "member_id": lea.id, "starts": iso(past), "ends": iso(past + timedelta(days=20))}
    told = problem(web.post("/api/v1/reservations", headers=bearer("manager"), json=wish))
    assert {refusal["code"] for refusal in told["refusals"]} == {"booking_too_long", "booking_in_the_past"}


def test_a_time_without_a_zone_is_refused_unless_the_zone_is_told(lab, web, bearer, lea):
    wish = {"resource": "laser", "member_id": lea.id, "starts": "2026-11-25T10:00:00", "ends": "2026-11-25T11:00:00"}
    answer = web.post("/api/v1/reservations", headers=bearer("manager"), json=wish)
    assert [refusal["code"] for refusal in problem(answer)["refusals"]] == ["booking_no_zone"]
    made = web.post("/api/v1/reservations", headers=bearer("manager"), json=wish | {"zone": "Europe/Paris"})
    assert made.json()["starts"] == "2026-11-25T09:00:00Z"


# People


def test_a_member_joins_changes_and_gets_a_badge(lab, web, bearer):
    head = bearer("manager")
    made = web.post("/api/v1/members", headers=head, json={"first_name": "Zoé", "last_name": "Petit"}).json()
    changed = web.patch(f"/api/v1/members/{made['id']}", headers=head, json={"last_name": None, "active": False}).json()
    assert (changed["first_name"], changed["last_name"], changed["active"]) == ("Zoé", "", False)
    given = web.post(f"/api/v1/members/{made['id']}/badges", headers=head, json={"number": "424242"})
    assert (given.status_code, given.json()["outcome"]) == (201, "enrolled")
    taken = web.post(f"/api/v1/members/{lab.people['Léa'].id}/badges", headers=head, json={"number": "424242"})
    assert problem(taken)["code"] == "conflict"
    assert "424242" not in web.get("/api/v1/events", headers=head).text


@pytest.mark.parametrize(
    "body", [{}, {"number": "1", "tap": 1}, {"number": "pas un numéro"}, {"tap": -1}, {"other": 1}]
)
def test_a_badge_comes_by_its_number_or_by_its_tap(lab, web, bearer, lea, body):
    answer = web.post(f"/api/v1/members/{lea.id}/badges", headers=bearer("manager"), json=body)
    assert (answer.status_code, problem(answer)["code"]) == (422, "invalid")


def test_a_right_is_granted_and_taken_back(lab, web, bearer, lea):
    head = bearer("manager")
    made = web.post(
        "/api/v1/qualifications", headers=head, json={"member_id": lea.id, "training": "decoupe-laser"}
    ).json()
    assert (made["training"], made["granted_by"], made["valid"]) == ("decoupe-laser", "manager", True)
    assert made["expires_at"] > iso(lab.clock.now() + timedelta(days=700))
    assert web.get(f"/api/v1/qualifications?member_id={lea.id}", headers=head).json()["items"][0]["id"] == made["id"]
    assert not web.post(f"/api/v1/qualifications/{made['id']}/revoke", headers=head).json()["valid"]


def test_events_never_carry_a_badge(lab, web, bearer):
    lab.refused_tap("laser", None, badge="777")
    answer = web.get("/api/v1/events?kind=tap_refused", headers=bearer("manager"))
    assert [event["kind"] for event in answer.json()["items"]] == ["tap_refused"]
    assert "digest" not in answer.text


# Pages of rows


def test_pages_follow_one_another_without_gap_or_double(lab, web):
    for _ in range(7):
        lab.clock.advance(60)
        lab.session("bureau", closed_at=lab.clock.now(), state="closed")
    seen, address = [], "/api/v1/sessions?limit=3&resource=bureau"
    while address:
        answer = web.get(address)
        seen += [session["id"] for session in answer.json()["items"]]
        link = re.match(r'<(.+)>; rel="next"', answer.headers.get("link", ""))
        assert bool(link) is (answer.json()["next"] is not None)
        address = link.group(1) if link else None
    assert len(seen) == len(set(seen)) == 7
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize(
    "query", ["cursor=nonsense", "cursor=%00", "limit=0", "limit=201", "limit=x", "resource=../etc"]
)
def test_a_wrong_page_is_a_mistake_in_the_request(web, query):
    answer = web.get(f"/api/v1/sessions?{query}")
    assert (answer.status_code, problem(answer)["code"]) == (422, "invalid")


# When it goes wrong


def test_what_is_not_there_is_told_as_a_problem(web, bearer):
    for path in ("/api/v1/nothing", "/api/v1/resources/nothing", f"/api/v1/members/{NOBODY}"):
        assert problem(web.get(path, headers=bearer("manager")))["code"] == "not_found"
    assert problem(web.delete("/api/v1/resources"))["code"] == "method_not_allowed"


def test_a_store_that_is_away_is_503_with_the_time_to_try_again(lab, web, monkeypatch):
    def away():
        raise StoreUnavailable("locked")

    monkeypatch.setattr(lab.store, "views", away)
    answer = web.get("/api/v1/resources")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert problem(answer)["code"] == "unavailable"
    page = web.get("/")
    assert page.status_code == 503
    assert "Le système ne répond pas" in page.text


def test_a_fault_of_ours_is_told_without_its_details(lab, web, monkeypatch):
    def broken():
        raise RuntimeError("secret path /etc/passwd")

    monkeypatch.setattr(lab.store, "views", broken)
    for path in ("/api/v1/resources", "/"):
        answer = web.get(path)
        assert answer.status_code == 500
        assert "secret" not in answer.text
    assert problem(web.get("/api/v1/resources"))["code"] == "internal"


def test_every_operation_has_a_name_of_its_own(web):
    made = web.get("/api/v1/openapi.json").json()
    names = [operation["operationId"] for path in made["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))
    assert {"listSessions", "book", "takeResourceOut", "addBadge"} <= set(names)
    assert all("_" not in name for name in names)
    assert all(path.startswith("/api/v1/") for path in made["paths"])


def test_messages_still_to_be_sent_are_counted_before_anything_has_failed(lab, web):
    now = lab.clock.now()
    with lab.store.begin() as work:
        work.add_notices(
            [
                Notice(
                    id=lab.ids.new(), event_id=n, kind=EventKind.RESERVATION_MOVED, member_id=lab.people["Léa"].id,
                    channel="email", state=state, created_at=now, next_try_at=now,
                )
                for n, state in enumerate((NoticeState.WAITING, NoticeState.WAITING, NoticeState.SENT))
            ]
        )  # fmt: skip
    assert 'etabli_notices_queued{channel="email"} 2.0' in web.get("/metrics").text


def test_health_and_figures(lab, web):
    lab.pings["bus"] = lambda: None
    assert web.get("/health/live").json() == {"status": "ok"}
    assert web.get("/health/ready").json() == {"status": "ok", "failing": {}}

    def broken():
        raise ConnectionError("host 10.0.0.7 refused")

    lab.pings["store"] = broken
    answer = web.get("/health/ready")
    assert (answer.status_code, answer.json()["failing"]) == (503, {"store": "ConnectionError"})
    figures = web.get("/metrics").text
    assert 'etabli_resource_state{resource="laser",state="free"} 1.0' in figures
    assert 'etabli_device_online{device="laser-reader",role="reader"} 1.0' in figures
    assert not any(member.first_name in figures or member.id in figures for member in lab.people.values())
    assert SITE
