"""The first-run assistant: from an empty lab to a badge that switches a machine on."""

import re
import tomllib

import pytest
from fastapi.testclient import TestClient

from dashboard.admin.kept import KEPT_S, Kept
from dashboard.admin.welcome import STEPS
from etabli.bootstrap import basis
from etabli.bootstrap.probe import BridgesProbe
from etabli.settings.models import DataSettings, Settings
from etabli.settings.writing import block
from firmware_bridges.twins.octoprint_server import OctoPrintServer
from gateway.adapters.clock import SystemClock
from gateway.domain.events import EventKind
from gateway.domain.refusals import Code, refuse
from gateway.ports.probe import Answer, Outcome
from gateway.ports.setup import NotWritten, Why
from tests.web.admin import send, sign_in, text_of
from tests.web.lab import TestLab


class Looks:
    """A probe that answers as it is told."""

    answer = Answer(outcome=Outcome.WELL, told="OctoPrint 1.10.2")

    def printer(self, url, key):
        self.asked = (url, key)
        return self.answer

    def reader(self, port, protocol):
        return self.answer

    def controller(self, port):
        return self.answer

    def plug(self, dialect, name):
        self.asked = (dialect, name)
        return self.answer

    def switch(self, dialect, name):
        raise AssertionError("nobody has said that it is safe")

    def ports(self):
        return ("/dev/serial/by-id/usb-reader",)


class Desk:
    """A setup that cannot write, and says what it would."""

    def hindrance(self):
        return NotWritten(why=Why.READ_ONLY, told={"fr": "/etc/<b>", "en": "/etc/<b>"})

    def lines(self, new):
        return f"lines of {new.slug}"

    def add(self, new):
        return self.hindrance()

    def gives_accounts(self):
        return False


class EmptyLab(TestLab):
    looks = None

    def _fill(self):
        super()._fill()
        with self.store.begin() as work:
            # The tokens stay: somebody must be able to come in.
            for table in ("member_sites", "members", "resource_trainings", "trainings"):
                work._tx._cursor.execute(f"DELETE FROM {table}")
        self.people.clear()
        self.looks = Looks()

    def services(self):
        from dataclasses import replace

        return replace(super().services(), probe=self.looks, setup=Desk())


@pytest.fixture
def lab():
    lab = EmptyLab()
    yield lab
    lab.close()


@pytest.fixture
def staff(lab):
    with TestClient(lab.app(), raise_server_exceptions=False) as web:
        yield sign_in(web)


def test_an_empty_lab_leads_to_the_assistant_and_later_is_later(lab, staff):
    first = staff.get("/equipe")
    assert first.url.path == "/bienvenue/lieu"
    assert "Quand êtes-vous ouvert" in first.text
    assert staff.get("/equipe?plus_tard=1").url.path == "/equipe"


@pytest.mark.parametrize("step", STEPS)
def test_only_the_team_is_led_and_every_step_can_be_skipped(lab, staff, step):
    page = staff.get(f"/bienvenue/{step}")
    assert page.status_code == 200
    assert "Plus tard" in page.text
    staff.cookies.clear()
    assert "/compte/entrer" in staff.get(f"/bienvenue/{step}", follow_redirects=False).headers["location"]


def test_hours_are_saved_or_sent_back_with_what_is_wrong(lab, staff):
    wrong = send(staff, "/bienvenue/lieu", monday="9:00-8:00", tuesday="toujours")
    assert wrong.status_code == 422
    assert 'value="toujours"' in wrong.text
    assert "Rien n’est encore enregistré." in wrong.text
    answer = send(staff, "/bienvenue/lieu", monday="9h00-12h00, 14:00-18:00", holidays="france")
    assert answer.url.path == "/bienvenue/machines"
    page = staff.get("/bienvenue/lieu").text
    assert 'value="09:00-12:00, 14:00-18:00"' in page
    assert '<option value="france" selected>' in page


LASER, PRINTER = "/bienvenue/machines/laser", "/bienvenue/machines/prusa-1"


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        (Outcome.WELL, "accepte la clé"), (Outcome.KEY_REFUSED, "refuse cette clé"),
        (Outcome.NO_ANSWER, "Rien ne répond"), (Outcome.NOT_THERE, "Ce n’est pas l’adresse d’OctoPrint."),
    ],
)  # fmt: skip
def test_a_printer_is_tried_and_the_answer_says_what_to_do(lab, staff, outcome, sentence):
    lab.looks.answer = Answer(outcome=outcome, told="<b>1.10</b>")
    page = f"{PRINTER}/octoprint"
    answer = send(staff, page, do="try", url="http://pi.local/", key="k\"'<")
    assert sentence in answer.text
    assert "<b>1.10" not in answer.text
    assert lab.looks.asked == ("http://pi.local", "k\"'<")
    assert "k&#34;" not in answer.text, "a key that was typed is shown to nobody"
    kept = re.search(r'name="kept" value="([^"]+)"', answer.text)[1]
    lab.looks.asked = None
    send(staff, page, do="try", url="http://pi.lan", kept=kept)
    assert lab.looks.asked == ("http://pi.lan", "k\"'<"), "another address is tried with the same key"


def test_a_key_is_forgotten_after_some_minutes(lab):
    kept = Kept()
    handle = kept.keep("secret", lab.clock)
    assert kept.get(handle, lab.clock) == "secret"
    lab.clock.advance(KEPT_S + 1)
    assert kept.get(handle, lab.clock) is None
    assert "secret" not in repr(kept)


def test_a_plug_is_switched_only_once_somebody_says_that_it_is_safe(lab, staff):
    lab.looks.answer = Answer(outcome=Outcome.WELL, on=False, watts=3.6)
    page = f"{LASER}/prise?sorte=tasmota"
    answer = send(staff, page, f"{LASER}/prise", do="switch", dialect="tasmota", name="laser-prise")
    assert "Elle est éteinte. Elle mesure 4 W." in text_of(answer)
    assert lab.looks.asked == ("tasmota", "laser-prise")


def test_what_cannot_be_written_here_is_given_as_lines_to_paste(lab, staff):
    assert "/etc/&lt;b&gt;" in staff.get("/bienvenue/machines").text
    refused = send(staff, "/bienvenue/machines", name="Fraiseuse CNC", kind="cnc")
    assert refused.status_code == 409
    assert "lines of fraiseuse-cnc" in refused.text
    assert send(staff, "/bienvenue/machines", name="  ", kind="cnc").status_code == 422
    assert send(staff, "/bienvenue/machines", name="Zz", kind="spaceship").status_code == 422


def test_the_lines_are_toml_whatever_was_typed():
    for text in ('http://pi"\n[x]', "é\\\x7f"):
        written = block("devices", {"slug": text, "settings": {"url": text, "key": text}})
        assert tomllib.loads(written)["devices"] == [{"slug": text, "settings": {"url": text, "key": text}}]


def test_from_nothing_to_a_machine_that_a_badge_switches_on(lab, staff):
    assert "La formation est ajoutée." in send(staff, "/bienvenue/formations", name="Découpe Laser").text
    assert [one.slug for one in lab.store.views().trainings()] == ["decoupe-laser"]
    assert "La personne est ajoutée." in send(staff, "/bienvenue/membres", first_name="Ada").text
    assert "Écrivez au moins le prénom." in send(staff, "/bienvenue/membres", first_name="").text
    page = staff.get("/bienvenue/badge")
    assert "Un badge pour Ada" in text_of(page) or "Ada" in page.text
    assert "Passez votre badge" in page.text
    (ada,) = lab.store.views().members(limit=2, cursor=None).rows
    lab.people["Ada"] = ada
    lab.event(EventKind.TAP_GRANTED, "laser", "Ada", until=None)
    assert "La machine s’est allumée." in staff.get("/bienvenue/badge").text


def test_a_tap_that_switches_nothing_on_says_why_and_a_badge_given_since_is_tapped_anew(lab, staff):
    lab.refused_tap("laser", None, refuse(Code.BADGE_UNKNOWN))
    page = text_of(staff.get("/bienvenue/badge"))
    assert "Badge lu, mais la machine reste éteinte." in page
    assert "On ne connaît pas ce badge." in page
    lab.event(EventKind.BADGE_ENROLLED, "laser")
    assert "reste éteinte" not in text_of(staff.get("/bienvenue/badge"))


def test_whoever_gave_a_first_badge_finds_the_way_back_to_the_first_steps(lab, staff):
    send(staff, "/bienvenue/membres", first_name="Ada")
    (ada,) = lab.store.views().members(limit=2, cursor=None).rows
    card = f"/equipe/membres/{ada.id}"
    assert "Revenir aux premiers pas" in staff.get(card, params={"dit": "given"}).text
    assert "Revenir aux premiers pas" not in staff.get(card).text
    lab.event(EventKind.TAP_GRANTED, "laser", until=None)
    assert "Revenir aux premiers pas" not in staff.get(card, params={"dit": "given"}).text


@pytest.mark.parametrize("page", ["/bienvenue/lieu", "/equipe/horaires"])
def test_public_holidays_are_chosen_by_what_they_are_called(staff, page):
    read = text_of(staff.get(page))
    assert "Fermé, avec ceux de La Réunion" in read
    assert "reunion" not in read


def test_the_real_look_tells_a_printer_a_wrong_key_and_nothing_apart(lab, tmp_path):
    probe = BridgesProbe(basis(Settings(data=DataSettings(directory=tmp_path))), lab.bus)
    server = OctoPrintServer(SystemClock())
    server.start()
    try:
        assert probe.printer(server.url, "simulated").outcome is Outcome.WELL
        assert probe.printer(server.url, "wrong").outcome is Outcome.KEY_REFUSED
        address = server.url
    finally:
        server.stop()
    assert probe.printer(address, "k").outcome is Outcome.NO_ANSWER
    assert probe.printer("ftp://x", "k").outcome is Outcome.NOT_THERE
    assert probe.controller("/etc/passwd").outcome is Outcome.NOT_THERE
