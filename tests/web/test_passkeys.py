"""Passkeys with a real Chromium and its virtual key: added, used, removed, and worth nothing to anybody else."""

import json
import re
import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from dashboard.accounts import keys
from gateway.domain.people import Role
from tests.web.browser import FLAGS
from tests.web.server import served

CHROMIUM = shutil.which("chromium")
expect.set_options(timeout=20_000)


@pytest.fixture
def page(lab):
    """A page in French, in a browser with a key that its owner unlocks at once."""
    lab.doors["door"] = lab.people["Karim"].id
    with served(lab.app()) as address, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(locale="fr-FR", base_url=address.replace("127.0.0.1", "localhost"))
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True, "automaticPresenceSimulation": True,
        }  # fmt: skip
        session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        yield page
        browser.close()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH")
def test_a_manager_adds_one_and_signs_in_by_it_alone_until_it_is_removed(lab, page):
    with lab.store.begin() as work:
        work.set_role(lab.people["Karim"].id, Role.MANAGER)
    page.goto("/compte/demo/door")
    page.goto("/compte/cles")
    page.get_by_role("button", name="Ajouter une clé").click()
    expect(page.get_by_text("La clé est ajoutée.")).to_be_visible()
    page.context.clear_cookies()
    page.goto("/compte/entrer?vers=/equipe")
    page.get_by_role("button", name="Utiliser ma clé").click()
    expect(page).to_have_url(re.compile("/equipe$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("L’atelier en ce moment")
    page.goto("/compte/cles")
    page.get_by_role("button", name="Retirer").click()
    expect(page.get_by_text("Cette clé n’ouvre plus rien ici.")).to_be_visible()
    page.context.clear_cookies()
    page.goto("/compte/entrer")
    page.get_by_role("button", name="Utiliser ma clé").click()
    expect(page.get_by_text("Cette clé n’est pas connue ici")).to_be_visible()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH")
def test_an_answer_counts_once_and_only_to_its_own_question(lab, page, web):
    page.goto("/compte/demo/door")
    page.goto("/compte/cles")
    page.get_by_role("button", name="Ajouter une clé").click()
    expect(page.get_by_text("La clé est ajoutée.")).to_be_visible()
    page.context.clear_cookies()
    page.goto("/compte/entrer")
    sent = []
    page.on("request", lambda request: sent.append(request.post_data) if request.url.endswith("/cle") else None)
    page.get_by_role("button", name="Utiliser ma clé").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Bonjour Karim")
    page.context.clear_cookies()
    again = page.request.post(
        "/compte/entrer/cle", data=sent[0], max_redirects=0,
        headers={"Origin": page.url.rpartition("/moi")[0], "Content-Type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    assert again.status == 303
    assert "cle=1" in again.headers["location"]


@pytest.mark.parametrize("answer", ["", "{}", "[]", '"x"', "nonsense", json.dumps({"id": "x", "response": {}})])
def test_nonsense_is_no_answer(lab, web, answer):
    web.headers["Origin"] = "http://testserver"
    done = web.post("/compte/entrer/cle", data={"answer": answer}, follow_redirects=False)
    assert "cle=1" in done.headers["location"]
    assert keys.question_in(answer) is None


def test_where_browsers_keep_no_keys_none_is_offered(lab, web):
    assert "data-question" not in web.get("/compte/entrer").text, "plain HTTP and a name"
    assert "data-question" in web.get("https://testserver/compte/entrer").text
    assert "data-question" not in web.get("https://192.0.2.7/compte/entrer").text
    web.headers["Origin"] = "http://testserver"
    assert web.post("/compte/entrer/cle/question").status_code == 404
