"""A telephone without a network: the board and one's own bookings as they were, marked as old, and nobody else's."""

from contextlib import ExitStack

import pytest
from playwright.sync_api import expect

from tests.web.booked import HOUR, booked, door
from tests.web.browser import MARKS
from tests.web.server import served

pytestmark = MARKS

KEPT = "caches.open('etabli-pages').then(c => c.keys()).then(all => all.map(r => new URL(r.url).pathname).sort())"
READY = "navigator.serviceWorker.ready.then(() => navigator.serviceWorker.controller !== null)"


@pytest.fixture
def telephone(lab, open_page):
    """Léa's, with one booking, on a server that can be stopped."""
    booked(lab)
    lab.reserve("laser", "Léa", lab.clock.now() + 28 * HOUR, lab.clock.now() + 30 * HOUR)
    stack = ExitStack()
    address = stack.enter_context(served(lab.app()))
    page = open_page(address + door(lab, "Léa"), size="phone")
    yield page, address, stack.close
    stack.close()


def kept(page, *paths):
    """Visited until the worker has kept them."""
    page.wait_for_function(READY)
    for path in paths:
        page.goto(path)
    page.wait_for_function(f"{KEPT}.then(all => {list(paths)}.every(path => all.includes(new URL(path).pathname)))")
    return page.evaluate(KEPT)


def test_the_board_and_the_own_bookings_are_read_without_a_network_and_say_how_old_they_are(telephone):
    page, address, stop = telephone
    page.goto(address + "/reserver/laser")
    found = kept(page, f"{address}/moi/reservations", f"{address}/moi", f"{address}/")
    assert found == ["/", "/hors-ligne", "/moi", "/moi/reservations", "/viewer"]
    expect(page.locator("#seen-before")).to_be_hidden()
    stop()
    page.goto(f"{address}/moi/reservations")
    expect(page.locator("#seen-before")).to_have_text(
        "Hors ligne. Page vue mardi 24 novembre, à 12 h. Elle a pu changer."
    )
    expect(page.locator(".booking-card")).to_contain_text("Découpe laser")
    page.goto(f"{address}/")
    expect(page.locator("#seen-before")).to_be_visible()
    expect(page.get_by_role("link", name="Prusa 1")).to_be_visible()
    page.goto(f"{address}/reserver/laser")
    expect(page.locator("h1")).to_have_text("Vous êtes hors ligne")


def test_whoever_signs_out_leaves_nothing_behind(telephone):
    page, address, stop = telephone
    kept(page, f"{address}/moi/reservations")
    page.goto(f"{address}/compte")
    page.locator('form[action="/compte/sortir"] button').click()
    page.wait_for_function(f"{KEPT}.then(all => !all.includes('/moi/reservations'))")
    stop()
    page.goto(f"{address}/moi/reservations")
    expect(page.locator("h1")).to_have_text("Vous êtes hors ligne")
    assert "Léa" not in page.content()


def test_another_person_at_this_browser_finds_nothing_of_the_one_before(lab, telephone):
    page, address, stop = telephone
    kept(page, f"{address}/moi/reservations")
    page.context.clear_cookies()
    page.goto(address + door(lab, "Karim"))
    page.wait_for_function(f"{KEPT}.then(all => !all.includes('/moi/reservations'))")
    stop()
    page.goto(f"{address}/moi/reservations")
    expect(page.locator("h1")).to_have_text("Vous êtes hors ligne")
