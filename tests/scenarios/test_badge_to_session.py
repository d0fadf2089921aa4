"""A badge goes in, a machine goes on, a job is seen, the session is counted, the board moves: or all of it is refused."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.scenarios.conftest import Floor
from tests.scenarios.program import eventually, never

pytestmark = [pytest.mark.scenario, pytest.mark.mosquitto, pytest.mark.octoprint, pytest.mark.timeout(90)]

TAP_AGAIN_S = 10
CEILING_S = 2 * 3600


@pytest.mark.browser
def test_a_qualified_member_taps_in_prints_and_taps_out_while_the_board_follows(floor: Floor, octoprint, board):
    lab, plug = floor.lab, floor.shop.plugs["imprimante-prise"]
    ada = lab.member("Ada", "impression-3d")
    tile = board(lab.url).tile("imprimante")
    eventually(lambda: tile.state == "free", what="the board shows a free printer")

    tapped_at = time.monotonic()
    floor.reader("imprimante").tap(ada)

    eventually(lambda: plug.on, what="the plug is on")
    # What was heard on the broker reaches each listener in its own time.
    eventually(lambda: len(plug.orders) >= 2 and plug.orders[-1] == ("POWER1", "ON"), what="the order was overheard")
    timer, armed = plug.orders[-2]
    assert timer == "PulseTime1", plug.orders
    assert CEILING_S - 60 <= int(armed) - 100 <= CEILING_S
    assert eventually(lambda: floor.verdicts("imprimante"), what="a verdict")[-1]["code"] == "granted"
    session = eventually(lambda: floor.open_session("imprimante"))
    eventually(lambda: floor.open_session("imprimante")["state"] == "active", what="the plug has confirmed")
    assert session["operator_id"] == ada.id
    eventually(lambda: tile.state == "occupied_idle", what="the board changed by itself")

    octoprint.print_gcode("vase.gcode", "G28\nG4 S2\nG4 P500\n")

    job = eventually(lambda: lab.jobs("imprimante"), what="the job is seen")[0]
    assert (job["member_id"], job["session_id"], job["outcome"]) == (ada.id, session["id"], None)
    eventually(lambda: tile.state == "running", what="the board shows the print")
    over = eventually(lambda: [job for job in lab.jobs("imprimante") if job["outcome"]], what="the job's end")[0]
    assert (over["id"], over["outcome"], len(lab.jobs("imprimante"))) == (job["id"], "finished", 1)
    assert 2.0 <= over["active_s"] <= 6.0
    eventually(lambda: tile.state == "finished", what="the board says that the part can be taken")

    # A tap this soon after the first would only be the unsure second one.
    time.sleep(max(0.0, tapped_at + TAP_AGAIN_S + 0.2 - time.monotonic()))
    floor.reader("imprimante").tap(ada)

    closed = eventually(lambda: [row for row in lab.sessions("imprimante") if row["closed_at"]])[0]
    eventually(lambda: not plug.on, what="the plug is off")
    assert (closed["id"], closed["end_reason"]) == (session["id"], "tapped_out")
    assert closed["active_s"] == pytest.approx(over["active_s"], abs=0.01)
    assert closed["enabled_s"] == pytest.approx(closed["active_s"] + closed["idle_s"], abs=0.01)
    powered = datetime.fromisoformat(closed["closed_at"]) - datetime.fromisoformat(closed["energised_at"])
    assert closed["enabled_s"] == pytest.approx(powered.total_seconds(), abs=0.01)
    assert closed["enabled_s"] <= time.monotonic() - tapped_at
    assert plug.switched_on == 1
    assert not tile.page_was_loaded_again

    wanted = {"resource": "imprimante"}
    eventually(lambda: lab.points("session", "active_s", **wanted) == [pytest.approx(closed["active_s"])])
    eventually(lambda: lab.points("session", "enabled_s", **wanted) == [pytest.approx(closed["enabled_s"])])
    eventually(lambda: lab.points("job", "active_s", outcome="finished", **wanted) == [pytest.approx(over["active_s"])])
    eventually(lambda: lab.points("tap", "refusals", verdict="granted", **wanted) == [0.0])
    eventually(lambda: [point for point in lab.points("state", "powered", **wanted) if point] == [1.0])


def test_a_member_without_the_trainings_is_refused_with_every_reason_and_nothing_is_powered(floor: Floor):
    lab, plug = floor.lab, floor.shop.plugs["vinyle-prise"]
    bob = lab.member("Bob", "impression-3d")

    floor.reader("vinyle").tap(bob)

    event = eventually(lambda: [e for e in lab.events("tap_refused") if e["resource"] == "vinyle"])[0]
    assert event["data"]["refusals"] == ["training_missing", "training_missing"]
    assert {reason["params"]["training"] for reason in event["data"]["reasons"]} == {"vinyle", "securite"}
    verdict = eventually(lambda: floor.verdicts("vinyle"))[-1]
    assert (verdict["tone"], verdict["code"]) == ("refused", "training_missing")
    kiosk = lab.kiosk("vinyle")
    assert "Vinyle" in kiosk
    assert "Securite" in kiosk
    never(lambda: plug.on or plug.switched_on, for_s=0.3, what="the plug was told something")
    assert floor.open_session("vinyle") is None


def test_a_reserved_machine_refuses_another_qualified_member_and_tells_until_when(floor: Floor):
    lab, plug = floor.lab, floor.shop.plugs["brodeuse-prise"]
    grace, hedy = lab.member("Grace", "textile"), lab.member("Hedy", "textile")
    now = datetime.now(UTC)
    until = now + timedelta(hours=1)
    lab.reserve("brodeuse", grace, starts=now - timedelta(minutes=1), ends=until)

    floor.reader("brodeuse").tap(hedy)

    event = eventually(lambda: [e for e in lab.events("tap_refused") if e["resource"] == "brodeuse"])[0]
    assert event["data"]["refusals"] == ["reserved_by_other"]
    told = datetime.fromisoformat(event["data"]["reasons"][0]["params"]["until"])
    assert abs(told - until) < timedelta(seconds=1)
    assert eventually(lambda: floor.verdicts("brodeuse"))[-1]["code"] == "reserved_by_other"
    assert not plug.switched_on

    floor.reader("brodeuse").tap(grace)

    eventually(lambda: plug.on, what="whoever reserved it is let in")
    assert eventually(lambda: floor.open_session("brodeuse"))["operator_id"] == grace.id


def test_an_unknown_badge_is_refused_kindly_and_enrolled_by_one_click(floor: Floor):
    lab, plug = floor.lab, floor.shop.plugs["fer-prise"]
    alan = lab.member("Alan", enrol=False)

    floor.reader("fer").tap(alan)

    eventually(lambda: floor.verdicts("fer"), what="a verdict")
    assert floor.verdicts("fer")[-1]["code"] == "badge_unknown"
    event = eventually(lambda: [e for e in lab.events("tap_refused") if e["resource"] == "fer"])[0]
    assert alan.badge.hex().upper() not in str(event).upper()
    lab.api("POST", f"/members/{alan.id}/badges", {"tap": event["id"]})
    assert not plug.switched_on

    floor.reader("fer").tap(alan)

    eventually(lambda: plug.on, what="the enrolled badge opens")
    assert eventually(lambda: floor.open_session("fer"))["operator_id"] == alan.id
