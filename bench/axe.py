"""Every page and state in every size and theme, judged by axe."""

import shutil

from bench.figures import Figure


def measure() -> list[Figure]:
    """How many faults, and in how many combinations."""
    from playwright.sync_api import sync_playwright

    from tests.web.browser import FLAGS
    from tests.web.looks import THEMES, whole_table

    chromium = shutil.which("chromium")
    if chromium is None:
        raise RuntimeError("no chromium on the PATH")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        try:
            looked, found = whole_table(browser)
        finally:
            browser.close()
    wrong = sum(len(faults) for looks in found.values() for faults in looks.values())
    note = f"axe-core, {looked} combinations: every page and state, {', '.join(THEMES)}, 390, 800 × 480 and 1280 pixels"
    return [Figure("axe_violations", wrong, "", note, "0")]
