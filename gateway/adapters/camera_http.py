"""Snapshots over HTTP, from the addresses that the configuration names: every wait bounded, no redirect followed."""

import contextlib
import http.client
import logging
import socket
import threading
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from gateway.domain.help import LARGEST_PHOTO, Photo, read_photo

CONNECT_S, WHOLE_S = 2.0, 5.0

_log = logging.getLogger(__name__)


class HttpCamera:
    """``addresses`` by the slug of the resource, asked at each look: a camera may be added while we run."""

    def __init__(self, addresses: Callable[[], Mapping[str, str]], *, whole_s: float = WHOLE_S) -> None:
        self._addresses, self._whole_s = addresses, whole_s

    def looks_at(self, resource: str) -> bool:
        """Whether there is a camera for this resource."""
        return resource in self._addresses()

    def picture(self, resource: str) -> Photo | None:
        """What it sees now."""
        address = self._addresses().get(resource)
        if address is None:
            return None
        try:
            data = self._fetched(address)
        except (OSError, http.client.HTTPException, ValueError) as error:
            _log.info("the camera of %s gives no picture: %s", resource, type(error).__name__)
            return None
        return read_photo(data) if data is not None else None

    def _fetched(self, address: str) -> bytes | None:
        """The body; None for anything that is no whole picture of a size we would show."""
        told, late = urlsplit(address), threading.Event()
        kind = http.client.HTTPSConnection if told.scheme == "https" else http.client.HTTPConnection
        line = kind(told.hostname or "", told.port, timeout=min(CONNECT_S, self._whole_s))
        line.connect()
        # Each wait is bounded by the socket; a camera that drips is bounded by this.
        hang_up = threading.Timer(self._whole_s, _hang_up, (line.sock, late))
        hang_up.start()
        try:
            line.request("GET", (told.path or "/") + (f"?{told.query}" if told.query else ""))
            answer = line.getresponse()
            if answer.status != 200 or not answer.headers.get_content_type().startswith("image/"):
                return None
            data = answer.read(LARGEST_PHOTO + 1)
            whole = len(data) <= LARGEST_PHOTO and not answer.length and not late.is_set()
            return data if whole else None
        finally:
            hang_up.cancel()
            line.close()


def _hang_up(sock: socket.socket, late: threading.Event) -> None:
    late.set()
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
