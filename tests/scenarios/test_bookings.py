"""A booking lives on the floor: the tap is the check-in, leaving early frees the rest, whoever waits is asked."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.scenarios.conftest import Floor
from tests.scenarios.program import eventually

pytestmark = [pytest.mark.scenario, pytest.mark.mosquitto, pytest.mark.octoprint, pytest.mark.timeout(90)]

TAP_AGAIN_S = 10


def test_who_leaves_early_frees_the_rest_and_whoever_waits_takes_it_with_one_call(floor: Floor):
    lab, hour = floor.lab, timedelta(hours=1)

    def events(kind: str) -> list[dict]:
        return [event for event in lab.events(kind) if event["resource"] == "surjeteuse"]

    lab.api("PATCH", "/resources/surjeteuse/policies", {"booking": {"free_within_minutes": 0}})
    ada, bob = lab.member("Ada", "textile"), lab.member("Bob", "textile")
    now = datetime.now(UTC)
    held = lab.reserve("surjeteuse", ada, starts=now - timedelta(minutes=5), ends=now + hour)
    wish = {"resource": "surjeteuse", "member_id": bob.id, "starts": now.isoformat(), "ends": (now + hour).isoformat()}
    place = lab.api("POST", "/reservations/waiting", wish)

    floor.reader("surjeteuse").tap(ada)
    came = eventually(lambda: events("reservation_checked_in"), what="the tap is the check-in")[0]
    tapped_at = time.monotonic()
    assert (came["data"]["reservation"], came["member_id"]) == (held["id"], ada.id)
    assert eventually(lambda: floor.open_session("surjeteuse"))["operator_id"] == ada.id

    # A tap this soon after the first would only be the unsure second one.
    time.sleep(max(0.0, tapped_at + TAP_AGAIN_S + 0.2 - time.monotonic()))
    floor.reader("surjeteuse").tap(ada)

    eventually(lambda: events("reservation_shortened"), what="the rest is free")
    told = eventually(lambda: events("slot_offered"), what="whoever waits is asked")[0]
    assert (told["member_id"], told["data"]["wait"]) == (bob.id, place["id"])
    made = lab.api("POST", f"/reservations/waiting/{place['id']}/accept")
    assert (made["resource"], made["member_id"]) == ("surjeteuse", bob.id)

    floor.reader("surjeteuse").tap(bob)
    assert eventually(lambda: floor.open_session("surjeteuse"))["operator_id"] == bob.id
