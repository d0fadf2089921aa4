"""The team's plan dragged in a real Chromium: a drop moves, a refusal says why and nothing has moved; keys still do it all."""

import pytest
from playwright.sync_api import expect

from gateway.domain.people import Role
from tests.web.booked import HOUR, booked, door
from tests.web.browser import MARKS
from tests.web.server import served

pytestmark = MARKS
DAY = "/equipe/planning?jour=2026-11-25"


@pytest.fixture
def plan(lab, open_page):
    """Tomorrow: Karim has the laser from 12 to 14, the soldering station from 10 to 11.30."""
    booked(lab)
    held = lab.reserve("soudure", "Karim", lab.clock.now() + 22 * HOUR, lab.clock.now() + 23.5 * HOUR)
    with lab.store.begin() as work:
        work.set_role(lab.people["Inès"].id, Role.MANAGER)
    with served(lab.app()) as address:
        page = open_page(address + door(lab, "Inès"))
        page.goto(address + DAY)
        yield page, held, lambda: lab.store.views().planned_one(held.id).reservation
        assert page.faults in ([], ["Failed to load resource: the server responded with a status of 409 (Conflict)"])


def drag(page, held, machine, hour, *, drop=True):
    """Take a booking where it begins, and carry its beginning to another hour of a machine."""
    page.locator(f'.plan [href$="{held.id}"]').scroll_into_view_if_needed()
    block = page.locator(f'.plan [href$="{held.id}"]').bounding_box()
    row = page.locator(f'.plan tr[data-machine="{machine}"] th').bounding_box()
    column = page.locator(f'.plan th[data-at="{hour}"]').bounding_box()
    page.mouse.move(block["x"] + 4, block["y"] + 6)
    page.mouse.down()
    page.mouse.move(block["x"] + 30, block["y"] + 10, steps=3)
    page.mouse.move(column["x"] + 4, row["y"] + row["height"] / 2, steps=5)
    if drop:
        page.mouse.up()


def test_a_drop_moves_it_to_that_hour_of_that_machine(plan):
    page, held, now = plan
    drag(page, held, "brodeuse", "16:00")
    expect(page.locator(".said")).to_contain_text("C’est fait. Aucun message n’atteint la personne")
    assert page.url.endswith("jour=2026-11-25&fait=dire")
    moved = now()
    assert (moved.span.starts - held.span.starts, moved.span.ends - moved.span.starts) == (6 * HOUR, 1.5 * HOUR)
    row = page.locator('.plan tr[data-machine="brodeuse"]')
    expect(row.locator(f'[href$="{held.id}"]')).to_contain_text("16")


def test_a_drop_that_cannot_be_says_why_and_it_stays(plan):
    page, held, now = plan
    drag(page, held, "laser", "12:00")
    told = page.locator("#refused")
    expect(told).to_contain_text("Elle reste où elle était.")
    expect(told).to_contain_text("Ce moment est déjà pris.")
    assert now().span == held.span
    expect(page.locator(f'.plan tr[data-machine="soudure"] [href$="{held.id}"]')).to_be_visible()
    expect(page.locator(".ghost")).to_have_count(0)


def test_escape_or_a_drop_beside_the_table_changes_nothing_and_a_click_still_opens_it(plan):
    page, held, now = plan
    drag(page, held, "laser", "16:00", drop=False)
    expect(page.locator(".ghost")).to_contain_text("16:00 – 17:30 · Découpe laser")
    page.keyboard.press("Escape")
    page.mouse.up()
    drag(page, held, "laser", "16:00", drop=False)
    page.mouse.move(3, 3)
    page.mouse.up()
    expect(page.locator(".ghost")).to_have_count(0)
    assert now().span == held.span
    page.locator(f'.plan [href$="{held.id}"]').focus()
    page.keyboard.press("Enter")
    expect(page.locator("h2", has_text="Déplacer")).to_be_visible()
