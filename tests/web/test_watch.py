"""The team's floor: nobody named without their yes, one button for each trouble, each deed asked once and done once."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from devices import codec
from devices.messages import CancelJob
from gateway.domain.attention import Act
from gateway.domain.events import EventKind
from gateway.domain.presence import Here
from gateway.domain.resources import DeviceRole, Presence
from gateway.domain.sessions import State
from gateway.domain.ways import WaitingPart
from tests.fakes.report_recording import wait_until
from tests.web.lab import AUDITOR, KIOSK, MANAGER
from tests.web.test_live import sample

RLO = "\N{RIGHT-TO-LEFT OVERRIDE}"


@pytest.fixture
def staff(web):
    web.headers["Origin"] = "http://testserver"
    assert web.post("/equipe/entrer", data={"token": MANAGER}).status_code == 200
    return web


def token(answer):
    return re.search(r'name="form_token" value="([0-9a-f]+)"', answer.text).group(1)


def do(staff, path, **form):
    """Open the page that asks, and send its form."""
    asked = staff.get(path)
    assert asked.status_code == 200, path
    key = re.search(r'name="cle" value="([^"]+)"', asked.text)
    form |= {"form_token": token(asked)} | ({"cle": key.group(1)} if key else {})
    return staff.post(path.split("?")[0], data=form)


def consent(lab, who):
    with lab.store.begin() as work:
        work.put_member(replace(work.member(lab.people[who].id), show_first_name=True))


def acts(lab):
    rows = lab.store.views().events(limit=50, cursor=None, kinds=(EventKind.TEAM_ACTED,)).rows
    return [(row.event.data["act"], row.event.data["by"] is not None) for row in reversed(rows)]


PAGES = (
    "/equipe/badges", "/equipe/appareils", "/equipe/machines/laser/hors-service", "/equipe/machines/laser/message",
    "/equipe/appareils/laser-reader/compris",
)  # fmt: skip


@pytest.mark.parametrize("path", ["/equipe", *PAGES])
def test_nothing_of_it_is_shown_to_anybody_else(busy, web, path):
    for secret in (None, KIOSK, AUDITOR, "wrong"):
        web.cookies.clear()
        if secret:
            web.cookies.set("etabli_staff", secret)
        page = web.get(path).text
        assert 'name="token"' in page
        assert "Léa" not in page
        assert "lampe-de-lea" not in page
    assert web.get("/equipe/live").status_code == 403
    assert web.post("/equipe/machines/laser/hors-service", data={"form_token": "x"}).status_code == 403


def test_a_first_name_stands_there_only_when_its_owner_has_said_yes(busy, staff):
    page = staff.get("/equipe").text
    assert "Léa" not in page
    assert "<bdi>L. M.</bdi>" in page
    consent(busy, "Léa")
    page = staff.get("/equipe").text
    assert "<bdi>Léa</bdi>" in page
    assert "Marchand" not in page


def test_each_machine_shows_its_job_its_power_and_what_is_said_there(busy, staff):
    hub = staff.app.state.hub
    wait_until(lambda: hub._subscribed)
    sample(busy, "laser-interlock", 12.0, power_w=41.6)
    wait_until(lambda: hub._readings)
    page = staff.get("/equipe").text
    card = re.search(r'<li id="card-laser".*?</li>', page, re.DOTALL).group(0)
    for words in ("En marche", "lampe-de-lea.gcode", "Sous tension", "<b>42\u00a0W</b>"):
        assert words in card
    do(staff, "/equipe/machines/laser/message", text="Fenêtre\n ouverte, merci")
    assert "Fenêtre ouverte, merci" in staff.get("/equipe").text
    busy.clock.advance(31 * 60)
    assert "Fenêtre ouverte, merci" not in staff.get("/equipe").text


def test_who_is_in_the_place_is_said_only_where_a_door_can_tell(lab, staff):
    assert "on ne sait pas qui est là" in staff.get("/equipe").text
    now = lab.clock.now()
    with lab.store.begin() as work:
        door = work.put_device(id=lab.ids.new(), slug="porte", role=DeviceRole.PLACE, resource=None)
        work.save_device(replace(door, presence=Presence.ONLINE))
        work.put_here(Here(
            member_id=lab.people["Inès"].id, since=now, until=now + timedelta(hours=1), changed_at=now, responsible=True
        ))  # fmt: skip
    page = staff.get("/equipe").text
    assert "<bdi>I. R.</bdi>" in page
    assert "Responsable" in page


def test_consent_is_given_and_taken_back_on_the_member_s_page_and_by_the_api(busy, staff, bearer):
    lea = busy.people["Léa"].id
    page = staff.get(f"/equipe/membres/{lea}")
    form = {"form_token": token(page), "first_name": "Léa", "last_name": "Marchand", "show_first_name": "1"}
    assert staff.post(f"/equipe/membres/{lea}", data=form).status_code == 200
    assert "<bdi>Léa</bdi>" in staff.get("/equipe").text
    answer = staff.patch(f"/api/v1/members/{lea}", json={"show_first_name": False}, headers=bearer("manager"))
    assert answer.json()["show_first_name"] is False
    assert "<bdi>L. M.</bdi>" in staff.get("/equipe").text


def test_what_a_plug_measured_before_it_went_off_is_not_shown(busy, staff):
    hub = staff.app.state.hub
    wait_until(lambda: hub._subscribed)
    sample(busy, "laser-interlock", 12.0, power_w=900.0)
    wait_until(lambda: hub._readings)
    busy.device("laser-interlock", power_on=False)
    assert "900" not in staff.get("/equipe").text


def test_a_laser_left_alone_is_the_first_thing_and_its_button_writes_on_its_screen(lab, staff):
    gone = lab.session("laser", "Inès", state=State.LEAVING, person_gone_at=lab.clock.now() - timedelta(minutes=4))
    lab.job("laser", session=gone)
    lab.device("borne-jeu-reader", nonsense_count=2)
    page = staff.get("/equipe").text
    assert re.findall(r'id="todo-([a-z_]+)', page) == ["unattended", "nonsense"]
    assert 'href="/equipe/machines/laser/message"' in page
    assert "4 minutes" not in page
    answer = do(staff, "/equipe/machines/laser/message", ready="come_back")
    assert "Merci de revenir près de la machine." in answer.text
    answer = do(staff, "/equipe/appareils/borne-jeu-reader/compris")
    assert "On recompte à partir de zéro." in answer.text
    assert re.findall(r'id="todo-([a-z_]+)', answer.text) == ["unattended"]
    assert acts(lab) == [("message", True), ("forget_nonsense", True)]


def test_a_machine_is_locked_out_until_a_day_and_put_back(lab, staff):
    lab.session("laser")
    form = {"reason": " Lentille\n sale ", "back_at": "2026-11-25T09:30"}
    answer = do(staff, "/equipe/machines/laser/hors-service", **form)
    assert "La machine est hors service." in answer.text
    assert "Lentille sale. Retour prévu demain à\u00a09\u00a0h\u00a030." in staff.get("/r/laser").text
    gone = staff.get("/equipe/machines/laser/hors-service")
    assert "Rien n’a été fait." in gone.text
    lab.clock.advance(24 * 3600)
    assert 'id="todo-back_late.laser"' in staff.get("/equipe").text
    assert "de nouveau en service" in do(staff, "/equipe/machines/laser/en-service").text
    assert acts(lab) == [("lock_out", True), ("release", True)]


@pytest.mark.parametrize(("back", "words"), [("2020-01-01T10:00", "déjà passée"), ("demain", "pas lisible")])
def test_a_date_that_cannot_be_is_told_beside_its_field_and_nothing_is_lost(lab, staff, back, words):
    answer = do(staff, "/equipe/machines/laser/hors-service", reason="Lentille", back_at=back)
    assert answer.status_code == 422
    assert words in answer.text
    assert 'value="Lentille"' in answer.text
    assert not lab.store.views().resource("laser", lab.clock.now()).resource.out_of_service
    empty = do(staff, "/equipe/machines/laser/message", text="  ")
    assert empty.status_code == 422
    assert "Il n’y a rien à afficher." in empty.text


def test_a_use_is_ended_and_a_second_time_it_is_no_longer_there(lab, staff):
    lab.session("brodeuse")
    path = "/equipe/machines/brodeuse/terminer"
    form = {"form_token": token(staff.get(path))}
    assert "L’utilisation est terminée." in staff.post(path, data=form).text
    assert "Rien n’a été fait." in staff.post(path, data=form).text
    assert acts(lab) == [("end", True)]


def test_a_print_is_cancelled_and_never_the_next_one(lab, staff):
    heard = []
    lab.bus.subscribe([("etabli/+/+/command", 1)], heard.append)
    job = lab.job("prusa-1", session=lab.session("prusa-1"))
    path = "/equipe/machines/prusa-1/annuler"
    form = {"form_token": token(staff.get(path)), "cle": job.id}
    with lab.store.begin() as work:
        work.save_job(replace(job, ended_at=lab.clock.now()))
    other = lab.job("prusa-1", minutes=1)
    assert "Rien n’a été fait." in staff.post(path, data=form).text
    assert heard == []
    assert "L’annulation est demandée" in do(staff, path).text
    command = codec.decode(heard[0].payload)
    assert isinstance(command, CancelJob)
    assert command.job == other.key
    assert heard[0].topic.endswith("/prusa-1-machine/command")


def test_a_part_is_shelved_and_a_slot_that_nobody_came_for_is_freed(lab, staff):
    now = lab.clock.now()
    session = lab.session("prusa-1", state=State.CLOSED, closed_at=now)
    with lab.store.begin() as work:
        work.save_waiting_part(WaitingPart(
            resource_id=session.resource_id, member_id=session.operator_id, session_id=session.id,
            since=now - timedelta(hours=1),
        ))  # fmt: skip
    held = lab.reserve("scanner", "Léa", now - timedelta(minutes=30), now + timedelta(hours=1))
    lab.clock.advance(11 * 60)
    page = staff.get("/equipe").text
    assert re.findall(r'id="todo-([a-z_]+)', page) == ["no_show", "part_waits"]
    assert "Le créneau est libre." in do(staff, f"/equipe/machines/scanner/liberer?cle={held.id}").text
    answer = do(staff, "/equipe/machines/prusa-1/ranger")
    assert "La personne est prévenue, si un message l’atteint." in answer.text
    assert "Tout va bien." in answer.text
    assert acts(lab) == [("free_slot", True), ("shelve", True)]


def test_sinks_that_fail_are_told(lab, web):
    from fastapi.testclient import TestClient

    from dashboard.app import create_app

    services = replace(lab.services(), sinks_failing=lambda: ["sink-influx"])
    with TestClient(create_app(services)) as other:
        other.headers["Origin"] = "http://testserver"
        page = other.post("/equipe/entrer", data={"token": MANAGER}).text
    assert "«\u00a0sink-influx\u00a0» ne répond pas. Rien n’est perdu" in page


@pytest.mark.parametrize("name", [
    "<script>alert(1)</script>.gcode", '"><img src=x onerror=alert(1)>.gcode', f"a{RLO}edocg.exe", "x" * 4096,
    "\x00\x1b[31m\u2028.gcode", "{{ 7*7 }}{% raw %}.gcode", "é" * 3000, "\U000e0001" * 50,
])  # fmt: skip
def test_a_hostile_file_name_is_one_short_line_of_text(lab, staff, name):
    lab.job("prusa-1", session=lab.session("prusa-1"), name=name)
    for path in ("/equipe", "/equipe/machines/prusa-1/annuler"):
        page = staff.get(path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert RLO not in page
        assert "49.gcode" not in page
        shown = re.findall(r"<bdi>([^<]*)</bdi>", page)
        assert all(len(text) < 600 for text in shown)


def test_every_button_leads_somewhere(lab, staff):
    from dashboard.watch.views import PATHS

    assert set(PATHS) == set(Act)
    for act, path in PATHS.items():
        answer = staff.get(path.format(slug="laser", key="laser-interlock").split("#")[0])
        assert answer.status_code == 200, act
