"""What members choose, what the team sees, and hooks: over HTTP."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient

from gateway.domain.events import EventKind
from gateway.domain.notices import EMAIL, NOBODY, House, Notice, NoticeState
from gateway.domain.webhooks import Delivery, DeliveryState

NOBODY_ID = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def web(lab):
    app = lab.app()
    house = House(channels=(EMAIL, "sms"), quiet=None, zone=ZoneInfo("Europe/Paris"))
    app.state.services = replace(app.state.services, house=house)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def api(web, bearer):
    def send(method, path, body=None, role="manager"):
        answer = web.request(method, f"/api/v1{path}", json=body, headers=bearer(role))
        return answer.status_code, (answer.json() if answer.content else None)

    return send


@pytest.fixture
def member(lab):
    return next(iter(lab.people.values()))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/members/{NOBODY_ID}/notifications"), ("PUT", f"/members/{NOBODY_ID}/notifications"),
        ("POST", f"/notices/{NOBODY_ID}/told"), ("DELETE", f"/webhooks/{NOBODY_ID}"),
        ("POST", f"/webhooks/{NOBODY_ID}/replay"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("role", "status"), [("anonymous", 401), ("kiosk", 403), ("manager", 404)])
def test_only_those_who_may(api, method, path, role, status):
    assert api(method, path, {} if method == "PUT" else None, role)[0] == status


def test_choices_are_kept_and_what_comes_of_them_is_said(api, member):
    path = f"/members/{member.id}/notifications"
    wish = {"language": "en", "addresses": {"sms": "+33612345678"}, "topics": {"jobs": ["sms"], "machines": []}, "quiet": "22:00-07:00"}  # fmt: skip
    status, told = api("PUT", path, wish)
    assert status == 200
    assert told.items() >= wish.items()
    assert (told["reachable"], told["channels"]) == (True, ["email", "sms"])
    assert (told["reached_by"]["jobs"], told["reached_by"]["machines"]) == (["sms"], [])
    assert api("GET", path)[1] == told
    assert api("GET", path, role="auditor")[1]["addresses"] is None


def test_whom_no_channel_reaches_is_said(api, lab, member):
    with lab.store.begin() as work:
        work.put_member(replace(work.member(member.id), email=None))
    assert api("GET", f"/members/{member.id}/notifications")[1]["reachable"] is False


@pytest.mark.parametrize(
    "wrong", [{"language": "de"}, {"topics": {"weather": []}}, {"quiet": "25:00-08:00"}, {"addresses": {"sms": "a b"}}]
)
def test_choices_that_cannot_be_are_refused(api, member, wrong):
    assert api("PUT", f"/members/{member.id}/notifications", wrong)[0] == 422


def test_the_team_sees_who_was_not_told_and_notes_that_it_told_them(api, lab, member):
    now = lab.clock.now()
    notice = Notice(
        id=lab.ids.new(), event_id=1, kind=EventKind.RESERVATION_CANCELLED, member_id=member.id, channel=NOBODY,
        state=NoticeState.UNREACHABLE, created_at=now, next_try_at=now,
    )  # fmt: skip
    with lab.store.begin() as work:
        work.add_notices([notice])
    assert [each["id"] for each in api("GET", "/notices/untold")[1]["items"]] == [notice.id]
    assert api("POST", f"/notices/{notice.id}/told")[0] == 204
    assert api("GET", "/notices/untold")[1]["items"] == []
    assert [each["state"] for each in api("GET", f"/notices?member_id={member.id}")[1]["items"]] == ["told"]


def test_a_hook_tells_its_secret_once_and_can_be_paused_replayed_and_removed(api, lab):
    status, made = api("POST", "/webhooks", {"url": "https://example.org/x", "kinds": ["reservation_made"]})
    assert (status, made["secret"][:6]) == (201, "whsec_")
    assert "secret" not in api("GET", "/webhooks")[1]["items"][0]
    path, now = f"/webhooks/{made['id']}", lab.clock.now()
    assert api("PATCH", path, {"paused": True})[1]["paused"] is True
    lost = Delivery(
        id=lab.ids.new(), webhook_id=made["id"], event_id=1, kind=EventKind.RESERVATION_MADE, body="{}",
        state=DeliveryState.GIVEN_UP, queued_at=now, next_try_at=now, done_at=now, error="gone",
    )  # fmt: skip
    with lab.store.begin() as work:
        work.add_deliveries([lost])
    assert api("POST", f"{path}/replay")[1] == {"count": 1}
    assert [each["state"] for each in api("GET", f"{path}/deliveries")[1]["items"]] == ["waiting"]
    assert api("DELETE", path)[0] == 204
    assert api("GET", "/webhooks")[1]["items"] == []


@pytest.mark.parametrize("url", ["ftp://example.org", "http://192.0.2.7/", "nonsense"])
def test_an_address_that_cannot_be_a_hook_is_refused(api, url):
    assert api("POST", "/webhooks", {"url": url})[0] == 422
