"""A machine passes from one person to the next at the reader, on a real broker: its power is never cut in between."""

import sqlite3
from contextlib import closing

import pytest

from tests.scenarios.conftest import Floor
from tests.scenarios.program import eventually

pytestmark = [pytest.mark.scenario, pytest.mark.mosquitto, pytest.mark.octoprint, pytest.mark.timeout(60)]

QUARTER_US = 15 * 60 * 1_000_000


def leave_idle_for_a_quarter(floor: Floor, session: str) -> None:
    """As if nothing had happened in it for so long."""
    with closing(sqlite3.connect(floor.lab.data / "etabli.db", isolation_level=None)) as other:
        other.execute("UPDATE sessions SET last_activity_at = last_activity_at - ? WHERE id = ?", (QUARTER_US, session))


def test_an_idle_session_is_taken_over_by_the_next_qualified_members_tap(floor: Floor):
    lab, plug = floor.lab, floor.shop.plugs["tour-prise"]
    iris, nour, theo = lab.member("Iris", "tour"), lab.member("Nour", "tour"), lab.member("Théo")
    lab.api("PATCH", "/resources/tour/policies", {"use": {"take_over_minutes": 10}})
    before = len(plug.orders)
    floor.reader("tour").tap(iris)
    eventually(lambda: plug.on, what="the plug is on")
    first = eventually(lambda: floor.open_session("tour"))
    eventually(lambda: floor.open_session("tour")["state"] == "active", what="the plug has confirmed")

    floor.reader("tour").tap(nour)
    eventually(lambda: floor.verdicts("tour")[-1]["code"] == "in_use", what="it is still hers")
    leave_idle_for_a_quarter(floor, first["id"])
    floor.reader("tour").tap(theo)
    eventually(lambda: floor.verdicts("tour")[-1]["code"] == "training_missing", what="nobody untrained takes over")
    assert floor.open_session("tour")["id"] == first["id"]
    floor.reader("tour").tap(nour)

    eventually(lambda: floor.open_session("tour")["operator_id"] == nour.id, what="the next person has it")
    eventually(lambda: floor.open_session("tour")["state"] == "active", what="the plug has confirmed again")
    closed = next(row for row in lab.sessions("tour") if row["id"] == first["id"])
    assert (closed["end_reason"], closed["operator_id"]) == ("taken_over", iris.id)
    assert closed["enabled_s"] == pytest.approx(closed["active_s"] + closed["idle_s"], abs=0.01)
    assert plug.on
    assert ("POWER1", "OFF") not in plug.orders[before:]
