"""A camera's picture: whole and in time, or none; nothing that a camera does holds up who asks."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from firmware_bridges.twins.picture import picture
from gateway.adapters.camera_http import HttpCamera
from gateway.domain.help import LARGEST_PHOTO

PNG = picture(0.4)


class _Camera(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def _say(self, status, kind, data, length=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.send_header("Location", "/well")
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        what = self.path.split("?")[0]
        if what == "/well":
            self._say(200, "image/png", PNG)
        elif what == "/moved":
            self._say(302, "image/png", b"")
        elif what == "/page":
            self._say(200, "text/html", PNG)
        elif what == "/nonsense":
            self._say(200, "image/png", b"<script>")
        elif what == "/cut":
            self._say(200, "image/png", PNG[:50], length=len(PNG))
        elif what == "/large":
            self._say(200, "image/png", PNG + b"x" * LARGEST_PHOTO)
        else:
            self._drip()

    def _drip(self):
        """A byte now and then, for ever."""
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.end_headers()
        while not self.server.over.wait(0.05):
            try:
                self.wfile.write(b"x")
            except OSError:
                return


@pytest.fixture(scope="module")
def root():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Camera)
    server.daemon_threads, server.over = True, threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


def look(address):
    return HttpCamera(lambda: {"prusa": address}, whole_s=0.4).picture("prusa")


def test_a_picture_comes_as_it_is(root):
    seen = look(f"{root}/well?action=snapshot")
    assert (seen.media_type, seen.data) == ("image/png", PNG)
    camera = HttpCamera(lambda: {"prusa": root})
    assert camera.looks_at("prusa")
    assert not camera.looks_at("laser")
    assert camera.picture("laser") is None


@pytest.mark.parametrize("path", ["moved", "page", "nonsense", "cut", "large", "drip"])
def test_what_is_no_whole_picture_in_time_is_none(root, path):
    began = time.monotonic()
    assert look(f"{root}/{path}") is None
    assert time.monotonic() - began < 3


def test_a_camera_that_is_away_is_none():
    assert look("http://127.0.0.1:1/") is None
