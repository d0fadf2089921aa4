"""Signing in and out by browser: what lets somebody in, what does not, and what another site can do about it: nothing."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from fastapi import Depends, FastAPI

from dashboard.accounts.viewer import MaybeViewer, Posted, SignedIn, needs_role
from dashboard.app import create_app
from dashboard.dependencies import digest_of
from gateway.domain.accounts import SignedInBy
from gateway.domain.layers import SaidPolicies
from gateway.domain.people import Role
from gateway.ports.errors import StoreUnavailable
from gateway.service import accounts
from tests.web.conftest import TestClient
from tests.web.lab import MANAGER, PASSWORDS

PASSWORD = "cheval agrafe pile orange"
HERE = {"Origin": "http://testserver"}


@pytest.fixture
def web(web):
    web.headers.update(HERE)
    return web


@pytest.fixture
def enter(lab, web):
    """Be somebody in this browser."""

    def enter(who, role=None):
        if role is not None:
            with lab.store.begin() as work:
                work.set_role(lab.people[who].id, role)
        lab.doors["door"] = lab.people[who].id
        return web.get("/compte/demo/door")

    return enter


def form_token(page):
    return re.search(r'name="form_token" value="([0-9a-f]+)"', page.text).group(1)


def link_in(lab):
    return re.search(r"https://lab\.example(/compte/lien/\S+)", lab.letters[-1].text).group(1)


def set_password(lab, who, password=PASSWORD):
    with lab.store.begin() as work:
        work.set_password(lab.people[who].id, PASSWORDS.hash(password), lab.clock.now())


class TestByLink:
    def ask(self, web, address="marchand@example.org", toward=""):
        return web.post("/compte/entrer", data={"address": address, "toward": toward})

    def test_the_letter_s_link_lands_on_a_button_and_the_button_signs_in(self, lab, web):
        assert "un lien est en route" in self.ask(web, " Marchand@Example.org ").text
        (letter,) = lab.letters
        assert letter.to == "marchand@example.org"
        for _ in range(2):
            page = web.get(link_in(lab))  # a mail scanner's visits do not use it up
            assert "Entrer comme Léa" in page.text
        answer = web.post(link_in(lab), data={"member": lab.people["Léa"].id})
        assert "Bonjour Léa" in answer.text
        assert "Léa, mon compte" in web.get("/").text

    def test_it_works_once_and_for_ten_minutes(self, lab, web):
        lea = {"member": lab.people["Léa"].id}
        self.ask(web)
        assert web.post(link_in(lab), data=lea).status_code == 200
        again = web.post(link_in(lab), data=lea)
        assert again.status_code == 410
        assert "Ce lien n’est plus valable" in again.text
        self.ask(web)
        lab.clock.advance(600)
        assert web.get(link_in(lab)).status_code == 410
        assert web.post(link_in(lab), data=lea).status_code == 410

    def test_an_unknown_address_reads_the_same_and_gets_nothing(self, lab, web):
        known, unknown = self.ask(web), self.ask(web, "nobody@example.org")
        assert known.text.replace("marchand@", "nobody@") == unknown.text
        assert len(lab.letters) == 1

    def test_it_lets_in_nobody_but_those_at_its_address(self, lab, web):
        self.ask(web)
        assert web.post(link_in(lab), data={"member": lab.people["Karim"].id}).status_code == 410
        assert web.get("/compte", follow_redirects=False).status_code == 303

    def test_a_family_with_one_address_chooses_who_enters(self, lab, web):
        with lab.store.begin() as work:
            work.put_member(replace(lab.people["Inès"], email="marchand@example.org"))
        self.ask(web)
        page = web.get(link_in(lab)).text
        assert "Entrer comme Léa" in page
        assert "Entrer comme Inès" in page
        assert "Bonjour Inès" in web.post(link_in(lab), data={"member": lab.people["Inès"].id}).text

    @pytest.mark.parametrize(
        "toward", ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", "/\r\nX: y"]
    )
    def test_it_leads_to_no_other_site(self, lab, web, toward):
        self.ask(web, toward=toward)
        answer = web.post(link_in(lab), data={"member": lab.people["Léa"].id}, follow_redirects=False)
        assert answer.headers["location"] == "/moi"

    def test_it_leads_back_to_where_one_was_stopped(self, lab, web):
        stopped = web.get("/compte/appareils", follow_redirects=False)
        assert stopped.headers["location"] == "/compte/entrer?vers=%2Fcompte%2Fappareils"
        page = web.get(stopped.headers["location"])
        toward = re.search(r'name="toward" value="([^"]*)"', page.text).group(1)
        self.ask(web, toward=toward)
        assert "Mes appareils" in web.post(link_in(lab), data={"member": lab.people["Léa"].id}).text

    def test_where_the_lab_sends_no_letters_none_is_offered(self, lab):
        with TestClient(create_app(replace(lab.services(), mail=None)), headers=HERE) as web:
            assert "Recevoir un lien" not in web.get("/compte/entrer").text
            assert self.ask(web).status_code == 404


class TestByPassword:
    def enter(self, web, address="marchand@example.org", password=PASSWORD):
        return web.post("/compte/entrer/mot-de-passe", data={"address": address, "password": password})

    def test_the_right_one_lets_in(self, lab, web):
        set_password(lab, "Léa")
        assert "Bonjour Léa" in self.enter(web).text

    def test_a_wrong_one_and_an_unknown_address_are_one_answer(self, lab, web):
        set_password(lab, "Léa")
        answers = [
            self.enter(web, password="cheval agrafe pile citron"), self.enter(web, "benali@example.org"),
            self.enter(web, "nobody@example.org"),
        ]  # fmt: skip
        assert {answer.status_code for answer in answers} == {403}
        assert len({re.sub(r'value="\w+@', "", answer.text) for answer in answers}) == 1
        assert "L’adresse ou le mot de passe ne va pas." in answers[0].text

    def test_a_suspended_member_stays_out(self, lab, web):
        set_password(lab, "Léa")
        self.enter(web)
        with lab.store.begin() as work:
            work.put_member(replace(lab.people["Léa"], active=False))
        assert "Se connecter" in web.get("/").text, "also where they were signed in"
        assert self.enter(web).status_code == 403

    @pytest.mark.parametrize(
        ("password", "says"),
        [
            ("court", "Il est trop court."), ("x" * 129, "Il est trop long."), ("password123", "trop facile à deviner"),
            ("1234567890", "trop facile à deviner"), ("MarchandLéa1", "trop facile à deviner"),
        ],
    )  # fmt: skip
    def test_what_everybody_chooses_is_not_taken(self, enter, web, password, says):
        token = form_token(enter("Léa"))
        answer = web.post("/compte/mot-de-passe", data={"form_token": token, "new": password})
        assert answer.status_code == 422
        assert says in answer.text

    def test_changing_it_asks_for_the_old_one_and_signs_out_every_other_browser(self, lab, enter, web):
        set_password(lab, "Léa")
        self.enter(web)
        elsewhere = dict(web.cookies)
        web.cookies.clear()
        token = form_token(enter("Léa"))
        wish = {"form_token": token, "new": "treize girafes en tricot", "old": "nothing like it"}
        assert "ne va pas" in web.post("/compte/mot-de-passe", data=wish).text
        assert "enregistré" in web.post("/compte/mot-de-passe", data=wish | {"old": PASSWORD}).text
        assert "Bonjour" in web.get("/compte").text
        web.cookies.clear()
        web.cookies.update(elsewhere)
        assert "Se connecter" in web.get("/compte").text
        assert self.enter(web, password="treize girafes en tricot").status_code == 200

    def test_a_forgotten_one_is_replaced_after_a_link(self, lab, web):
        set_password(lab, "Léa")
        web.post("/compte/entrer", data={"address": "marchand@example.org"})
        token = form_token(web.post(link_in(lab), data={"member": lab.people["Léa"].id}))
        assert 'name="old"' not in web.get("/compte/mot-de-passe").text
        lab.clock.advance(1801)
        assert 'name="old"' in web.get("/compte/mot-de-passe").text
        answer = web.post("/compte/mot-de-passe", data={"form_token": token, "new": "treize girafes en tricot"})
        assert answer.status_code == 403


class TestBrowser:
    def test_its_cookie_is_no_script_s_and_the_store_knows_only_its_digest(self, lab, enter, web):
        lab.doors["door"] = lab.people["Léa"].id
        answer = web.get("/compte/demo/door", follow_redirects=False)
        told = answer.headers["set-cookie"]
        assert told.startswith("etabli=")
        for part in ("HttpOnly", "SameSite=lax", "Path=/"):
            assert part in told
        secret = web.cookies["etabli"]
        (session,) = lab.store.views().browser_sessions(lab.people["Léa"].id, lab.clock.now())
        assert session.digest == digest_of(secret) != secret
        assert len(secret) >= 43

    def test_on_https_it_is_pinned_to_the_host(self, lab, web):
        lab.doors["door"] = lab.people["Léa"].id
        told = web.get("https://testserver/compte/demo/door", follow_redirects=False).headers["set-cookie"]
        assert told.startswith("__Host-etabli=")
        assert "Secure" in told
        assert "Domain" not in told

    def test_signing_in_again_makes_a_new_one_and_ends_the_old(self, enter, web):
        enter("Léa")
        old = web.cookies["etabli"]
        enter("Karim")
        assert web.cookies["etabli"] != old
        web.cookies.clear()
        web.cookies["etabli"] = old
        assert web.get("/compte", follow_redirects=False).status_code == 303

    def test_each_is_listed_by_what_it_is_and_can_be_ended(self, lab, enter, web):
        web.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0"
        enter("Léa")
        phone = dict(web.cookies)
        web.cookies.clear()
        web.headers["User-Agent"] = (
            "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"
        )
        enter("Léa")
        page = web.get("/compte/appareils")
        assert "Firefox, Linux" in page.text
        assert "Chrome, Android" in page.text
        other = re.search(r'name="session" value="([^"]+)"', page.text).group(1)
        ended = web.post("/compte/appareils/terminer", data={"form_token": form_token(page), "session": other})
        assert "Cet appareil est déconnecté." in ended.text
        web.cookies.clear()
        web.cookies.update(phone)
        assert web.get("/compte", follow_redirects=False).status_code == 303

    def test_nobody_ends_another_s(self, lab, enter, web):
        enter("Karim")
        (karim,) = lab.store.views().browser_sessions(lab.people["Karim"].id, lab.clock.now())
        web.cookies.clear()
        token = form_token(enter("Léa"))
        said = web.post("/compte/appareils/terminer", data={"form_token": token, "session": karim.id})
        assert "déjà déconnecté" in said.text
        assert lab.store.views().browser_sessions(lab.people["Karim"].id, lab.clock.now()) == (karim,)

    def test_all_others_at_once(self, lab, enter, web):
        for _ in range(3):
            web.cookies.clear()
            page = enter("Léa")
        web.post("/compte/appareils/autres", data={"form_token": form_token(page)})
        assert len(lab.store.views().browser_sessions(lab.people["Léa"].id, lab.clock.now())) == 1
        assert "Bonjour Léa" in web.get("/compte").text

    def test_it_stays_signed_in_while_it_is_used_and_a_manager_s_for_less_long(self, lab, enter, web):
        enter("Léa")
        for _ in range(4):
            lab.clock.advance(20 * 86400)
            assert "Bonjour Léa" in web.get("/compte").text
        lab.clock.advance(31 * 86400)
        assert web.get("/compte", follow_redirects=False).status_code == 303
        enter("Karim", Role.MANAGER)
        lab.clock.advance(11 * 3600)
        assert web.get("/compte").status_code == 200
        lab.clock.advance(13 * 3600)
        assert web.get("/compte", follow_redirects=False).status_code == 303

    def test_one_that_was_ended_while_its_page_was_made_stays_ended(self, lab, enter, web):
        enter("Léa")
        (session,) = lab.store.views().browser_sessions(lab.people["Léa"].id, lab.clock.now())
        with lab.store.begin() as work:
            accounts.sign_out(work, member_id=session.member_id, session_id=session.id, now=lab.clock.now())
            accounts.seen(work, session, Role.MEMBER, lab.clock.now() + timedelta(hours=1))
        assert lab.store.views().browser_sessions(session.member_id, lab.clock.now()) == ()

    def test_signing_out_forgets(self, enter, web):
        token = form_token(enter("Léa"))
        assert web.post("/compte/sortir", data={"form_token": token}).status_code == 200
        assert "etabli" not in web.cookies
        assert "Se connecter" in web.get("/").text

    def test_who_is_named_is_kept_by_no_cache(self, enter, web):
        enter("Léa")
        page = web.get("/")
        assert "Léa" in page.text
        assert page.headers["cache-control"] == "no-store"

    def test_pages_go_on_while_the_use_of_a_browser_cannot_be_noted(self, lab, enter, web, monkeypatch):
        enter("Léa")
        lab.clock.advance(3600)

        def locked(**_kw):
            raise StoreUnavailable("locked")

        monkeypatch.setattr(lab.store, "begin", locked)
        assert "Bonjour Léa" in web.get("/compte").text


class TestOtherSites:
    FORMS = (
        "/compte/entrer", "/compte/entrer/mot-de-passe", "/compte/lien/x", "/compte/sortir", "/compte/mot-de-passe",
        "/compte/appareils/terminer", "/compte/appareils/autres", "/equipe/entrer", "/equipe/sortir",
    )  # fmt: skip

    @pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""}])
    @pytest.mark.parametrize("path", FORMS)
    def test_send_no_form_of_ours(self, enter, web, path, headers):
        token = form_token(enter("Léa"))
        answer = web.post(path, data={"form_token": token}, headers=headers)
        assert answer.status_code == 403
        assert "Rien n’est enregistré." in answer.text
        assert "Bonjour Léa" in web.get("/compte").text

    @pytest.mark.parametrize("path", [path for path in FORMS if path.startswith("/compte/") and "entrer" not in path])
    def test_nor_one_without_this_browser_s_token(self, lab, enter, web, path):
        enter("Karim")
        other = form_token(web.get("/compte"))
        web.cookies.clear()
        enter("Léa")
        for token in ("", "0" * 40, other):
            if "lien" not in path:
                assert web.post(path, data={"form_token": token}).status_code == 403
        assert "Bonjour Léa" in web.get("/compte").text

    def test_a_form_sent_after_signing_out_says_that_nothing_is_saved_and_leads_back(self, enter, web):
        token = form_token(enter("Léa"))
        web.cookies.clear()
        answer = web.post(
            "/compte/appareils/autres", data={"form_token": token},
            headers={"Referer": "http://testserver/compte/appareils"},
        )  # fmt: skip
        assert "n’est pas enregistré" in answer.text
        assert 'name="toward" value="/compte/appareils"' in answer.text


class TestRoles:
    def test_a_manager_s_account_opens_the_team_s_page_and_a_member_s_does_not(self, lab, enter, web):
        enter("Léa")
        assert "Collez" in web.get("/equipe").text or "collez" in web.get("/equipe").text
        page = enter("Karim", Role.MANAGER)
        assert "L’atelier en ce moment" in page.text
        token = form_token(web.get("/equipe/cartes"))
        done = web.post(f"/equipe/cartes/{lab.people['Léa'].id}/perdue", data={"form_token": token})
        assert "Il n’y avait plus de carte." in done.text
        web.post("/equipe/sortir", data={"form_token": token})
        assert "Se connecter" in web.get("/").text

    def test_the_token_still_opens_it(self, enter, web):
        enter("Léa")
        assert "L’atelier en ce moment" in web.post("/equipe/entrer", data={"token": MANAGER}).text

    def test_a_changed_role_is_so_at_once_everywhere(self, lab, enter, web):
        enter("Karim", Role.MANAGER)
        lab.transact(
            lambda work, now: accounts.give_role(
                work, member_id=lab.people["Karim"].id, role=Role.MEMBER, giver=Role.ADMINISTRATOR, now=now
            )
        )
        assert "L’atelier en ce moment" not in web.get("/equipe").text

    def test_a_page_asks_who_looks_and_a_program_is_told_that_somebody_must(self, lab, enter, web):
        app: FastAPI = web.app

        @app.get("/try/any")
        def any_(viewer: MaybeViewer):
            return viewer and viewer.first_name

        @app.get("/try/in")
        def in_(viewer: SignedIn):
            return {"who": viewer.member_id, "role": viewer.role, "language": viewer.language}

        @app.get("/try/team", dependencies=[Depends(needs_role(Role.MANAGER, Role.ADMINISTRATOR))])
        def team():
            return "team"

        @app.post("/try/form")
        def form(viewer: Posted):
            return viewer.first_name

        assert web.get("/try/any").json() is None
        assert web.get("/try/in", follow_redirects=False).headers["location"] == "/compte/entrer?vers=%2Ftry%2Fin"
        told = web.get("/try/in", headers={"Accept": "application/json"}, follow_redirects=False)
        assert told.status_code == 401
        page = enter("Léa")
        assert web.get("/try/any").json() == "Léa"
        assert web.get("/try/in").json() == {"who": lab.people["Léa"].id, "role": "member", "language": None}
        refused = web.get("/try/team")
        assert refused.status_code == 403
        assert "Votre compte ne permet pas cette action." in refused.text
        assert web.post("/try/form", data={"form_token": form_token(page)}).json() == "Léa"
        assert web.post("/try/form").status_code == 403
        enter("Karim", Role.MANAGER)
        assert web.get("/try/team").json() == "team"


def test_the_demo_s_doors_stand_in_the_demo_only(lab, web):
    assert web.get("/compte/demo/door").status_code == 404
    lab.doors["door"] = "nobody"
    assert web.get("/compte/demo/door").status_code == 404
    lab.doors["door"] = lab.people["Léa"].id
    assert "/compte/demo/" not in web.get("/compte/entrer").text


def test_whoever_tries_the_demo_signs_in_where_one_signs_in_and_from_elsewhere_as_a_member_alone(lab, web):
    web.app.state.services = replace(web.app.state.services, demo=True)
    with lab.store.begin() as work:
        work.set_role(lab.people["Inès"].id, Role.ADMINISTRATOR)
    lab.doors |= {"lea": lab.people["Léa"].id, "ines": lab.people["Inès"].id}
    page = web.get("/compte/entrer?vers=/reserver").text
    assert "/compte/demo/ines" not in page, "the test's browser is not on this computer"
    assert 'href="/compte/demo/lea?vers=/reserver"' in page
    assert web.get("/compte/demo/lea?vers=//evil.example", follow_redirects=False).headers["location"] == "/moi"
    assert web.get("/compte/demo/lea?vers=/reserver", follow_redirects=False).headers["location"] == "/reserver"


def test_how_one_signed_in_is_in_the_log_without_a_secret(lab, enter, web):
    enter("Léa")
    (event,) = lab.store.views().events(limit=5, cursor=None, kinds=("signed_in",)).rows
    assert event.event.member_id == lab.people["Léa"].id
    assert event.event.data == {"by": SignedInBy.DEMO, "device": ""}


class TestAgreements:
    @pytest.fixture(autouse=True)
    def rules(self, lab):
        with lab.store.begin() as work:
            work.put_site_policies(SaidPolicies(use={"charter_version": 3, "guardian_consent_under": 16}))

    def born(self, lab, day, **changes):
        with lab.store.begin() as work:
            work.put_member(replace(lab.people["Léa"], birth_date=day, **changes))

    def test_one_agrees_to_the_charter_that_was_on_the_page(self, lab, enter, web):
        self.born(lab, date(1990, 5, 1), charter_version=2)
        page = enter("Léa")
        assert "Il manque votre accord" in page.text
        wish = {"form_token": form_token(page), "version": 2}
        assert "Rien n’est noté." in web.post("/compte/charte", data=wish).text, "an old page"
        done = web.post("/compte/charte", data=wish | {"version": 3})
        assert "Votre accord à la charte est noté." in done.text
        assert "Acceptée" in done.text
        assert lab.store.views().member(lab.people["Léa"].id).charter_version == 3

    def test_a_minor_cannot_before_a_parent_has(self, lab, enter, web):
        self.born(lab, date(2013, 5, 1))
        enter("Léa")
        page = web.get("/compte")
        assert "L’accueil a la feuille à signer" in page.text
        assert "/compte/charte" not in page.text
        refused = web.post("/compte/charte", data={"form_token": form_token(page), "version": 3})
        assert "Rien n’est noté." in refused.text
        self.born(lab, date(2013, 5, 1), guardian_consent_at=lab.clock.now())
        assert "J’ai lu la charte" in web.get("/compte").text
