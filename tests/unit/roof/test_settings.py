"""A wrong configuration gets one plain sentence per problem: the key, the value, what was expected, the line."""

import pytest

from etabli.settings.check import check
from etabli.settings.load import load, secret
from etabli.settings.problems import Misconfigured
from etabli.settings.sample import sample

GOOD = """
[lab]
slug = "here"

[web]
port = 18080

[broker]
port = 18883

[[trainings]]
slug = "laser"
names = "Découpe laser"

[[resources]]
slug = "laser"
names = { fr = "Laser", en = "Laser" }
kind = "laser"
trainings = ["laser"]

[[devices]]
slug = "plug"
resource = "laser"
role = "interlock"
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        file = tmp_path / "etabli.toml"
        file.write_text(text)
        return file

    return write


def told(file, language="en"):
    return [problem.sentence(language, file.name) for problem in check(file)]


def test_a_good_file_has_nothing_to_say_and_its_paths_are_seen_from_its_folder(write, tmp_path):
    file = write(GOOD)
    assert told(file) == []
    settings = load(file)
    assert settings.data.directory == tmp_path / "var"
    assert settings.resources[0].names == {"fr": "Laser", "en": "Laser"}
    assert settings.trainings[0].names == {"fr": "Découpe laser"}


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("port = 18080|port = 99999", "etabli.toml, line 6, web.port = 99999: expected 65535 or less"),
        ('slug = "here"|slug = "Mon Lab"', 'line 3, lab.slug = "Mon Lab": expected lower-case letters'),
        ('slug = "here"|tongue = "fr"', 'line 3, lab.tongue = "fr": there is no such key here'),
        ('kind = "laser"|kind = "lazer"', "line 18, resources.laser.kind = \"lazer\": expected 'printer_3d'"),
        ('resource = "laser"|resource = "lazer"', 'line 23, devices.plug.resource = "lazer": no resource has this name; there are: laser'),
        ('trainings = ["laser"]|trainings = ["laze"]', 'line 19, resources.laser.trainings: the training "laze" is not among'),
        ('names = "Découpe laser"|validity_days = 3', "line 11, trainings.laser.names: this key is missing"),
        ('role = "interlock"|role = "interlock"\nbridge = "magic"', 'line 25, devices.plug.bridge = "magic": expected one of:'),
        ('role = "interlock"|role = "relay"', "line 24, devices.plug.role = \"relay\": expected 'reader', 'place', 'kiosk', 'interlock', 'machine' or 'node'"),
        ('names = "Découpe laser"|names = "Découpe laser"\nminutes = 60\nrefresher_minutes = 60', "line 15, trainings.laser.refresher_minutes = 60: the refresher must be shorter than the training, which takes 60 minutes"),
        ('names = "Découpe laser"|names = "Découpe laser"\nprerequisites = ["laser"]', "line 14, trainings.laser.prerequisites: these trainings go round in a circle, none of them can come first: laser → laser"),
        ("port = 18883|port = 18080", "line 9, broker.port = 18080: the pages and the broker cannot share a port"),
        ("[lab]|[lab", "this is not TOML"),
        ("[web]|[lab.booking]\nstep_minutes = 0\n[web]", "line 6, lab.booking.step_minutes = 0: expected a whole number from 1 to 1440"),
        ("[[devices]]|[resources.booking]\nsteps = 5\n[[devices]]", "line 22, resources.laser.booking.steps = 5: there is no such rule; there are: horizon_days"),
        ('[web]|[lab.opening]\nlundi = "9:00-12:00"\n[web]', 'line 6, lab.opening.lundi = "9:00-12:00": This word is not known here'),
        ('[web]|[lab.opening]\nmonday = "9-12"\n[web]', 'line 6, lab.opening.monday = "9-12": These hours cannot be read. “9-12” is not clear'),
        ("[web]|[lab.opening]\nmonday = []\n[web]", "line 5, lab.opening: There are no opening hours"),
        ('[[devices]]|[resources.opening]\nmonday = "9:00-12:00"\nzone = "Mars"\n[[devices]]', 'resources.laser.opening.zone = "Mars": There is no such time zone'),
        ('kind = "laser"|group = "lasers"', 'line 18, resources.laser.group = "lasers": no group has this name; there are: –'),
        ('slug = "plug"|slug = "gateway"', 'devices.gateway.slug = "gateway": this name is the gateway\'s own'),
    ],
)  # fmt: skip
def test_each_mistake_is_told_with_its_line_value_and_what_was_expected(write, bad, says):
    before, after = bad.split("|")
    assert before in GOOD
    sentences = told(write(GOOD.replace(before, after, 1)))
    assert any(says in sentence for sentence in sentences), sentences


def test_every_problem_is_told_at_once_and_in_french(write):
    text = GOOD.replace("18080", '"x"').replace('role = "interlock"', 'role = "relay"').replace('"here"', '"Ici !"')
    sentences = told(write(text), "fr")
    assert len(sentences) == 3
    assert 'etabli.toml, ligne 6, web.port = "x" : il faut un nombre entier' in sentences


def test_two_of_one_name_are_told(write):
    again = '\n[[resources]]\nslug = "laser"\nnames = "Autre"\n'
    assert any("line 27" in s and "already taken above" in s for s in told(write(GOOD + again)))


def test_a_missing_file_names_the_command_that_writes_one(tmp_path):
    with pytest.raises(Misconfigured) as caught:
        load(tmp_path / "etabli.toml")
    assert "etabli init" in caught.value.sentences("fr")[0]


def test_a_bridges_own_settings_are_checked_by_the_bridge(write):
    text = GOOD + 'bridge = "grbl-serial"\n[devices.settings]\nbaud = "fast"\n'
    sentences = told(write(text))
    assert any("devices.plug.settings" in sentence and "line 2" in sentence for sentence in sentences), sentences


def test_a_cable_that_is_not_plugged_in_is_a_warning_only(write):
    text = GOOD + 'bridge = "grbl-serial"\n[devices.settings]\nport = "/dev/serial/by-id/none"\n'
    problems = check(write(text))
    assert [problem.warning for problem in problems] == [True]


def test_the_environment_wins_and_is_named_when_it_is_wrong(write, monkeypatch):
    file = write(GOOD)
    monkeypatch.setenv("ETABLI_WEB__PORT", "18090")
    assert load(file).web.port == 18090
    monkeypatch.setenv("ETABLI_WEB__PORT", "many")
    assert told(file) == ['ETABLI_WEB__PORT = "many": expected a whole number']


def test_a_taken_port_is_told(write):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentences = told(write(GOOD.replace("18080", str(port))))
    assert any(f"web.port = {port}" in s and "already taken" in s for s in sentences)


def test_a_secret_that_is_missing_or_open_to_others_is_told(write, tmp_path):
    text = GOOD.replace("[broker]", '[broker]\nusername = "x"\npassword_file = "secret"')
    file = write(text)
    assert any("broker.password_file" in s and "there is no such file" in s for s in told(file))
    (tmp_path / "secret").write_text("hush\n")
    (tmp_path / "secret").chmod(0o644)
    assert any("chmod 600" in s for s in told(file))
    (tmp_path / "secret").chmod(0o600)
    assert told(file) == []
    assert secret(tmp_path / "secret", "broker.password_file") == "hush"


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_file_that_init_writes_is_right_and_so_is_each_device_it_shows(write, language):
    text = sample(language)
    assert [p for p in check(write(text)) if "already taken by another" not in p.says.en] == []
    shown = "\n".join(
        line[2:]
        if line.startswith(
            (
                "# [[dev",
                "# [dev",
                "# [[groups",
                "# [groups",
                "# [lab.opening",
                "# tuesday",
                "# friday",
                "# holidays",
                "# [resources",
                "# longest",
                "# step",
                "# week",
                "# slug",
                "# res",
                "# role",
                "# bridge",
                '# url = "http://octopi',
                "# key_file",
                '# port = "/dev',
                "# dialect",
                "# name",
            )
        )
        else line
        for line in text.splitlines()
    )
    problems = [p for p in check(write(shown)) if not p.warning and "already taken by another" not in p.says.en]
    assert [p.key for p in problems if "key_file" not in p.key] == []
    settings = load(write(shown))
    assert len(settings.devices) == 4
    assert settings.lab.opening == {
        "tuesday": ["9:00-12:30", "14:00-18:00"], "friday": "18:00-23:00", "holidays": "france",
    }  # fmt: skip
    assert settings.groups[0].booking == {"week_minutes": 1440}
    assert settings.resources[1].booking == {"longest_minutes": 720, "step_minutes": 15}


def test_the_file_of_the_containers_is_right(monkeypatch):
    from pathlib import Path

    file = Path(__file__).resolve().parents[3] / "deploy" / "etabli.toml"
    assert load(file).store.url.startswith("postgresql")
