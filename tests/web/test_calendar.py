"""Calendars over HTTP: what a phone, an office's calendar and a stranger get to see."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import icalendar
import pytest

from gateway.domain.workshops import WorkshopKind
from gateway.service import bookings_changes, calendars, opening
from gateway.service.workshops import Changes, Plan, cancel, change, plan

HOUR = timedelta(hours=1)
TYPE = "text/calendar; charset=utf-8"


@pytest.fixture
def starts(lab):
    return lab.clock.now() + timedelta(days=2)


@pytest.fixture
def held(lab, starts):
    return lab.reserve("scanner", "Léa", starts, starts + HOUR)


@pytest.fixture
def address(web, bearer, lab):
    """A new secret address of Léa's."""

    def make():
        made = web.post(f"/api/v1/members/{lab.people['Léa'].id}/calendar", headers=bearer("manager"))
        assert made.status_code == 201
        return made.json()["address"]

    return make


def events(web, path, **headers):
    answer = web.get(path, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, TYPE)
    assert answer.text.startswith("BEGIN:VCALENDAR\r\n")
    assert answer.text.endswith("END:VCALENDAR\r\n")
    return icalendar.Calendar.from_ical(answer.content).walk("VEVENT")


def test_a_member_subscribes_and_sees_their_own_bookings_only(web, lab, starts, held, address):
    lab.reserve("vinyle", "Karim", starts, starts + HOUR)
    secret = address()
    (event,) = events(web, secret)
    assert (event["summary"], event["location"], event["url"]) == (
        "Scanner 3D",
        "La Ruche",
        "http://testserver/r/scanner",
    )
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (starts, starts + HOUR)
    assert (event["uid"], event["sequence"], event["status"]) == (f"{held.id}@etabli", 0, "CONFIRMED")
    (english,) = events(web, f"{secret}?lang=en")
    assert english["summary"] == "3D scanner"


def test_a_move_is_the_same_event_in_a_newer_version(web, lab, starts, held, address):
    secret = address()
    lab.clock.advance(3600)
    lab.transact(
        lambda work, now: bookings_changes.move(
            work, id=held.id, resource="camera", starts=starts + HOUR, ends=starts + 2 * HOUR, now=now
        )
    )
    (moved,) = events(web, secret)
    assert (moved["uid"], moved["sequence"], moved["summary"]) == (f"{held.id}@etabli", 1, "Valise caméra")
    assert moved.decoded("dtstart") == starts + HOUR
    assert moved.decoded("dtstamp") == moved.decoded("last-modified") == lab.clock.now()
    assert moved.decoded("created") == held.created_at


def test_what_is_cancelled_is_said_to_be_for_a_month(web, lab, held, address):
    secret = address()
    lab.transact(lambda work, now: bookings_changes.cancel(work, id=held.id, now=now))
    for path in (secret, "/calendar/r/scanner.ics", "/calendar/site.ics"):
        (event,) = events(web, path)
        assert (event["status"], event["sequence"], event["transp"]) == ("CANCELLED", 1, "TRANSPARENT")
    lab.clock.advance(34 * 86400)
    assert events(web, secret) == []


def test_an_address_made_anew_or_revoked_opens_nothing(web, lab, bearer, address):
    path = f"/api/v1/members/{lab.people['Léa'].id}/calendar"
    first = address()
    second = address()
    assert first != second
    assert (web.get(first).status_code, web.get(second).status_code) == (404, 200)
    told = web.get(path, headers=bearer("manager")).json()
    assert told == {"active": True, "made_at": "2026-11-24T11:00:00Z"}
    for _ in range(2):
        assert web.delete(path, headers=bearer("manager")).status_code == 204
    gone = web.get(second)
    assert (gone.status_code, gone.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert web.get(path, headers=bearer("manager")).json() == {"active": False, "made_at": None}


def test_the_secret_stands_nowhere(web, lab, address):
    secret = address().rsplit("/", 1)[1].removesuffix(".ics")
    assert len(secret) >= 43
    with lab.store.begin() as work:
        dump = "\n".join(work._tx._cursor.connection.iterdump())
    assert "calendar_links" in dump
    assert secret not in dump


@pytest.mark.parametrize("secret", ["x", "é", "a" * 5000, "%00", "' OR 1=1 --", "manager-secret"])
def test_a_guess_opens_nothing(web, address, secret):
    address()
    assert web.get(f"/calendar/m/{secret}.ics").status_code == 404


@pytest.mark.parametrize(("role", "status"), [("anonymous", 401), ("kiosk", 403), ("auditor", 403), ("manager", 404)])
def test_only_staff_make_addresses_and_only_of_members(web, bearer, role, status):
    nobody = "00000000-0000-7000-8000-000000000000"
    for method, path in (
        ("GET", f"members/{nobody}/calendar"), ("POST", f"members/{nobody}/calendar"),
        ("DELETE", f"members/{nobody}/calendar"), ("GET", f"reservations/{nobody}/calendar"),
    ):  # fmt: skip
        assert web.request(method, f"/api/v1/{path}", headers=bearer(role)).status_code == status


def test_the_public_ones_name_nobody(web, lab, starts, held):
    lab.reserve("camera", "Karim", starts, starts + HOUR)
    for path in ("/calendar/site.ics", "/calendar/r/scanner.ics"):
        text = web.get(path).text
        for member in lab.people.values():
            assert not any(told in text for told in (member.id, member.first_name, member.last_name, member.email))
    assert [event["summary"] for event in events(web, "/calendar/r/scanner.ics")] == ["Réservée"]
    assert [event["summary"] for event in events(web, "/calendar/r/scanner.ics?lang=en")] == ["Booked"]
    assert {event["summary"] for event in events(web, "/calendar/site.ics")} == {
        "Scanner 3D\u00a0: réservée", "Valise caméra\u00a0: réservée",
    }  # fmt: skip
    assert web.get("/calendar/r/nulle-part.ics").status_code == 404


def test_the_site_shows_workshops_and_closures(web, lab, starts):
    wish = Plan(
        kind=WorkshopKind.COURSE, titles={"fr": "Premiers pas"}, trainer_id=lab.people["Inès"].id, starts=starts,
        ends=starts + HOUR, seats=4, resources=("scanner",),
    )  # fmt: skip
    (workshop,) = lab.transact(lambda work, now: plan(work, wish, zone="Europe/Paris", ids=lab.ids, now=now))
    shut = {"starts": starts + timedelta(days=1), "ends": starts + timedelta(days=2), "reason": "Inventaire"}
    lab.transact(lambda work, now: opening.close(work, id=lab.ids.new(), resource=None, now=now, **shut))
    lab.transact(lambda work, now: opening.close(work, id=lab.ids.new(), resource="camera", now=now, **shut))
    assert [event["summary"] for event in events(web, "/calendar/site.ics")] == [
        "Atelier\u00a0: Premiers pas", "Fermé\u00a0: Inventaire.", "Valise caméra, fermé\u00a0: Inventaire.",
    ]  # fmt: skip
    assert [event["summary"] for event in events(web, "/calendar/r/scanner.ics")] == [
        "Atelier",
        "Fermé\u00a0: Inventaire.",
    ]
    another_time = Changes(starts=starts + HOUR, ends=starts + 2 * HOUR)
    lab.transact(lambda work, now: change(work, id=workshop.id, changes=another_time, ids=lab.ids, now=now))
    moved = events(web, "/calendar/site.ics")[0]
    assert (moved["uid"], moved["sequence"]) == (f"{workshop.id}@etabli", 1)
    another_room = Changes(resources=("bureau",))
    lab.transact(lambda work, now: change(work, id=workshop.id, changes=another_room, ids=lab.ids, now=now))
    assert events(web, "/calendar/site.ics")[0]["sequence"] == 2
    lab.transact(lambda work, now: cancel(work, id=workshop.id, reason=None, now=now))
    gone = events(web, "/calendar/site.ics")[0]
    assert (gone["status"], gone["sequence"]) == ("CANCELLED", 3)


def test_a_closure_was_made_when_it_was(web, lab, starts):
    before = datetime.now(UTC).replace(microsecond=0)
    lab.transact(
        lambda work, now: opening.close(
            work, id=lab.ids.new(), resource=None, starts=starts, ends=starts + HOUR, reason="Inventaire", now=now
        )
    )
    (event,) = events(web, "/calendar/site.ics")
    assert before <= event.decoded("dtstamp") <= datetime.now(UTC)


def test_whoever_has_it_already_is_told_so(web, lab, starts, held, address):
    for path in (address(), "/calendar/site.ics", "/calendar/r/scanner.ics"):
        first = web.get(path)
        etag = first.headers["etag"]
        for told in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            again = web.get(path, headers={"If-None-Match": told})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        assert web.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
        assert web.head(path).headers["etag"] == etag
    lab.clock.advance(3 * 3600)
    assert web.get("/calendar/r/scanner.ics", headers={"If-None-Match": etag}).status_code == 304
    lab.transact(lambda work, now: bookings_changes.cancel(work, id=held.id, now=now))
    assert web.get("/calendar/r/scanner.ics", headers={"If-None-Match": etag}).status_code == 200


def test_a_hostile_name_stays_a_name(web, lab, held):
    evil = {"fr": "Scanner\r\nATTENDEE:mailto:eve@example.org;X=1,2\\", "en": "Scanner"}
    with lab.store.begin() as work:
        work.put_resource(replace(work.resource("scanner"), names=evil))
    (event,) = events(web, "/calendar/site.ics")
    assert "ATTENDEE" not in event
    assert "mailto:eve@example.org;X=1,2\\" in event["summary"]


def test_one_booking_as_a_file(web, lab, held, bearer):
    answer = web.get(f"/api/v1/reservations/{held.id}/calendar", headers=bearer("manager"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, TYPE)
    assert answer.headers["content-disposition"] == 'attachment; filename="scanner.ics"'
    (event,) = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
    assert (event["uid"], event["summary"]) == (f"{held.id}@etabli", "Scanner 3D")


def test_a_fault_does_not_write_the_secret_into_the_log(web, lab, address, caplog, monkeypatch):
    path = address()
    monkeypatch.setattr("dashboard.calendar.endpoints.window_at", lambda now: 1 / 0)
    assert web.get(path).status_code == 500
    assert "/calendar/m/" in caplog.text
    assert path.rsplit("/", 1)[1] not in caplog.text.split("Traceback")[0]


def test_who_has_no_address_yet_has_none_to_lose(lab):
    nobody = "00000000-0000-7000-8000-000000000000"
    assert lab.transact(lambda work, now: calendars.revoke_link(work, member_id=lab.people["Léa"].id, now=now))
    assert not lab.transact(lambda work, now: calendars.revoke_link(work, member_id=nobody, now=now))
