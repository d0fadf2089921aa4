"""The pages as they leave the server: plain HTML, in two languages, and nobody named where everybody reads."""

import re
from datetime import timedelta

import pytest

from gateway.ports.errors import StoreUnavailable
from tests.web.lab import RESOURCES

NAMES = {"fr": "Découpe laser", "en": "Laser cutting"}


def test_the_board_shows_every_resource_in_words(busy, web):
    page = web.get("/").text
    for slug, name, _, _ in RESOURCES:
        assert f'id="tile-{slug}"' in page
        assert name in page
    for words in (
        "En marche",
        "Hors service",
        "Pas de nouvelles",
        "Éteinte",
        "Réservée",
        "Dernier signal à\u00a09\u00a0h\u00a012.",
    ):
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
    file = web.get(re.search(r'src="(/static/live\.js\?v=\w+)"', web.get("/").text).group(1)).headers
    assert file["x-content-type-options"] == "nosniff"
    assert file["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/", "/r/laser", "/kiosk/laser", "/equipe", "/design", "/nope"])
def test_no_page_holds_a_script_or_a_style_of_its_own(web, path):
    page = web.get(path).text
    assert not re.search(r"<script(?![^>]* src=)", page)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_our_files_are_kept_by_the_browser_until_they_change(web):
    for file in ("frame-auto", "floor"):
        address = re.search(rf'href="(/static/{file}\.css\?v=\w+)"', web.get("/").text).group(1)
        assert "immutable" in web.get(address).headers["cache-control"]
        assert "immutable" not in web.get(f"/static/{file}.css").headers.get("cache-control", "")


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
