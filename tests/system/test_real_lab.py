"""A real lab: the file that `etabli init` writes, its devices uncommented, on real serial lines, HTTP and MQTT."""

import json
import re
import time
import urllib.request
from datetime import UTC, datetime

import pytest

from devices.envelope import Envelope, seal
from devices.messages import AlarmRaised
from devices.relay import relay
from devices.simulated.badge_reader import SimulatedBadgeReader
from devices.simulated.grbl import SimulatedGrbl
from devices.simulated.octoprint import SimulatedOctoPrint
from devices.simulated.relay import SimulatedRelay
from devices.topics import Channel, topic
from etabli.bootstrap.folder import DataFolder, DeviceKeys
from etabli.demo.machines import strokes
from firmware_bridges.twins.octoprint_server import OctoPrintServer
from firmware_bridges.twins.pty import PtyTwin
from firmware_bridges.twins.relay_topics import RelayOnTheBus
from gateway.adapters.bus_mqtt import MqttBus
from gateway.adapters.clock import SystemClock
from tests.system.conftest import get, get_json

pytestmark = pytest.mark.slow
BADGE, PRINTED = bytes.fromhex("010063E9AE"), "0006547886"


@pytest.fixture
def cables(tmp_path):
    """What hangs on this lab's cables and network."""
    clock = SystemClock()
    octoprint = OctoPrintServer(clock, SimulatedOctoPrint(key="sesame", now=clock.monotonic()))
    laser = PtyTwin(SimulatedGrbl(), tmp_path / "grbl", clock)
    reader = PtyTwin(SimulatedBadgeReader(), tmp_path / "reader", clock)
    twins = {"octoprint": octoprint, "laser": laser, "reader": reader}
    for twin in twins.values():
        twin.start()
    yield twins
    for twin in twins.values():
        twin.stop()


@pytest.fixture
def configured(etabli, tmp_path, free_port, cables):
    """`etabli init`, filled in as its comments say."""
    assert etabli("init")[0] == 0
    file = tmp_path / "etabli.toml"
    (tmp_path / "secrets").mkdir(mode=0o700)
    (tmp_path / "secrets" / "octoprint-1").touch(mode=0o600)
    (tmp_path / "secrets" / "octoprint-1").write_text("sesame\n")
    head, _, devices = file.read_text().partition("# --- Appareils")
    devices = re.sub(r"^# (?=\[|[a-z_]+ = )", "", devices, flags=re.MULTILINE)
    web, broker = free_port(), free_port()
    text = (
        (head + "# --- Appareils" + devices)
        .replace("8080", str(web))
        .replace("1883", str(broker))
        .replace("http://octopi.local", cables["octoprint"].url)
        .replace("/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0", str(cables["laser"].link))
        .replace("/dev/serial/by-id/usb-FTDI_FT232R-if00-port0", str(cables["reader"].link))
    )
    file.write_text(text)
    code, out, _ = etabli("check-config")
    assert code == 0, out
    return f"http://127.0.0.1:{web}", broker


def post(url, token, **body):
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def eventually(what, true, within=15.0):
    deadline = time.monotonic() + within
    while not (found := true()):
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.05)
    return found


def test_a_badge_switches_the_laser_on_and_its_jobs_and_the_printers_are_captured(start, etabli, configured, cables):
    root, broker = configured
    run = start("run")
    run.line_with("Prêt", 30)
    clock = SystemClock()
    account = json.loads(etabli("device", "add", "laser", "--for", "tasmota", "--json")[1])
    bus = MqttBus("127.0.0.1", broker, client_id="plug", username=account["user"], password=account["password"])
    eventually("the plug is let in", lambda: bus.connected)
    plug = RelayOnTheBus(bus, clock, SimulatedRelay(relay("tasmota", "laser", reply_to="x")))
    plug.start()
    try:
        token = json.loads(etabli("token", "create", "--role", "manager", "--json")[1])["token"]
        member = post(f"{root}/api/v1/members", token, first_name="Ada")["id"]
        post(f"{root}/api/v1/qualifications", token, member_id=member, training="decoupe-laser")
        assert etabli("badge", "enrol", "--member", member, "--number", PRINTED)[0] == 0
        assert etabli("badge", "enrol", "--member", member, "--number", PRINTED)[0] == 1, "it is somebody's already"

        def tap():
            cables["reader"].do(lambda reader, now: reader.hold(BADGE, now))

        def sessions():
            return get_json(f"{root}/api/v1/sessions", token)["items"]

        def jobs(resource):
            return [job for job in get_json(f"{root}/api/v1/jobs", token)["items"] if job["resource"] == resource]

        eventually("every device is heard", lambda: heard(root) == 4)
        tap()
        eventually("the laser has current", lambda: plug.twin.on)
        cables["laser"].do(lambda laser, _now: laser.load(strokes(2.0)))
        cables["octoprint"].do(lambda printer, now: printer.print_file("vase.gcode", 2.0, now=now))
        done = eventually("the cut is over", lambda: [job for job in jobs("laser") if job["outcome"] == "finished"])
        assert done[0]["member_id"] == member
        printed = eventually(
            "the print is over", lambda: [j for j in jobs("imprimante-1") if j["outcome"] == "finished"]
        )
        assert printed[0]["name"] == "vase.gcode"
        assert printed[0]["member_id"] is None, "nobody had badged in at the printer"

        time.sleep(max(0.0, 10.5 - _age_of(sessions()[0])))  # a second tap within ten seconds changes nothing
        tap()
        eventually("the laser is off again", lambda: not plug.twin.on)
        session = eventually("the session is over", lambda: [s for s in sessions() if s["closed_at"]])[0]
        assert session["active_s"] > 1
    finally:
        plug.stop()
        bus.close()
    assert run.end()[0] == 0


def heard(root):
    return len(re.findall(r"^etabli_device_online\{.*\} 1\.0$", get(f"{root}/metrics")[1], flags=re.MULTILINE))


def _age_of(session):
    return (datetime.now(UTC) - datetime.fromisoformat(session["opened_at"])).total_seconds()


def test_a_device_of_ours_is_let_in_signs_what_it_says_and_is_shut_out(start, etabli, configured, tmp_path):
    root, broker = configured
    account = json.loads(etabli("device", "add", "reader-9", "--json")[1])
    assert etabli("device", "add", "reader-9")[0] == 1, "it has one"
    assert etabli("device", "add", "gateway")[0] == 1, "that name is ours"
    start("run").line_with("Prêt", 30)
    token = json.loads(etabli("token", "create", "--role", "manager", "--json")[1])["token"]
    place = topic(Channel.FACT, site=account["site"], device="reader-9")

    def say(seq, key):
        fact = AlarmRaised(code="lid_open", text="")
        envelope = Envelope(
            site=account["site"], device="reader-9", boot="b1", seq=seq, mono_ms=1, age_ms=0, at=None, message=fact
        )
        bus.publish(place, seal(envelope, topic=place, key=key))

    def told():
        devices = get_json(f"{root}/api/v1/devices", token)["items"]
        return next((d for d in devices if d["slug"] == "reader-9"), None)

    bus = MqttBus("127.0.0.1", broker, client_id="reader-9", username=account["user"], password=account["password"])
    receipts = []
    try:
        eventually("the device is let in", lambda: bus.connected)
        bus.subscribe([(topic(Channel.RECEIPT, site=account["site"], device="reader-9"), 1)], receipts.append)
        say(1, bytes.fromhex(account["key"]))
        eventually("what it signed is kept", lambda: receipts)
        say(2, b"another's key")
        eventually("what another signed is nonsense", lambda: told()["nonsense_count"] == 1)
        say(2, None)
        assert etabli("device", "revoke", "reader-9")[0] == 0
        eventually("it is put out", lambda: not bus.connected)
    finally:
        bus.close()
    assert len(receipts) == 1
    assert json.loads(etabli("device", "list", "--json")[1]) == []
    keys = DeviceKeys(DataFolder(tmp_path / "var").device_keys, {})
    assert keys("reader-9") is not None, "unsigned words in its name are not believed"
    assert etabli("device", "add", "reader-9", "--for", "tasmota")[0] == 0
    assert keys("reader-9") is None
