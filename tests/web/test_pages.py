"""The pages as they leave the server: plain HTML, in two languages, and nobody named where everybody reads."""

import re
from datetime import timedelta

import pytest
from tests.web.lab import AUDITOR, KIOSK, MANAGER, RESOURCES, troubles

from gateway.domain.events import EventKind
from gateway.domain.refusals import Code, refuse
from gateway.domain.resources import Presence
from gateway.domain.sessions import EndReason, State
from gateway.ports.errors import StoreUnavailable

NAMES = {"fr": "Découpe laser", "en": "Laser cutting"}


@pytest.fixture
def kiosk(web):
    assert web.get(f"/kiosk/laser?key={KIOSK}").status_code == 200
    return web


@pytest.fixture
def staff(web):
    web.headers["Origin"] = "http://testserver"
    assert web.post("/equipe/entrer", data={"token": MANAGER}).status_code == 200
    return web


def heading(answer):
    return re.sub(r"<[^>]+>", "", re.search(r"<h1>(.*?)</h1>", answer.text, re.DOTALL).group(1))


def form_token(answer):
    return re.search(r'name="form_token" value="([0-9a-f]+)"', answer.text).group(1)


# The board and the machines' pages


def test_the_board_shows_every_resource_in_words(busy, web):
    page = web.get("/").text
    for slug, name, _, _ in RESOURCES:
        assert f'id="tile-{slug}"' in page
        assert name in page
    for words in ("En marche", "Hors service", "Pas de nouvelles", "Éteinte", "Réservée", "Dernier signal à\u00a09\u00a0h\u00a012."):
        assert words in page
    assert "4 libres" in page
    assert "sur 13 machines et postes" in page


@pytest.mark.parametrize("path", ["/", "/r/laser", "/r/prusa-1", "/r/soudure"])
def test_nobody_is_named_where_everybody_reads(busy, web, path):
    page = web.get(path).text
    for member in busy.people.values():
        assert member.first_name not in page
        assert member.id not in page
    assert "lampe-de-lea" not in page


def test_a_machine_s_page_tells_what_it_takes_and_when_it_is_taken(busy, web):
    page = web.get("/r/fraiseuse").text
    assert "La formation «\u00a0Usinage\u00a0»" in page
    assert '<p class="slug">fraiseuse</p>' in page
    assert "De 14\u00a0h à 15\u00a0h" in web.get("/r/soudure").text
    assert "Prochain moment libre\u00a0: à\u00a013\u00a0h." in web.get("/r/scanner").text
    drawn = web.get("/r/laser/qr.svg")
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert drawn.text.startswith("<svg")


def test_an_address_that_leads_nowhere_is_told_in_plain_words(web):
    for path in ("/nope", "/r/nope", "/r/nope/qr.svg", "/r/" + "x" * 300):
        answer = web.get(path)
        assert answer.status_code == 404
        assert "Il n’y a rien ici" in answer.text


def test_the_language_is_asked_for_remembered_or_told_by_the_browser(web):
    assert '<html lang="fr">' in web.get("/", headers={"Accept-Language": "de, *;q=0.1"}).text
    assert '<html lang="en">' in web.get("/", headers={"Accept-Language": "en-GB, fr;q=0.5"}).text
    assert '<html lang="fr">' in web.get("/", headers={"Accept-Language": "en;q=0, fr;q=x"}).text
    asked = web.get("/?lang=en")
    assert '<html lang="en">' in asked.text
    assert 'lang="fr">Français</a>' in asked.text
    assert '<html lang="en">' in web.get("/", headers={"Accept-Language": "fr"}).text


def test_every_answer_has_strict_headers(web):
    for path in ("/", "/nope", "/api/v1/resources", "/static/live.js"):
        headers = web.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/", "/r/laser", "/kiosk/laser", "/equipe", "/nope"])
def test_no_page_holds_a_script_or_a_style_of_its_own(web, path):
    page = web.get(path).text
    assert not re.search(r"<script(?![^>]* src=)", page)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_our_files_are_kept_by_the_browser_until_they_change(web):
    address = re.search(r'href="(/static/style\.css\?v=\w+)"', web.get("/").text).group(1)
    assert "immutable" in web.get(address).headers["cache-control"]
    assert "immutable" not in web.get("/static/style.css").headers.get("cache-control", "")


def test_what_the_lab_wrote_cannot_become_markup(lab, web):
    with lab.store.begin() as work:
        from dataclasses import replace

        bad = {"fr": "<script>alert(1)</script>", "en": '"><img src=x>'}
        work.put_resource(replace(lab.resources["laser"], names=bad, out_of_service=True, out_reason="<b>x</b>"))
    for path in ("/", "/r/laser", "/?lang=en"):
        page = web.get(path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<b>x" not in page


# The kiosk


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
    assert "Demandez cette formation à l’accueil." in page.text
    assert "Karim" not in page.text
    shown, hidden = page.text.split("<details>")
    assert "La machine est occupée." in hidden
    assert "La machine est occupée." not in shown


@pytest.mark.parametrize("code", [Code.MEMBERSHIP_LAPSED, Code.MEMBER_INACTIVE, Code.BADGE_REVOKED])
def test_of_an_account_the_kiosk_says_only_where_to_go(lab, kiosk, code):
    lab.refused_tap("laser", "Karim", refuse(code, since=lab.clock.now()), refuse(Code.TRAINING_MISSING, training="x", names=NAMES))
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
    left = re.search(r'href="(/kiosk/laser\?seen=\d+)"', page.text).group(1)
    assert heading(kiosk.get(left)) == "Passez votre badge"
    lab.clock.advance(59)
    assert heading(kiosk.get("/kiosk/laser")) == "On ne connaît pas ce badge."
    lab.clock.advance(2)
    assert heading(kiosk.get("/kiosk/laser")) == "Passez votre badge"


def test_a_machine_that_cannot_start_says_so_before_anybody_taps(lab, kiosk):
    lab.device("laser-interlock", presence=Presence.OFFLINE, presence_reason="no_news", power_on=None)
    page = kiosk.get("/kiosk/laser")
    assert heading(page) == "Pas de nouvelles"
    assert "Prenez une autre machine." in page.text


# The team's page


@pytest.mark.parametrize("token", ["", "wrong", KIOSK, AUDITOR])
def test_only_a_manager_s_token_opens_the_team_s_page(web, token):
    answer = web.post("/equipe/entrer", data={"token": token}, headers={"Origin": "http://testserver"})
    assert answer.status_code == 403
    assert "Ce jeton n’ouvre pas cette page." in answer.text
    assert "set-cookie" not in answer.headers
    assert "Appareils" not in web.get("/equipe").text


def test_the_cookie_cannot_be_read_by_a_script_nor_sent_from_elsewhere(web):
    answer = web.post(
        "/equipe/entrer", data={"token": MANAGER}, headers={"Origin": "http://testserver"}, follow_redirects=False
    )
    assert answer.status_code == 303
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=strict" in answer.headers["set-cookie"]


def test_the_team_sees_what_needs_it(lab, staff):
    troubles(lab)
    page = staff.get("/equipe").text
    for words in (
        "Cet appareil dit n’importe quoi", "14 messages incompris", "Un fin de course a été touché.",
        "KeyError: &#39;job&#39;", "field type conflict", "sur «\u00a0Découpe laser\u00a0»", "6 choses demandent",
    ):  # fmt: skip
        assert words in page
    assert "<script>" not in page
    assert "digest" not in page


def test_an_unknown_badge_is_given_to_somebody_in_one_click(lab, staff):
    lab.refused_tap("laser", None, refuse(Code.BADGE_UNKNOWN), badge="12345")
    page = staff.get("/equipe")
    event = re.search(r'name="event" value="(\d+)"', page.text).group(1)
    lea = lab.people["Léa"]
    lab.clock.advance(5)
    answer = staff.post("/equipe/badges", data={"event": event, "member": lea.id, "form_token": form_token(page)})
    assert "Le badge est donné à Léa." in answer.text
    assert "Aucun badge inconnu" in answer.text
    again = staff.post("/equipe/badges", data={"event": event, "member": lea.id, "form_token": form_token(page)})
    assert "Ce badge est déjà à quelqu’un." in again.text


def test_a_machine_is_taken_out_and_put_back_from_the_page(lab, staff):
    token = form_token(staff.get("/equipe"))
    lab.session("brodeuse")
    out = staff.post("/equipe/ressources/laser/hors-service", data={"form_token": token, "reason": " Lentille\n sale "})
    assert "C’est fait." in out.text
    assert "Lentille sale." in staff.get("/r/laser").text
    staff.post("/equipe/ressources/laser/en-service", data={"form_token": token})
    assert "Lentille" not in staff.get("/r/laser").text
    assert "C’est fait." in staff.post("/equipe/ressources/brodeuse/terminer", data={"form_token": token}).text
    assert "n’est plus là" in staff.post("/equipe/ressources/brodeuse/terminer", data={"form_token": token}).text


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_form_of_another_site_changes_nothing(lab, staff, headers):
    token = form_token(staff.get("/equipe"))
    del staff.headers["Origin"]
    answer = staff.post("/equipe/ressources/laser/hors-service", data={"form_token": token}, headers=headers)
    assert answer.status_code == 403
    assert "Hors service" not in staff.get("/r/laser").text


def test_a_form_without_its_token_changes_nothing(lab, staff):
    for token in ("", "0" * 40):
        answer = staff.post("/equipe/ressources/laser/hors-service", data={"form_token": token})
        assert answer.status_code == 403
    staff.cookies.clear()
    assert staff.post("/equipe/badges", data={"event": 1, "member": "x"}).status_code == 403


def test_signing_out_forgets(staff):
    staff.post("/equipe/sortir", data={"form_token": form_token(staff.get("/equipe"))})
    assert 'name="token"' in staff.get("/equipe").text


def test_pages_say_so_when_the_store_is_away_even_before_the_first_reading(lab, web, monkeypatch):
    def away():
        raise StoreUnavailable("disk full")

    monkeypatch.setattr(lab.store, "views", away)
    for path in ("/", "/r/laser", "/kiosk/laser", "/equipe"):
        answer = web.get(path, headers={"Accept-Language": "en"})
        if path in ("/", "/r/laser"):
            assert answer.status_code == 503
            assert "The system does not answer" in answer.text
    assert lab.clock.now() + timedelta(0)
