"""Administration in a real Chromium: no fault that axe can find, by the keyboard, hostile names, a badge by tapping."""

import pytest
from playwright.sync_api import expect

from gateway.domain.people import Member
from gateway.domain.refusals import Code, refuse
from tests.web.browser import MARKS, SIZES, check
from tests.web.lab import MANAGER, TestLab, busy_afternoon, troubles
from tests.web.server import served

pytestmark = MARKS

PAGES = ["/equipe/membres", "/equipe/membres/{lea}/badge", "/equipe/journal"]
HOSTILE = [
    "<script>window.ran=1</script>", '"><img src=x onerror=window.ran=1>', "\u202egnp.exe", "x" * 4096,
    "{{7*7}}", "javascript:window.ran=1", "a\u0301" * 200, "'; DROP TABLE members;--",
]  # fmt: skip


@pytest.fixture(scope="module")
def office():
    """A lab that is only looked at, some names in it hostile."""
    lab = TestLab()
    busy_afternoon(lab)
    troubles(lab)
    with lab.store.begin() as work:
        for name in HOSTILE:
            work.put_member(Member(id=lab.ids.new(), first_name=name, last_name=name, email=name, reference=name))
    with served(lab.app()) as address:
        yield lab, address
    lab.close()


@pytest.fixture(scope="module")
def desk(office, chromium):
    """A page of somebody of the team who has signed in, once for many pages."""
    context = chromium.new_context(locale="fr-FR")
    page = context.new_page()
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("console", lambda line: page.faults.append(line.text) if line.type == "error" else None)
    page.goto(f"{office[1]}/equipe")
    page.fill("#token", MANAGER)
    page.click("main form button")
    yield page
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_hostile_names_are_no_fault_that_axe_can_find(office, desk, path):
    lab, address = office
    desk.goto(address + path.format(lea=lab.people["Léa"].id, karim=lab.people["Karim"].id))
    for size, scheme in (("phone", "light"), ("desktop", "dark")):
        desk.set_viewport_size(dict(zip(("width", "height"), SIZES[size], strict=True)))
        desk.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        check(desk)
    assert desk.evaluate("window.ran") is None


def test_hostile_names_run_nowhere_and_break_no_page(office, desk):
    lab, address = office
    desk.set_viewport_size({"width": 390, "height": 844})
    for member in lab.store.views().members(limit=50, cursor=None).rows:
        desk.goto(f"{address}/equipe/membres/{member.id}")
        assert desk.evaluate("window.ran") is None
        assert desk.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert desk.faults == []


def test_a_member_is_added_with_the_keyboard_alone(quiet, open_page):
    lab, address = quiet
    page = open_page(f"{address}/equipe/membres", staff=True)
    page.goto(f"{address}/equipe/membres/nouveau")
    page.focus("#f-first_name")
    page.keyboard.type("Zoé")
    page.keyboard.press("Tab")
    page.keyboard.type("Ménard")
    page.keyboard.press("Enter")
    expect(page.locator(".said")).to_contain_text("Le membre est ajouté.")
    expect(page.locator("h1")).to_have_text("Zoé Ménard")
    assert lab.store.views().count_members() == 4


def test_a_badge_that_is_tapped_comes_to_the_page_by_itself(quiet, open_page):
    lab, address = quiet
    lea = lab.people["Léa"].id
    page = open_page(f"{address}/equipe", staff=True)
    page.goto(f"{address}/equipe/membres/{lea}/badge?lecteur=laser-reader")
    expect(page.locator("#tap h2")).to_have_text("Passez le badge maintenant")
    lab.clock.advance(1)
    lab.refused_tap("laser", None, refuse(Code.BADGE_UNKNOWN), badge="777")
    expect(page.locator("#give")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".said")).to_contain_text("Le badge est donné.")


def test_a_rule_is_filled_in_its_sentence(quiet, open_page):
    lab, address = quiet
    page = open_page(f"{address}/equipe", staff=True, script=False)
    page.goto(f"{address}/equipe/regles/lieu")
    page.get_by_label("Il faut avoir au moins").fill("14")
    page.get_by_role("button", name="Enregistrer ces règles").click()
    expect(page.locator(".said")).to_contain_text("Les règles sont enregistrées.")
    assert lab.store.views().site_policies().use == {"minimum_age": 14}
