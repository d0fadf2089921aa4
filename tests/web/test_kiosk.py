"""The screen at a machine: one sentence, one reason, one next step, and nobody's account."""

import re

import pytest

from gateway.domain.events import EventKind
from gateway.domain.refusals import Code, refuse, to_plain
from gateway.domain.resources import Presence
from gateway.domain.sessions import EndReason, State
from tests.web.lab import KIOSK, MANAGER

NAMES = {"fr": "Découpe laser", "en": "Laser cutting"}


@pytest.fixture
def kiosk(web):
    web.headers["sec-fetch-site"] = "same-origin"
    assert web.get(f"/kiosk/laser?key={KIOSK}").status_code == 200
    return web


def heading(answer):
    return re.sub(r"<[^>]+>", "", re.search(r"<h1>(.*?)</h1>", answer.text, re.DOTALL).group(1))


def test_a_kiosk_is_paired_by_its_key_once(web):
    for key in ("", "wrong", MANAGER, "x" * 600):
        answer = web.get("/kiosk/laser", params={"key": key} if key else None)
        assert answer.status_code in (403, 422)
    assert "Cette borne n’est pas reliée" in web.get("/kiosk/laser").text
    paired = web.get(f"/kiosk/laser?key={KIOSK}", follow_redirects=False)
    assert (paired.status_code, paired.headers["location"]) == (303, "/kiosk/laser")
    cookie = paired.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/kiosk/laser" in cookie
    assert web.get("/kiosk/laser").status_code == 200
    assert web.get(f"/kiosk/brodeuse?key={KIOSK}").status_code == 403
    assert web.get("/kiosk/..%2fetc").status_code in (403, 404)


def test_a_kiosk_tells_nothing_to_whoever_has_no_key(lab, web):
    lab.event(EventKind.TAP_GRANTED, "laser", "Inès")
    lab.session("laser", "Inès")
    assert "Inès" not in web.get("/kiosk/laser").text
    assert web.get("/kiosk/laser/live").status_code == 403


def test_the_machine_is_on_only_once_its_relay_says_so(lab, kiosk):
    assert heading(kiosk.get("/kiosk/laser")) == "Passez votre badge"
    session = lab.session("laser", "Inès", state=State.OPENING, minutes=0)
    lab.event(EventKind.TAP_GRANTED, "laser", "Inès", until=None)
    waiting = kiosk.get("/kiosk/laser")
    assert heading(waiting) == "La machine s’allume…"
    assert "Bonjour Inès." in waiting.text
    from dataclasses import replace

    with lab.store.begin() as work:
        work.save_session(replace(session, state=State.ACTIVE, energised_at=lab.clock.now()))
    lab.device("laser-interlock", power_on=True)
    on = kiosk.get("/kiosk/laser")
    assert heading(on) == "La machine est allumée."
    assert "C’est bon, Inès." in on.text
    with lab.store.begin() as work:
        closed = replace(session, state=State.CLOSED, closed_at=lab.clock.now(), end_reason=EndReason.RELAY_UNCONFIRMED)
        work.save_session(closed)
    assert heading(kiosk.get("/kiosk/laser")) == "La machine ne s’est pas allumée."


def test_a_refusal_shows_one_reason_and_the_way_forward(lab, kiosk):
    refusals = refuse(Code.TRAINING_MISSING, training="decoupe-laser", names=NAMES), refuse(Code.IN_USE, until=None)
    lab.refused_tap("laser", "Karim", *refusals)
    page = kiosk.get("/kiosk/laser")
    assert heading(page) == "Il vous manque une formation."
    assert "Il faut la formation «\u00a0Découpe laser\u00a0»." in page.text
    assert "Pas encore de date. Demandez à l’accueil." in page.text
    assert "Karim" not in page.text
    shown, hidden = page.text.split("<details>")
    assert "La machine est occupée." in hidden
    assert "La machine est occupée." not in shown


@pytest.mark.parametrize("code", [Code.MEMBERSHIP_LAPSED, Code.MEMBER_INACTIVE, Code.BADGE_REVOKED])
def test_of_an_account_the_kiosk_says_only_where_to_go(lab, kiosk, code):
    lab.refused_tap(
        "laser", "Karim", refuse(code, since=lab.clock.now()), refuse(Code.TRAINING_MISSING, training="x", names=NAMES)
    )
    page = kiosk.get("/kiosk/laser").text
    assert "Passez à l’accueil, s’il vous plaît." in page
    assert "adhésion" not in page
    assert "suspendu" not in page
    assert "formation" not in page
    assert "<details>" not in page


@pytest.mark.parametrize(
    ("note", "title"),
    [
        ("again", "Votre badge est bien lu."),
        ("session_closed", "La machine est rendue."),
        ("person_gone", "La machine continue sans vous."),
        ("person_back", "Vous revoilà."),
        ("of a later version", "Passez votre badge"),
    ],
)
def test_the_holder_s_own_taps_are_answered(lab, kiosk, note, title):
    lab.event(EventKind.TAP_NOTED, "laser", "Inès", note=note)
    page = kiosk.get("/kiosk/laser")
    assert heading(page) == title
    assert "Inès" not in page.text


def test_the_kiosk_goes_back_to_the_start_after_a_minute_or_when_left(lab, kiosk):
    lab.refused_tap("laser", None, refuse(Code.BADGE_UNKNOWN))
    page = kiosk.get("/kiosk/laser")
    assert heading(page) == "On ne connaît pas ce badge."
    lab.clock.advance(59)
    assert heading(kiosk.get("/kiosk/laser")) == "On ne connaît pas ce badge."
    lab.clock.advance(2)
    assert heading(kiosk.get("/kiosk/laser")) == "Passez votre badge"
    lab.refused_tap("laser", None, refuse(Code.BADGE_UNKNOWN))
    newest = re.search(r'name="tap" value="(\d+)"', kiosk.get("/kiosk/laser").text)[1]
    assert heading(kiosk.post("/kiosk/laser/quitter", data={"tap": newest})) == "Passez votre badge"
    assert heading(kiosk.get("/kiosk/laser")) == "Passez votre badge"


def test_a_machine_that_cannot_start_says_so_before_anybody_taps(lab, kiosk):
    lab.device("laser-interlock", presence=Presence.OFFLINE, presence_reason="no_news", power_on=None)
    page = kiosk.get("/kiosk/laser")
    assert heading(page) == "Pas de nouvelles"
    assert "Prenez une autre machine." in page.text


def test_whoever_may_go_on_with_a_lapsed_membership_is_only_asked_to_come_by(lab, kiosk):
    warning = to_plain(refuse(Code.MEMBERSHIP_IN_GRACE, since=lab.clock.now(), until=lab.clock.now()))
    lab.session("laser", "Inès")
    lab.event(EventKind.TAP_GRANTED, "laser", "Inès", until=None, warnings=[warning])
    shown = kiosk.get("/kiosk/laser").text
    assert "On a besoin de vous voir. Passez à l’accueil, s’il vous plaît." in shown
    assert "adhésion" not in shown
