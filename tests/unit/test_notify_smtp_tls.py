"""Letters over TLS to a real server with a certificate of its own: what is secret is said only under a checked lock."""

import base64
import socketserver
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest

from gateway.adapters.certificates import Authority
from gateway.adapters.notify_smtp import SmtpPost, SmtpServer
from gateway.ports.errors import NotifyUnavailable
from tests.unit.test_notify_adapters import LETTER


class Smtp(socketserver.StreamRequestHandler):
    """A mail server that asks for a lock before it asks who is there; with ``at_once`` the line is locked from the start."""

    def handle(self):
        self.locked = False
        if self.server.at_once and not self._lock():
            return
        self._say("220 test")
        while line := self.rfile.readline():
            word, _, rest = line.decode().strip().partition(" ")
            word = word.upper()
            if word == "STARTTLS":
                self._say("220 go on")
                if not self._lock():
                    return
            elif word == "EHLO":
                self._say("250-test\r\n250 AUTH PLAIN" if self.locked else "250-test\r\n250 STARTTLS")
            elif word == "AUTH":
                self.server.seen.append((self.locked, base64.b64decode(rest.partition(" ")[2])))
                self._say("235 welcome")
            elif word == "DATA":
                self._say("354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.letters.append((self.locked, b"".join(lines)))
                self._say("250 kept")
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _lock(self):
        try:
            self.request = self.server.context.wrap_socket(self.request, server_side=True)
        except (ssl.SSLError, OSError):
            return False
        self.locked = True
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", buffering=0)
        return True

    def finish(self):
        """The streams of a locked line close with it."""
        self.request.close()

    def _say(self, text):
        self.wfile.write(text.encode() + b"\r\n")


@contextmanager
def serving(chain, key, security):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    with socketserver.TCPServer(("127.0.0.1", 0), Smtp) as server:
        server.context, server.at_once, server.letters, server.seen = context, security == "tls", [], []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def post_to(server, security, authority):
    told = SmtpServer(
        host="127.0.0.1", port=server.server_address[1], sender="lab@example.org", name="Le lab", security=security,
        username="lab", password="s3cret",
    )  # fmt: skip
    return SmtpPost(told, timeout_s=5, tls=ssl.create_default_context(cafile=authority))


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "ca", name="Le lab")


ways = pytest.mark.parametrize("security", ["starttls", "tls"])


@ways
def test_a_letter_and_the_password_go_only_under_the_lock(authority, security):
    with serving(*authority.issue(("127.0.0.1",), datetime.now(UTC)), security) as server:
        post_to(server, security, authority.certificate).send(LETTER)
        ((locked, letter),) = server.letters
        assert locked
        assert message_from_bytes(letter, policy=policy.default)["subject"] == LETTER.subject
        assert server.seen == [(True, b"\0lab\0s3cret")]


@ways
def test_a_certificate_for_another_name_or_of_another_authority_gets_nothing(authority, tmp_path, security):
    now = datetime.now(UTC)
    stranger = Authority(tmp_path / "other", name="Une autre")
    for chain, key in (authority.issue(("mail.example.org",), now), stranger.issue(("127.0.0.1",), now)):
        with serving(chain, key, security) as server:
            with pytest.raises(NotifyUnavailable, match="SSLCertVerificationError"):
                post_to(server, security, authority.certificate).send(LETTER)
            assert (server.letters, server.seen) == ([], [])
