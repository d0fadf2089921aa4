"""docker-compose.yml against the Compose Specification's own schema (as check-jsonschema ships it), and against the folders it mounts."""

import json
import os
import re
import stat
import subprocess
import sys
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
import yaml

from etabli.settings.load import read, validate

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
ONE_SHOT = {"migrate"}


def compose_schema():
    return json.loads(
        resources.files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text()
    )


def test_the_file_is_valid_compose():
    schema = compose_schema()
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [f"{'/'.join(map(str, e.path))}: {e.message}" for e in validator.iter_errors(COMPOSE)] == []


def test_the_schema_refuses_a_slip():
    schema = compose_schema()
    wrong = {"services": {"a": {"image": "x", "helthcheck": {}}}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validators.validator_for(schema)(schema).validate(wrong)


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_names_is_declared(name):
    service = SERVICES[name]
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    assert set(service.get("depends_on", {})) <= set(SERVICES)
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        if source.startswith("./"):
            assert (ROOT / source).exists(), source
        else:
            assert source in COMPOSE["volumes"]


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_this_computer_unless_asked_for(name):
    for port in SERVICES[name].get("ports", []):
        assert re.match(r"(127\.0\.0\.1|\$\{ETABLI_\w+_BIND:-127\.0\.0\.1\}):", port)


@pytest.mark.parametrize("name", [n for n in SERVICES if n not in ONE_SHOT and not SERVICES[n].get("profiles")])
def test_every_lasting_service_has_a_health_check_and_comes_back(name):
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_images_have_exact_tags():
    for service in SERVICES.values():
        tag = service["image"].rpartition(":")[2]
        assert re.match(r"\d+(\.\d+)*", tag), service["image"]


def test_no_password_stands_in_the_file():
    for name, service in SERVICES.items():
        for key, value in (service.get("environment") or {}).items():
            if re.search("PASSWORD|TOKEN|SECRET|KEY", key):
                assert str(value).startswith("/run/secrets/"), f"{name}: {key}"


def test_the_secrets_script_makes_each_secret_once_and_adds_devices(tmp_path):
    folder = tmp_path / "secrets"
    script = [sys.executable, ROOT / "scripts" / "compose-secrets"]
    env = {**os.environ, "ETABLI_SECRETS": str(folder)}
    subprocess.run(script, env=env, check=True, capture_output=True)
    before = {p.name: p.read_text() for p in folder.iterdir()}
    assert set(before) == {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in SERVICES["gateway"]["secrets"]:
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name
    assert before["influxdb_admin_token"] == before["influxdb_token"]
    said = subprocess.run([*script, "laser-reader"], env=env, check=True, capture_output=True, text=True).stdout
    after = {p.name: p.read_text() for p in folder.iterdir()}
    users = dict(line.split(":") for line in after.pop("mqtt_users").splitlines())
    before.pop("mqtt_users")
    assert after == before
    assert set(users) == {"gateway", "health", "laser-reader"}
    assert users["gateway"] == before["mqtt_gateway"]
    assert users["laser-reader"] in said
    refused = subprocess.run([*script, "gateway"], env=env, check=False, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "cannot be a device's user" in refused.stderr


def test_our_configuration_is_valid_and_speaks_of_the_services(monkeypatch):
    for name in [name for name in os.environ if name.startswith("ETABLI_")]:
        monkeypatch.delenv(name)
    settings, problems = validate(read(ROOT / "deploy" / "etabli.toml"))
    assert problems == ()
    assert settings.broker.host in SERVICES
    assert "@postgres:" in settings.store.url
    assert settings.series.influx.bucket == SERVICES["influxdb"]["environment"]["DOCKER_INFLUXDB_INIT_BUCKET"]
    assert str(settings.gateway.health_port) in SERVICES["gateway"]["healthcheck"]["test"]
    assert str(settings.web.port) in SERVICES["dashboard"]["healthcheck"]["test"]
    files = [
        settings.broker.password_file,
        settings.store.password_file,
        settings.series.influx.token_file,
        settings.badges.key_file,
    ]
    assert {file.name for file in files} <= set(SERVICES["gateway"]["secrets"])
    assert {str(file.parent) for file in files} == {"/run/secrets"}


def test_grafana_finds_its_source_and_its_boards():
    provisioning = ROOT / "deploy" / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "etabli.yaml").read_text())["datasources"]
    assert source["jsonData"]["version"] == "InfluxQL"
    assert source["jsonData"]["dbName"] == SERVICES["influxdb"]["environment"]["DOCKER_INFLUXDB_INIT_BUCKET"]
    secret = re.search(r"\$__file\{/run/secrets/(\w+)\}", source["secureJsonData"]["httpHeaderValue1"]).group(1)
    assert secret in SERVICES["grafana"]["secrets"]
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "etabli.yaml").read_text())["providers"]
    assert f"./deploy/grafana/dashboards:{provider['options']['path']}:ro" in SERVICES["grafana"]["volumes"]
    for board in (ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"):
        assert source["uid"] in board.read_text(), f"{board.name} does not ask the provisioned source"
