"""What is done on the kiosk's screen is really done, only for whoever has just tapped, and never says more than a first name."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.help import HelpKind
from gateway.domain.presence import Here
from gateway.domain.resources import DeviceRole
from gateway.domain.sessions import State
from gateway.domain.training import Training
from gateway.domain.workshops import PlaceState
from tests.web.kiosk_lab import BADGES, SEVERAL, enrol_badges, plan_training, serve_several, tap
from tests.web.lab import KIOSK, MANAGER
from tests.web.test_kiosk import heading

JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xda\x00\x02data"


@pytest.fixture
def kiosk(lab, web):
    web.headers["sec-fetch-site"] = "same-origin"
    enrol_badges(lab)
    assert web.get(f"/kiosk/laser?key={KIOSK}").status_code == 200
    return web


@pytest.fixture
def several(lab, web):
    web.headers["sec-fetch-site"] = "same-origin"
    enrol_badges(lab)
    reader = serve_several(lab, "brodeuse", "soudure", "laser")
    assert web.get(f"/kiosk/{reader}?key={SEVERAL}").status_code == 200
    return web


def fields(page, what):
    """What the button of that deed carries."""
    form = next(form for form in re.findall(r"<form.*?</form>", page.text, re.DOTALL) if f'value="{what}"' in form)
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))


def press(web, page, what, slug="laser"):
    return web.post(f"/kiosk/{slug}/faire", data=fields(page, what))


def newest(web, slug):
    """The tap that the page on the screen is drawn after."""
    return re.search(r'name="tap" value="(\d+)"', web.get(f"/kiosk/{slug}").text)[1]


def touch(web, what, machine, slug="borne-bois"):
    return web.post(f"/kiosk/{slug}/faire", data={"what": what, "machine": machine, "tap": newest(web, slug)})


def leave(web, slug):
    return web.post(f"/kiosk/{slug}/quitter", data={"tap": newest(web, slug)})


def place_of(lab, workshop, who):
    found = [view.place for view in lab.store.views().places(workshop.id) if view.place.member_id == lab.people[who].id]
    return found[0] if found else None


def test_whoever_lacks_a_training_signs_up_for_the_next_date_with_one_touch(lab, kiosk):
    workshop = plan_training(lab)
    tap(lab, "laser-reader", BADGES["Karim"])
    page = kiosk.get("/kiosk/laser")
    assert heading(page) == "Il vous manque une formation."
    assert "Prochaine formation jeudi 26 novembre à\u00a014\u00a0h. Il reste 3\u00a0places." in page.text
    done = press(kiosk, page, "enrol")
    assert heading(done) == "Votre inscription est faite."
    assert "<bdi>Karim</bdi>" in done.text, "whoever touched another's screen sees whose place it is"
    assert "Découpe laser\u00a0: jeudi 26 novembre à\u00a014\u00a0h." in done.text
    assert place_of(lab, workshop, "Karim").state is PlaceState.ENROLLED
    again = kiosk.get("/kiosk/laser")
    assert "Votre inscription est faite. C’est jeudi 26 novembre" in again.text
    assert 'value="enrol"' not in again.text
    assert "Benali" not in done.text + again.text


def test_a_full_date_gives_a_place_in_the_line_and_no_date_says_so(lab, kiosk):
    tap(lab, "laser-reader", BADGES["Karim"])
    assert "Pas encore de date." in kiosk.get("/kiosk/laser").text
    workshop = plan_training(lab, seats=1)
    tap(lab, "laser-reader", BADGES["Léa"])
    press(kiosk, kiosk.get("/kiosk/laser"), "enrol")
    tap(lab, "laser-reader", BADGES["Karim"])
    page = kiosk.get("/kiosk/laser")
    assert "Je me mets sur la liste" in page.text
    assert heading(press(kiosk, page, "enrol")) == "Vous êtes sur la liste d’attente."
    assert place_of(lab, workshop, "Karim").state is PlaceState.WAITING


def test_a_machine_in_use_is_booked_for_when_it_is_free(lab, several):
    lab.session("brodeuse", "Karim", until=90)
    tap(lab, "borne-bois", BADGES["Léa"])
    page = touch(several, "begin", "brodeuse")
    assert heading(page) == "La machine est occupée."
    assert "Brodeuse numérique" in page.text
    done = press(several, page, "book", "borne-bois")
    assert heading(done) == "C’est réservé pour vous."
    assert "de 13\u00a0h\u00a030 à 14\u00a0h\u00a030." in done.text
    (held,) = lab.store.views().bookings_of(lab.people["Léa"].id, lab.clock.now())
    assert held.span.starts == lab.clock.now() + timedelta(minutes=90)
    late = several.post("/kiosk/borne-bois/faire", data=fields(page, "book"))
    assert late.status_code == 409
    assert heading(late) == "Ce moment est déjà pris."


def test_one_reader_starts_and_gives_back_any_of_its_machines(lab, several):
    assert heading(several.get("/kiosk/borne-bois")) == "Passez votre badge"
    tap(lab, "borne-bois", BADGES["Léa"])
    page = several.get("/kiosk/borne-bois")
    assert heading(page) == "Bonjour Léa."
    assert lab.store.views().resource("soudure", lab.clock.now()).session is None
    begun = touch(several, "begin", "soudure")
    assert heading(begun) == "La machine s’allume…"
    session = lab.store.views().resource("soudure", lab.clock.now()).session
    assert (session.state, session.operator_id) == (State.OPENING, lab.people["Léa"].id)
    assert "Je rends la machine" in several.get("/kiosk/borne-bois?choisir=1").text
    with lab.store.begin() as work:
        work.save_session(replace(session, state=State.ACTIVE, energised_at=lab.clock.now()))
    lab.clock.advance(20)
    tap(lab, "borne-bois", BADGES["Léa"])
    ended = touch(several, "give_back", "soudure")
    assert heading(ended) == "La machine est rendue."
    assert lab.store.views().resource("soudure", lab.clock.now()).session is None


def test_a_machine_that_the_kiosk_does_not_serve_is_out_of_its_reach(lab, several):
    tap(lab, "borne-bois", BADGES["Léa"])
    touch(several, "begin", "vinyle")
    assert lab.store.views().resource("vinyle", lab.clock.now()).session is None


def test_a_screen_knows_somebody_for_two_minutes_and_no_longer_once_left(lab, several):
    tap(lab, "borne-bois", BADGES["Léa"])
    lab.clock.advance(119)
    assert heading(several.get("/kiosk/borne-bois")) == "Bonjour Léa."
    lab.clock.advance(2)
    assert "Léa" not in several.get("/kiosk/borne-bois").text
    late = touch(several, "begin", "soudure")
    assert heading(late) == "Passez votre badge"
    assert lab.store.views().resource("soudure", lab.clock.now()).session is None
    tap(lab, "borne-bois", BADGES["Léa"])
    assert heading(leave(several, "borne-bois")) == "Passez votre badge"
    touch(several, "begin", "soudure")
    assert lab.store.views().resource("soudure", lab.clock.now()).session is None
    assert several.get("/kiosk/borne-bois/heures", follow_redirects=False).status_code == 303


def test_a_lost_badge_opens_nobody_s_page(lab, several):
    with lab.store.begin() as work:
        work.revoke_badges(lab.people["Léa"].id, lab.clock.now())
    tap(lab, "borne-bois", BADGES["Léa"])
    page = several.get("/kiosk/borne-bois")
    assert heading(page) == "On a besoin de vous voir."
    assert "Léa" not in page.text
    assert several.get("/kiosk/borne-bois/heures", follow_redirects=False).status_code == 303


def test_only_the_holder_gives_back_extends_or_passes_on(lab, several):
    lab.session("brodeuse", "Karim")
    tap(lab, "borne-bois", BADGES["Léa"])
    for what in ("give_back", "go_on", "hand_over"):
        touch(several, what, "brodeuse")
    session = lab.store.views().resource("brodeuse", lab.clock.now()).session
    assert session.state is State.ACTIVE
    assert session.offered_at is None


def test_a_use_with_a_booking_goes_on_for_half_an_hour_until_the_next_one(lab, kiosk):
    now = lab.clock.now()
    with lab.store.begin() as work:
        work.put_training(Training(id=lab.ids.new(), slug="rien", names={"fr": "Rien"}))
        work.put_resource(replace(lab.resources["laser"], trainings=()))
    held = lab.reserve("laser", "Inès", now - timedelta(minutes=30), now + timedelta(minutes=30))
    lab.reserve("laser", "Karim", now + timedelta(minutes=60), now + timedelta(minutes=90))
    tap(lab, "laser-reader", BADGES["Inès"])
    session = lab.store.views().resource("laser", now).session
    with lab.store.begin() as work:
        work.save_session(replace(session, state=State.ACTIVE, energised_at=now))
    lab.device("laser-interlock", power_on=True)
    page = kiosk.get("/kiosk/laser")
    assert session.reservation_id == held.id
    assert heading(press(kiosk, page, "go_on")) == "Vous gardez la machine."
    assert lab.store.views().resource("laser", now).session.granted_until == now + timedelta(minutes=60)
    refused = press(kiosk, page, "go_on")
    assert refused.status_code == 409
    assert heading(refused) == "Ce moment est déjà pris."


def test_calling_somebody_says_truthfully_whether_anybody_is_there(lab, kiosk):
    page = kiosk.get("/kiosk/laser")
    called = press(kiosk, page, "call")
    assert heading(called) == "L’équipe est prévenue."
    assert "On ne sait pas si quelqu’un est là." in called.text
    (view,) = lab.store.views().open_requests()
    assert (view.request.kind, view.resource, view.first_name) == (HelpKind.CALL, "laser", None)
    with lab.store.begin() as work:
        door = work.put_device(id=lab.ids.new(), slug="porte", role=DeviceRole.PLACE, resource=None)
    lab.device("porte", presence=lab_online())
    assert "Personne de l’équipe n’est sur place maintenant." in press(kiosk, page, "call").text
    with lab.store.begin() as work:
        now = lab.clock.now()
        work.put_here(Here(member_id=lab.people["Inès"].id, since=now, until=now + timedelta(hours=3), changed_at=now, responsible=True))  # fmt: skip
    assert heading(press(kiosk, page, "call")) == "L’équipe est appelée."
    assert len(lab.store.views().open_requests()) == 1, "one call, however often it is pressed"
    assert door is not None


def lab_online():
    from gateway.domain.resources import Presence

    return Presence.ONLINE


def test_a_problem_reaches_the_team_with_its_picture_and_a_danger_marks_the_machine(lab, kiosk):
    tap(lab, "laser-reader", BADGES["Karim"])
    sent = kiosk.post(
        "/kiosk/laser/probleme", data=fields(kiosk.get("/kiosk/laser/probleme"), "laser") | {"trouble": "danger"},
        files={"photo": ("p.jpg", JPEG, "image/jpeg")},
    )  # fmt: skip
    assert heading(sent) == "Ne touchez plus à la machine."
    assert "À vérifier" in kiosk.get("/r/laser").text
    with lab.store.begin() as work:
        work.put_resource(replace(lab.resources["laser"], trainings=()))
    tap(lab, "laser-reader", BADGES["Inès"])
    begun = kiosk.get("/kiosk/laser")
    assert heading(begun) == "La machine s’allume…"
    assert "Quelqu’un a signalé un danger." in begun.text
    kiosk.post("/equipe/entrer", data={"token": MANAGER})
    desk = kiosk.get("/equipe").text
    assert "C’est dangereux" in desk
    assert "<bdi>K. B.</bdi>" in desk
    (view,) = lab.store.views().open_requests()
    picture = kiosk.get(f"/equipe/demandes/{view.request.id}/photo")
    assert (picture.headers["content-type"], picture.content) == ("image/jpeg", JPEG)
    token = re.search(r'name="form_token" value="([^"]+)"', desk)[1]
    kiosk.post(f"/equipe/demandes/{view.request.id}/vu", data={"form_token": token})
    assert lab.store.views().open_requests() == ()
    assert "À vérifier" not in kiosk.get("/r/laser").text


@pytest.mark.parametrize("data", [b"<svg onload=alert(1)>", b"\xff\xd8\xff" + b"x" * 4_000_001, b"MZ"])
def test_what_is_no_picture_is_not_kept_and_the_person_is_told(lab, kiosk, data):
    answer = kiosk.post(
        "/kiosk/laser/probleme", data={"machine": "laser", "trouble": "dirty"}, files={"photo": ("x.jpg", data)}
    )
    assert "Cette photo n’est pas lisible." in answer.text
    assert lab.store.views().open_requests() == ()


def test_pictures_are_for_the_team(lab, kiosk):
    kiosk.post("/kiosk/laser/probleme", data={"machine": "laser", "trouble": "dirty"}, files={"photo": ("p.jpg", JPEG)})
    (view,) = lab.store.views().open_requests()
    assert kiosk.get(f"/equipe/demandes/{view.request.id}/photo").status_code == 403


def test_nothing_is_done_without_the_key_or_from_elsewhere(lab, web):
    web.headers["sec-fetch-site"] = "same-origin"
    plan_training(lab)
    assert web.post("/kiosk/laser/faire", data={"what": "call"}).status_code == 403
    assert web.post("/kiosk/laser/probleme", data={"machine": "laser", "trouble": "dirty"}).status_code == 403
    assert web.get(f"/kiosk/laser?key={KIOSK}").status_code == 200
    elsewhere = web.post("/kiosk/laser/faire", data={"what": "call"}, headers={"origin": "https://evil.example"})
    assert elsewhere.status_code == 403
    assert lab.store.views().open_requests() == ()


def test_hours_show_what_is_to_come(lab, kiosk):
    workshop = plan_training(lab)
    tap(lab, "laser-reader", BADGES["Karim"])
    press(kiosk, kiosk.get("/kiosk/laser"), "enrol")
    page = kiosk.get("/kiosk/laser/heures").text
    assert "Vos heures, Karim" in page
    assert f"{workshop.titles['fr']}, jeudi 26 novembre" in page
    assert "Benali" not in page


def test_a_button_acts_for_whoever_s_page_it_is_on_and_not_for_whoever_tapped_since(lab, several):
    tap(lab, "borne-bois", BADGES["Léa"])
    hers = several.get("/kiosk/borne-bois")
    lab.clock.advance(5)
    tap(lab, "borne-bois", BADGES["Karim"])
    for what in ("begin", "call"):
        several.post("/kiosk/borne-bois/faire", data=fields(hers, what) | {"machine": "soudure"})
    assert lab.store.views().resource("soudure", lab.clock.now()).session is None
    (call,) = lab.store.views().open_requests()
    assert call.first_name is None, "help is called all the same, in nobody's name"
    left = re.search(r'/quitter".*?name="tap" value="(\d+)"', hers.text)[1]
    assert heading(several.post("/kiosk/borne-bois/quitter", data={"tap": left})) == "Bonjour Karim."
    touch(several, "begin", "soudure")
    assert lab.store.views().resource("soudure", lab.clock.now()).session.operator_id == lab.people["Karim"].id


def test_a_problem_told_on_one_s_page_is_not_told_in_the_name_of_whoever_tapped_since(lab, kiosk):
    tap(lab, "laser-reader", BADGES["Karim"])
    told = fields(kiosk.get("/kiosk/laser/probleme"), "laser") | {"trouble": "dirty"}
    tap(lab, "laser-reader", BADGES["Léa"])
    assert kiosk.post("/kiosk/laser/probleme", data=told).status_code == 200
    (view,) = lab.store.views().open_requests()
    assert view.first_name is None


@pytest.mark.parametrize("what", ["begin", "book", "give_back", "go_on", "hand_over"])
def test_a_deed_without_a_machine_goes_back_to_the_face(lab, several, what):
    tap(lab, "borne-bois", BADGES["Léa"])
    answer = touch(several, what, "")
    assert (answer.status_code, heading(answer)) == (200, "Bonjour Léa.")
