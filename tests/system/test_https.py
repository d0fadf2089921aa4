"""Reached from home over HTTPS, in three ways: a certificate of one's own, a reverse proxy elsewhere, a tunnel."""

import http.client
import json
import socket
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gateway.adapters.certificates import SERVER_LIFE, Authority
from tests.fakes.toxic import ToxicProxy

pytestmark = pytest.mark.slow
NAME = "lab.example.org"


@pytest.fixture
def authority(tmp_path):
    made = Authority(tmp_path / "authority", name="Test")
    made.files = made.issue((NAME, "localhost"), datetime.now(UTC))
    return made


@pytest.fixture
def lab(etabli, start, tmp_path, free_port):
    """Start a lab with these lines in its table [web]; its port."""

    def begin(*lines):
        port = free_port()
        assert etabli("init")[0] == 0
        file = tmp_path / "etabli.toml"
        head = "\n".join(("[web]", f"port = {port}", f'address = "https://{NAME}"', *lines))
        text = file.read_text().replace("1883", str(free_port()))
        before, _, rest = text.partition("[web]")
        file.write_text(before + head + "\n\n[" + rest.partition("\n[")[2])
        code, out, _ = etabli("check-config")
        assert code == 0, out
        start("run").line_with("Prêt", 30)
        return port

    return begin


class _Forward(BaseHTTPRequestHandler):
    """What a reverse proxy does: TLS ends here, and it says so to the lab."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._pass("GET", None)

    def do_POST(self):
        self._pass("POST", self.rfile.read(int(self.headers["Content-Length"])))

    def _pass(self, method, body):
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        headers |= {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
        there = http.client.HTTPConnection(
            "127.0.0.1", self.server.lab, timeout=10, source_address=(self.server.address, 0)
        )
        there.request(method, self.path, body, headers)
        answer = there.getresponse()
        data = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        there.close()

    def log_message(self, *_):
        pass


@contextmanager
def reverse_proxy(authority, lab, address):
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Forward)
    server.daemon_threads = False
    server.lab, server.address = lab, address
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.files)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class FromHome:
    """A browser that knows the lab by name and believes one authority."""

    def __init__(self, authority, port):
        context = ssl.create_default_context(cafile=str(authority.certificate))
        plain = http.client.HTTPSConnection(NAME, port, context=context, timeout=10)
        # The name leads here, as the lab's own entry in the DNS would.
        plain._create_connection = lambda _where, timeout, source: socket.create_connection(
            ("127.0.0.1", port), timeout
        )
        self.connection = plain

    def ask(self, method, path, body=None, **headers):
        self.connection.request(method, path, body, {"Host": NAME, "Connection": "close", **headers})
        answer = self.connection.getresponse()
        data = answer.read().decode()
        self.connection.close()
        return answer, data


@pytest.fixture
def secure_cookie(etabli):
    """Enter the team's page with a token, and see what cookie one gets."""

    def enter(browser):
        token = json.loads(etabli("token", "create", "--role", "manager", "--json")[1])["token"]
        body = f"token={token}"
        answer, page = browser.ask(
            "POST", "/equipe/entrer", body, Origin=f"https://{NAME}",
            **{"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))},
        )  # fmt: skip
        assert answer.status == 303, page
        return answer.getheader("Set-Cookie")

    return enter


def test_with_a_certificate_of_its_own(lab, authority, secure_cookie):
    certificate, key = authority.files
    port = lab(f'certificate = "{certificate}"', f'key = "{key}"')
    cookie = secure_cookie(FromHome(authority, port))
    assert cookie.startswith("__Host-")
    assert "Secure" in cookie


def test_behind_a_reverse_proxy_on_another_computer(lab, authority, secure_cookie):
    port = lab('proxies = ["127.0.0.2"]')
    with reverse_proxy(authority, port, "127.0.0.2") as outside:
        assert secure_cookie(FromHome(authority, outside)).startswith("__Host-")
    with reverse_proxy(authority, port, "127.0.0.3") as stranger:
        cookie = secure_cookie(FromHome(authority, stranger))
        assert not cookie.startswith("__Host-"), "a proxy that nobody named is not believed"


def test_through_a_tunnel_that_carries_tls_to_the_lab(lab, authority, secure_cookie):
    certificate, key = authority.files
    port = lab(f'certificate = "{certificate}"', f'key = "{key}"')
    with ToxicProxy(target=port) as tunnel:
        assert secure_cookie(FromHome(authority, tunnel.port)).startswith("__Host-")


def test_through_a_tunnel_that_ends_tls_far_away(lab, authority, secure_cookie):
    port = lab()
    with reverse_proxy(authority, port, "127.0.0.1") as outside:
        assert secure_cookie(FromHome(authority, outside)).startswith("__Host-")


@pytest.mark.parametrize(
    ("names", "life", "says", "code"),
    [
        (("other.example.org",), timedelta(days=90), "pour other.example.org", 1),
        ((NAME,), timedelta(days=5), "finit le", 0),
        (("*.example.org",), timedelta(days=90), None, 0),
    ],
    ids=["another name", "ends soon", "a star"],
)
def test_a_certificate_that_browsers_will_not_take_is_named(etabli, tmp_path, names, life, says, code):
    made = Authority(tmp_path / "tls", name="Test")
    certificate, key = made.issue(names, datetime.now(UTC) - (SERVER_LIFE - life))
    assert etabli("init")[0] == 0
    file = tmp_path / "etabli.toml"
    before, _, rest = file.read_text().partition("[web]")
    head = f'[web]\naddress = "https://{NAME}"\ncertificate = "{certificate}"\nkey = "{key}"\n\n['
    file.write_text(before + head + rest.partition("\n[")[2])
    found, out, _ = etabli("check-config")
    assert found == code, out
    assert (says or "est bon") in out
