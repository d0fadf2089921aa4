"""The dry run over HTTP: the same rules and codes as a tap, now and later, and nothing is written."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.booking import Purpose, Reservation
from gateway.domain.resources import DeviceRole, Presence
from gateway.domain.sessions import State
from gateway.domain.timespan import Span
from tests.web.lab import NOON

HOUR = timedelta(hours=1)
NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def staff(web, bearer):
    """Send as a manager; the body of the answer."""

    def send(method, path, body=None):
        answer = web.request(method, f"/api/v1{path}", json=body, headers=bearer("manager"))
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    return send


@pytest.fixture
def ask(web, bearer, lab):
    """Ask about Léa; the body of the answer."""

    def send(resource="bureau", at=None, role="manager", member=None):
        params = {"resource": resource, "member": member or lab.people["Léa"].id} | (
            {"at": at.isoformat()} if at else {}
        )
        answer = web.get("/api/v1/access", params=params, headers=bearer(role))
        return answer.json() if answer.status_code == 200 else answer.status_code

    return send


def codes(told):
    return [refusal["code"] for refusal in told["refusals"]]


@pytest.mark.parametrize(("role", "status"), [("anonymous", 401), ("kiosk", 403), ("auditor", 403)])
def test_only_staff_ask_about_a_member(ask, role, status):
    assert ask(role=role) == status


def test_what_is_not_there_or_past_is_said(ask):
    assert ask(member=NOBODY) == 404
    assert ask(resource="nulle-part") == 404
    assert ask(at=NOON - HOUR) == 422


def test_every_missing_thing_is_told_with_its_words_and_steps(ask, staff, lab):
    staff("PATCH", f"/members/{lab.people['Léa'].id}", {"active": False})
    told = ask("laser")
    assert (told["granted"], told["until"]) == (False, None)
    assert codes(told) == ["member_inactive", "training_missing"]
    missing = told["refusals"][1]
    assert missing["params"]["training"] == "decoupe-laser"
    assert missing["sentence"]
    assert [step["code"] for step in missing["next_steps"]] == ["ask_for_training"]


def test_a_later_moment_is_answered_with_the_reservations_of_that_moment(ask, staff, lab):
    booking = {"starts": (NOON + 2 * HOUR).isoformat(), "ends": (NOON + 4 * HOUR).isoformat(), "resource": "bureau"}
    staff("POST", "/reservations", booking | {"member_id": lab.people["Karim"].id})
    soon, then, after = ask(), ask(at=NOON + 3 * HOUR), ask(at=NOON + 4 * HOUR)
    assert (soon["granted"], soon["until"]) == (True, "2026-11-24T13:00:00Z")
    assert codes(then) == ["reserved_by_other"]
    assert after["granted"]


def test_a_lapsed_membership_in_its_days_of_grace_warns(ask, staff, lab):
    staff("PATCH", f"/members/{lab.people['Léa'].id}", {"member_until": NOON.isoformat()})
    assert codes(ask()) == ["membership_lapsed"]
    staff("PATCH", "/policies", {"use": {"membership_grace_days": 7}})
    told = ask(at=NOON + 24 * HOUR)
    assert told["granted"]
    assert [warning["code"] for warning in told["warnings"]] == ["membership_in_grace"]
    assert codes(ask(at=NOON + 7 * 24 * HOUR)) == ["membership_lapsed"]


def test_nothing_is_written(ask, lab):
    before = lab.store.views().events_after(0, 1000)
    ask("laser")
    assert lab.store.views().events_after(0, 1000) == before


# Each rule from what is stored, set through the API wherever it is a person who sets it. Léa asks for the desk.


def member(**changes):
    return lambda lab, send: send("PATCH", f"/members/{lab.people['Léa'].id}", changes)


def use(**rules):
    return lambda lab, send: send("PATCH", "/policies", {"use": rules})


def both(*steps):
    return lambda lab, send: [step(lab, send) for step in steps]


def course(**changes):
    """The desk's own course, on top of another one."""

    def step(lab, send):
        send("POST", "/trainings", {"slug": "base", "names": {"fr": "Base"}})
        send("POST", "/trainings", {"slug": "bureau", "names": {"fr": "Bureau"}, **changes})
        with lab.store.begin() as work:
            work.put_resource(replace(lab.resources["bureau"], trainings=("bureau",)))

    return step


def right(training, path="", **changes):
    return lambda lab, send: send(
        "POST", f"/qualifications{path}", {"member_id": lab.people["Léa"].id, "training": training, **changes}
    )


def resource(**changes):
    def step(lab, send):
        with lab.store.begin() as work:
            work.put_resource(replace(lab.resources["bureau"], **changes))

    return step


def device(role, presence):
    def step(lab, send):
        with lab.store.begin() as work:
            where = None if role is DeviceRole.PLACE else "bureau"
            made = work.put_device(id=lab.ids.new(), slug="bureau-x", role=role, resource=where)
            work.save_device(replace(made, presence=presence))

    return step


def booked(who, starts_h, ends_h, purpose=Purpose.USE):
    def step(lab, send):
        span = Span(NOON + starts_h * HOUR, NOON + ends_h * HOUR)
        held = Reservation(
            id=lab.ids.new(), resource_id=lab.resources["bureau"].id, member_id=lab.people[who].id if who else None,
            span=span, created_at=NOON, purpose=purpose,
        )  # fmt: skip
        with lab.store.begin() as work:
            assert work.add_reservation(held)

    return step


def session(slug, who, minutes=60, **changes):
    return lambda lab, send: lab.session(slug, who, minutes=minutes, energised_at=NOON - minutes * HOUR / 60, **changes)


DOOR = device(DeviceRole.PLACE, Presence.ONLINE)
OVER = {"state": State.CLOSED, "closed_at": NOON}
EACH = {
    "member_inactive": member(active=False, suspended_reason="Matériel non rendu"),
    "membership_lapsed": member(member_until=NOON.isoformat()),
    "charter_not_accepted": both(member(charter_version=1), use(charter_version=2)),
    "birth_date_unknown": use(minimum_age=16),
    "too_young": both(member(birth_date="2012-01-01"), use(minimum_age=16)),
    "guardian_consent_missing": both(member(birth_date="2012-01-01"), use(guardian_consent_under=18)),
    "out_of_service": lambda lab, send: send(
        "POST", "/resources/bureau/out-of-service", {"reason": "Cassé", "back_at": (NOON + HOUR).isoformat()}
    ),
    "interlock_unknown": device(DeviceRole.INTERLOCK, Presence.OFFLINE),
    "closed_now": lambda lab, send: send("PUT", "/opening", {"tuesday": "14:00-18:00"}),
    "closed_day": lambda lab, send: send(
        "POST", "/closures", {"starts": NOON.isoformat(), "ends": (NOON + HOUR).isoformat(), "reason": "Travaux"}
    ),
    "training_missing": course(),
    "training_awaiting": both(course(), right("bureau", "/declare")),
    "training_lapsed": both(course(validity_days=30), right("bureau", granted_at=(NOON - 31 * 24 * HOUR).isoformat())),
    "prerequisite_lapsed": both(
        course(),
        right("base", granted_at=(NOON - 24 * HOUR).isoformat(), expires_at=(NOON + HOUR).isoformat()),
        right("bureau"),
        lambda lab, send: send("PATCH", "/trainings/bureau", {"prerequisites": ["base"]}),
        lambda lab, send: lab.clock.advance(3600),
    ),
    "supervision_required": use(supervision=True),
    "presence_unknown": use(minimum_people=2),
    "no_responsible": both(DOOR, use(responsible_present=True)),
    "too_few_people": both(DOOR, use(minimum_people=2)),
    "in_use": session("bureau", "Karim"),
    "cooling_down": both(session("bureau", "Karim", **OVER), use(cool_down_seconds=60)),
    "reserved_by_other": booked("Karim", -1, 1),
    "under_maintenance": booked(None, -1, 1, Purpose.MAINTENANCE),
    "reserved_soon": both(
        booked("Karim", 0.1, 1), lambda lab, send: send("PATCH", "/policies", {"booking": {"buffer_minutes": 15}})
    ),
    "reservation_required": resource(reservation_required=True),
    "too_early": both(resource(reservation_required=True), booked("Léa", 1, 2), use(early_minutes=10)),
    "quota_day_used_up": both(session("bureau", "Léa", **OVER), use(quota_day_minutes=60)),
    "quota_week_used_up": both(session("bureau", "Léa", **OVER), use(quota_week_minutes=60)),
    "too_many_sessions": both(session("scanner", "Léa"), use(max_open_sessions=1)),
}


@pytest.mark.parametrize("code", EACH)
def test_each_rule_is_reached_from_what_is_stored(ask, staff, lab, code):
    assert ask()["granted"]
    EACH[code](lab, staff)
    told = ask()
    assert codes(told) == [code]
    assert told["refusals"][0]["next_steps"]
