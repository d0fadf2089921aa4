"""The team's page: who may open it, what it shows, and forms that only it can send."""

import re

import pytest

from gateway.domain.refusals import Code, refuse
from tests.web.lab import AUDITOR, KIOSK, MANAGER, troubles

NAMES = {"fr": "Découpe laser", "en": "Laser cutting"}


@pytest.fixture
def staff(web):
    web.headers["Origin"] = "http://testserver"
    assert web.post("/equipe/entrer", data={"token": MANAGER}).status_code == 200
    return web


def form_token(answer):
    return re.search(r'name="form_token" value="([0-9a-f]+)"', answer.text).group(1)


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
    for path, told in {
        "/equipe": ("On ne comprend pas «\u00a0borne-jeu-reader\u00a0»", "Un fin de course a été touché."),
        "/equipe/appareils": (
            "On ne comprend pas cet appareil", "14 messages incompris", "KeyError: &#39;job&#39;", "field type conflict"
        ),
        "/equipe/badges": ("sur «\u00a0Découpe laser\u00a0»",),
    }.items():  # fmt: skip
        page = staff.get(path).text
        for words in told:
            assert words in page
        assert "<script>" not in page
        assert "digest" not in page


def test_an_unknown_badge_is_given_to_somebody_in_one_click(lab, staff):
    lab.refused_tap("laser", None, refuse(Code.BADGE_UNKNOWN), badge="12345")
    page = staff.get("/equipe/badges")
    event = re.search(r'name="event" value="(\d+)"', page.text).group(1)
    lea = lab.people["Léa"]
    lab.clock.advance(5)
    answer = staff.post("/equipe/badges", data={"event": event, "member": lea.id, "form_token": form_token(page)})
    assert "Le badge est donné à Léa." in answer.text
    assert "Aucun badge inconnu" in answer.text
    again = staff.post("/equipe/badges", data={"event": event, "member": lea.id, "form_token": form_token(page)})
    assert "Ce badge est déjà à quelqu’un." in again.text


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_form_of_another_site_changes_nothing(lab, staff, headers):
    token = form_token(staff.get("/equipe"))
    del staff.headers["Origin"]
    answer = staff.post("/equipe/machines/laser/hors-service", data={"form_token": token}, headers=headers)
    assert answer.status_code == 403
    assert "Hors service" not in staff.get("/r/laser").text


def test_a_form_without_its_token_changes_nothing(lab, staff):
    for token in ("", "0" * 40):
        answer = staff.post("/equipe/machines/laser/hors-service", data={"form_token": token})
        assert answer.status_code == 403
    staff.cookies.clear()
    assert staff.post("/equipe/badges", data={"event": 1, "member": "x"}).status_code == 403


def test_signing_out_forgets(staff):
    staff.post("/equipe/sortir", data={"form_token": form_token(staff.get("/equipe"))})
    assert 'name="token"' in staff.get("/equipe").text


def test_the_team_sees_that_nothing_can_be_kept(lab, staff):
    assert "ne répond pas" not in staff.get("/equipe").text

    def full():
        raise OSError("disk full")

    lab.pings |= {"store": full, "workers": full}
    page = staff.get("/equipe").text
    assert "La base de données ne répond pas. Les badges sont refusés jusqu’à son retour." in page
    assert "Une partie du programme ne va pas bien." in page
    assert "disk full" not in page
