"""A real Chromium: the pages without a fault that axe can find, live without reloading, and plain without JavaScript."""

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from gateway.domain.events import EventKind
from gateway.domain.refusals import Code, refuse
from gateway.domain.sessions import State
from tests.web.browser import MARKS, check, each_look
from tests.web.lab import KIOSK, TestLab, busy_afternoon, troubles
from tests.web.server import served
from tests.web.test_live import hint, sample

pytestmark = MARKS
IN_SIGHT = """[...document.querySelectorAll('#kiosk h1, #kiosk p, #kiosk a, #kiosk summary')]
    .filter(e => e.checkVisibility()).every(e => {
        const box = e.getBoundingClientRect();
        return box.top >= 0 && box.bottom <= innerHeight + 1 && box.right <= innerWidth + 1;
    })"""
NAMES = {"fr": "Découpe laser", "en": "Laser cutting"}


@pytest.fixture(scope="module")
def floor():
    """A busy lab that is only looked at."""
    lab = TestLab(demo=True)
    busy_afternoon(lab)
    troubles(lab)
    with served(lab.app()) as address:
        yield lab, address
    lab.close()


def test_a_dead_end_is_as_good(floor, open_page):
    page = open_page(f"{floor[1]}/nope", size="phone")
    expect(page.locator("h1")).to_have_text("Il n’y a rien ici")
    page.faults.clear()
    check(page)


def show(lab, face):
    if face == "granted":
        lab.session("laser", "Inès")
        lab.event(EventKind.TAP_GRANTED, "laser", "Inès", until=None)
    elif face == "refused":
        missing = refuse(Code.TRAINING_MISSING, training="decoupe-laser", names=NAMES)
        lab.refused_tap("laser", "Karim", missing, refuse(Code.IN_USE, until=None))


@pytest.mark.parametrize("face", ["idle", "granted", "refused"])
def test_each_face_of_the_kiosk_at_each_size_by_day_and_by_night(quiet, open_page, face):
    lab, address = quiet
    show(lab, face)
    page = open_page(f"{address}/kiosk/laser?key={KIOSK}", size="kiosk")
    expect(page.locator("h1")).to_be_visible()
    assert "key=" not in page.url
    for size in each_look(page):
        check(page)
        if size != "phone":
            assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), f"{size} scrolls"
            assert page.evaluate(IN_SIGHT), f"something of the {face} face is out of sight at {size}"


def test_a_tile_changes_without_reloading_and_keeps_the_focus(quiet, open_page):
    lab, address = quiet
    page = open_page(f"{address}/")
    expect(page.locator("#link")).to_have_text("En direct")
    page.evaluate("window.sameDocument = true")
    page.focus("#go-brodeuse")
    lab.session("brodeuse")
    hint(lab, "brodeuse")
    expect(page.locator("#tile-brodeuse .state")).to_have_text("Occupée")
    expect(page.locator("#summary .figure")).to_contain_text("12 libres")
    assert page.evaluate("window.sameDocument && document.activeElement.id") == "go-brodeuse"
    lab.job("prusa-1", minutes=30, session=lab.session("prusa-1"))
    hint(lab, "prusa-1")
    expect(page.locator("#tile-prusa-1 .state")).to_have_text("En marche")
    sample(lab, "prusa-1-machine", 75.0)
    expect(page.locator("#tile-prusa-1 .sentence")).to_have_text("Encore 10 minutes.")
    assert page.locator("#tile-prusa-1 progress").get_attribute("value") == "75"
    assert page.faults == []


def test_the_board_says_when_it_is_no_longer_live(lab, open_page):
    with served(lab.app()) as address:
        page = open_page(f"{address}/")
        expect(page.locator("#link.is-live")).to_be_visible()
    expect(page.locator("#link")).to_have_text("Connexion perdue, nouvelle tentative…")
    assert page.locator(".tile").count() == 13


@pytest.mark.parametrize("path", ["/", "/r/prusa-1", "/equipe"])
def test_everything_is_there_without_javascript(floor, open_page, path):
    page = open_page(floor[1] + path, script=False, staff=path == "/equipe")
    if path == "/":
        assert page.locator(".tile").count() == 13
        assert "La page se recharge toutes les minutes." in page.content()
        page.click("#go-prusa-1")
        expect(page.locator("h1")).to_have_text("Prusa 1")
        page.click("text=English")
        expect(page.locator("html")).to_have_attribute("lang", "en")
    elif path == "/equipe":
        expect(page.locator("h1")).to_have_text("L’atelier en ce moment")
    else:
        expect(page.locator("#state .state")).to_have_text("En marche")


def test_staff_give_an_unknown_badge_to_somebody_in_the_browser(quiet, open_page):
    lab, address = quiet
    lab.refused_tap("laser", None, refuse(Code.BADGE_UNKNOWN), badge="4242")
    page = open_page(f"{address}/equipe/badges", staff=True)
    page.select_option("select[name=member]", lab.people["Léa"].id)
    lab.clock.advance(5)
    page.click("button:has-text('Donner ce badge')")
    expect(page.locator(".said")).to_contain_text("Le badge est donné à Léa.")
    page.goto(f"{address}/equipe")
    page.click("text=Se déconnecter")
    expect(page.locator("#token")).to_be_visible()


def test_the_kiosk_follows_the_relay_and_the_next_tap_by_itself(quiet, open_page):
    lab, address = quiet
    page = open_page(f"{address}/kiosk/laser?key={KIOSK}", size="kiosk")
    expect(page.locator("h1")).to_have_text("Passez votre badge")
    page.wait_for_timeout(300)
    session = lab.session("laser", "Inès", state=State.OPENING, minutes=0)
    lab.event(EventKind.TAP_GRANTED, "laser", "Inès", until=None)
    hint(lab, "laser")
    expect(page.locator("h1")).to_have_text("La machine s’allume…")
    with lab.store.begin() as work:
        work.save_session(replace(session, state=State.ACTIVE, energised_at=lab.clock.now()))
    lab.device("laser-interlock", power_on=True)
    hint(lab, "laser")
    expect(page.locator("h1")).to_have_text("La machine est allumée.")
    assert page.locator(".answer").get_attribute("role") == "status"
    lab.clock.advance(121)
    hint(lab, "laser")
    expect(page.locator(".over-note")).to_have_text("Pour continuer, repassez votre badge.")
    expect(page.locator("h1")).to_have_text("La machine est allumée.")
    assert page.faults == []


def test_an_answer_is_not_taken_away_from_whoever_is_reading_it(quiet, open_page):
    lab, address = quiet
    show(lab, "refused")
    page = open_page(f"{address}/kiosk/laser?key={KIOSK}", size="kiosk")
    page.click("#more")
    expect(page.locator(".more")).to_contain_text("La machine est occupée.")
    page.wait_for_timeout(300)
    lab.clock.advance(121)
    hint(lab, "laser")
    page.wait_for_timeout(400)
    expect(page.locator("h1")).to_have_text("Il vous manque une formation.")
    expect(page.locator(".more")).to_be_visible()
    lab.refused_tap("laser", None, refuse(Code.BADGE_UNKNOWN))
    hint(lab, "laser")
    expect(page.locator("h1")).to_have_text("On ne connaît pas ce badge.")
    page.click("#leave")
    expect(page.locator("h1")).to_have_text("Passez votre badge")
    page.wait_for_timeout(400)
    expect(page.locator("h1")).to_have_text("Passez votre badge")
