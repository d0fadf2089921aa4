"""From an empty install to a machine that a badge switches on, in the browser alone: the real program, broker and lines."""

import hashlib
import re
import stat
import tomllib

import httpx
import pytest

from devices.relay import relay
from devices.simulated.badge_reader import SimulatedBadgeReader
from devices.simulated.octoprint import SimulatedOctoPrint
from devices.simulated.relay import SimulatedRelay
from etabli.bootstrap import probe, run_app
from etabli.settings.load import load
from firmware_bridges.twins.octoprint_server import OctoPrintServer
from firmware_bridges.twins.pty import PtyTwin
from firmware_bridges.twins.relay_topics import RelayOnTheBus
from gateway.adapters.bus_mqtt import MqttBus
from gateway.adapters.clock import SystemClock
from gateway.domain.people import Role
from gateway.ports.store import Token
from tests.ports import free_port
from tests.scenarios.program import eventually
from tests.web.admin import text_of, token_in

pytestmark = pytest.mark.slow
BADGE, SECRET = bytes.fromhex("010063E9AE"), "etb_test"
PLUG = "/bienvenue/machines/decoupe-laser/prise"
READER = "/bienvenue/machines/decoupe-laser/lecteur"
PRINTER = "/bienvenue/machines/imprimante/octoprint"


@pytest.fixture
def lab(tmp_path):
    """A lab with an empty file, running; its file, and a browser in which somebody of the team is signed in."""
    web, broker = free_port(), free_port()
    file = tmp_path / "etabli.toml"
    file.write_text(
        f"# written by hand\n[web]\nport = {web}   # ours\n\n[broker]\nport = {broker}\n# the last word",
        encoding="utf-8",
    )
    file.chmod(0o640)
    app = run_app(load(file), file=file)
    try:
        ids, now = app.basis.ids, app.basis.clock.now()
        with app.store.begin() as work:
            digest = hashlib.sha256(SECRET.encode()).hexdigest()
            work.add_token(
                Token(id=ids.new(), digest=digest, role=Role.MANAGER, label="test", created_at=now, expires_at=None)
            )
        app.start()
        root = f"http://127.0.0.1:{web}"
        with httpx.Client(base_url=root, headers={"Origin": root}, follow_redirects=True, timeout=30) as browser:
            assert browser.post("/equipe/entrer", data={"token": SECRET}).status_code == 200
            yield app, file, browser, broker
    finally:
        app.stop()


@pytest.fixture
def cables(tmp_path, monkeypatch):
    ports = tmp_path / "by-id"
    ports.mkdir()
    monkeypatch.setattr(probe, "BY_ID", ports)
    monkeypatch.setattr(probe, "ANSWER_S", 2.0)
    with PtyTwin(SimulatedBadgeReader(), ports / "usb-reader", SystemClock()) as reader:
        yield reader


def press(browser, page, do=None, path=None, **fields):
    """Fill the form of a page and press a button."""
    told = (
        {"form_token": token_in(browser.get(page, params={"sorte": "tasmota"}))} | ({"do": do} if do else {}) | fields
    )
    return browser.post(path or page, data=told)


def test_from_an_empty_install_to_a_badge_that_switches_a_machine_on(lab, cables):
    _app, file, browser, broker = lab
    page = press(browser, "/bienvenue/machines", name="Découpe laser", kind="laser")
    assert page.url.path == "/bienvenue/machines/decoupe-laser"

    told = press(browser, PLUG, "account", dialect="tasmota")
    password = re.search(r"MqttUser decoupe-laser-prise; MqttPassword (\S+); Topic decoupe-laser-prise", told.text)[1]
    assert password not in browser.get(f"{PLUG}?sorte=tasmota").text
    plug = {"dialect": "tasmota", "name": "decoupe-laser-prise"}
    assert "La prise ne répond pas." in press(browser, PLUG, "try", **plug).text
    clock = SystemClock()
    bus = MqttBus("127.0.0.1", broker, client_id="plug", username="decoupe-laser-prise", password=password)
    twin = RelayOnTheBus(bus, clock, SimulatedRelay(relay("tasmota", "decoupe-laser-prise", reply_to="x")))
    eventually(lambda: bus.connected)
    twin.start()
    try:
        assert "Elle est éteinte." in text_of(press(browser, PLUG, "try", **plug))
        assert "s’est allumée, puis éteinte" not in press(browser, PLUG, "switch", **plug).text, (
            "nobody said it is safe"
        )
        twin.twin.refuses = True
        assert "n’obéit pas" in press(browser, PLUG, "switch", safe="1", **plug).text
        twin.twin.refuses = False
        assert "La prise s’est allumée, puis éteinte." in press(browser, PLUG, "switch", safe="1", **plug).text
        assert not twin.twin.on
        assert "L’appareil est enregistré." in press(browser, PLUG, "save", **plug).text

        port = str(cables.link)
        cables.do(lambda reader, now: reader.hold(BADGE, now, seconds=20))
        heard = press(browser, READER, "try", port=port, protocol="auto")
        assert "Un badge a été lu." in heard.text
        assert "63E9AE" not in heard.text.upper()
        assert press(browser, READER, "try", port="/etc/passwd").text.count("Cette prise n’est plus là.") == 1
        cables.do(lambda reader, now: reader.take_away())
        saved = press(browser, READER, "save", port=port, protocol="auto")
        eventually(lambda: "Tout est branché." in browser.get(saved.url.path).text)

        ada = press(browser, "/bienvenue/membres", first_name="Ada")
        who = re.search(r"/equipe/membres/([0-9a-f-]{36})", ada.text)[1]
        waiting = browser.get(f"/equipe/membres/{who}/badge")
        cables.do(lambda reader, now: reader.hold(BADGE, now, seconds=20))
        event = eventually(lambda: re.search(r'name="event" value="(\d+)"', browser.get(waiting.url).text))[1]
        token = token_in(browser.get(waiting.url))
        cables.do(lambda reader, now: reader.take_away())
        browser.post(f"/equipe/membres/{who}/badge", data={"form_token": token, "event": event})

        def tap():
            cables.do(lambda reader, now: reader.hold(BADGE, now, seconds=0.1))
            return twin.twin.on

        # Apart by more than the silence that tells one tap from the next.
        eventually(tap, what="the machine has current", every_s=0.6)
        eventually(lambda: "La machine s’est allumée." in browser.get("/bienvenue/badge").text)
    finally:
        twin.stop()
        bus.close()
    text = file.read_text()
    assert text.startswith("# written by hand\n[web]\n")
    assert "# the last word\n" in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [each.slug for each in load(file).devices] == ["decoupe-laser-prise", "decoupe-laser-lecteur"]
    before = tomllib.loads((file.parent / "etabli.toml.bak").read_text())
    assert [each["slug"] for each in before["devices"]] == ["decoupe-laser-prise"], "the file as it was just before"


def test_a_printer_is_tried_and_saved_and_its_key_is_never_shown_again(lab):
    _app, file, browser, _ = lab
    octoprint = OctoPrintServer(SystemClock(), SimulatedOctoPrint(key="sesame", now=SystemClock().monotonic()))
    octoprint.start()
    try:
        press(browser, "/bienvenue/machines", name="Imprimante", kind="printer_3d")
        wrong = press(browser, PRINTER, "try", url=octoprint.url, key="wrongkey")
        assert "refuse cette clé" in wrong.text
        well = press(browser, PRINTER, "try", url=octoprint.url, key="sesame")
        assert "accepte la clé" in well.text
        assert "sesame" not in well.text
        assert "wrongkey" not in wrong.text
        kept = re.search(r'name="kept" value="([^"]+)"', well.text)[1]
        assert "refuse cette clé" in press(browser, PRINTER, "save", url=octoprint.url, kept="made-up").text
        saved = press(browser, PRINTER, "save", url=octoprint.url, kept=kept, snapshot=octoprint.snapshot)
        assert "L’appareil est enregistré." in saved.text
        eventually(lambda: "Entendu" in browser.get(saved.url.path).text)
        assert "sesame" not in file.read_text() + browser.get(PRINTER).text
        secret = file.parent / "secrets" / "imprimante-octoprint"
        assert (secret.read_text(), stat.S_IMODE(secret.stat().st_mode)) == ("sesame\n", 0o600)
        seen = browser.get("/equipe/machines/imprimante/image")
        assert (seen.headers["content-type"], seen.content[:4]) == ("image/png", b"\x89PNG"), "its camera is there, too"
        again = press(browser, PRINTER, "save", url=octoprint.url, key="sesame")
        assert again.url.path == "/bienvenue/machines/imprimante"
        assert len(load(file).devices) == 1, "sent twice is saved once"
    finally:
        octoprint.stop()


def test_a_file_that_cannot_be_written_or_would_be_wrong_is_left_as_it_is(lab, monkeypatch):
    _app, file, browser, _ = lab
    whole = file.read_text()
    file.write_text(whole + "\nresources = 3\n")
    refused = press(browser, "/bienvenue/machines", name="Fraiseuse", kind="cnc")
    assert refused.status_code == 409
    assert "Rien n’est enregistré." in refused.text
    assert "[[resources]]\nslug = &#34;fraiseuse&#34;" in refused.text
    assert file.read_text() == whole + "\nresources = 3\n"
    file.write_text(whole)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.replace", refuse)
    refused = press(browser, "/bienvenue/machines", name="Fraiseuse", kind="cnc")
    monkeypatch.undo()
    assert "n’a pas le droit d’écrire" in refused.text
    assert file.read_text() == whole
    assert browser.get("/bienvenue/machines/fraiseuse").status_code == 404
