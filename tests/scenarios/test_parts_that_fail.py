"""A printer's server dies, the time-series server is away, devices talk nonsense: everybody else goes on."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from gateway.adapters.timeseries_influx import InfluxTimeSeries
from tests.fixtures_influx import ORG, TOKEN
from tests.fixtures_octoprint import dwell
from tests.scenarios.conftest import Floor
from tests.scenarios.lab import SITE
from tests.scenarios.program import eventually

pytestmark = [pytest.mark.scenario, pytest.mark.mosquitto, pytest.mark.octoprint, pytest.mark.timeout(90)]

PROMPT_S = 1.0
"""A tap is heard, decided, obeyed and confirmed within this, however other machines are."""
WRITTEN = ("tap", "state", "session", "job")


def test_octoprint_is_killed_in_mid_print_and_its_job_is_closed_once_while_others_work(floor: Floor, octoprint):
    lab = floor.lab
    joan, katherine = lab.member("Joan", "impression-3d"), lab.member("Katherine", "vinyle", "securite")
    before = len(lab.jobs("imprimante"))
    eventually(lambda: floor.open_session("imprimante") is None, what="the printer is free")
    floor.reader("imprimante").tap(joan)
    session = eventually(lambda: floor.open_session("imprimante"))
    octoprint.print_gcode("long.gcode", dwell(60))
    job = eventually(lambda: lab.jobs("imprimante")[0] if len(lab.jobs("imprimante")) > before else None)
    assert (job["member_id"], job["outcome"]) == (joan.id, None)

    octoprint.kill()
    began = time.monotonic()
    floor.reader("vinyle").tap(katherine)
    eventually(lambda: floor.shop.plugs["vinyle-prise"].on, what="another machine starts", every_s=0.005)
    assert time.monotonic() - began < PROMPT_S
    eventually(lambda: lab.device("imprimante-octoprint")["presence"] == "offline", what="it is said to be away")
    assert floor.shop.plugs["imprimante-prise"].on, "nobody cuts a printer because its server is away"

    octoprint.start()
    eventually(lambda: lab.device("imprimante-octoprint")["presence"] == "online", within_s=30, what="it is back")
    over = eventually(lambda: lab.jobs("imprimante")[0] if lab.jobs("imprimante")[0]["outcome"] else None)
    assert (over["id"], over["outcome"], over["member_id"]) == (job["id"], "unknown", joan.id)

    octoprint.print_gcode("short.gcode", dwell(1))
    eventually(lambda: lab.jobs("imprimante")[0]["outcome"] == "finished", within_s=15, what="the next print is seen")
    assert len(lab.jobs("imprimante")) == before + 2
    ended = [e["data"]["job"] for e in lab.events("job_ended") if e["resource"] == "imprimante"]
    assert ended.count(job["id"]) == 1
    assert floor.open_session("imprimante")["id"] == session["id"]


def test_the_program_is_killed_in_mid_print_and_finds_the_same_job_again_with_its_owner(floor: Floor, octoprint):
    lab, plug = floor.lab, floor.shop.plugs["imprimante-prise"]
    if floor.open_session("imprimante") is not None:
        lab.api("POST", "/resources/imprimante/end-session")
    eventually(lambda: not plug.on, what="the printer is free")
    anne, before, orders = lab.member("Anne", "impression-3d"), len(lab.jobs("imprimante")), len(plug.orders)
    floor.reader("imprimante").tap(anne)
    session = eventually(lambda: floor.open_session("imprimante"))
    octoprint.print_gcode("kept.gcode", dwell(8))
    job = eventually(lambda: lab.jobs("imprimante")[0] if len(lab.jobs("imprimante")) > before else None)
    assert job["member_id"] == anne.id

    lab.kill9()
    lab.restart()

    over = eventually(lambda: lab.jobs("imprimante")[0] if lab.jobs("imprimante")[0]["outcome"] else None, within_s=20)
    assert (over["id"], over["outcome"], over["session_id"]) == (job["id"], "finished", session["id"])
    assert len(lab.jobs("imprimante")) == before + 1
    assert 7.0 <= over["active_s"] <= 15.0
    assert plug.on
    assert plug.orders[orders:].count(("POWER1", "OFF")) == 0


@pytest.mark.influxdb
def test_the_time_series_server_is_away_for_a_while_and_everything_is_there_afterwards_once(floor: Floor):
    if floor.influx is None:
        pytest.skip("influxd is not on the PATH")
    lab = floor.lab
    series = InfluxTimeSeries(floor.influx.url, TOKEN, ORG, "etabli")
    now = datetime.now(UTC)
    span = {"starts": now - timedelta(hours=1), "ends": now + timedelta(minutes=5)}

    def copied() -> dict[str, list[int]]:
        return {name: sorted(value for _at, value in series.query(name, "event", **span)) for name in WRITTEN}

    def kept() -> dict[str, list[int]]:
        return {name: sorted(lab.points(name, "event")) for name in WRITTEN}

    try:
        eventually(lambda: copied() == kept(), what="the copy is complete at first")

        floor.influx.kill()
        before = kept()
        for number in range(3):
            stranger = lab.member(f"Passante {number}", enrol=False)
            floor.reader("fer").tap(stranger)
        eventually(
            lambda: len(kept()["tap"]) >= len(before["tap"]) + 3, what="the lab goes on, and keeps its own series"
        )

        floor.influx.start()
        eventually(lambda: copied() == kept(), within_s=40, what="the copy has caught up")
        for name, events in copied().items():
            assert len(events) == len(set(events)), f"{name}: doubled"
    finally:
        series.close()


def test_any_bytes_on_any_topic_and_line_are_counted_once_shown_and_never_a_crash(floor: Floor):
    lab, shop = floor.lab, floor.shop
    rubbish = (b"", b"\xff\x00{]", b"{}", b'{"v":1}', b"[" * 2000, bytes(range(256)) * 8)
    devices = ("fer-lecteur", "fer-prise", "laser-grbl", "nobody-knows-me", "gateway")

    for payload in rubbish:
        for device in devices:
            for channel in ("fact", "sample", "status", "command", "receipt", "live"):
                shop.say(f"etabli/{SITE}/{device}/{channel}", payload)
        for topic in (
            "stat/fer-prise/RESULT",
            "tele/fer-prise/STATE",
            "stat/fer-prise/POWER",
            "etabli/x",
            "etabli/Ä/+".replace("+", "y"),
        ):
            shop.say(topic, payload)
        floor.reader("fer").babble(payload)
        shop.lasers["graveuse-grbl"].babble(payload + b"\r\n")

    def nonsense(device: str) -> list[dict]:
        return [event for event in lab.events("device_nonsense") if event["device"] == device]

    for device in ("fer-lecteur", "fer-prise", "graveuse-grbl"):
        eventually(lambda device=device: nonsense(device), what=f"{device} is known to talk nonsense")
        told = [(event["data"]["what"], event["data"]["count"]) for event in nonsense(device)]
        assert len(told) == len(set(told)), "each is written down once"
        assert lab.device(device)["nonsense_count"] >= 1
    assert all(program.running for program in lab.programs)
    assert "Traceback" not in lab.logs()

    # … and everything still works.
    someone = lab.member("Radia")
    if floor.open_session("fer") is not None:
        lab.api("POST", "/resources/fer/end-session")
    eventually(lambda: not shop.plugs["fer-prise"].on, what="the iron is off")
    floor.reader("fer").tap(someone)
    eventually(lambda: shop.plugs["fer-prise"].on, what="the iron is on")
