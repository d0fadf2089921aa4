"""A real Chromium for the tests of pages, and what each page is held to."""

import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.web.axe import check_with_axe
from tests.web.lab import MANAGER
from tests.web.server import served

# What holds is met at once; a machine that is busy with something else may take longer.
expect.set_options(timeout=20_000)

CHROMIUM = shutil.which("chromium")
MARKS = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH")]

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SIZES = {"phone": (390, 844), "kiosk": (800, 480), "desktop": (1280, 800)}


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def quiet(lab):
    """A lab of the test's own."""
    with served(lab.app()) as address:
        yield lab, address


@pytest.fixture
def open_page(chromium):
    contexts = []

    def make(address, *, size="desktop", dark=False, script=True, lang="fr-FR", staff=False):
        width, height = SIZES[size]
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light",
            java_script_enabled=script, locale=lang,
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("console", lambda line: page.faults.append(line.text) if line.type == "error" else None)
        if staff:
            page.goto(f"{address.split('/equipe')[0]}/equipe")
            page.fill("#token", MANAGER)
            page.click("main button")
        page.goto(address)
        return page

    yield make
    for context in contexts:
        context.close()


def check(page):
    check_with_axe(page)
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0, f"{width} pixels too wide"
    assert page.faults == []


def each_look(page):
    """The same page at every size, by day and by night."""
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            yield size
