"""Booking as people do it on a phone: look, read one sentence, say yes once; and each no says what to do."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from urllib.parse import unquote

import pytest

from gateway.domain.booking import Status
from gateway.domain.people import Role
from gateway.service import bookings, opening
from tests.web.booked import booked, door, elsewhere, hears, planned

HOUR = timedelta(hours=1)
MORNING = "/reservation?machine=laser&debut=20261125T0800Z&minutes=90"


@pytest.fixture(autouse=True)
def _booked(lab):
    booked(lab)


@pytest.fixture
def enter(lab, web):
    """Be somebody in this browser."""
    web.headers["Origin"] = "http://testserver"
    return lambda who: web.get(door(lab, who))


def fields(answer):
    """The hidden fields of the page's own form."""
    form = re.search(r'<form method="post".*?</form>', answer.text, re.DOTALL).group(0)
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))


def held(lab, who):
    return lab.store.views().bookings_of(lab.people[who].id, lab.clock.now())


def text(answer):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).replace("\u00a0", " ").split())


def test_anybody_sees_machines_kinds_and_opening_hours(web):
    page = text(web.get("/reserver"))
    assert "Aujourd’hui : de 9 h à 12 h 30 et de 14 h à 19 h" in page
    assert "Imprimantes Prusa 3 machines qui se valent" in page
    found = text(web.get("/reserver?cherche=DECOUPE"))
    assert "Découpe laser" in found
    assert "Scanner" not in found
    assert "Aucune machine ne porte ce nom." in text(web.get("/reserver?cherche=%3Cscript%3Ealert(1)"))
    assert "<script>alert" not in web.get("/reserver?cherche=%3Cscript%3Ealert(1)").text


def test_free_starts_are_offered_and_the_others_say_why_and_what_would_do(web, enter):
    enter("Léa")
    page = web.get("/reserver/laser?jour=2026-11-24&duree=60")
    starts = re.findall(r'class="starts">.*?</ul>', page.text, re.DOTALL)
    offered = re.findall(r"<strong>([^<]+)</strong>", "".join(starts))
    assert [each.replace("\u00a0", " ") for each in offered] == ["16 h", "16 h 30", "17 h", "17 h 30", "18 h"]
    said = text(page)
    assert "Commencer entre 14 h et 15 h 30 Ce moment est déjà pris." in said
    assert "Me prévenir si 14 h se libère" in said
    assert "Commencer à 18 h 30 C’est fermé à ce moment." in said
    assert "Possible pour 30 minutes, à 18 h 30" in said


def test_closed_days_past_days_and_far_days_say_so(web):
    assert "C’est fermé à ce moment. Ouverture mardi 1er décembre à 9 h." in text(
        web.get("/reserver/scanner?jour=2026-11-30")
    )
    past = text(web.get("/reserver/scanner?jour=2020-01-01"))
    assert "Ce jour est passé ou trop loin." in past
    far = text(web.get("/reserver/laser?jour=2027-01-20"))
    assert "On réserve au plus 30 jours à l’avance." in far
    assert web.get("/reserver/scanner?jour=demain").status_code == 200
    assert web.get("/reserver/nulle-part").status_code == 404
    assert web.get("/reserver/sorte/nulle-part").status_code == 404


def test_a_kind_that_stands_at_another_site_too_is_shown_by_that_sites_clock(lab, web, enter):
    elsewhere(lab)
    page = web.get("/reserver/sorte/prusa?jour=2026-11-24&duree=60")
    far = page.text[page.text.index('class="elsewhere"') :]
    assert "Heures de ce lieu : il y est 10 h" in text(page)
    offered = [each.replace("\u00a0", " ") for each in re.findall(r"<strong>([^<]+)</strong>", far)]
    assert offered == ["14 h", "14 h 30", "15 h"]
    # 14:00 on the Azores is 15:00 UTC; it is booked there.
    assert "https://acores.example/reservation?sorte=prusa&amp;debut=20261124T1500Z&amp;minutes=60" in far
    assert "elsewhere" not in web.get("/reserver/prusa-1?jour=2026-11-24").text
    elsewhere(lab, address=None)
    assert "acores.example" not in web.get("/reserver/sorte/prusa?jour=2026-11-24&duree=60").text
    enter("Léa")
    assert "Açores" not in web.get("/reserver/sorte/prusa?jour=2026-11-24").text


def test_a_place_without_hours_is_open_all_day_and_nobody_scrolls_past_the_night(lab, web):
    lab.transact(lambda work, now: opening.clear_opening(work, resource=None, now=now))
    page = web.get("/reserver/soudure?jour=2026-11-25")
    assert "Ouvert toute la journée" in text(page)
    night = re.search(r'<details class="night">.*?</details>', page.text, re.DOTALL).group(0)
    times = [each.replace("\u00a0", " ") for each in re.findall(r"<strong>([^<]+)</strong>", night)]
    assert (times[0], times[-1]) == ("0 h", "5 h 30")


def test_turning_the_week_shows_the_next_one(web):
    page = web.get("/reserver/scanner?semaine=2026-12-01")
    assert "Mardi 1er décembre" in text(page).replace("mardi 1er décembre Ouvert", "Mardi 1er décembre Ouvert")
    assert "jour=2026-12-07" in page.text
    assert "jour=2026-11-30" not in page.text


def test_whoever_is_not_signed_in_comes_back_to_the_same_sentence_and_books_once(lab, web, enter):
    page = web.get(MORNING)
    assert "Découpe laser, mercredi 25 novembre, de 9 h à 10 h 30" in text(page)
    assert '<form method="post" action="/reservation"' not in page.text
    back = unquote(unescape(re.search(r'/compte/entrer\?vers=([^"]+)"', page.text).group(1)))
    enter("Léa")
    sentence = web.get(back)
    form = fields(sentence)
    for _ in range(2):
        done = web.post("/reservation", data=form)
        assert "C’est réservé." in text(done)
        assert "Ajouter à mon agenda" in text(done)
    (made,) = held(lab, "Léa")
    assert made.span.starts.isoformat() == "2026-11-25T08:00:00+00:00"
    assert made.id == form["numero"]
    again = web.get(back)
    assert again.url.path == f"/moi/reservations/{made.id}"
    assert "C’était déjà réservé, une seule fois." in text(again)


def test_a_slot_that_was_just_taken_offers_the_three_nearest(lab, web, enter):
    enter("Léa")
    form = fields(web.get(MORNING))
    lab.reserve("laser", "Karim", lab.clock.now() + 22 * HOUR, lab.clock.now() + 23 * HOUR)
    answer = web.post("/reservation", data=form)
    assert answer.status_code == 409
    said = text(answer)
    assert "Rien n’est réservé." in said
    assert "Ce moment est déjà pris. Une autre réservation le couvre jusqu’à demain à 11 h." in said
    assert re.search(r'class="starts wide">.*?</ul>', answer.text, re.DOTALL).group(0).count("<a href") == 3
    assert held(lab, "Léa") == ()
    # The other language is the same choice, not the address that the form was sent to.
    english = web.get(unescape(re.search(r'href="([^"]+)" hreflang="en"', answer.text).group(1)))
    assert "Laser cutter, Wednesday 25 November" in text(english)


def test_of_a_kind_the_first_free_machine_is_named_and_another_taken_when_it_is_gone(lab, web, enter):
    enter("Léa")
    # At 14 h: prusa-1 until 18 h and prusa-2 until 16 h are taken, ender-3 from 15 h on.
    page = web.get("/reservation?sorte=prusa&debut=20261124T1300Z&minutes=60")
    assert "ce sera Ender 3" in text(page)
    morning = fields(web.get("/reservation?sorte=prusa&debut=20261125T0800Z&minutes=60"))
    lab.reserve("prusa-1", "Karim", lab.clock.now() + 21 * HOUR, lab.clock.now() + 22 * HOUR)
    assert "C’est réservé." in text(web.post("/reservation", data=morning))
    (made,) = held(lab, "Léa")
    assert made.resource_id == lab.resources["prusa-2"].id
    # In the afternoon prusa-1 is free only from 18 h on, the others before; what is promised is what is booked.
    evening = web.get("/reservation?sorte=prusa&debut=20261124T1700Z&minutes=60")
    assert "ce sera Prusa 1" in text(evening)
    assert "Prusa 1, mardi 24 novembre" in text(web.post("/reservation", data=fields(evening)))


def test_whoever_lacks_the_training_is_told_when_the_next_one_is(lab, web, enter):
    workshop = planned(lab, "Premiers pas au laser", 50, training="decoupe-laser")
    enter("Karim")
    page = web.get("/reserver/laser")
    assert "Il vous manque une formation. Il faut la formation « Découpe laser »." in text(page)
    assert "« Premiers pas au laser », jeudi 26 novembre à 14 h." in text(page)
    assert f'href="/ateliers/{workshop}"' in page.text
    assert 'class="starts"' not in page.text
    assert "mercredi 25 novembre : libre" in unescape(page.text).replace("\u00a0", " ")
    sentence = web.get(MORNING)
    assert "Il vous manque une formation." in text(sentence)
    token = fields(web.get("/reservation?machine=soudure&debut=20261125T0800Z&minutes=60"))["form_token"]
    forged = {"machine": "laser", "debut": "20261125T0800Z", "minutes": "60", "form_token": token}
    answer = web.post("/reservation", data=forged)
    assert answer.status_code == 409
    assert "Il vous manque une formation." in text(answer)
    assert len(held(lab, "Karim")) == 3


def test_a_session_that_lapsed_keeps_the_choice_and_books_nothing(lab, web, enter):
    enter("Léa")
    form = fields(web.get(MORNING))
    web.cookies.clear()
    answer = web.post("/reservation", data=form)
    assert answer.status_code == 403
    assert "Vous n’êtes plus connecté. Rien n’est réservé." in text(answer)
    back = unquote(unescape(re.search(r'/compte/entrer\?vers=([^"]+)"', answer.text).group(1)))
    assert held(lab, "Léa") == ()
    enter("Léa")
    assert fields(web.get(back))["numero"] == form["numero"]


def test_a_form_of_another_page_changes_nothing(lab, web, enter):
    enter("Léa")
    form = fields(web.get(MORNING)) | {"form_token": "0" * 40}
    assert web.post("/reservation", data=form).status_code == 403
    assert held(lab, "Léa") == ()


@pytest.mark.parametrize(
    "query",
    ["machine=laser", "machine=laser&debut=demain&minutes=60", "debut=20261125T0800Z&minutes=60",
     "machine=laser&sorte=prusa&debut=20261125T0800Z&minutes=60", "machine=x&debut=20261125T0800Z&minutes=60"],
)  # fmt: skip
def test_an_address_that_means_nothing_is_a_plain_page(web, query):
    answer = web.get(f"/reservation?{query}")
    assert answer.status_code == 404
    assert "Il n’y a rien ici" in text(answer)


@pytest.mark.parametrize("query", ["minutes=-5", "minutes=x", "numero=<script>", "minutes=99999999"])
def test_values_that_cannot_be_read_are_a_plain_page(web, query):
    answer = web.get(f"/reservation?machine=laser&debut=20261125T0800Z&{query}")
    assert answer.status_code == 422
    assert "Il y a une erreur dans les données" in text(answer)
    assert "<script>" not in answer.text


def test_a_lab_that_must_agree_says_so(lab, web, enter):
    with lab.store.begin() as work:
        work.put_resource(replace(work.resource("soudure"), booking_policy={"approval": True}))
    enter("Léa")
    page = web.get("/reservation?machine=soudure&debut=20261125T0800Z&minutes=60")
    assert "L’équipe doit encore accepter. Sa réponse paraît sur votre page." in text(page)
    assert "Aucun message ne vous atteint" in text(page), "nothing is promised that nobody sends"
    hears(web)
    page = web.get("/reservation?machine=soudure&debut=20261125T0800Z&minutes=60")
    assert "Aucun message ne vous atteint" not in text(page)
    done = web.post("/reservation", data=fields(page))
    assert "La demande est envoyée. L’équipe doit l’accepter." in text(done)
    assert held(lab, "Léa")[0].status is Status.AWAITING_APPROVAL


def test_whoever_goes_first_says_so_and_the_other_is_offered_something_else(lab, web, enter):
    with lab.store.begin() as work:
        policy = {"priority_roles": ["trainer"], "priority_days": 1}
        work.put_resource(replace(work.resource("soudure"), booking_policy=policy))
        work.set_role(lab.people["Inès"].id, Role.TRAINER)
    theirs = lab.reserve("soudure", "Karim", lab.clock.now() + 45 * HOUR, lab.clock.now() + 46 * HOUR)
    address = "/reservation?machine=soudure&debut=20261126T0800Z&minutes=60"
    enter("Léa")
    assert "Je passe avant" not in web.get(address).text
    enter("Inès")
    page = web.get(address)
    assert "Ce moment est pris, mais vous pouvez passer avant." in text(page)
    assert "Une autre place est proposée à la personne." in text(page)
    done = web.post("/reservation", data=fields(page))
    assert "C’est réservé." in text(done)
    enter("Karim")
    assert "Cette réservation a laissé sa place à une autre" in text(web.get(f"/moi/reservations/{theirs.id}"))
    assert f'href="/moi/offres/{theirs.id}"' in web.get("/moi").text
    places = web.get(f"/moi/offres/{theirs.id}")
    assert "Rien n’est gardé pour vous" in text(places)
    form = fields(places)
    moved = web.post(f"/moi/offres/{theirs.id}/prendre", data=form)
    assert "C’est à vous." in text(moved)
    (again,) = [held for held in held(lab, "Karim") if held.id == theirs.id]
    assert (again.status, again.span.starts != theirs.span.starts) == (Status.STANDING, True)
    assert web.post(f"/moi/offres/{theirs.id}/prendre", data=form).status_code == 200, "twice has moved it once"
    taken = web.post(f"/moi/offres/{theirs.id}/prendre", data=form | {"debut": "demain"})
    assert taken.status_code == 422
    assert "Votre réservation a déjà sa place" in text(web.get(f"/moi/offres/{theirs.id}"))
    enter("Léa")
    assert web.get(f"/moi/offres/{theirs.id}").status_code == 404


def test_waiting_for_a_taken_slot_is_one_sentence_and_shows_on_the_own_page(lab, web, enter):
    enter("Léa")
    page = web.get("/attente?machine=scanner&debut=20261124T1300Z&minutes=60")
    assert "Scanner 3D, mardi 24 novembre, de 14 h à 15 h" in text(page)
    form = fields(page)
    for _ in range(2):
        home = web.post("/attente", data=form | {"numero": lab.ids.new()})
        assert "J’attends Scanner 3D, mardi 24 novembre, de 14 h à 15 h" in text(home)
    assert len(lab.store.views().waits(lab.people["Léa"].id)) == 1


def test_somebody_else_s_booking_is_not_there(lab, web, enter):
    enter("Léa")
    (theirs, *_) = held(lab, "Karim")
    token = fields(web.get(MORNING))["form_token"]
    for path in ("", "/annuler", "/fin", "/donner", "/agenda.ics"):
        assert web.get(f"/moi/reservations/{theirs.id}{path}").status_code == 404
    for path in ("/annuler", "/fin", "/donner"):
        assert web.post(f"/moi/reservations/{theirs.id}{path}", data={"form_token": token}).status_code == 404
    assert web.get(f"/reserver/scanner?change={theirs.id}").status_code == 404
    assert theirs in held(lab, "Karim")


def test_everything_asks_to_sign_in_first(web):
    for path in ("/moi", "/moi/reservations", "/moi/messages"):
        answer = web.get(path, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            f"/compte/entrer?vers={path.replace('/', '%2F')}",
        )


def test_a_booking_made_elsewhere_with_the_same_number_is_not_shown(lab, web, enter):
    with lab.store.begin() as work:
        number = lab.ids.new()
        wish = bookings.Wish(
            resources=("bureau",), member_id=lab.people["Karim"].id, starts=lab.clock.now() + 30 * HOUR,
            ends=lab.clock.now() + 31 * HOUR,
        )  # fmt: skip
        assert isinstance(bookings.reserve(work, wish, lambda: number, lab.clock.now()), bookings.Booked)
    enter("Léa")
    form = fields(web.get(MORNING)) | {"numero": number}
    assert web.post("/reservation", data=form).status_code == 404
