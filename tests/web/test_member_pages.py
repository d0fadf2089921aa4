"""A member's own pages: what is theirs, and every change behind one sentence; other members' things do not exist there."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.booking import Status
from gateway.domain.notices import Contact, House
from gateway.domain.quiet import QuietHours
from gateway.domain.sessions import State
from gateway.domain.telling import Topic
from gateway.domain.workshops import PlaceState
from gateway.service import bookings_changes, waiting
from tests.web.booked import booked, door, planned
from tests.web.test_booking_pages import fields, text

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _booked(lab):
    booked(lab)


@pytest.fixture
def enter(lab, web):
    """Be somebody in this browser."""
    web.headers["Origin"] = "http://testserver"
    return lambda who: web.get(door(lab, who))


@pytest.fixture
def own(lab, enter):
    """Léa is signed in and has the laser tomorrow from 16 h to 18 h."""
    enter("Léa")
    return lab.reserve("laser", "Léa", lab.clock.now() + 28 * HOUR, lab.clock.now() + 30 * HOUR)


def of(lab, who, id):
    return lab.store.views().booking_of(lab.people[who].id, id)


def forms(answer):
    """Every form by its address, with its hidden fields."""
    found = re.findall(r'<form method="post" action="([^"]+)".*?</form>', answer.text, re.DOTALL)
    parts = re.findall(r'<form method="post" action="[^"]+".*?</form>', answer.text, re.DOTALL)
    return {to: dict(re.findall(r'name="(\w+)" value="([^"]*)"', part)) for to, part in zip(found, parts, strict=True)}


def send(web, page, path, **more):
    return web.post(path, data=forms(page)[path] | more)


class TestHome:
    def test_what_is_theirs_and_what_they_lack(self, lab, web, own):
        planned(lab, "Fraisage", 50, training="usinage")
        lab.session("soudure", "Léa", minutes=45, energised_at=lab.clock.now() - timedelta(minutes=40))
        said = text(web.get("/moi"))
        for words in (
            "Bonjour Léa", "Vous utilisez Poste de soudure", "À vous jusqu’à 14 h.",
            "Ma prochaine réservation Découpe laser Mercredi 25 novembre, de 16 h à 18 h".replace("Mercredi", "mercredi"),
            "Mon temps de machine, novembre 40 minutes", "Il me manque quelque chose pour Fraiseuse numérique",
            "« Fraisage », jeudi 26 novembre à 14 h.", "Découpe laser Jusqu’au mercredi 29 décembre 2027",
        ):  # fmt: skip
            assert words in said, words

    def test_an_account_matter_is_said_once_above_all(self, lab, web, enter):
        with lab.store.begin() as work:
            work.put_member(replace(lab.people["Karim"], member_until=lab.clock.now() - 48 * HOUR))
        enter("Karim")
        said = text(web.get("/moi"))
        assert said.count("L’adhésion est terminée.") == 1
        assert "Aucune machine pour le moment." in said

    def test_the_machine_is_given_back_by_one_button_once(self, lab, web, own):
        lab.session("soudure", "Léa")
        lab.session("vinyle", "Karim")
        home = web.get("/moi")
        path = "/moi/machines/soudure/rendre"
        assert "La machine est rendue. Merci." in text(send(web, home, path))
        assert "Cette machine n’était plus à vous." in text(send(web, home, path))
        theirs = web.post("/moi/machines/vinyle/rendre", data=forms(home)[path])
        assert "Cette machine n’était plus à vous." in text(theirs)
        open_ones = [view.session for view in lab.store.views().floor(lab.clock.now()) if view.session]
        assert [session.operator_id for session in open_ones] == [lab.people["Karim"].id]

    def test_a_running_job_goes_on(self, lab, web, own):
        lab.job("prusa-2", session=lab.session("prusa-2", "Léa"))
        said = text(send(web, web.get("/moi"), "/moi/machines/prusa-2/rendre"))
        assert "Le travail continue." in said
        (session,) = [view.session for view in lab.store.views().floor(lab.clock.now()) if view.session]
        assert session.state is State.LEAVING

    def offer(self, lab):
        """Léa waits for what Karim has, and Karim cancels."""
        now = lab.clock.now()
        held = lab.reserve("scanner", "Karim", now + 30 * HOUR, now + 31 * HOUR)
        with lab.store.begin() as work:
            waiting.join(
                work, id=lab.ids.new(), member_id=lab.people["Léa"].id, resource="scanner", group=None,
                starts=held.span.starts, ends=held.span.ends, now=now,
            )  # fmt: skip
            bookings_changes.cancel(work, id=held.id, now=now)
            waiting.settle_line(work, now)
        return lab.store.views().waits(lab.people["Léa"].id)[0]

    def test_an_offer_is_taken_or_left_by_one_button(self, lab, web, own):
        wait = self.offer(lab)
        home = web.get("/moi")
        assert "Ce moment est libre pour vous Scanner 3D, mercredi 25 novembre, de 18 h à 19 h" in text(home)
        done = send(web, home, f"/moi/offres/{wait.id}/accepter")
        assert "C’est à vous." in text(done)
        assert of(lab, "Léa", wait.id).status is Status.STANDING

    def test_an_offer_that_is_left_or_over_says_so(self, lab, web, own):
        wait = self.offer(lab)
        home = web.get("/moi")
        assert "Vous n’attendez plus." in text(send(web, home, f"/moi/offres/{wait.id}/refuser"))
        late = send(web, home, f"/moi/offres/{wait.id}/accepter")
        assert late.status_code == 409
        assert "Cette offre est passée." in text(late)
        assert "Rien n’a changé." in text(late)


class TestOneBooking:
    def test_it_is_cancelled_after_a_sentence_and_twice_is_once(self, lab, web, own):
        with lab.store.begin() as work:
            work.put_resource(replace(work.resource("laser"), booking_policy={"late_cancel_minutes": 3000}))
        path = f"/moi/reservations/{own.id}/annuler"
        page = web.get(path)
        assert "Découpe laser, mercredi 25 novembre, de 16 h à 18 h" in text(page)
        assert "Il est tard pour annuler." in text(page)
        for _ in range(2):
            assert "C’est annulé." in text(send(web, page, path))
        assert of(lab, "Léa", own.id).status is Status.CANCELLED
        assert "Cette réservation est annulée." in text(web.get(f"/moi/reservations/{own.id}"))

    def test_it_ends_earlier_or_later_as_far_as_the_rules_allow(self, lab, web, own):
        lab.reserve("laser", "Karim", own.span.ends + HOUR, own.span.ends + 2 * HOUR)
        path = f"/moi/reservations/{own.id}/fin"
        page = web.get(path)
        said = text(page)
        assert "16 h 30 30 minutes" in said
        assert "18 h 30 2 heures 30" in said
        assert "Pas jusqu’à 19 h. Ce moment est déjà pris." in said
        link = unescape(re.search(r'href="([^"]+)"><strong>18.h.30', page.text).group(1))
        sentence = web.get(link)
        assert "Découpe laser, mercredi 25 novembre, de 16 h à 18 h 30" in text(sentence)
        assert "La fin a changé." in text(send(web, sentence, path))
        assert of(lab, "Léa", own.id).span.ends == own.span.ends + HOUR / 2
        refused = send(web, sentence, path, a="20261125T1830Z")
        assert refused.status_code == 409
        assert "Ce moment est déjà pris." in text(refused)
        assert "Rien n’a changé." in text(refused)

    def test_it_moves_by_the_same_days_and_keeps_its_number(self, lab, web, own):
        days = web.get(f"/reserver/laser?change={own.id}&jour=2026-11-25")
        # What it holds itself is free to it.
        assert re.search(r"<strong>16.h</strong>", days.text)
        link = unescape(re.search(r'href="(/reservation\?[^"]+)"><strong>15.h</strong>', days.text).group(1))
        page = web.get(link)
        assert "Votre réservation devient Découpe laser, mercredi 25 novembre, de 15 h à 17 h" in text(page)
        assert "Réservation actuelle : mercredi 25 novembre, de 16 h à 18 h." in text(page)
        done = web.post("/reservation", data=fields(page))
        assert "C’est déplacé." in text(done)
        moved = of(lab, "Léa", own.id)
        assert (moved.span.starts, moved.version) == (own.span.starts - HOUR, 2)

    def test_a_move_that_came_too_late_leaves_it_as_it_was(self, lab, web, own):
        starts = own.span.starts - HOUR
        page = web.get(f"/reservation?machine=laser&debut=20261125T1400Z&minutes=60&change={own.id}")
        lab.reserve("laser", "Karim", starts, starts + HOUR / 2)
        answer = web.post("/reservation", data=fields(page))
        assert answer.status_code == 409
        assert "Votre réservation n’a pas changé." in text(answer)
        assert of(lab, "Léa", own.id) == own

    def test_it_is_given_to_somebody_whose_name_or_address_one_knows(self, lab, web, own):
        with lab.store.begin() as work:
            work.put_resource(replace(work.resource("laser"), trainings=()))
        path = f"/moi/reservations/{own.id}/donner"
        page = web.get(path)
        for nobody in ("Karim", "benali", "zz", "Léa Marchand", "nobody@example.org"):
            answer = send(web, page, path, to=nobody)
            assert answer.status_code == 422
            assert "On ne trouve pas cette personne." in text(answer)
        sure = send(web, page, path, to=" karim  BENALI ")
        assert "Vous donnez à karim BENALI Découpe laser, mercredi 25 novembre, de 16 h à 18 h" in text(sure)
        assert of(lab, "Léa", own.id) == own
        assert "C’est donné. Aucun message n’atteint la personne : dites-le-lui." in text(send(web, sure, path))
        assert of(lab, "Karim", own.id).member_id == lab.people["Karim"].id

    def test_what_the_other_lacks_is_not_told(self, lab, web, own):
        path = f"/moi/reservations/{own.id}/donner"
        answer = send(web, send(web, web.get(path), path, to="benali@example.org"), path)
        assert answer.status_code == 409
        assert "Cette personne ne peut pas prendre ce moment." in text(answer)
        assert "formation" not in text(answer)
        assert of(lab, "Léa", own.id) == own

    def test_it_goes_into_a_calendar(self, web, own):
        answer = web.get(f"/moi/reservations/{own.id}/agenda.ics")
        assert answer.headers["content-type"].startswith("text/calendar")
        assert own.id in answer.text

    def test_the_list_offers_every_change(self, lab, web, own):
        lab.reserve("vinyle", "Léa", lab.clock.now() - HOUR, lab.clock.now() + HOUR)
        page = web.get("/moi/reservations")
        assert text(page).index("Découpe vinyle") < text(page).index("Découpe laser")
        for action in ("fin", "donner", "annuler"):
            assert f'href="/moi/reservations/{own.id}/{action}"' in page.text
        assert f'href="/reserver/laser?change={own.id}"' in page.text
        assert "reserver/vinyle?change" not in page.text


class TestMessages:
    @pytest.fixture(autouse=True)
    def _house(self, web):
        house = House(channels=("email", "sms"), quiet=None, zone=ZoneInfo("Europe/Paris"))
        web.app.state.services = replace(web.app.state.services, house=house)

    def contact(self, lab):
        return lab.store.views().contact(lab.people["Léa"].id)

    def test_choices_are_kept_and_shown(self, lab, web, enter):
        enter("Léa")
        page = web.get("/moi/messages")
        assert 'value="bookings:email" checked' in page.text
        assert 'value="bookings:sms" disabled' in page.text
        done = web.post(
            "/moi/messages",
            data=fields(page) | {
                "chosen": ["rights:email", "jobs:email", "jobs:sms"], "silence": "own", "since": "22:00", "until": "07:30",
                "language": "en",
            },
        )  # fmt: skip
        assert "C’est enregistré." in text(done)
        kept = self.contact(lab)
        assert {topic: kept.topics[topic] for topic in Topic} == {
            Topic.BOOKINGS: (), Topic.RIGHTS: ("email",), Topic.WORKSHOPS: (), Topic.MACHINES: (), Topic.JOBS: ("email",),
        }  # fmt: skip
        assert (kept.quiet, lab.store.views().member(lab.people["Léa"].id).language) == (
            QuietHours.of("22:00-07:30"),
            "en",
        )

    def test_hours_that_cannot_be_read_keep_the_other_choices_on_the_page(self, lab, web, enter):
        enter("Léa")
        page = web.get("/moi/messages")
        wrong = web.post(
            "/moi/messages", data=fields(page) | {"chosen": ["jobs:email"], "silence": "own", "since": "x"}
        )
        assert wrong.status_code == 422
        assert "Donnez deux heures différentes. Vos autres choix sont restés." in text(wrong)
        assert 'value="jobs:email" checked' in wrong.text
        assert self.contact(lab) == Contact(member_id=lab.people["Léa"].id)


class TestWorkshops:
    def place(self, lab, key, who):
        found = lab.store.views().places(key)
        return next((line.place for line in found if line.place.member_id == lab.people[who].id), None)

    def test_anybody_reads_the_programme_and_whoever_signs_in_enrols_once(self, lab, web, enter):
        key = planned(lab, "Découpe & gravure", 50, seats=3, taken=1, training="decoupe-laser")
        page = web.get("/ateliers")
        assert "Découpe &amp; gravure" in page.text
        assert "2 places libres" in text(page)
        one = web.get(f"/ateliers/{key}")
        assert f"/compte/entrer?vers=/ateliers/{key}" in unquote(one.text)
        enter("Léa")
        one = web.get(f"/ateliers/{key}")
        for _ in range(2):
            assert "Vous êtes inscrit." in text(send(web, one, f"/ateliers/{key}/inscription"))
        assert self.place(lab, key, "Léa").state is PlaceState.ENROLLED
        assert "Découpe & gravure, jeudi 26 novembre, de 14 h à 16 h Inscrit" in text(web.get("/moi"))
        done = send(web, web.get(f"/ateliers/{key}"), f"/ateliers/{key}/annuler")
        assert "La place est rendue." in text(done)
        assert self.place(lab, key, "Léa").state is PlaceState.LEFT

    def test_a_full_one_has_a_line_and_says_the_place_in_it(self, lab, web, enter):
        key = planned(lab, "Jeux", 50, seats=2, taken=4)
        enter("Léa")
        page = web.get(f"/ateliers/{key}")
        assert "C’est complet. 2 personnes attendent déjà." in text(page)
        assert "à la place 3" in text(send(web, page, f"/ateliers/{key}/inscription"))
        assert "Liste d’attente, place 3" in text(web.get("/moi"))

    def test_what_is_over_or_not_there(self, lab, web, enter):
        key = planned(lab, "Hier", -20)
        enter("Léa")
        page = web.get(f"/ateliers/{key}")
        assert "Cet atelier est terminé." in text(page)
        assert "inscription" not in page.text
        token = fields(web.get("/moi/messages"))
        refused = web.post(f"/ateliers/{key}/inscription", data=token)
        assert refused.status_code == 409
        assert "Cet atelier est terminé." in text(refused)
        assert web.get(f"/ateliers/{lab.ids.new()}").status_code == 404
        assert web.post(f"/ateliers/{key}/annuler", data=token).status_code == 404
