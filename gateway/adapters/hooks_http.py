"""Hooks over HTTP: one request each, every wait bounded, no redirect followed, plain HTTP inside the house only."""

import http.client
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from gateway.domain.webhooks import reachable_by_http
from gateway.ports.errors import NotifyUnavailable

TIMEOUT_S = 10.0


class HttpCaller:
    """Calls hooks. What is raised tells the kind of fault, never an address."""

    def __init__(self, *, timeout_s: float = TIMEOUT_S, tls: ssl.SSLContext | None = None) -> None:
        self._timeout_s, self._tls = timeout_s, tls or ssl.create_default_context()

    def call(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Post the body; NotifyUnavailable unless the far end took it."""
        try:
            status = self._status(url, headers, body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NotifyUnavailable(type(error).__name__) from None
        if not 200 <= status < 300:
            raise NotifyUnavailable(f"HTTP {status}")

    def _status(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        told = urlsplit(url)
        host = told.hostname or ""
        if told.scheme == "https":
            line: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, told.port, timeout=self._timeout_s, context=self._tls
            )
        else:
            line = http.client.HTTPConnection(host, told.port, timeout=self._timeout_s)
        try:
            line.connect()
            if told.scheme != "https" and not reachable_by_http(line.sock.getpeername()[0]):
                raise NotifyUnavailable("plain HTTP would leave the house")
            path = (told.path or "/") + (f"?{told.query}" if told.query else "")
            line.request("POST", path, body=body, headers=dict(headers))
            return line.getresponse().status
        finally:
            line.close()
