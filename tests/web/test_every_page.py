"""Every page in a real Chromium: no fault that axe can find, nothing too wide and nothing cut, however it is looked at."""

import pytest

from tests.web.browser import MARKS
from tests.web.every_page import everything, other_routes, rows
from tests.web.looks import faults_of, reflow_faults, rotated, whole_table
from tests.web.matrix import routes_of

ROWS = rows()
ELSEWHERE = ("/api/", "/calendar/", "/health/")


def test_every_page_has_a_row(lab):
    routes = {
        route for route in routes_of(lab.app()) if route.startswith("GET ") and not route.endswith(("/live", ".ics"))
    }
    pages = {route for route in routes if not any(place in route for place in ELSEWHERE)}
    known = {row.route for row in ROWS} | other_routes()
    assert sorted(pages - known) == [], "give these pages a row in tests/web/every_page.py"
    assert sorted(known - pages) == [], "rows of pages that are gone"


@pytest.fixture(scope="module")
def lab_with_everything():
    with everything() as lab:
        yield lab


@pytest.fixture(scope="module")
def page_of(chromium, lab_with_everything):
    """One page for each person, for all that they look at."""
    pages = {}
    yield lambda who: pages.get(who) or pages.setdefault(who, lab_with_everything.page_of(chromium, who))
    for page in pages.values():
        page.context.close()


@pytest.mark.parametrize("place", range(len(ROWS)), ids=[row.name for row in ROWS])
class TestPages:
    """Each state of each page; `make soak` and `make bench axe` look at it in every size and theme."""

    pytestmark = MARKS

    def test_no_fault_and_nothing_cut(self, lab_with_everything, page_of, place):
        row = ROWS[place]
        page = page_of(row.who)
        page.faults.clear()
        page.goto(lab_with_everything.where(row))
        assert page.url.startswith(lab_with_everything.where(row)), "this row shows another page"
        assert faults_of(page, rotated(place)) == {}
        assert reflow_faults(page) == {}
        assert page.faults == []


@pytest.mark.soak
@pytest.mark.browser
def test_every_size_in_every_theme(chromium):
    looked, found = whole_table(chromium)
    print(f"axe_violations {sum(map(len, found.values()))} in {looked} combinations")
    assert found == {}
