"""The screen at the door: who is in as far as they agree, and visits that name nobody."""

from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from dashboard.dependencies import digest_of
from gateway.domain.people import Role
from gateway.domain.resources import DeviceRole, Presence
from gateway.service import members
from tests.web.browser import MARKS, check, each_look
from tests.web.kiosk_lab import BADGES, enrol_badges, plan_training, tap
from tests.web.server import served
from tests.web.test_kiosk import heading
from tests.web.test_kiosk_browser import IN_SIGHT, SMALL

DOOR = "door-secret"


@pytest.fixture
def door(lab):
    """A reader at the door, its screen, and two members of whom one agreed to be named."""
    enrol_badges(lab)
    with lab.store.begin() as work:
        work.put_device(id=lab.ids.new(), slug="porte", role=DeviceRole.PLACE, resource=None)
        work.put_member(replace(lab.people["Inès"], show_first_name=True))
        members.make_token(
            work, id=lab.ids.new(), digest=digest_of(DOOR), role=Role.KIOSK, label="door", reader="porte",
            now=lab.clock.now(),
        )  # fmt: skip
    lab.device("porte", presence=Presence.ONLINE)
    return lab


@pytest.fixture
def screen(door, web):
    web.headers["sec-fetch-site"] = "same-origin"
    assert web.get(f"/kiosk/accueil?key={DOOR}").status_code == 200
    return web


def test_the_door_says_how_many_are_in_and_names_only_those_who_agreed(door, screen):
    plan_training(door, days=0)
    assert heading(screen.get("/kiosk/accueil")) == "Bienvenue"
    tap(door, "porte", BADGES["Inès"])
    assert heading(screen.get("/kiosk/accueil")) == "Bonjour Inès."
    tap(door, "porte", BADGES["Karim"])
    assert heading(screen.get("/kiosk/accueil")) == "Bonjour Karim."
    door.clock.advance(61)
    page = screen.get("/kiosk/accueil").text
    assert "<b>2</b> <span>personnes sont là</span>" in page
    assert "Inès" in page
    assert "Karim" not in page
    assert "14\u00a0h" in page
    assert "Découpe laser" in page
    tap(door, "porte", BADGES["Karim"])
    assert heading(screen.get("/kiosk/accueil")) == "À bientôt, Karim."
    tap(door, "porte", "9999")
    stranger = screen.get("/kiosk/accueil")
    assert heading(stranger) == "On ne connaît pas ce badge."
    assert "Votre arrivée n’est pas notée." in stranger.text
    assert "machine" not in stranger.text[stranger.text.index("<main>") : stranger.text.index('class="foot"')]


def test_a_visit_is_counted_by_answers_that_may_all_be_left_out(door, screen):
    page = screen.get("/kiosk/accueil/visite")
    assert heading(page) == "Est-ce votre première visite\u00a0?"
    last = screen.get("/kiosk/accueil/visite?etape=3&premiere=oui&pour=make&age=70%2B")
    assert 'name="pour" value="make"' in last.text
    done = screen.post(
        "/kiosk/accueil/visite", data={"premiere": "oui", "pour": "make", "age": "70+", "autre": "Hesdin"}
    )
    assert heading(done) == "Bienvenue\u00a0!"
    screen.post("/kiosk/accueil/visite", data={"pour": "<script>", "age": "x", "commune": "<b>"})
    assert door.store.views().visitors(door.clock.now()) == 2
    asked = screen.get("/kiosk/accueil/visite?etape=3").text
    assert 'value="Hesdin"' in asked
    assert "<b></strong>" not in asked
    assert "2 visites aujourd’hui" in screen.get("/kiosk/accueil").text.replace("\u00a0", " ")


def test_a_class_comes_under_one_mediator_who_has_just_tapped(door, screen):
    nobody = screen.post("/kiosk/accueil/groupe", data={"combien": "24"})
    assert heading(nobody) == "Bienvenue"
    tap(door, "porte", BADGES["Inès"])
    assert "Je viens avec un groupe" in screen.get("/kiosk/accueil").text
    assert heading(screen.get("/kiosk/accueil/groupe")) == "Combien êtes-vous\u00a0?"
    done = screen.post("/kiosk/accueil/groupe", data={"combien": "24", "age": "6-10", "commune": "Hesdin"})
    assert "24 personnes sont comptées." in done.text.replace("\u00a0", " ")
    assert door.store.views().visitors(door.clock.now() - timedelta(hours=1)) == 24


def test_the_door_s_key_opens_no_machine_and_a_machine_s_key_no_door(door, screen, web):
    from tests.web.lab import KIOSK

    assert web.get(f"/kiosk/laser?key={DOOR}").status_code == 403
    assert web.get(f"/kiosk/porte?key={DOOR}").status_code == 403
    assert web.get(f"/kiosk/accueil?key={KIOSK}").status_code == 403


@pytest.mark.parametrize("page_of", ["", "/visite?etape=1", "/visite?etape=2", "/visite?etape=3", "/groupe"])
def test_each_screen_at_the_door(door, open_page, page_of):
    plan_training(door, days=0)
    tap(door, "porte", BADGES["Inès"])
    if page_of != "/groupe":
        door.clock.advance(130)
    with served(door.app()) as address:
        page = open_page(f"{address}/kiosk/accueil?key={DOOR}", size="kiosk")
        page.goto(f"{address}/kiosk/accueil{page_of}")
        expect(page.locator("h1")).to_be_visible()
        for size in each_look(page):
            check(page)
            if size != "phone":
                assert page.evaluate(IN_SIGHT) == [], size
            assert page.evaluate(SMALL) == [], size


test_each_screen_at_the_door.pytestmark += MARKS
