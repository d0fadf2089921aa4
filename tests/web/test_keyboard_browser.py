"""The flows of administration with the keyboard alone: the tabulator comes to everything, Enter and the space bar do it."""

import pyotp
import pytest
from playwright.sync_api import expect

from gateway.domain.people import Role
from tests.web.browser import MARKS
from tests.web.lab import PASSWORDS, busy_afternoon

pytestmark = MARKS
PASSWORD = "une phrase assez longue"
LIST = "Prénom;Nom;E-mail\nZoé;Ménard;zoe@example.org\nLéa;Marchand;marchand@example.org\n"


def reach(page, selector):
    """Press the tabulator until this has the focus, and is seen to have it."""
    for _ in range(150):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            seen = page.evaluate(
                """() => { const e = document.activeElement, s = getComputedStyle(e), box = e.getBoundingClientRect();
                    return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2 && box.bottom > 0 && box.top < innerHeight; }"""
            )
            assert seen, f"{selector} has the focus and does not show it"
            return
    pytest.fail(f"the keyboard does not come to {selector}")


def press(page, selector):
    """Come to it and press Enter, which leads to the next page."""
    reach(page, selector)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def fill(page, selector, text):
    reach(page, selector)
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


@pytest.fixture
def desk(quiet, open_page):
    """Somebody of the team at a keyboard."""
    lab, address = quiet
    page = open_page(f"{address}/equipe", staff=True)
    return lab, page, lambda path: page.goto(address + path)


def test_members_are_suspended_let_in_again_and_merged(desk):
    lab, page, go = desk
    lea = f"/equipe/membres/{lab.people['Léa'].id}"
    go(lea)
    fill(page, "#reason", "Cotisation")
    press(page, "form[action$='/suspendre'] button")
    expect(page.locator(".said")).to_be_visible()
    assert not lab.store.views().member(lab.people["Léa"].id).active
    press(page, "form[action$='/retablir'] button")
    expect(page.locator(".said")).to_be_visible()
    assert lab.store.views().member(lab.people["Léa"].id).active
    press(page, f"a[href='{lea}/fusionner']")
    fill(page, "#q", "Benali")
    press(page, "form[role=search] button, main form[method=get] button")
    press(page, f"a[href$='autre={lab.people['Karim'].id}']")
    press(page, "main form[method=post] button")
    expect(page.locator(".said")).to_be_visible()
    assert lab.store.views().member(lab.people["Karim"].id) is None


def test_a_list_of_members_is_imported(desk):
    lab, page, go = desk
    go("/equipe/membres")
    press(page, "a[href='/equipe/membres/importer']")
    reach(page, "#liste")
    # The window that Enter opens is the browser’s own, and a headless one does not always open it.
    page.locator("#liste").set_input_files({"name": "membres.csv", "mimeType": "text/csv", "buffer": LIST.encode()})
    press(page, "form[action='/equipe/membres/importer'] button[type=submit]")
    press(page, "form[action$='/appliquer'] button")
    expect(page.locator(".said")).to_contain_text("1 ")
    assert lab.store.views().count_members() == 4


def test_a_day_badge_is_lent_by_choosing_a_reader(desk):
    lab, page, go = desk
    go(f"/equipe/membres/{lab.people['Léa'].id}")
    press(page, "a[href$='/badge?jour=1']")
    press(page, "a.choice[href*='lecteur=laser-reader']")
    expect(page.locator("#tap h2")).to_have_text("Passez le badge maintenant")


def test_a_training_is_added(desk):
    lab, page, go = desk
    go("/equipe/formations")
    press(page, "a[href='/equipe/formations/nouvelle']")
    fill(page, "[name=name_fr]", "Soudure")
    fill(page, "[name=slug]", "soudure")
    press(page, "main form button[type=submit]")
    expect(page.locator(".said")).to_be_visible()
    assert "soudure" in {training.slug for training in lab.store.views().trainings()}


def test_a_machine_is_put_back_in_service_and_its_kiosk_told_something(quiet, open_page):
    lab, address = quiet
    busy_afternoon(lab)
    page = open_page(f"{address}/equipe/machines/vinyle", staff=True)
    page.goto(f"{address}/equipe/machines/vinyle")
    press(page, "a[href$='/en-service']")
    press(page, "main form[method=post] button")
    expect(page.locator(".said")).to_be_visible()
    assert not lab.store.views().resource("vinyle", lab.clock.now()).resource.out_of_service
    page.goto(f"{address}/equipe/machines/prusa-1")
    press(page, "a[href$='/message']")
    fill(page, "#text", "Le filament est fini.")
    press(page, "main form:has(#text) button")
    expect(page.locator(".said")).to_be_visible()
    assert lab.store.views().resource("prusa-1", lab.clock.now()).note.text == "Le filament est fini."


def test_a_manager_signs_in_by_password_and_a_code(quiet, open_page):
    lab, address = quiet
    karim = lab.people["Karim"]
    with lab.store.begin() as work:
        work.set_password(karim.id, PASSWORDS.hash(PASSWORD), lab.clock.now())
        work.set_role(karim.id, Role.MANAGER)
    page = open_page(f"{address}/compte/entrer")
    by_password(page, karim.email)
    reach(page, "summary")
    page.keyboard.press("Enter")
    phone = pyotp.TOTP(page.locator("details code").inner_text().replace(" ", ""))
    fill(page, "#code", phone.at(lab.clock.now()))
    press(page, "form[action='/compte/second-facteur'] button")
    expect(page.locator("main")).to_contain_text("Vos codes de secours")
    page.context.clear_cookies()
    lab.clock.advance(30)
    page.goto(f"{address}/compte/entrer?vers=/equipe")
    by_password(page, karim.email)
    fill(page, "#code", phone.at(lab.clock.now()))
    press(page, "form[action='/compte/second-facteur'] button")
    expect(page.locator("h1")).to_have_text("L’atelier en ce moment")


def by_password(page, address):
    fill(page, "#address", address)
    fill(page, "#password", PASSWORD)
    press(page, "form[action$='/mot-de-passe'] button")
