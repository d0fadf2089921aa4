"""A real Chromium on the pages of booking and of a member: no fault that axe can find, by keyboard alone, without JavaScript."""

import pytest
from playwright.sync_api import expect

from gateway.domain.people import Role
from tests.web.booked import HOUR, booked, door, planned
from tests.web.browser import MARKS
from tests.web.lab import TestLab
from tests.web.looks import LARGER, WIDE
from tests.web.server import served

pytestmark = MARKS


@pytest.fixture(scope="module")
def place():
    """A lab that members book in; Léa has something of everything."""
    lab = TestLab()
    booked(lab)
    now = lab.clock.now()
    lab.session("soudure", "Léa", minutes=25)
    held = lab.reserve("laser", "Léa", now + 28 * HOUR, now + 30 * HOUR)
    with lab.store.begin() as work:
        work.set_role(lab.people["Inès"].id, Role.MANAGER)
    full = planned(lab, "Soirée jeux", 50, seats=2, taken=4)
    planned(lab, "Usinage", 74, training="usinage")
    over = planned(lab, "Premiers pas au laser", -3, taken=2, training="decoupe-laser")
    with served(lab.app()) as address:
        yield lab, address, {"held": held.id, "full": full, "over": over}
    lab.close()


@pytest.fixture
def go(place, open_page):
    """A page of somebody who is signed in."""

    def go(path, who="Léa", **how):
        page = open_page(place[1] + (door(place[0], who) if who else path), **how)
        if who:
            page.goto(place[1] + path)
        return page

    return go


def follow(page, words):
    """Go on with the tabulator until what has the focus says these words, and press Enter."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if words in page.evaluate("document.activeElement.innerText").replace("\u00a0", " "):
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return
    pytest.fail(f"the keyboard does not come to {words!r}")


def test_letters_twice_as_large_on_a_phone_stay_in_sight_and_the_places_apart(go):
    for path in ("/ateliers", "/r/laser", "/reserver"):
        page = go(path, size="phone")
        page.evaluate(LARGER)
        assert page.evaluate(WIDE) == [], path
    apart = "[...document.querySelectorAll('.places a')].filter(e => e.scrollWidth > e.clientWidth).length"
    assert page.evaluate(apart) == 0


def test_a_booking_by_keyboard_alone(place, go):
    page = go("/reserver")
    for words in ("Découpe laser", "mar.\n24", "1 heure 30", "jeu.\n26", "9 h\n", "Je réserve"):
        follow(page, words)
    expect(page.locator("h1")).to_contain_text("Découpe laser, jeudi 26 novembre, de 9 h à 10 h 30")
    expect(page.locator(".said")).to_have_text("C’est réservé.")
    follow(page, "Annuler")
    follow(page, "J’annule ma réservation")
    expect(page.locator(".said")).to_have_text("C’est annulé.")


def test_a_paper_list_is_typed_in_by_keyboard_alone(place, go):
    page = go(f"/equipe/ateliers/{place[2]['over']}/saisie", "Inès", script=False)
    keys = page.keyboard
    page.locator("legend").first.wait_for()
    for _ in range(60):
        keys.press("Tab")
        name = page.locator(":focus").get_attribute("name") or ""
        if name.startswith("present-"):
            keys.press("Space")
        elif name == "nom-1":
            keys.type("Zoé")
        elif name == "nom-2":
            # Enter in a line keeps the whole list.
            keys.type("Abdou")
            with page.expect_navigation():
                keys.press("Enter")
            break
    expect(page.locator(".said")).to_have_text("La liste est enregistrée. La renvoyer ne change rien.")
    known = {view.place.name: view.place.present for view in place[0].store.views().places(place[2]["over"])}
    assert known == {"Nom 0": True, "Nom 1": True, "Zoé": True, "Abdou": True}


def test_the_whole_booking_without_javascript(place, go):
    page = go("/reserver", None, script=False, size="phone")
    page.get_by_role("link", name="Imprimantes Prusa").click()
    page.get_by_role("link", name="2 heures", exact=True).click()
    page.get_by_role("link", name="vendredi 27 novembre").click()
    page.get_by_role("link", name="10 h jusqu’à 12 h", exact=True).click()
    expect(page.locator("h1")).to_contain_text("Imprimantes Prusa, vendredi 27 novembre, de 10 h à 12 h")
    sentence = page.url
    page.get_by_role("link", name="Je me connecte pour réserver").click()
    assert "/compte/entrer?vers=" in page.url
    page.goto(place[1] + door(place[0], "Karim"))
    page.goto(sentence)
    page.get_by_role("button", name="Je réserve").click()
    expect(page.locator(".said")).to_have_text("C’est réservé.")
    page.get_by_role("link", name="Changer la fin").click()
    page.get_by_role("link", name="11 h 1 heure", exact=True).click()
    page.get_by_role("button", name="Je finis plus tôt").click()
    expect(page.locator("h1")).to_contain_text("de 10 h à 11 h")
    page.get_by_role("link", name="Annuler").click()
    page.get_by_role("button", name="J’annule ma réservation").click()
    expect(page.locator(".said")).to_have_text("C’est annulé.")
