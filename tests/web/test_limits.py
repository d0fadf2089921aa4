"""Nobody fills memory or disk with one request: what is too long is refused in plain words, and read no further."""

import asyncio

import pytest

from dashboard.limits import LONGEST_WITH_FILE
from tests.web.lab import TestLab

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
PARTS = "multipart/form-data; boundary=b"
PIECE = b"x" * 100_000
PART = b'--b\r\nContent-Disposition: form-data; name="photo"; filename="p.jpg"\r\n\r\n'.ljust(len(PIECE), b"x")


@pytest.fixture(scope="module")
def app():
    lab = TestLab()
    yield lab.app()
    lab.close()


def send(app, path, *, pieces=0, **headers):
    """How many pieces were read of a body that would go on for long, and the answer to it."""
    read, heard = 0, []

    async def receive():
        nonlocal read
        read += 1
        piece = PART if read == 1 and headers.get("content_type") == PARTS else PIECE
        return {"type": "http.request", "body": piece, "more_body": read < pieces}

    async def told(message):
        heard.append(message)

    sent = {"host": "testserver", "origin": "http://testserver", "authorization": "Bearer manager-secret"} | headers
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "client": ("127.0.0.1", 1),
        "server": ("testserver", 80), "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in sent.items()],
    }  # fmt: skip
    asyncio.run(app(scope, receive, told))
    body = b"".join(message.get("body", b"") for message in heard[1:]).decode()
    return read, heard[0]["status"], dict(heard[0]["headers"]), body


@pytest.mark.parametrize(
    ("path", "kind", "most"),
    [
        ("/kiosk/laser/faire", FORM, 1_000_000),
        ("/kiosk/laser/probleme", PARTS, 6_000_000),
        ("/compte/entrer", FORM, 1_000_000),
        ("/api/v1/members", JSON, 1_000_000),
    ],
)
def test_a_body_without_end_is_read_no_further_than_the_longest_of_ours(app, path, kind, most):
    read, status, headers, body = send(app, path, pieces=200, content_type=kind)
    assert status == 413
    assert read == most // len(PIECE) + 1
    assert "Rien n’est enregistré." in body
    assert b"content-security-policy" in headers


@pytest.mark.parametrize("length", ["1000001", "9" * 5000])
def test_what_is_announced_too_long_is_not_read_at_all(app, length):
    read, status, headers, body = send(app, "/api/v1/members", pieces=200, content_type=JSON, content_length=length)
    assert (read, status) == (0, 413)
    assert headers[b"content-type"] == b"application/problem+json"
    assert '"code":"too_large"' in body


def test_a_key_for_repeats_lets_no_more_through(app):
    read, status, _headers, body = send(
        app, "/api/v1/members", pieces=200, content_type=JSON, idempotency_key="a", accept_language="en"
    )
    assert (read, status) == (11, 413)
    assert "Nothing was saved." in body


def test_a_list_or_a_picture_that_is_a_little_too_large_reaches_the_page_that_says_so(app):
    assert LONGEST_WITH_FILE == 6_000_000
    for path in ("/equipe/membres/importer", "/equipe/membres/importer/appliquer", "/kiosk/laser/probleme"):
        assert send(app, path, content_type=FORM, content_length="5900000")[1] != 413
        assert send(app, path, content_type=FORM, content_length="6000001")[1] == 413
