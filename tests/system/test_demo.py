"""The demo, as a stranger meets it: one command, a lab that lives, an outage that loses nothing, no leftovers."""

import json
import signal
import tempfile
import time
from pathlib import Path

import pytest

from tests.system.conftest import STOP_S, alive, children_of, get, get_json

pytestmark = pytest.mark.slow
READY_S = 30.0
"""Generous: a machine that also runs other tests must not make this one fail; `bench` measures the real figure."""


def demo_folders():
    return set(Path(tempfile.gettempdir()).glob("etabli-demo-*"))


def test_the_demo_opens_lives_and_leaves_nothing_behind(start, free_port):
    before = demo_folders()
    port = free_port()
    demo = start("demo", "--port", port, "--json", "--speed", "3")
    told = json.loads(demo.line_with("ready_s", READY_S))
    board, token, root = told["board"], told["token"], told["board"].rstrip("/")

    status, page = get(board)
    assert status == 200
    assert "Découpeuse laser" in page
    assert "Découpe vinyle" in page
    assert "Hors service" in page
    assert "Pas de nouvelles" not in page, "the first picture shows machines that were heard"

    resources = get_json(f"{root}/api/v1/resources")
    rows = resources.get("items", resources.get("rows", resources))
    assert len(rows) >= 12
    for name in ("sessions", "jobs"):
        answer = get_json(f"{root}/api/v1/{name}", token)
        assert len(answer.get("items", answer.get("rows", answer))) >= 10, f"two weeks of {name}"
    assert get(f"{root}/r/laser")[0] == 200
    for screen, word in (("kiosk", "Découpeuse laser"), ("shared_kiosk", "Poste de soudure"), ("door", "Bienvenue")):
        status, shown = get(told[screen])
        assert (status, word in shown) == (200, True), screen
    assert get(f"{root}/api/v1/members")[0] == 401
    assert get(f"{root}/api/v1/members", token)[0] == 200
    assert get_json(f"{root}/health/ready")["status"] == "ok"

    _wait_for_change(board, page)

    children = children_of(demo.process.pid)
    code, seconds, err = demo.end(signal.SIGINT)
    assert code == 0, err
    assert seconds < STOP_S + 1
    assert "Traceback" not in err
    assert not [pid for pid in children if alive(pid)], "its broker is gone too"
    assert demo_folders() == before, "its folder is gone"


def _wait_for_change(board, page):
    """The board moves within ten seconds of opening."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if "Occupée" in (now := get(board)[1]) or "En marche" in now:
            return
        time.sleep(0.3)
    pytest.fail("nobody came to the lab")


@pytest.mark.parametrize("broker", ["auto", "amqtt"])
def test_an_outage_of_the_link_loses_nothing(start, free_port, broker):
    demo = start("demo", "--port", free_port(), "--json", "--cut-link", "3", "--speed", "4", "--broker", broker)
    demo.line_with("ready_s", READY_S)
    told = json.loads(demo.line_with("outage_s", 60))
    assert told["kept"] > 0, "people went on tapping"
    assert told["received"] >= told["kept"]
    assert told["missing"] == 0
    assert demo.end()[0] == 0


def test_a_taken_port_is_one_sentence(etabli):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = etabli("demo", "--port", port)
    assert code == 1
    assert err.count("\n") == 1
    assert f"--port {port}" in err


def test_a_folder_that_is_not_a_demos_is_never_emptied(etabli, tmp_path, free_port):
    precious = tmp_path / "photos"
    precious.mkdir()
    (precious / "summer.jpg").write_text("x")
    code, _, err = etabli("demo", "--port", free_port(), "--data", precious)
    assert code == 1
    assert "--data" in err
    assert (precious / "summer.jpg").exists()
