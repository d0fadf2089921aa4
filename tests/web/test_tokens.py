"""Tokens of the API on their page: made, shown once, listed, taken back; and only by whoever administers the place."""

import re

import pytest

from tests.web.lab import MANAGER, TOKENS


@pytest.fixture
def administrator(web):
    web.headers["Origin"] = "http://testserver"
    web.post("/equipe/entrer", data={"token": TOKENS["administrator"]})
    return web


def form_token(page):
    return re.search(r'name="form_token" value="([0-9a-f]+)"', page.text).group(1)


def make(web, **wish):
    token = form_token(web.get("/equipe/jetons"))
    return web.post("/equipe/jetons", data={"form_token": token, "label": "Rapport", "scope": "auditor"} | wish)


def test_a_token_is_shown_once_does_what_it_says_until_it_ends(lab, administrator):
    made = make(administrator, days=30)
    secret = re.search(r"<code>(etb_[^<]+)</code>", made.text).group(1)
    assert secret not in administrator.get("/equipe/jetons").text
    assert "Rapport" in administrator.get("/equipe/jetons").text
    reads = {"Authorization": f"Bearer {secret}"}
    assert administrator.get("/api/v1/members", headers=reads).status_code == 200
    assert administrator.get("/api/v1/webhooks", headers=reads).status_code == 403
    lab.clock.advance(30 * 86400)
    assert administrator.get("/api/v1/members", headers=reads).status_code == 401
    assert "Rapport" not in administrator.get("/equipe/jetons").text


def test_one_that_is_taken_back_is_worth_nothing(administrator):
    secret = re.search(r"<code>(etb_[^<]+)</code>", make(administrator).text).group(1)
    page = administrator.get("/equipe/jetons")
    address = re.search(r'action="(/equipe/jetons/[^"]+/retirer)"', page.text).group(1)
    gone = administrator.post(address, data={"form_token": form_token(page)})
    assert "Ce jeton ne vaut plus rien." in gone.text
    assert administrator.get("/api/v1/members", headers={"Authorization": f"Bearer {secret}"}).status_code == 401
    nothing = administrator.post("/equipe/jetons/nothing/retirer", data={"form_token": form_token(page)})
    assert "Rien n’est changé." in nothing.text


def test_a_kiosk_s_comes_as_the_address_to_open_on_its_screen(administrator):
    refused = make(administrator, scope="kiosk")
    assert refused.status_code == 422
    assert "Une borne est celle d’une machine." in refused.text
    address = re.search(
        r"<code>https://lab.example(/kiosk/laser[^<]+)</code>",
        make(administrator, scope="kiosk", resource="laser").text,
    )
    assert "Passez votre badge" in administrator.get(address.group(1)).text


@pytest.mark.parametrize("wish", [{"label": " "}, {"scope": "king"}, {"scope": "member"}, {"days": 99999}])
def test_what_makes_no_sense_makes_no_token(lab, administrator, wish):
    before = len(lab.store.views().tokens(lab.clock.now()))
    assert make(administrator, **wish).status_code == 422
    assert len(lab.store.views().tokens(lab.clock.now())) == before


def test_a_manager_sees_none(web):
    web.headers["Origin"] = "http://testserver"
    web.post("/equipe/entrer", data={"token": MANAGER})
    page = web.get("/equipe/cartes")
    assert "/equipe/jetons" not in page.text
    assert "Seule une personne qui administre" in web.get("/equipe/jetons").text
    made = web.post("/equipe/jetons", data={"form_token": form_token(page), "label": "x", "scope": "administrator"})
    assert made.status_code == 403
