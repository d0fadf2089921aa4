"""The look of the pages: by day and by night as asked, checked against hashes, and plain where nothing is installed."""

import re
from base64 import b64encode
from hashlib import sha384

import pytest

from dashboard import assets, icons, rendering


def test_a_page_is_light_or_dark_as_asked_and_remembers(web):
    auto = web.get("/").text
    assert "/static/frame-auto.css" in auto
    assert 'content="light dark"' in auto
    assert "/static/frame-light.css" in web.get("/?look=light").text
    assert web.cookies["etabli_look"] == "light"
    assert "/static/frame-light.css" in web.get("/r/laser").text
    assert "/static/frame-dark.css" in web.get("/nope?look=dark").text
    web.get("/?look=auto")
    assert web.get("/").text == auto
    assert web.get("/?look=<script>").text.count("<script>") == 0


def test_the_colours_of_the_night_hold_when_asked_for(web):
    night = re.compile(r"@media (\S+|\([^)]*\))\{:root\{color-scheme:\s?dark")
    found = {look: night.findall(web.get(f"/static/frame-{look}.css").text) for look in ("auto", "light", "dark")}
    assert found == {"auto": ["(prefers-color-scheme: dark)"], "light": [], "dark": ["all"]}
    assert web.get("/static/frame-pink.css").status_code == 404


def test_the_browser_checks_each_style_and_script_against_its_hash(web):
    page = web.get("/").text
    tags = re.findall(r'<(?:link rel="stylesheet"|script type="module")[^>]*>', page)
    assert len(tags) >= 4
    for tag in tags:
        address = re.search(r'(?:href|src)="([^"]+)"', tag)[1]
        told = re.search(r'integrity="sha384-([^"]+)"', tag)[1]
        assert b64encode(sha384(web.get(address).content).digest()).decode() == told


@pytest.fixture
def nothing_installed(monkeypatch, tmp_path):
    caches = (icons.installed, assets.installed, rendering.environment)
    monkeypatch.setattr(icons, "INSTALLED", tmp_path / "icons.json")
    monkeypatch.setattr(assets, "installed", lambda name: False)
    for cached in (icons.installed, rendering.environment):
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


def test_pages_work_plainly_where_nothing_could_be_installed(nothing_installed, busy, web):
    for path in ("/", "/design", "/r/laser"):
        page = web.get(path)
        assert page.status_code == 200
        assert "vendor/" not in page.text
        assert "<svg" in page.text
    drawn = re.findall(r"<svg class=\"icon[^>]*>(.*?)</svg>", web.get("/design").text, re.DOTALL)
    assert len(drawn) > 50
    assert all(drawing.strip() for drawing in drawn)
