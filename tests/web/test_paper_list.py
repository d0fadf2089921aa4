"""A paper list typed in afterwards: good lines are kept, each other one says why, and sending it twice changes nothing."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest

from gateway.domain.people import Role
from gateway.domain.sessions import Beneficiary, Session, State
from gateway.domain.workshops import AgeBand
from tests.web.booked import booked, door, planned
from tests.web.lab import MANAGER

HOUR = timedelta(hours=1)


@pytest.fixture
def workshop(lab):
    """A course on the laser that was held an hour ago: Karim and two others were expected, one waited."""
    booked(lab)
    key = planned(lab, "Premiers pas au laser", -3, seats=4, taken=5, training="decoupe-laser")
    with lab.store.begin() as work:
        roll = work.roll(key)
        first = replace(roll.places[0], member_id=lab.people["Karim"].id, name=None)
        work.save_roll(replace(roll, places=(first, *roll.places[1:])), [first])
    return key


@pytest.fixture
def team(web):
    web.headers["Origin"] = "http://testserver"
    web.post("/equipe/entrer", data={"token": MANAGER})
    return web


def places(lab, key):
    return {view.place.name or view.member.first_name: view.place for view in lab.store.views().places(key)}


def text(answer):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).replace("\u00a0", " ").split())


def hidden(web, key):
    """What the form says by itself."""
    page = web.get(f"/equipe/ateliers/{key}/saisie").text
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="(\w+)"', page))


def send(web, key, what="saisie", **told):
    return web.post(f"/equipe/ateliers/{key}/{what}", data=hidden(web, key) | told)


def ticked(lab, key, *present, passed=()):
    known = places(lab, key)
    return {f"present-{known[name].id}": "1" for name in present} | {f"reussi-{known[name].id}": "1" for name in passed}


def test_a_list_is_kept_once_however_often_it_is_sent(lab, team, workshop):
    form = ticked(lab, workshop, "Karim", "Nom 1", passed=("Karim",)) | {
        "nom-1": "Zoé <b>", "contact-1": "06 12 34 56 78", "reussi-nouveau-1": "1",
    }  # fmt: skip
    form |= hidden(team, workshop)
    done = team.post(f"/equipe/ateliers/{workshop}/saisie", data=form)
    assert "La liste est enregistrée." in text(done)
    kept = places(lab, workshop)
    assert {name: (place.present, place.passed) for name, place in kept.items()} == {
        "Karim": (True, True), "Nom 1": (True, None), "Nom 2": (False, None), "Nom 3": (False, None),
        "Nom 4": (None, None), "Zoé <b>": (True, True),
    }  # fmt: skip
    assert kept["Zoé <b>"].contact == "06 12 34 56 78"
    assert "Zoé &lt;b&gt;" in done.text
    events = len(lab.store.views().events(limit=200, cursor=None).rows)
    team.post(f"/equipe/ateliers/{workshop}/saisie", data=form)
    assert places(lab, workshop) == kept
    assert len(lab.store.views().events(limit=200, cursor=None).rows) == events


def test_whoever_passed_gets_the_right_with_one_button_and_only_once(lab, team, workshop):
    done = send(team, workshop, **ticked(lab, workshop, "Karim", "Nom 1", passed=("Karim", "Nom 1")))
    assert "Donner l’habilitation à 1 personne" in text(done)
    given = send(team, workshop, "habiliter")
    assert "Les habilitations sont données." in text(given)
    right = places(lab, workshop)["Karim"].qualification_id
    assert right is not None
    assert "habilité" in text(given)
    send(team, workshop, "habiliter")
    assert places(lab, workshop)["Karim"].qualification_id == right
    refused = send(team, workshop, **ticked(lab, workshop, "Nom 1"))
    assert refused.status_code == 422
    assert "1 ligne est à corriger. Les autres sont enregistrées." in text(refused)
    assert places(lab, workshop)["Karim"].present is True


def test_a_class_is_counted_by_age_and_town_and_what_cannot_be_read_stays_as_typed(lab, team, workshop):
    known = {"nom-1": "Zoé"} | ticked(lab, workshop, "Karim")
    bad = {"classe": "CM2 de l’école Jules-Ferry", "commune": "Hesdin", "age-classe-primary": "vingt"}
    wrong = send(team, workshop, **known, **bad)
    assert wrong.status_code == 422
    assert "Un de ces nombres ne se lit pas." in text(wrong)
    assert 'value="vingt"' in wrong.text
    assert places(lab, workshop)["Zoé"].present
    for half in ({"classe": "CM2"}, {"commune": "Hesdin"}, {"age-classe-primary": "2"}):
        assert "Il manque le nom du groupe ou sa commune." in text(send(team, workshop, **half))
    assert "Personne n’est compté." in text(send(team, workshop, classe="CM2", commune="Hesdin"))
    with lab.store.begin() as work:
        roll = work.roll(workshop)
        work.save_roll(replace(roll, workshop=replace(roll.workshop, seats=30)), [])
    good = bad | {"age-classe-primary": "18", "age-classe-adult": "2"}
    for _ in range(2):
        assert "La liste est enregistrée." in text(send(team, workshop, **known, **good))
    counted = places(lab, workshop)["CM2 de l’école Jules-Ferry"]
    assert counted.headcount.bands == ((AgeBand.PRIMARY, 18), (AgeBand.ADULT, 2))
    again = {f"present-{counted.id}": "1", f"age-{counted.id}-primary": "17", f"age-{counted.id}-adult": "2"}
    send(team, workshop, **known, **again)
    assert places(lab, workshop)["CM2 de l’école Jules-Ferry"].size == 19


def test_one_too_many_is_told_and_stays_as_typed_and_the_others_are_kept(lab, team, workshop):
    everybody = ticked(lab, workshop, "Karim", "Nom 1", "Nom 2", "Nom 3", "Nom 4")
    answer = send(team, workshop, **everybody, **{"nom-1": "Zoé"})
    assert answer.status_code == 422
    assert "2 lignes sont à corriger." in text(answer)
    assert text(answer).count("L’atelier est complet.") == 2
    assert 'value="Zoé"' in answer.text
    kept = places(lab, workshop)
    assert [kept[f"Nom {n}"].present for n in (1, 2, 3, 4)] == [True, True, True, None]
    # Somebody had left before the end and was ticked by mistake: the seat is free for whoever came instead.
    fewer = ticked(lab, workshop, "Karim", "Nom 1", "Nom 2")
    assert send(team, workshop, **fewer, **{"nom-1": "Zoé"}).status_code == 200
    assert places(lab, workshop)["Zoé"].present


def test_nothing_is_typed_in_before_it_was_held(lab, team):
    booked(lab)
    key = planned(lab, "Demain", 24, taken=1)
    answer = send(team, key, **ticked(lab, key, "Nom 0"))
    assert answer.status_code == 422
    assert "C’est trop tôt." in text(answer)
    assert places(lab, key)["Nom 0"].present is None
    assert team.get("/equipe/ateliers/nothing/saisie").status_code == 404


def test_the_trainer_types_in_their_own_list_and_no_other_and_gives_only_what_they_hold(lab, web, workshop):
    web.headers["Origin"] = "http://testserver"
    for who in ("Inès", "Léa"):
        with lab.store.begin() as work:
            work.set_role(lab.people[who].id, Role.TRAINER)
    web.get(door(lab, "Léa"))
    assert web.get(f"/equipe/ateliers/{workshop}/saisie").status_code == 403
    web.get(door(lab, "Inès"))
    assert f"/equipe/ateliers/{workshop}/saisie" in web.get(f"/ateliers/{workshop}").text
    assert send(web, workshop, **ticked(lab, workshop, "Karim", passed=("Karim",))).status_code == 200
    refused = send(web, workshop, "habiliter")
    assert refused.status_code == 422
    assert places(lab, workshop)["Karim"].qualification_id is None
    assert web.post(f"/equipe/ateliers/{workshop}/saisie", data={"form_token": "0" * 40}).status_code == 403


def test_hours_of_machines_that_count_for_it_are_shown(lab, team, workshop):
    starts = lab.clock.now() - 2 * HOUR
    session = Session(
        id=lab.ids.new(), resource_id=lab.resources["laser"].id, operator_id=lab.people["Inès"].id,
        reservation_id=None, last_tap_at=starts, beneficiary_id=None, beneficiary_kind=Beneficiary.WORKSHOP, workshop_id=workshop, state=State.CLOSED,
        opened_at=starts, closed_at=starts + HOUR, enabled_s=3600.0,
    )  # fmt: skip
    with lab.store.begin() as work:
        work.save_session(session)
    page = text(team.get(f"/equipe/ateliers/{workshop}/saisie"))
    assert "Heures de machine de l’atelier Découpe laser 1 heure" in page
