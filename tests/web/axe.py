"""axe in a page: the version that `make assets` has put in place, else the one that comes with its Python package."""

from functools import cache
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe

INSTALLED = Path(__file__).parents[1] / "vendor/axe.min.js"


@cache
def axe():
    return Axe.from_file(INSTALLED) if INSTALLED.exists() else Axe()


def check_with_axe(page):
    """No fault that axe can find."""
    results = axe().run(page)
    assert results.violations_count == 0, results.generate_report()
