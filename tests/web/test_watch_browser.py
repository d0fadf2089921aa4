"""The team's floor and the public screen in a real Chromium: live, fitting, and deaf to hostile names."""

from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from gateway.adapters.timeseries_sql import SqlTimeSeries
from gateway.domain.people import Role
from gateway.domain.sessions import State
from gateway.service import members
from tests.web.browser import MARKS, SIZES, check
from tests.web.lab import KIOSK, TestLab, busy_afternoon
from tests.web.server import served
from tests.web.test_live import hint, sample
from tests.web.test_watch_machine import warm_up

pytestmark = MARKS
TV = "tv-secret"
RLO = "\N{RIGHT-TO-LEFT OVERRIDE}"
HOSTILE = [
    "<script>document.title='hit'</script>.gcode", "\"><img src=x onerror=\"document.title='hit'\">.gcode",
    f"facture{RLO}edocg.exe", "x" * 4096, "</bdi></li></ul><h1>Pris</h1>", "\U0001f600" * 2000, "مرحبا.gcode",
    "' onmouseover='document.title=1", "{{7*7}}${7*7}<%= 7*7 %>", "\N{COMBINING ACUTE ACCENT}" * 900,
]  # fmt: skip


@pytest.fixture
def floor():
    lab = TestLab()
    busy_afternoon(lab)
    with lab.store.begin() as work:
        from dashboard.dependencies import digest_of

        members.make_token(work, id=lab.ids.new(), digest=digest_of(TV), role=Role.TV, label="tv", now=lab.clock.now())
    series = SqlTimeSeries.memory()
    warm_up(series, lab.clock.now())
    services = lab.services
    lab.services = lambda: replace(services(), series=series)
    with served(lab.app()) as address:
        yield lab, address
    series.close()
    lab.close()


def test_what_needs_somebody_comes_and_goes_without_reloading(floor, open_page):
    lab, address = floor
    page = open_page(f"{address}/equipe", staff=True)
    expect(page.locator("#link.is-live")).to_be_visible()
    page.evaluate("window.sameDocument = true")
    gone = lab.session("fraiseuse", "Inès", state=State.ACTIVE, last_activity_at=lab.clock.now() - timedelta(hours=1))
    hint(lab, "fraiseuse")
    row = page.locator("[id='todo-idle_long.fraiseuse']")
    expect(row).to_contain_text("Allumée pour rien")
    sample(lab, "prusa-1-machine", 40.0)
    expect(page.locator("#card-prusa-1 .bar")).to_contain_text("40")
    with lab.store.begin() as work:
        work.save_session(replace(gone, state=State.CLOSED, closed_at=lab.clock.now()))
    hint(lab, "fraiseuse")
    expect(row).to_have_count(0)
    assert page.evaluate("window.sameDocument")
    assert page.faults == []


def test_a_machine_is_locked_out_by_keyboard_alone(floor, open_page):
    lab, address = floor
    page = open_page(f"{address}/equipe/machines/scanner", staff=True)
    page.focus("nav.deeds a:has-text('Mettre hors service')")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("hors service")
    page.focus("#reason")
    page.keyboard.type("Vitre sale")
    page.focus("button.danger")
    page.keyboard.press("Enter")
    expect(page.locator(".said")).to_contain_text("La machine est hors service.")
    assert lab.store.views().resource("scanner", lab.clock.now()).resource.out_reason == "Vitre sale"


def test_curves_are_there_with_and_without_javascript(floor, open_page):
    address = floor[1]
    plain = open_page(f"{address}/equipe/machines/prusa-1", staff=True, script=False)
    assert plain.locator(".panel polyline").count() == 2
    plain.click("summary:has-text('Voir en tableau')")
    expect(plain.locator(".panel tbody tr").first).to_be_visible()
    from dashboard.assets import installed

    page = open_page(f"{address}/equipe/machines/prusa-1", staff=True)
    if installed("vendor/uplot.js"):
        expect(page.locator(".panel .uplot canvas").first).to_be_visible()
    assert page.faults == []


def test_what_the_team_says_comes_to_the_kiosk_and_hides_nothing(floor, open_page):
    address = floor[1]
    kiosk = open_page(f"{address}/kiosk/laser?key={KIOSK}", size="kiosk")
    expect(kiosk.locator("h1")).to_be_visible()
    page = open_page(f"{address}/equipe/machines/laser/message", staff=True)
    page.fill("#text", "Votre temps est fini, merci de rendre la machine. " * 2)
    page.click("button:has-text('Écrire sur sa borne')")
    expect(page.locator(".said")).to_be_visible()
    expect(kiosk.locator(".team-note")).to_contain_text("merci de rendre la machine")
    box = "e => { const b = e.getBoundingClientRect(); return b.top >= 0 && b.bottom <= innerHeight + 1; }"
    assert kiosk.evaluate(f"[...document.querySelectorAll('#kiosk h1, .team-note, #kiosk a')].every({box})")
    assert kiosk.evaluate("document.documentElement.scrollHeight <= innerHeight")
    check(kiosk)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_file_name_runs_nothing_and_breaks_no_layout(floor, open_page, name):
    lab, address = floor
    lab.job("ender-3", session=lab.store.views().resource("ender-3", lab.clock.now()).session, name=name)
    hint(lab, "ender-3")
    page = open_page(f"{address}/equipe", staff=True)
    for path in ("/equipe", "/equipe/machines/ender-3", f"/tv/{TV}"):
        page.goto(address + path)
        expect(page.locator("#link.is-live")).to_have_count(1)
        for size in ("phone", "desktop"):
            width, height = SIZES[size]
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (path, size)
        assert page.locator("h1").count() == 1
        assert "hit" not in page.title()
        assert page.faults == []
    assert page.locator(".wall li").count() == 13


def test_the_public_screen_fits_and_says_in_large_type_when_the_server_is_lost(open_page):
    lab = TestLab()
    busy_afternoon(lab)
    with lab.store.begin() as work:
        from dashboard.dependencies import digest_of

        members.make_token(work, id=lab.ids.new(), digest=digest_of(TV), role=Role.TV, label="tv", now=lab.clock.now())
    with served(lab.app()) as address:
        page = open_page(f"{address}/tv/{TV}")
        expect(page.locator("#link.is-live")).to_have_count(1)
        for width, height in ((1920, 1080), (1280, 720), (1024, 600)):
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), (width, height)
            assert page.evaluate(
                "[...document.querySelectorAll('.wall li')].every(e => e.getBoundingClientRect().bottom <= innerHeight)"
            )
        for size in SIZES.values():
            page.set_viewport_size({"width": size[0], "height": size[1]})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                check(page)
        expect(page.locator(".lost")).to_be_hidden()
    expect(page.locator(".lost")).to_be_visible()
    expect(page.locator(".lost")).to_contain_text("Plus de contact avec le serveur")
    lab.close()
