"""Serves a simulated OctoPrint on a free port of this machine, over real HTTP."""

import json
import socket
from collections.abc import Callable
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from devices.simulated.octoprint import NO_ANSWER, SimulatedOctoPrint
from firmware_bridges.twins.picture import picture
from gateway.ports.clock import Clock

_T = TypeVar("_T")

WEBCAM = "/webcam/"
MAX_BODY = 50 * 1024 * 1024
SILENCE_S = 30.0
"""How long a silent server keeps a connection open."""


class OctoPrintServer:
    """A running twin. ``do`` lets something happen to it: ``do(SimulatedOctoPrint.drop)``."""

    def __init__(
        self, clock: Clock, twin: SimulatedOctoPrint | None = None, *, prefix: str = "", port: int = 0
    ) -> None:
        self.twin = twin or SimulatedOctoPrint(now=clock.monotonic())
        self._clock = clock
        self._prefix = prefix
        self._lock = Lock()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.answer = self._answer
        self._server.done = lambda: self.do(lambda twin, _now: twin.done)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="twin-octoprint", daemon=True)

    @property
    def url(self) -> str:
        """Where it is served."""
        return f"http://127.0.0.1:{self.port}{self._prefix}"

    @property
    def snapshot(self) -> str:
        """Where its camera gives one picture."""
        return f"http://127.0.0.1:{self.port}{WEBCAM}?action=snapshot"

    @property
    def port(self) -> int:
        """The port it took."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Cut all connections and let go of the port, as a server that is killed."""
        self._server.stopping.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server.cut()

    def do(self, what: Callable[[SimulatedOctoPrint, float], _T]) -> _T:
        """Let something happen to the twin now."""
        with self._lock:
            return what(self.twin, self._clock.monotonic())

    def _answer(self, method: str, path: str, body: Any, key: str | None) -> tuple[int, Any]:
        if not path.startswith(self._prefix + "/"):
            return 404, {"error": "The requested URL was not found on the server."}
        return self.do(lambda twin, now: twin.handle(method, path.removeprefix(self._prefix), body, key, now))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.answer: Callable[[str, str, Any, str | None], tuple[int, Any]] = lambda *_: (503, None)
        self.done: Callable[[], float] = lambda: 0.0
        self.stopping = Event()
        self._open: set[socket.socket] = set()
        self._guard = Lock()
        super().__init__(address, handler)

    def opened(self, connection: socket.socket) -> None:
        """Remember a connection, so that stopping can cut it."""
        with self._guard:
            self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """Forget a connection."""
        with self._guard:
            self._open.discard(connection)

    def cut(self) -> None:
        """End every connection that a client keeps open."""
        with self._guard:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # the client was faster

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        self.server.closed(self.connection)
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Be quiet."""

    def do_GET(self) -> None:
        if urlsplit(self.path).path == WEBCAM:
            self._show()
        else:
            self._reply(None)

    def _show(self) -> None:
        """One picture, as the camera of OctoPi gives it: no key is asked for."""
        data = picture(self.server.done())
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        try:
            length = int(self.headers.get("Content-Length", "0"))
        except ValueError:
            length = -1
        if not 0 <= length <= MAX_BODY:
            self.close_connection = True
            self._send(413, {"error": "too long"})
            return
        self._reply(read_body(self.headers.get("Content-Type", ""), self.rfile.read(length)))

    def _reply(self, body: Any) -> None:
        path = unquote(urlsplit(self.path).path)
        status, answer = self.server.answer(self.command, path, body, self.headers.get("X-Api-Key"))
        if status == NO_ANSWER:
            self.server.stopping.wait(SILENCE_S)
            self.close_connection = True
            return
        self._send(status, answer)

    def _send(self, status: int, answer: Any) -> None:
        data = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        if data:
            self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def read_body(content_type: str, data: bytes) -> Any:
    """A request's JSON or form as plain values: an uploaded file gives ``file`` (its name) and ``content``."""
    if not content_type.startswith("multipart/form-data"):
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            return None
    form: dict[str, Any] = {}
    for part in message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + data).walk():
        name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if name == "file" and isinstance(content, bytes):
            form |= {"file": part.get_filename() or "", "content": content}
        elif isinstance(name, str) and isinstance(content, bytes):
            form[name] = content.decode("utf-8", "replace")
    return form
