"""Lasers on real Grbl bytes: run, hold, alarm, unplug, replug; each job once."""

import pytest

from tests.scenarios.conftest import Floor
from tests.scenarios.program import eventually

pytestmark = [pytest.mark.scenario, pytest.mark.mosquitto, pytest.mark.octoprint, pytest.mark.timeout(60)]

CUT = ("M4 S500", "G1 X10 F300", "G1 X0 F300", "M5")
"""Two seconds out, two seconds back, the beam on."""
LONG_CUT = ("M4 S500", *(f"G1 X{10 * (n % 2)} F300" for n in range(1, 30)), "M5")


@pytest.mark.parametrize(("place", "line"), [("laser", "laser-grbl"), ("graveuse", "graveuse-grbl")])
def test_a_laser_runs_holds_alarms_is_unplugged_and_comes_back_and_each_job_ends_once(floor: Floor, place, line):
    lab, laser = floor.lab, floor.shop.lasers[line]
    ada = lab.member(f"Ada {place}", "laser")

    def ended() -> list[dict]:
        return [event for event in lab.events("job_ended") if event["resource"] == place]

    def alarms() -> list[str]:
        return [e["data"]["code"] for e in lab.events("alarm_raised") if e["resource"] == place]

    floor.reader(place).tap(ada)
    session = eventually(lambda: floor.open_session(place))

    # A job that is held for a while.
    laser.cut(*CUT)
    job = eventually(lambda: lab.jobs(place), what="the job is seen")[0]
    assert (job["member_id"], job["session_id"]) == (ada.id, session["id"])
    laser.press(b"!")
    eventually(lambda: lab.jobs(place)[0]["paused"], what="the hold is seen")
    eventually(lambda: laser.press(b"~") or laser.state == "Run", what="it has come to rest, and goes on")
    over = eventually(lambda: [job for job in lab.jobs(place) if job["outcome"]], within_s=12, what="its end")[0]
    assert (over["id"], over["outcome"]) == (job["id"], "finished")
    # Four seconds of cutting by the program, and what the hold and its looks add.
    assert 2.5 <= over["laser_on_s"] <= over["active_s"] + 0.5 <= 12.0
    assert over["paused_s"] > 0
    assert over["wall_s"] == pytest.approx(over["active_s"] + over["paused_s"], abs=0.01)

    # A job that an alarm ends, and one that goes on while the cable is out.
    laser.cut(*LONG_CUT)
    eventually(lambda: len(lab.jobs(place)) == 2, what="the second job is seen")
    laser.do(lambda grbl, _now: grbl.fail(9))
    failed = eventually(lambda: lab.jobs(place)[0] if lab.jobs(place)[0]["outcome"] else None)
    assert failed["outcome"] == "failed"
    eventually(lambda: "grbl-alarm-9" in alarms(), what="the alarm is told, too")
    laser.press(b"\x18")
    laser.press(b"$X\n")
    eventually(lambda: laser.state == "Idle")

    laser.cut(*LONG_CUT)
    eventually(lambda: len(lab.jobs(place)) == 3, what="the third job is seen")
    laser.unplug()
    eventually(lambda: lab.device(line)["presence"] == "offline", what="the laser is said to be out of reach")
    laser.replug()
    eventually(lambda: lab.device(line)["presence"] == "online", what="the laser is back", within_s=15)
    assert lab.jobs(place)[0]["outcome"] is None, "it still runs: the same job goes on"
    laser.do(lambda grbl, _now: grbl.fail(9))
    eventually(lambda: lab.jobs(place)[0]["outcome"] == "failed")

    # A reset while out of reach: nobody knows how that job ended.
    laser.press(b"\x18")
    laser.press(b"$X\n")
    eventually(lambda: laser.state == "Idle")
    laser.cut(*LONG_CUT)
    eventually(lambda: len(lab.jobs(place)) == 4, what="the fourth job is seen")
    laser.unplug()
    laser.do(lambda grbl, _now: grbl.power_cycle())
    eventually(lambda: lab.device(line)["presence"] == "offline")
    laser.replug()
    unknown = eventually(lambda: lab.jobs(place)[0] if lab.jobs(place)[0]["outcome"] else None, within_s=15)
    assert unknown["outcome"] == "unknown"

    assert len(ended()) == 4
    assert len({event["data"]["job"] for event in ended()}) == 4
    assert all(job["session_id"] == session["id"] for job in lab.jobs(place))
