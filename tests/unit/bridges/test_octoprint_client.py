"""What a manager reads when an address or key is wrong decides whether they can mend it alone."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from devices.simulated.octoprint import SimulatedOctoPrint
from firmware_bridges.octoprint_client import OctoPrintClient, Refused
from firmware_bridges.twins.octoprint_server import OctoPrintServer, read_body
from gateway.adapters.clock import SystemClock
from gateway.ports.errors import BadConfiguration, BridgeLost


@pytest.fixture(params=["", "/octoprint", "/a/b"])
def server(request):
    server = OctoPrintServer(SystemClock(), prefix=request.param)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(server):
    client = OctoPrintClient(server.url, "simulated", read_s=1)
    yield client
    client.close()


class Odd:
    """A server that answers everything in one odd way, and remembers what it was asked."""

    def __init__(self, status=200, body=b"", headers=(), delay=None):
        asked = self.asked = []
        stop = self._stop = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append((self.path, dict(self.headers)))
                if delay:
                    stop.wait(delay)
                    return
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                chunks = body() if callable(body) else [body]
                try:
                    for chunk in chunks:
                        self.wfile.write(chunk)
                except OSError:
                    pass

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def ask(url, what="version", key="k", **how):
    client = OctoPrintClient(url, key, connect_s=1, read_s=0.3, **how)
    try:
        return getattr(client, what)()
    finally:
        client.close()


def test_every_call_keeps_the_path_of_a_reverse_proxy(server, client):
    assert client.version()["server"] == "1.11.8"
    client.print_gcode("a b#1.gcode", b"G4 S30\n")
    job = client.job()
    assert (job["state"], job["job"]["file"]["name"]) == ("Printing", "a b#1.gcode")
    assert client.printer()["state"]["flags"]["printing"]
    assert client.file("local", "a b#1.gcode")["size"] == 7
    client.pause()
    assert client.connection()["current"]["port"] == "VIRTUAL"
    client.cancel()
    assert client.job()["progress"]["completion"] is None


def test_what_is_not_there_now_is_none_and_not_an_error(server, client):
    assert client.file("local", "none.gcode") is None
    server.do(SimulatedOctoPrint.disconnect)
    assert client.printer() is None
    client.connect()


def test_a_conflict_is_a_refusal_with_octoprints_own_words(client):
    with pytest.raises(Refused, match="neither printing nor paused") as refusal:
        client.cancel()
    assert refusal.value.status == 409


def test_building_a_client_says_nothing_on_the_network():
    with Odd() as odd:
        OctoPrintClient(odd.url, "k").close()
        assert odd.asked == []
    OctoPrintClient("http://127.0.0.1:9", "k").close()


def test_a_wrong_key_is_a_plain_sentence_about_the_key(server):
    with pytest.raises(BadConfiguration, match="refuses this key") as error:
        ask(server.url, key="wrong")
    assert "wrong" not in str(error.value)


def test_nobody_there_is_a_plain_sentence():
    with pytest.raises(BridgeLost, match="cannot be reached"):
        ask("http://127.0.0.1:9")
    with pytest.raises(BridgeLost, match="cannot be reached"):
        ask("http://octopi.invalid")


def test_a_server_that_hangs_is_given_up_in_time(server):
    server.twin.silent = True
    with pytest.raises(BridgeLost, match="does not answer in time"):
        ask(server.url)


@pytest.mark.parametrize(
    ("odd", "error", "words"),
    [
        ({"status": 404}, BadConfiguration, "there is no OctoPrint"),
        ({"body": b"<html>hello</html>"}, BadConfiguration, "does not answer as OctoPrint does"),
        ({"body": b"[" * 100_000}, BadConfiguration, "does not answer as OctoPrint does"),
        ({"body": b"\xff\xfe\x00"}, BadConfiguration, "does not answer as OctoPrint does"),
        ({"status": 503}, BridgeLost, "still starting"),
        ({"status": 409}, BridgeLost, "says no"),
        ({"status": 401}, BadConfiguration, "refuses this key"),
    ],
)
def test_an_address_of_something_else_is_a_plain_sentence(odd, error, words):
    with Odd(**odd) as server, pytest.raises(error, match=words):
        ask(server.url)


def test_a_redirect_is_not_followed_as_it_would_take_the_key_along():
    with Odd(body=json.dumps({"server": "x"}).encode()) as thief:
        with (
            Odd(status=302, headers=[("Location", thief.url + "/api/version")]) as server,
            pytest.raises(BadConfiguration, match="points on to"),
        ):
            ask(server.url, key="secret")
        assert thief.asked == []


def test_a_video_stream_is_not_read_for_ever():
    def video():
        while True:
            yield b"x" * 65_536

    with Odd(body=video) as server, pytest.raises(BadConfiguration, match="without end"):
        ask(server.url + "/webcam")


def test_no_proxy_and_no_netrc_of_the_account_are_used(server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert ask(server.url, key="simulated")["server"] == "1.11.8"


def test_a_connection_that_the_server_closed_meanwhile_is_opened_again(server, client):
    client.version()
    server._server.cut()
    assert client.version()["server"] == "1.11.8"


def test_the_twins_forms_are_read_whatever_they_hold():
    assert read_body("application/json", b'{"a":1}') == {"a": 1}
    assert read_body("application/json", b"\xff") is None
    assert read_body("multipart/form-data; boundary=x", b"nonsense") == {}
