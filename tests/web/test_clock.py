"""An hour in doubt is said on the board, at the kiosk and to whoever keeps the program running; staff say what it is."""

from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from dashboard.app import create_app
from gateway.domain.events import Event, EventKind
from gateway.service.hour import Hour
from tests.web.admin import sign_in, token_in
from tests.web.lab import KIOSK, NOON

DOUBT = "L’heure n’est pas sûre."


@pytest.fixture
def staff(lab):
    """The morning after a power cut: the computer's clock has stood still since last year, a machine is in use."""
    lab.session("brodeuse", minutes=30)
    with lab.store.begin() as work:
        work.append(work.site_id(), [Event(kind=EventKind.POLICY_CHANGED, at=NOON, data={})])
    hour = Hour(store=lab.store, clock=lab.clock)
    lab.clock.set_wall(NOON - timedelta(days=400))
    with TestClient(create_app(replace(lab.services(), hour=hour)), raise_server_exceptions=False) as client:
        yield sign_in(client)


def test_it_is_said_wherever_somebody_looks_and_nothing_is_called_out_of_order(lab, staff):
    for path in ("/", f"/kiosk/laser?key={KIOSK}"):
        assert DOUBT in staff.get(path).text, path
    assert "20 octobre 2025" in staff.get("/").text
    ready = staff.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json()["doubts"] == {"clock": "before_last"}
    page = staff.get("/equipe")
    assert 'id="todo-clock_unproved"' in page.text
    assert "/equipe/heure" in page.text


def test_staff_say_the_hour_after_a_look_at_a_watch(lab, staff):
    page = staff.get("/equipe/heure")
    assert "20 octobre 2025" in page.text
    answer = staff.post("/equipe/heure", data={"form_token": token_in(page), "hour": "2026-11-24T12:05"})
    assert "L’heure est notée." in answer.text
    assert lab.clock.now() == NOON + timedelta(minutes=5)
    assert DOUBT not in staff.get("/").text
    assert "doubts" not in staff.get("/health/ready").json()
    session = lab.store.views().resource("brodeuse", lab.clock.now()).session
    assert lab.clock.now() - session.opened_at == timedelta(minutes=30)
    told = [row.event for row in lab.store.views().events_after(0, 1000) if row.event.kind == "clock_accepted"]
    assert [event.data["was"] for event in told] == [(NOON - timedelta(days=400)).isoformat()]


@pytest.mark.parametrize("typed", ["", "midi", "1970-01-01T00:00", "9999-01-01T00:00"])
def test_an_hour_that_cannot_be_is_refused_beside_its_field(lab, staff, typed):
    before = lab.clock.now()
    token = token_in(staff.get("/equipe/heure"))
    answer = staff.post("/equipe/heure", data={"form_token": token, "hour": typed})
    assert answer.status_code == 422
    assert "pas possible" in answer.text
    assert lab.clock.now() == before


def test_only_the_team_says_the_hour(lab, staff):
    staff.cookies.clear()
    assert staff.post("/equipe/heure", data={"hour": "2026-11-24T12:05"}).status_code == 403
    assert "2025" not in staff.get("/equipe/heure").text
