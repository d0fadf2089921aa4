"""Cards with a code, second factors, and how often anybody may try."""

import re

import pyotp
import pytest

from gateway.domain.people import Role
from gateway.domain.proofs import PAUSES
from tests.web.lab import MANAGER, PASSWORDS, TOKENS, hash_badge

PASSWORD = "cheval agrafe pile orange"
LIMITED = "Trop d’essais"


@pytest.fixture
def web(web):
    web.headers["Origin"] = "http://testserver"
    return web


@pytest.fixture
def by_password(lab, web):
    """Sign in by a password, as whoever has a role."""

    def enter(who, role=None):
        member = lab.people[who]
        with lab.store.begin() as work:
            work.set_password(member.id, PASSWORDS.hash(PASSWORD), lab.clock.now())
            if role is not None:
                work.set_role(member.id, role)
        return web.post("/compte/entrer/mot-de-passe", data={"address": member.email, "password": PASSWORD})

    return enter


def form_token(page):
    return re.search(r'name="form_token" value="([0-9a-f]+)"', page.text).group(1)


class TestCard:
    @pytest.fixture
    def card(self, lab, web):
        """Léa's card, as it comes out of the printer: its address and its code."""
        web.post("/equipe/entrer", data={"token": MANAGER})
        token = form_token(web.get("/equipe/cartes"))
        page = web.post(f"/equipe/cartes/{lab.people['Léa'].id}", data={"form_token": token})
        assert page.status_code == 200
        assert "<svg viewBox" in page.text
        number = re.search(r'class="paper-number">([^<]+)<', page.text).group(1)
        pin = re.search(r'class="paper-code">([^<]+)<', page.text).group(1)
        web.cookies.clear()
        return number, pin

    def enter(self, web, number, pin):
        return web.post("/compte/entrer/carte", data={"number": number, "pin": pin})

    def test_scanned_it_asks_for_the_code_and_the_code_signs_in(self, web, card):
        number, pin = card
        page = web.get("/c/" + number.replace(" ", ""))
        assert "Tapez votre code à six chiffres." in page.text
        assert "Léa" not in page.text
        assert "Bonjour Léa" in self.enter(web, number, pin).text
        assert "Par une carte." in web.get("/compte/appareils").text

    def test_a_made_up_card_reads_the_same(self, web, card):
        made_up = "ABCD2345EFGH6789"
        number = card[0].replace(" ", "")
        assert web.get(f"/c/{made_up}").text.replace(made_up, number) == web.get(f"/c/{number}").text
        wrong = [self.enter(web, number, "482917"), self.enter(web, made_up, "482917")]
        assert {one.status_code for one in wrong} == {403}
        assert wrong[0].text.replace(number, made_up) == wrong[1].text

    def test_five_wrong_codes_and_even_the_right_one_waits(self, lab, web, card):
        number, pin = card
        for _ in range(5):
            assert self.enter(web, number, "482917").status_code == 403
        answer = self.enter(web, number, pin)
        assert answer.status_code == 429
        assert LIMITED in answer.text
        assert answer.headers["retry-after"] == "900"
        lab.clock.advance(PAUSES[0].total_seconds())
        assert "Bonjour Léa" in self.enter(web, number, pin).text

    def test_a_new_card_makes_the_old_one_worthless_and_a_lost_one_signs_out(self, lab, web, card):
        self.enter(web, *card)
        lea = dict(web.cookies)
        web.cookies.clear()
        web.post("/equipe/entrer", data={"token": MANAGER})
        page = web.get("/equipe/cartes?search=marchand")
        assert "Carte perdue" in page.text
        lost = web.post(f"/equipe/cartes/{lab.people['Léa'].id}/perdue", data={"form_token": form_token(page)})
        assert "La carte ne vaut plus rien." in lost.text
        web.cookies.clear()
        assert self.enter(web, *card).status_code == 403
        web.cookies.update(lea)
        assert web.get("/compte", follow_redirects=False).status_code == 303

    def test_what_is_kept_of_it_is_no_use_to_a_thief(self, lab, card):
        number, pin = card
        rows = lab.store._database._writer.execute("SELECT digest FROM cards").fetchall()
        rows += lab.store._database._writer.execute("SELECT kept FROM pins").fetchall()
        text = str(rows)
        assert number.replace(" ", "") not in text
        assert pin.replace(" ", "") not in text

    def test_a_manager_makes_no_administrator_s(self, lab, web):
        with lab.store.begin() as work:
            work.set_role(lab.people["Karim"].id, Role.ADMINISTRATOR)
        web.post("/equipe/entrer", data={"token": MANAGER})
        token = form_token(web.get("/equipe/cartes"))
        answer = web.post(f"/equipe/cartes/{lab.people['Karim'].id}", data={"form_token": token})
        assert answer.status_code == 403
        assert "Seule une personne qui administre" in answer.text
        assert web.post("/equipe/cartes/nobody", data={"form_token": token}).status_code == 404

    def test_only_the_team_makes_any(self, lab, web):
        assert web.get("/equipe/cartes", follow_redirects=False).status_code == 303
        assert web.post(f"/equipe/cartes/{lab.people['Léa'].id}").status_code == 403

    def test_a_badge_and_the_same_code_sign_in_too(self, lab, web, card):
        with lab.store.begin() as work:
            work.add_badge(id="b", member_id=lab.people["Léa"].id, badge=hash_badge("0004521036"), now=lab.clock.now())
        assert "Bonjour Léa" in self.enter(web, "0004521036", card[1]).text
        assert self.enter(web, "0009999999", card[1]).status_code == 403
        assert self.enter(web, "☃", card[1]).status_code == 403

    def test_one_chooses_another_code(self, web, card):
        number, pin = card
        token = form_token(self.enter(web, number, pin))
        easy = web.post("/compte/code", data={"form_token": token, "pin": "123456"})
        assert "trop facile à deviner" in easy.text
        assert (
            "Votre code est enregistré." in web.post("/compte/code", data={"form_token": token, "pin": "482 917"}).text
        )
        web.cookies.clear()
        assert self.enter(web, number, pin).status_code == 403
        assert "Bonjour Léa" in self.enter(web, number, "482917").text


class TestRoles:
    def give(self, lab, web, who, role, by="manager"):
        web.post("/equipe/entrer", data={"token": TOKENS[by]})
        token = form_token(web.get("/equipe/cartes"))
        return web.post(f"/equipe/cartes/{lab.people[who].id}/role", data={"form_token": token, "role": role})

    def test_a_manager_makes_trainers_and_an_administrator_makes_managers(self, lab, web):
        assert "Le rôle est changé." in self.give(lab, web, "Léa", "trainer").text
        assert lab.store.views().role(lab.people["Léa"].id) is Role.TRAINER
        refused = self.give(lab, web, "Léa", "manager")
        assert refused.status_code == 403
        assert "Seule une personne qui administre" in refused.text
        assert "Le rôle est changé." in self.give(lab, web, "Léa", "manager", by="administrator").text
        assert self.give(lab, web, "Léa", "member").status_code == 403, "nor unmakes one"

    @pytest.mark.parametrize("role", ["", "king", "kiosk"])
    def test_nobody_becomes_what_no_person_is(self, lab, web, role):
        assert self.give(lab, web, "Léa", role, by="administrator").status_code == 403
        assert lab.store.views().role(lab.people["Léa"].id) is Role.MEMBER


class TestSecondFactor:
    def phone(self, page):
        typed = re.search(r"dans l’application\u00a0: <code>([^<]+)</code>", page.text).group(1)
        return pyotp.TOTP(typed.replace(" ", ""))

    def prove(self, web, page, code):
        return web.post("/compte/second-facteur", data={"form_token": form_token(page), "code": code})

    def enrolled(self, lab, web, by_password, role=Role.MANAGER):
        page = by_password("Karim", role)
        phone = self.phone(page if role is Role.MANAGER else web.get("/compte/second-facteur"))
        page = web.get("/compte/second-facteur")
        shown = self.prove(web, page, phone.at(lab.clock.now()))
        codes = [code.replace(" ", "") for code in re.findall(r"<code>([A-Z0-9 ]{14})</code>", shown.text)]
        assert len(codes) == 10
        return phone, codes

    def test_a_manager_sets_one_up_before_anything_else(self, lab, web, by_password):
        page = by_password("Karim", Role.MANAGER)
        assert "Vous gérez le lieu" in page.text
        for path in ("/equipe", "/compte", "/equipe/cartes"):
            assert "L’atelier en ce moment" not in web.get(path).text
            assert "Bonjour" not in web.get(path).text
        assert "Se connecter" in web.get("/").text
        before = web.cookies["etabli"]
        shown = self.prove(web, page, self.phone(page).at(lab.clock.now()))
        assert "Vos codes de secours" in shown.text
        assert web.cookies["etabli"] != before, "whoever knew the cookie of half a sign-in has nothing"
        assert "L’atelier en ce moment" in web.get("/equipe").text

    def test_then_it_is_asked_for_each_time_and_a_code_works_once(self, lab, web, by_password):
        phone, _ = self.enrolled(lab, web, by_password)
        web.cookies.clear()
        page = by_password("Karim")
        assert "Encore un code" in page.text
        stale = self.prove(web, page, phone.at(lab.clock.now()))
        assert stale.status_code == 403, "that code set it up"
        assert "il a déjà servi" in stale.text
        lab.clock.advance(30)
        assert self.prove(web, page, "000000").status_code == 403
        assert "Bonjour Karim" in self.prove(web, page, phone.at(lab.clock.now())).text

    def test_each_recovery_code_stands_in_once(self, lab, web, by_password):
        _, codes = self.enrolled(lab, web, by_password)
        web.cookies.clear()
        page = by_password("Karim")
        assert "Bonjour Karim" in self.prove(web, page, f"{codes[0][:4]} {codes[0][4:].lower()}").text
        assert "Il vous reste 9 codes" in web.get("/compte/second-facteur").text
        web.cookies.clear()
        page = by_password("Karim")
        assert self.prove(web, page, codes[0]).status_code == 403

    def test_five_wrong_ones_and_the_right_one_waits(self, lab, web, by_password):
        phone, _ = self.enrolled(lab, web, by_password)
        web.cookies.clear()
        page = by_password("Karim")
        for _ in range(5):
            assert self.prove(web, page, "abc").status_code == 403
        lab.clock.advance(60)
        assert self.prove(web, page, phone.at(lab.clock.now())).status_code == 429

    def test_a_member_may_have_one_and_do_without_again_and_a_manager_may_not(self, lab, web, by_password):
        self.enrolled(lab, web, by_password, Role.MEMBER)
        page = web.get("/compte/second-facteur")
        web.post("/compte/second-facteur/retirer", data={"form_token": form_token(page)})
        assert "Bonjour Karim" in by_password("Karim").text
        self.enrolled(lab, web, by_password)
        assert "ce contrôle reste en place" in web.get("/compte/second-facteur").text
        token = form_token(web.get("/compte"))
        refused = web.post("/compte/second-facteur/retirer", data={"form_token": token})
        assert refused.status_code == 403

    def test_half_a_sign_in_can_only_leave(self, web, by_password):
        page = by_password("Karim", Role.MANAGER)
        refused = web.post("/compte/mot-de-passe", data={"form_token": form_token(page), "new": "treize girafes"})
        assert "Second contrôle" in refused.text
        web.post("/compte/sortir", data={"form_token": form_token(page)})
        assert "etabli" not in web.cookies

    def test_the_secret_is_sealed_in_the_store(self, lab, web, by_password):
        phone = self.phone(by_password("Karim", Role.MANAGER))
        ((sealed,),) = lab.store._database._writer.execute("SELECT sealed FROM second_factors").fetchall()
        assert phone.secret not in sealed


class TestLimits:
    def test_passwords_of_one_account(self, lab, web, by_password):
        wrong = {"address": "marchand@example.org", "password": "wrong"}
        statuses = [web.post("/compte/entrer/mot-de-passe", data=wrong).status_code for _ in range(9)]
        assert statuses == [403] * 8 + [429]
        page = web.post("/compte/entrer/mot-de-passe", data=wrong)
        assert LIMITED in page.text
        assert "Attendez un quart d’heure" in page.text
        assert by_password("Karim").status_code == 200, "others go on"

    def test_passwords_of_many_accounts_from_one_address(self, web):
        statuses = {
            web.post("/compte/entrer/mot-de-passe", data={"address": f"a{n}@example.org", "password": "x"}).status_code
            for n in range(41)
        }
        assert statuses == {403, 429}

    def test_letters_to_one_mailbox(self, lab, web):
        for _ in range(6):
            answer = web.post("/compte/entrer", data={"address": "marchand@example.org"})
        assert answer.status_code == 429
        assert len(lab.letters) == 4

    def test_tokens_at_the_team_s_door(self, web):
        for _ in range(21):
            answer = web.post("/equipe/entrer", data={"token": "wrong"})
        assert answer.status_code == 429
