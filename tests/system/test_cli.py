"""The command, as whoever runs a lab meets it: plain sentences, exit codes, nothing written where it should not be."""

import json
import signal
import sqlite3
import stat
import time

import pytest

from etabli.bootstrap.folder import MasterKey
from gateway.adapters.card_crypto import SunKeys
from tests.fakes.card import Card
from tests.system.conftest import STOP_S, alive, children_of, get, get_json

pytestmark = pytest.mark.slow


@pytest.fixture
def configured(tmp_path, free_port):
    """A small lab in a folder."""
    web, broker = free_port(), free_port()
    (tmp_path / "etabli.toml").write_text(
        f"""
[lab]
slug = "here"
name = "Ici"
[web]
port = {web}
[broker]
port = {broker}
[[resources]]
slug = "laser"
names = "Découpeuse laser"
kind = "laser"
[[devices]]
slug = "laser-prise"
resource = "laser"
role = "interlock"
bridge = "relay-mqtt"
[devices.settings]
dialect = "tasmota"
name = "laser"
"""
    )
    return f"http://127.0.0.1:{web}"


def test_help_is_quick_and_in_the_users_language(etabli):
    began = time.monotonic()
    code, out, _ = etabli("--help")
    assert code == 0
    assert time.monotonic() - began < 6
    assert "Un lab simulé" in out
    assert "A simulated lab" in etabli("--lang", "en", "--help")[1]


def test_init_writes_a_file_that_check_config_accepts_and_never_overwrites_one(etabli, tmp_path, free_port):
    assert etabli("init")[0] == 0
    text = (tmp_path / "etabli.toml").read_text()
    (tmp_path / "etabli.toml").write_text(text.replace("8080", str(free_port())).replace("1883", str(free_port())))
    code, out, _ = etabli("check-config")
    assert (code, out) == (0, "etabli.toml est bon.\n")
    code, _, err = etabli("init")
    assert code == 1
    assert "existe déjà" in err


def test_check_config_names_key_value_line_and_what_was_expected(etabli, tmp_path, configured):
    file = tmp_path / "etabli.toml"
    file.write_text(file.read_text().replace('kind = "laser"', 'kind = "lazer"').replace('"relay-mqtt"', '"magic"'))
    code, out, _ = etabli("check-config")
    assert code == 1
    assert "ligne 12, resources.laser.kind = \"lazer\" : il faut 'printer_3d'" in out
    assert 'ligne 17, devices.laser-prise.bridge = "magic"' in out
    code, out, _ = etabli("--lang", "en", "check-config", "--json")
    assert code == 1
    assert {row["line"] for row in json.loads(out)} == {12, 17}


def test_run_without_or_with_a_wrong_file_is_sentences_not_a_trace(etabli, tmp_path):
    code, _, err = etabli("run")
    assert code == 1
    assert "etabli init" in err
    (tmp_path / "etabli.toml").write_text("[web]\nport = 70000\n")
    code, _, err = etabli("run")
    assert code == 1
    assert err == "✗ etabli.toml, ligne 2, web.port = 70000 : il faut 65535 ou moins\n"


def test_the_common_options_may_follow_the_command(etabli, tmp_path, configured):
    (tmp_path / "etabli.toml").rename(tmp_path / "lab.toml")
    assert etabli("check-config", "-c", "lab.toml")[:2] == (0, "lab.toml est bon.\n")
    assert etabli("check-config", "--config=lab.toml", "--lang", "en")[1] == "lab.toml is right.\n"
    assert etabli("run", "-c")[0] == 2
    assert etabli("--version")[1].startswith("etabli ")


def test_what_an_adapter_tells_is_english_and_says_so_in_french(etabli, tmp_path):
    (tmp_path / "etabli.toml").write_text('[store]\nurl = "postgresql://lab@127.0.0.1:1/lab"\n')
    code, _, err = etabli("token", "create", "--role", "manager")
    assert code == 1
    assert err.startswith("✗ La base de données n'est pas utilisable. Le détail, en anglais : PostgreSQL")
    assert etabli("--lang", "en", "token", "create", "--role", "manager")[2].startswith("✗ PostgreSQL")


def test_a_wrong_command_is_exit_code_2(etabli):
    assert etabli("nope")[0] == 2
    assert etabli("token", "create", "--role", "king")[0] == 2


def test_a_lab_runs_keeps_its_lock_and_stops_cleanly(start, etabli, tmp_path, configured):
    run = start("run")
    assert f"collez ce jeton dans {configured}/equipe" in run.line_with("Prêt", 30), "an empty lab says how to get in"
    assert "Découpeuse laser" in get(configured + "/")[1]
    assert get_json(configured + "/health/ready") == {"status": "ok", "failing": {}}
    key = tmp_path / "var" / "badge.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(bytes.fromhex(key.read_text())) == 32
    assert stat.S_IMODE((tmp_path / "var" / "etabli.db").stat().st_mode) == 0o600

    code, _, err = etabli("migrate")
    assert code == 1
    assert str(run.process.pid) in err, "who holds the folder"
    code, _, err = etabli("run", ETABLI_WEB__PORT="1")
    assert code == 1

    code, out, err = etabli("token", "create", "--role", "manager", "--label", "Sophie", "--json")
    assert code == 0, err
    token = json.loads(out)
    assert get(configured + "/api/v1/members", token["token"])[0] == 200
    assert etabli("token", "revoke", token["id"])[0] == 0
    code, out, err = etabli("account", "invite", "marie@example.org", "--role", "administrator", "--json")
    assert code == 0, err
    assert "Entrer comme marie" in get(json.loads(out)["address"])[1]
    assert etabli("account", "forget-phone", "marie@example.org")[0] == 1
    assert get(configured + "/api/v1/members", token["token"])[0] == 401
    assert etabli("token", "revoke", token["id"] + "x")[0] == 1

    code, out, err = etabli("token", "create", "--role", "kiosk", "--resource", "laser")
    assert code == 0
    assert f"{configured}/kiosk/laser?key={out.strip()}" in err, "what the kiosk's page says to open"

    children = children_of(run.process.pid)
    code, seconds, err = run.end(signal.SIGTERM)
    assert code == 0, err
    assert seconds < STOP_S + 1
    assert not [pid for pid in children if alive(pid)]
    assert etabli("migrate")[0] == 0


def test_a_second_start_keeps_what_staff_changed_and_renames_what_the_file_renames(start, tmp_path, configured):
    run = start("run")
    run.line_with("Prêt", 30)
    assert run.end()[0] == 0
    with sqlite3.connect(tmp_path / "var" / "etabli.db") as database:
        before = database.execute("SELECT id, names FROM resources").fetchall()
        database.execute("UPDATE resources SET out_of_service = 1, out_reason = 'Tube'")
    database.close()
    file = tmp_path / "etabli.toml"
    file.write_text(file.read_text().replace("Découpeuse laser", "Laser bleu"))
    run = start("run")
    run.line_with("Prêt", 30)
    page = get(configured + "/")[1]
    assert "Laser bleu" in page
    assert "Hors service" in page
    assert run.end()[0] == 0
    with sqlite3.connect(tmp_path / "var" / "etabli.db") as database:
        after = database.execute("SELECT id, names FROM resources").fetchall()
    database.close()
    assert [row[0] for row in after] == [row[0] for row in before], "renaming keeps identity"


def test_gateway_and_dashboard_refuse_to_run_apart_on_sqlite(etabli, configured):
    for part in ("gateway", "dashboard"):
        code, _, err = etabli(part)
        assert code == 1
        assert "PostgreSQL" in err
        assert err.count("\n") == 1


def test_a_bridge_that_does_not_exist_is_named_with_those_that_do(etabli, configured):
    code, _, err = etabli("bridge", "lazer")
    assert code == 1
    assert "laser-prise" in err


def test_a_badge_hash_is_what_the_page_on_topics_says(etabli, tmp_path, configured):
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "badge.key").write_text(bytes(range(32)).hex())
    (tmp_path / "var" / "badge.key").chmod(0o600)
    code, out, _ = etabli("badge", "hash", "010063E9AE", "--json")
    assert code == 0
    first = json.loads(out)[0]
    assert (first["form"], first["key_id"]) == ("em-10", "630dcd29")
    assert first["digest"].startswith("6824863197d2ab09")
    code, _, err = etabli("badge", "hash", "bonjour")
    assert code == 1
    assert "bonjour" not in err


def test_a_card_is_enrolled_with_its_keys_and_its_own_message_is_then_believed(etabli, tmp_path, configured):
    (tmp_path / "liste.csv").write_text("Prénom;Nom\r\nZoé;Ménard\r\n")
    etabli("members", "import", "liste.csv")
    with sqlite3.connect(tmp_path / "var" / "etabli.db") as database:
        ((member,),) = database.execute("SELECT id FROM members WHERE first_name = 'Zoé'").fetchall()
    database.close()
    code, out, _ = etabli("badge", "enrol", "--member", member, "--number", "04DE5F1EACC040", "--card")
    assert code == 0
    keys = json.loads(etabli("badge", "keys", "04DE5F1EACC040", "--json")[1])
    assert all(key in out for key in keys.values())
    master = tmp_path / "var" / "cards.key"
    assert stat.S_IMODE(master.stat().st_mode) == 0o600
    card = Card(bytes.fromhex("04DE5F1EACC040"), master=bytes.fromhex(master.read_text()))
    read = SunKeys(MasterKey(master), b"s" * 32, lambda _number: ())(card.read())
    assert read.genuine
    with sqlite3.connect(tmp_path / "var" / "etabli.db") as database:
        assert database.execute("SELECT counter FROM badge_hashes").fetchall() == [(-1,)]
    database.close()
    code, _, err = etabli("badge", "keys", "010063E9AE")
    assert code == 1
    assert "NTAG 424 DNA" in err


def test_a_list_of_members_is_looked_at_then_imported_and_twice_is_once(etabli, tmp_path, configured):
    (tmp_path / "liste.csv").write_bytes(
        "Prénom;Nom;E-mail\r\nZoé;Ménard;zoe@example.org\r\nJo;B;nope\r\n".encode("cp1252")
    )
    code, out, _ = etabli("members", "import", "liste.csv", "--dry-run")
    assert code == 0
    assert "Ligne 3 : L’adresse «\xa0nope\xa0» n’est pas complète." in out
    assert "1 ajout," in out
    assert "Rien n’est encore enregistré." in out
    assert "1 ajout," in etabli("members", "import", "liste.csv")[1]
    assert "Tout est déjà à jour." in etabli("members", "import", "liste.csv")[1]
    code, _, err = etabli("members", "import", "absent.csv")
    assert code == 1
    assert "absent.csv ne peut pas être lu" in err
