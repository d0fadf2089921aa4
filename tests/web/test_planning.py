"""The team's plan of a day: everybody's bookings by name, for the team alone, and each changed by a form."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.booking import Status
from gateway.domain.people import Role
from gateway.service import bookings
from tests.web.booked import HOUR, booked, door, hears
from tests.web.test_booking_pages import text


@pytest.fixture(autouse=True)
def _booked(lab):
    booked(lab)


@pytest.fixture
def team(lab, web):
    """Inès is a manager and signed in."""
    with lab.store.begin() as work:
        work.set_role(lab.people["Inès"].id, Role.MANAGER)
    web.headers["Origin"] = "http://testserver"
    web.get(door(lab, "Inès"))
    hears(web)
    return web


def of(lab, who, slug):
    held = lab.store.views().bookings_of(lab.people[who].id, lab.clock.now() - timedelta(days=1))
    return next(one for one in held if one.resource_id == lab.resources[slug].id)


def now_of(lab, held):
    return lab.store.views().planned_one(held.id).reservation


def send(web, held, action, **told):
    page = web.get(f"/equipe/planning/{held.id}")
    token = re.search(r'name="form_token" value="([^"]+)"', page.text).group(1)
    return web.post(f"/equipe/planning/{held.id}/{action}", data={"form_token": token, **told})


def test_names_are_for_the_team_alone(lab, web):
    held = of(lab, "Karim", "scanner")
    web.headers["Origin"] = "http://testserver"
    for who in (None, "Léa"):
        if who:
            web.get(door(lab, who))
        for path in ("", f"/{held.id}"):
            page = web.get(f"/equipe/planning{path}").text
            assert "Karim" not in page
            assert "Espace de l’équipe" in page
        assert web.post(f"/equipe/planning/{held.id}/annuler").status_code == 403
    assert now_of(lab, held) == held


def test_the_table_holds_the_day_machine_by_machine(lab, team):
    page = team.get("/equipe/planning").text
    rows = dict(re.findall(r'<th scope="row"><a href="/r/([\w-]+)">.*?</th>(.*?)</tr>', page, re.DOTALL))
    assert len(rows) == len(lab.resources)
    assert "Karim B." in rows["scanner"]
    assert 'colspan="12" class="held"' in rows["scanner"]
    assert "Karim" not in rows["laser"]
    # 9 h to 19 h are twenty half-hours in every row.
    for row in rows.values():
        assert sum(map(int, re.findall(r'<td colspan="(\d+)"', row))) == 20
    tomorrow = team.get("/equipe/planning?jour=2026-11-25").text
    assert "Mercredi 25 novembre".lower() in text(team.get("/equipe/planning?jour=2026-11-25"))
    assert tomorrow.count("Karim B.") == 2
    assert team.get("/equipe/planning?jour=hier").status_code == 200


def test_a_booking_moves_by_its_form_to_another_machine_and_time(lab, team):
    held = of(lab, "Karim", "prusa-2")
    done = send(team, held, "deplacer", machine="ender-3", jour="2026-11-25", debut="10:00", fin="11:30")
    assert "C’est déplacé. La personne est prévenue." in text(done)
    moved = now_of(lab, held)
    assert (moved.resource_id, moved.span.starts.isoformat()) == (
        lab.resources["ender-3"].id, "2026-11-25T09:00:00+00:00",
    )  # fmt: skip


def test_a_move_that_is_refused_says_why_and_keeps_what_was_typed(lab, team):
    held = of(lab, "Karim", "prusa-2")
    no = send(team, held, "deplacer", machine="prusa-1", jour="2026-11-24", debut="15:00", fin="16:00")
    assert no.status_code == 409
    assert "Rien n’a changé. Ce moment est déjà pris." in text(no)
    assert 'value="prusa-1" selected' in no.text
    assert 'name="debut" type="time" required value="15:00"' in no.text
    assert now_of(lab, held) == held
    assert send(team, held, "deplacer", machine="prusa-1", jour="x", debut="y", fin="z").status_code == 422


def test_what_awaits_an_answer_stands_above_and_is_answered(lab, team):
    with lab.store.begin() as work:
        work.put_resource(replace(work.resource("soudure"), booking_policy={"approval": True}))
        made = [
            bookings.book(
                work, id=lab.ids.new(), resource="soudure", member_id=lab.people["Léa"].id,
                starts=lab.clock.now() + n * HOUR, ends=lab.clock.now() + (n + 1) * HOUR, now=lab.clock.now(),
            )
            for n in (2, 3)
        ]  # fmt: skip
    assert "2 réservations attendent votre réponse" in text(team.get("/equipe/planning"))
    assert "C’est accepté." in text(send(team, made[0], "accepter"))
    assert "C’est noté." in text(send(team, made[1], "refuser"))
    assert [now_of(lab, held).status for held in made] == [Status.STANDING, Status.DECLINED]
    assert "attendent" not in text(team.get("/equipe/planning"))


def test_whom_no_message_reaches_must_be_told_in_person(lab, team):
    with lab.store.begin() as work:
        work.put_member(replace(lab.people["Karim"], email=None))
    done = send(team, of(lab, "Karim", "prusa-2"), "annuler")
    assert "C’est fait. Aucun message n’atteint la personne : dites-le-lui." in text(done)
    assert "La personne est prévenue" not in text(done)


def test_one_is_cancelled_once(lab, team):
    held = of(lab, "Karim", "scanner")
    assert "C’est annulé." in text(send(team, held, "annuler"))
    page = team.get(f"/equipe/planning/{held.id}")
    assert "Cette réservation est annulée." in text(page)
    assert "form_token" not in page.text
