"""What members say for themselves: tell me when it is free, show my first name or not, my calendar's secret address."""

import re
from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from dashboard.dependencies import digest_of
from gateway.domain.notices import House
from gateway.domain.people import Role
from gateway.domain.waiting import WaitState
from gateway.service import bookings_changes, members
from gateway.service.waiting import settle_line
from tests.web.admin import sign_in
from tests.web.booked import door
from tests.web.kiosk_lab import BADGES, enrol_badges, tap
from tests.web.test_kiosk import heading
from tests.web.test_kiosk_actions import press
from tests.web.test_member_pages import send

HOUR, KEY = timedelta(hours=1), "soldering-secret"


@pytest.fixture
def own(lab, web):
    """Léa is signed in."""
    web.headers["Origin"] = "http://testserver"
    web.get(door(lab, "Léa"))
    return web


@pytest.fixture
def kiosk(lab, web):
    web.headers["sec-fetch-site"] = "same-origin"
    enrol_badges(lab)
    with lab.store.begin() as work:
        members.make_token(
            work, id=lab.ids.new(), digest=digest_of(KEY), role=Role.KIOSK, label="soudure", resource="soudure",
            now=lab.clock.now(),
        )  # fmt: skip
    assert web.get(f"/kiosk/soudure?key={KEY}").status_code == 200
    return web


def test_whoever_finds_it_booked_is_told_when_it_is_free_after_all(lab, kiosk):
    now = lab.clock.now()
    held = lab.reserve("soudure", "Inès", now - HOUR, now + 2 * HOUR)
    tap(lab, "soudure-reader", BADGES["Léa"])
    page = kiosk.get("/kiosk/soudure")
    assert "Prévenez-moi si elle se libère" in page.text
    done = press(kiosk, page, "wait", "soudure")
    assert heading(done) == "Vous êtes sur la liste."
    assert "Aucun message ne vous atteint." in done.text, "nobody promises a message that no channel carries"
    assert "Prévenez-moi" not in kiosk.get("/kiosk/soudure").text, "once is enough"
    with lab.store.begin() as work:
        bookings_changes.cancel(work, id=held.id, now=lab.clock.now())
        settle_line(work, lab.clock.now())
    (wait,) = lab.store.views().waits(lab.people["Léa"].id)
    assert wait.state is WaitState.OFFERED


def test_nobody_stands_in_line_for_a_few_minutes(lab, kiosk):
    now = lab.clock.now()
    lab.reserve("soudure", "Inès", now - HOUR, now + timedelta(minutes=9))
    tap(lab, "soudure-reader", BADGES["Léa"])
    page = kiosk.get("/kiosk/soudure")
    assert "La machine est réservée." in page.text
    assert "Prévenez-moi" not in page.text


def test_a_message_is_promised_to_whoever_one_reaches(lab, kiosk):
    house = House(channels=("email",), quiet=None, zone=UTC)
    kiosk.app.state.services = replace(kiosk.app.state.services, house=house)
    with lab.store.begin() as work:
        work.put_member(replace(lab.people["Léa"], email="lea@example.org"))
    now = lab.clock.now()
    lab.reserve("soudure", "Inès", now - HOUR, now + 2 * HOUR)
    tap(lab, "soudure-reader", BADGES["Léa"])
    done = press(kiosk, kiosk.get("/kiosk/soudure"), "wait", "soudure")
    assert "Si elle se libère avant, un message vous le dit." in done.text


def test_a_first_name_is_shown_only_while_its_owner_wants(lab, own):
    lea = lab.people["Léa"].id
    page = own.get("/moi")
    assert "Votre prénom n’est pas montré." in page.text
    shown = send(own, page, "/moi/prenom")
    assert "C’est noté. Votre prénom est montré." in shown.text
    assert lab.store.views().member(lea).show_first_name
    hidden = send(own, shown, "/moi/prenom")
    assert "Votre prénom n’est plus montré." in hidden.text
    assert not lab.store.views().member(lea).show_first_name


def test_a_calendar_s_address_is_shown_once_and_made_useless_by_its_owner(lab, own):
    page = own.get("/moi/agenda")
    made = send(own, page, "/moi/agenda")
    assert made.headers["cache-control"] == "no-store"
    address = re.search(r'value="(http://testserver/calendar/m/[\w-]+\.ics)"', made.text)[1]
    feed = own.get(address)
    assert (feed.status_code, feed.text[:15]) == (200, "BEGIN:VCALENDAR")
    again = own.get("/moi/agenda")
    assert address not in again.text
    assert "Une adresse existe depuis" in again.text
    other = send(own, again, "/moi/agenda")
    assert own.get(address).status_code == 404, "another address puts this one out"
    newer = re.search(r'value="(http://testserver/calendar/m/[\w-]+\.ics)"', other.text)[1]
    gone = send(own, own.get("/moi/agenda"), "/moi/agenda/retirer")
    assert "L’adresse est retirée." in gone.text
    assert own.get(newer).status_code == 404


def test_the_team_finds_the_public_calendars(lab, web):
    staff = sign_in(web)
    for path, feed in (("/equipe/planning", "site"), ("/equipe/machines/laser", "r/laser")):
        address = f"http://testserver/calendar/{feed}.ics"
        assert f'value="{address}"' in staff.get(path).text
        assert staff.get(address).status_code == 200
