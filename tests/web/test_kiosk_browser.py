"""The kiosk in a real Chromium: every screen without a fault, all of it in sight, and nothing that vanishes unannounced."""

import pytest
from playwright.sync_api import expect

from tests.web.axe import check_with_axe
from tests.web.browser import MARKS, check, each_look
from tests.web.kiosk_lab import BADGES, SEVERAL, ask_for_codes, enrol_badges, plan_training, serve_several, tap
from tests.web.lab import KIOSK, busy_afternoon
from tests.web.server import served
from tests.web.test_live import hint

pytestmark = MARKS
IN_SIGHT = """[...document.querySelectorAll('main h1, main p, main a, main button, main summary, main label')]
    .filter(e => e.checkVisibility() && !e.closest('.picks, dialog:not([open])')).filter(e => {
        const box = e.getBoundingClientRect();
        return box.top < 0 || box.bottom > innerHeight + 1 || box.right > innerWidth + 1;
    }).map(e => e.textContent.trim().slice(0, 40))"""
SMALL = """[...document.querySelectorAll('main a, main button, main summary, main label.choice')]
    .filter(e => e.checkVisibility()).map(e => [e.textContent.trim().slice(0, 30), e.getBoundingClientRect()])
    .filter(([, box]) => box.height < 48 || box.width < 48).map(([text]) => text)"""
CUT = (
    "[...document.querySelectorAll('.picks strong')].filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"
)
EIGHT = ("prusa-1", "prusa-2", "ender-3", "laser", "vinyle", "fraiseuse", "brodeuse", "soudure")


@pytest.fixture
def floor(quiet):
    lab, address = quiet
    enrol_badges(lab)
    plan_training(lab)
    return lab, address


def refused(lab, page, address):
    tap(lab, "laser-reader", BADGES["Karim"])
    page.goto(f"{address}/kiosk/laser")
    expect(page.locator("h1")).to_have_text("Il vous manque une formation.")


def own_hours(lab, page, address):
    refused(lab, page, address)
    page.click("#hours")
    expect(page.locator(".which")).to_have_text("Vos heures, Karim")


def trouble(lab, page, address):
    page.click("#report")
    expect(page.locator("h1")).to_have_text("Quel est le problème ?")
    page.set_input_files("#photo", files={"name": "p.jpg", "mimeType": "image/jpeg", "buffer": b"a picture"})
    expect(page.locator(".photo")).to_have_text("La photo est jointe", use_inner_text=True)


def called(lab, page, address):
    page.click("#call")
    expect(page.locator("h1")).to_have_text("L’équipe est prévenue.")


def still(lab, page, address):
    refused(lab, page, address)
    page.evaluate("document.getElementById('still').showModal()")


def code(lab, page, address):
    ask_for_codes(lab)
    tap(lab, "laser-reader", BADGES["Léa"])
    page.goto(f"{address}/kiosk/laser")
    expect(page.locator("h1")).to_have_text("Tapez votre code.")


@pytest.mark.parametrize("screen", [refused, own_hours, trouble, called, still, code], ids=lambda s: s.__name__)
def test_each_screen_of_a_machine_s_kiosk(floor, open_page, screen):
    lab, address = floor
    page = open_page(f"{address}/kiosk/laser?key={KIOSK}", size="kiosk")
    screen(lab, page, address)
    for size in each_look(page):
        check(page)
        if size != "phone":
            assert page.evaluate(IN_SIGHT) == [], size
        assert page.evaluate(SMALL) == [], size
        assert page.evaluate(CUT) == [], size


def test_the_next_badge_is_answered_and_not_in_front_of_another_s_hours(floor, open_page):
    lab, address = floor
    page = open_page(f"{address}/kiosk/laser?key={KIOSK}", size="kiosk")
    own_hours(lab, page, address)
    tap(lab, "laser-reader", "9999")
    expect(page.locator("h1")).to_have_text("On ne connaît pas ce badge.")


@pytest.mark.parametrize("stands", ["nobody", "somebody", "refused"])
def test_eight_machines_and_one_reader(floor, open_page, stands):
    lab, address = floor
    busy_afternoon(lab)
    reader = serve_several(lab, *EIGHT)
    page = open_page(f"{address}/kiosk/{reader}?key={SEVERAL}", size="kiosk")
    expect(page.locator(".pick")).to_have_count(8)
    if stands != "nobody":
        tap(lab, reader, BADGES["Léa"])
        expect(page.locator("h1")).to_have_text("Bonjour Léa.")
    if stands == "refused":
        page.click("#pick-brodeuse")
        expect(page.locator("h1")).to_have_text("La machine est occupée.")
    for size in each_look(page):
        check(page)
        if size != "phone":
            assert page.evaluate(IN_SIGHT) == [], size
        assert page.evaluate(SMALL) == [], size


def test_a_tap_and_a_finger_start_a_machine_and_the_screen_follows_by_itself(floor, open_page):
    lab, address = floor
    reader = serve_several(lab, "soudure", "brodeuse")
    page = open_page(f"{address}/kiosk/{reader}?key={SEVERAL}", size="kiosk")
    expect(page.locator("h1")).to_have_text("Passez votre badge")
    page.wait_for_timeout(300)
    tap(lab, reader, BADGES["Léa"])
    expect(page.locator("h1")).to_have_text("Bonjour Léa.")
    page.click("#pick-soudure")
    expect(page.locator("h1")).to_have_text("La machine s’allume…")
    lab.device("soudure-interlock", power_on=True)
    page.click("text=Une autre machine")
    expect(page.locator("#pick-soudure")).to_contain_text("Je rends la machine")
    page.click("#leave")
    expect(page.locator("h1")).to_have_text("Passez votre badge")
    assert page.faults == []


def test_the_screen_asks_before_it_leaves_somebody(floor, open_page):
    lab, address = floor
    page = open_page("about:blank", size="kiosk")
    page.clock.install()
    page.goto(f"{address}/kiosk/laser?key={KIOSK}")
    refused(lab, page, address)
    page.clock.run_for(59_000)
    expect(page.locator("#still")).to_be_hidden()
    page.clock.run_for(2_000)
    expect(page.locator("#still")).to_be_visible()
    page.click("#stay")
    page.clock.run_for(59_000)
    expect(page.locator("#still")).to_be_hidden()
    expect(page.locator("h1")).to_have_text("Il vous manque une formation.")
    page.clock.run_for(2_000)
    expect(page.locator("#still")).to_be_visible()
    page.clock.run_for(21_000)
    expect(page.locator("h1")).to_have_text("Passez votre badge")


def test_the_question_is_answered_for_whoever_came_by_the_stream(floor, open_page):
    lab, address = floor
    page = open_page(f"{address}/kiosk/laser?key={KIOSK}", size="kiosk")
    expect(page.locator("#link.is-live")).to_be_attached()
    tap(lab, "laser-reader", BADGES["Karim"])
    expect(page.locator("h1")).to_have_text("Il vous manque une formation.")
    page.evaluate("document.getElementById('still').showModal()")
    page.click("#left")
    expect(page.locator("h1")).to_have_text("Passez votre badge")


def test_the_screen_says_so_when_the_gateway_is_away(lab, open_page):
    with served(lab.app()) as address:
        page = open_page(f"{address}/kiosk/laser?key={KIOSK}", size="kiosk")
        expect(page.locator("#link.is-live")).to_be_attached()
    expect(page.locator("#lost")).to_be_visible()
    expect(page.locator("#lost")).to_contain_text("Le système ne répond pas. Demandez à l’équipe.")
    check_with_axe(page)


def test_everything_at_the_kiosk_works_without_javascript(floor, open_page):
    lab, address = floor
    page = open_page(f"{address}/kiosk/laser?key={KIOSK}", size="kiosk", script=False)
    refused(lab, page, address)
    page.click("text=Je m’inscris")
    expect(page.locator("h1")).to_have_text("Votre inscription est faite.")
    page.click("#report")
    page.check("input[value=dirty]", force=True)
    page.click("text=J’envoie")
    expect(page.locator("h1")).to_have_text("Merci. L’équipe le sait.")
    hint(lab, "laser")
    page.click("#leave")
    expect(page.locator("h1")).to_have_text("Passez votre badge")


def test_a_code_is_typed_with_a_finger_and_its_digits_are_nowhere_on_the_screen(floor, open_page):
    lab, address = floor
    page = open_page(f"{address}/kiosk/laser?key={KIOSK}", size="kiosk")
    code(lab, page, address)
    for digit in "48150":
        page.click(f"#key-{digit}")
    expect(page.locator(".dots .on")).to_have_count(5)
    page.click("#key-erase")
    expect(page.locator(".dots .on")).to_have_count(4)
    assert "481" not in page.inner_text("main")
    for digit in "01":
        page.click(f"#key-{digit}")
    expect(page.locator("h1")).to_have_text("Ce n’est pas ce code.")
    for digit in "481502":
        page.click(f"#key-{digit}")
    expect(page.locator("h1")).to_have_text("La machine s’allume…")
