"""The pages about accounts in a real Chromium: no fault that axe can find and nothing too wide, by day and by night."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

from gateway.domain.layers import SaidPolicies
from gateway.domain.people import Role
from tests.web.axe import check_with_axe
from tests.web.browser import FLAGS, SIZES
from tests.web.lab import TestLab
from tests.web.server import served

CHROMIUM = shutil.which("chromium")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH")]


@pytest.fixture(scope="module")
def place():
    lab = TestLab()
    lab.doors["door"] = lab.people["Karim"].id
    with lab.store.begin() as work:
        work.set_role(lab.people["Karim"].id, Role.ADMINISTRATOR)
        work.put_site_policies(SaidPolicies(use={"charter_version": 3}))
    with served(lab.app()) as address, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser, address.replace("127.0.0.1", "localhost")
        browser.close()
    lab.close()


@pytest.mark.parametrize(("size", "scheme"), [("phone", "dark"), ("desktop", "light")])
def test_a_card_that_was_just_made_has_no_fault(place, scheme, size):
    browser, address = place
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, locale="fr-FR", base_url=address
    )
    page = context.new_page()
    faults = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto("/compte/demo/door")
    page.goto("/equipe/cartes")
    page.locator("form[action^='/equipe/cartes/'] button").first.click()
    check_with_axe(page)
    assert faults == []
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{page.url} is {wide} pixels too wide"
    context.close()
