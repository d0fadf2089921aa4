"""The real ways out against real servers on this computer: what they say, what they do when these fail or hang."""

import base64
import hashlib
import hmac
import http.server
import json
import socket
import socketserver
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest

from gateway.adapters.hooks_http import HttpCaller
from gateway.adapters.notify_apprise import ApprisePost
from gateway.adapters.notify_smtp import SmtpPost, SmtpServer
from gateway.domain.webhooks import headers_for
from gateway.ports.errors import NotifyRefused, NotifyUnavailable
from gateway.ports.notify import Letter

AT = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
LETTER = Letter(
    id="n1", to="ada@example.org", subject="Réservation\u00a0: Laser", text="Bonjour Ada,\nà bientôt.\n", language="fr",
    at=AT,
)  # fmt: skip


class Smtp(socketserver.StreamRequestHandler):
    """As much of a mail server as a client needs."""

    def handle(self):
        said, data = self._say, []
        said("220 test")
        while line := self.rfile.readline():
            word = line.split(b":")[0].strip().upper()
            if word == b"DATA":
                said("354 go on")
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    data.append(line)
                self.server.letters.append(b"".join(data))
                said("250 kept")
            elif word == b"RCPT TO":
                said(self.server.answer)
            elif word == b"QUIT":
                said("221 bye")
                return
            else:
                said("250 ok")

    def _say(self, text):
        self.wfile.write(text.encode() + b"\r\n")


class Receiver(http.server.BaseHTTPRequestHandler):
    """Keeps what it is sent."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.letters.append((self.path, self.headers, body))
        self.send_response(self.server.answer)
        self.send_header("location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_):
        """Nothing to say."""


@contextmanager
def serving(kind, handler, answer):
    with kind(("127.0.0.1", 0), handler) as server:
        server.letters, server.answer = [], answer
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def smtp(answer="250 ok"):
    with serving(socketserver.TCPServer, Smtp, answer) as server:
        yield server, post_to(server.server_address[1])


@contextmanager
def web(answer=204):
    with serving(http.server.HTTPServer, Receiver, answer) as server:
        yield server, f"http://127.0.0.1:{server.server_address[1]}"


def post_to(port, security="none"):
    server = SmtpServer(host="127.0.0.1", port=port, sender="lab@example.org", name="Le lab", security=security)
    return SmtpPost(server, timeout_s=0.3)


@pytest.fixture
def nobody():
    """A port that nobody listens to."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def silent():
    """A server that takes the connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_letter_arrives_whole_with_an_id_that_shows_doubles():
    with smtp() as (server, post):
        post.send(LETTER)
        post.send(LETTER)
        first, second = (message_from_bytes(each, policy=policy.default) for each in server.letters)
    assert (first["to"], first["subject"]) == ("ada@example.org", LETTER.subject)
    assert first["message-id"] == second["message-id"] == "<n1@example.org>"
    assert first["auto-submitted"] == "auto-generated"
    assert first.get_content().splitlines() == LETTER.text.splitlines()


def test_an_address_that_the_server_does_not_know_is_refused_for_good_and_not_told_on():
    with smtp("550 no such user ada@example.org") as (_, post), pytest.raises(NotifyRefused) as told:
        post.send(LETTER)
    assert "ada" not in str(told.value)


def test_a_full_mailbox_is_tried_again():
    with smtp("452 full") as (_, post), pytest.raises(NotifyUnavailable):
        post.send(LETTER)


def test_a_server_without_tls_gets_nothing_when_tls_is_asked_for():
    with smtp() as (server, _):
        with pytest.raises(NotifyUnavailable):
            post_to(server.server_address[1], security="starttls").send(LETTER)
        assert server.letters == []


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_a_mail_server_that_is_not_there_or_silent_is_given_up_soon(nobody, silent, security):
    for port in (nobody, silent):
        with pytest.raises(NotifyUnavailable):
            post_to(port, security).send(LETTER)


def test_a_hook_gets_the_very_bytes_that_were_signed():
    secret = "whsec_" + base64.b64encode(b"key").decode()
    body = '{"é":1}'.encode()
    with web() as (server, url):
        HttpCaller().call(f"{url}/hook?x=1", headers_for(secret, "d1", timestamp=1, body=body), body)
        ((path, headers, received),) = server.letters
    assert (path, received) == ("/hook?x=1", body)
    mac = hmac.new(b"key", b"d1.1." + received, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()


@pytest.mark.parametrize("status", [302, 400, 410, 500])
def test_a_hook_that_does_not_take_it_is_tried_again_and_not_followed_elsewhere(status):
    with web(status) as (server, url):
        with pytest.raises(NotifyUnavailable, match=str(status)):
            HttpCaller().call(url, {}, b"{}")
        assert len(server.letters) == 1


def test_a_hook_that_is_not_there_or_silent_is_given_up_soon_and_its_address_is_not_told(nobody, silent):
    for port in (nobody, silent):
        with pytest.raises(NotifyUnavailable) as told:
            HttpCaller(timeout_s=0.3).call(f"http://127.0.0.1:{port}/secret", {}, b"{}")
        assert "secret" not in str(told.value)


def test_apprise_reaches_the_member_s_own_address_and_logs_no_secret(caplog):
    with web(200) as (server, url):
        ApprisePost(url.replace("http", "json") + "/{to}?token=s3cret").send(LETTER)
        ((path, _, body),) = server.letters
    assert path.startswith("/ada@example.org")
    told = json.loads(body)
    assert (told["title"], told["message"].splitlines()) == (LETTER.subject, LETTER.text.splitlines())
    assert "s3cret" not in caplog.text


def test_a_service_that_fails_is_tried_again_and_a_template_that_is_none_is_refused():
    with web(500) as (_, url), pytest.raises(NotifyUnavailable):
        ApprisePost(url.replace("http", "json") + "/{to}").send(LETTER)
    with pytest.raises(NotifyRefused):
        ApprisePost("no-such-service://{to}").send(LETTER)
