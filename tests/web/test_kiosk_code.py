"""The code of six digits at the kiosk: asked of whoever may begin, typed without a keyboard, tried a few times only."""

import re
from datetime import timedelta

import pytest

from dashboard.accounts.throttle import LIMITS, Doing
from gateway.domain.layers import SaidPolicies
from gateway.domain.proofs import PAUSES, TRIES, Proof, Tries, one_more
from tests.web.kiosk_lab import BADGES, SEVERAL, ask_for_codes, enrol_badges, serve_several, tap
from tests.web.lab import KIOSK, NOON
from tests.web.test_kiosk import heading

CODE = "481502"


@pytest.fixture
def kiosk(lab, web):
    web.headers["sec-fetch-site"] = "same-origin"
    enrol_badges(lab)
    ask_for_codes(lab)
    assert web.get(f"/kiosk/laser?key={KIOSK}").status_code == 200
    return web


def session(lab, machine="laser"):
    return lab.store.views().resource(machine, lab.clock.now()).session


def type_in(web, digits, slug="laser"):
    """Each key a page of its own, as without JavaScript; the last page."""
    page = web.get(f"/kiosk/{slug}")
    for digit in digits:
        page = web.post(f"/kiosk/{slug}/code", data=kept(page) | {"digit": digit})
    return page


def kept(page):
    return dict(re.findall(r'type="hidden" name="(tap|machine|typed)" value="([^"]*)"', page.text))


def dots(page):
    return page.text.count('class="on"')


def test_the_right_code_begins_and_without_it_nothing_does(lab, kiosk):
    verdict = tap(lab, "laser-reader", BADGES["Léa"]).verdict
    assert (verdict.tone, verdict.code) == ("wait", "pin_needed")
    page = kiosk.get("/kiosk/laser")
    assert heading(page) == "Tapez votre code."
    assert session(lab) is None
    done = type_in(kiosk, CODE)
    assert heading(done) == "La machine s’allume…"
    assert session(lab).operator_id == lab.people["Léa"].id


def test_digits_are_counted_and_never_shown_and_one_can_be_taken_back(lab, kiosk):
    tap(lab, "laser-reader", BADGES["Léa"])
    page = type_in(kiosk, ["4", "8", "1", "erase", "x", "99"])
    assert dots(page) == 2
    shown = re.sub(r"<(input|button)[^>]*>", "", page.text)
    assert "48" not in re.sub(r"<[^>]+>", " ", shown).split()
    assert "no-store" in page.headers["cache-control"]


def test_after_five_tries_in_vain_the_right_code_is_refused_too_until_the_pause_is_over(lab, kiosk):
    tap(lab, "laser-reader", BADGES["Léa"])
    for _ in range(TRIES):
        assert heading(type_in(kiosk, "111112")) == "Ce n’est pas ce code."
    spent = type_in(kiosk, CODE)
    assert (spent.status_code, heading(spent)) == (429, "Trop d’essais.")
    assert session(lab) is None
    lab.clock.advance(PAUSES[0].total_seconds() + 1)
    tap(lab, "laser-reader", BADGES["Léa"])
    type_in(kiosk, CODE)
    assert session(lab) is not None


def test_one_kiosk_and_all_of_them_have_their_own_tries_whoever_s_badge_it_is(lab, kiosk):
    of_a_kiosk = int(LIMITS[Doing.PIN][0].split("/")[0])
    tap(lab, "laser-reader", BADGES["Léa"])
    for n in range(of_a_kiosk):
        with lab.store.begin() as work:  # as if it were another member each time
            work.save_tries(lab.people["Léa"].id, Proof.PIN, Tries())
        assert type_in(kiosk, "111112").status_code == 403, n
    assert heading(type_in(kiosk, "111112")) == "Trop d’essais."


def test_a_month_of_guessing_finds_less_than_one_account_in_a_thousand():
    now, tries, guesses = NOON, Tries(), 0
    while now < NOON + timedelta(days=30):
        more = one_more(tries, now)
        if more is None:
            now = tries.locked_until
            continue
        tries, guesses = more, guesses + 1
    assert guesses / 10**6 < 0.001


def test_a_machine_without_a_screen_says_where_to_go_and_whoever_has_no_code_how_to_get_one(lab, kiosk):
    verdict = tap(lab, "brodeuse-reader", BADGES["Léa"]).verdict
    assert (verdict.tone, verdict.code) == ("refused", "pin_no_screen")
    with lab.store.begin() as work:
        work.forget_proofs(lab.people["Léa"].id)
    assert tap(lab, "laser-reader", BADGES["Léa"]).verdict.code == "pin_not_set"
    page = kiosk.get("/kiosk/laser")
    assert heading(page) == "Vous n’avez pas encore de code."
    assert "Mon compte" in page.text


def test_whoever_may_not_begin_is_told_why_and_not_asked_for_a_code(lab, kiosk):
    tap(lab, "laser-reader", BADGES["Karim"])
    assert heading(kiosk.get("/kiosk/laser")) == "Il vous manque une formation."


def test_to_give_back_no_code_is_asked(lab, kiosk):
    tap(lab, "laser-reader", BADGES["Léa"])
    type_in(kiosk, CODE)
    lab.clock.advance(60)
    tap(lab, "laser-reader", BADGES["Léa"])
    assert session(lab) is None


def test_on_a_screen_of_several_the_code_comes_after_the_choice_and_is_that_machine_s(lab, kiosk):
    reader = serve_several(lab, "brodeuse", "soudure")
    kiosk.get(f"/kiosk/{reader}?key={SEVERAL}")
    tap(lab, reader, BADGES["Léa"])
    page = kiosk.get(f"/kiosk/{reader}")
    tap_id = kept(page)["tap"]
    kiosk.post(f"/kiosk/{reader}/faire", data={"what": "begin", "machine": "brodeuse", "tap": tap_id})
    page = kiosk.get(f"/kiosk/{reader}")
    assert heading(page) == "Tapez votre code."
    wrong = kiosk.post(f"/kiosk/{reader}/code", data=kept(page) | {"machine": "soudure", "typed": CODE})
    assert wrong.status_code in (200, 303)
    assert session(lab, "soudure") is None
    kiosk.post(f"/kiosk/{reader}/code", data=kept(page) | {"typed": CODE})
    assert session(lab, "brodeuse") is not None


def test_a_code_typed_after_another_tap_begins_for_nobody(lab, kiosk):
    tap(lab, "laser-reader", BADGES["Léa"])
    page = kiosk.get("/kiosk/laser")
    tap(lab, "laser-reader", BADGES["Karim"])
    kiosk.post("/kiosk/laser/code", data=kept(page) | {"typed": CODE})
    assert session(lab) is None


def test_a_lab_that_asks_for_no_code_sees_nothing_of_it(lab, kiosk):
    with lab.store.begin() as work:
        work.put_site_policies(SaidPolicies())
    tap(lab, "laser-reader", BADGES["Léa"])
    page = kiosk.get("/kiosk/laser")
    assert session(lab) is not None
    assert "/code" not in page.text
