"""octorest behind an adapter: time-outs, typed errors, path prefixes, and nothing said on the network before it is asked.

What octorest 0.4 lacks, and where it is made up for: no time-outs, errors as text, redirects that would carry the key
to another host, endless answers (``Session``); a base path that it drops (``Session.request``); a constructor that
asks the server when it is given a key (the key is a header of the session); ``upload(print=True)``, which forgets to
print (``print_gcode`` selects afterwards).
"""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from gateway.ports.errors import BadConfiguration, BridgeLost, EtabliError

CONNECT_S, READ_S = 3.0, 5.0
MAX_BYTES = 4 * 1024 * 1024
"""OctoPrint's answers are some kilobytes: more is somebody's video stream."""


class Refused(EtabliError):
    """OctoPrint understood and said no, because of how the printer stands (409) or because there is no such file (404)."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Session(requests.Session):
    """A session for one OctoPrint: every request has a time-out and a limit, every failure is one of our errors."""

    def __init__(self, url: str, key: str, *, ca_file: Path | None = None, timeout: tuple[float, float]) -> None:
        super().__init__()
        parts = urlsplit(url)
        self.shown = url.rstrip("/")
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._base = self._origin + parts.path.rstrip("/")
        self._timeout = timeout
        # A printer is in the lab: neither a proxy nor a ~/.netrc of the account we run under is meant for it.
        self.trust_env = False
        if ca_file is not None:
            self.verify = str(ca_file)
        self.headers["X-Api-Key"] = key

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """As ``requests`` does it, under the base path, bounded in time and size; raises our errors only."""
        kwargs.setdefault("timeout", self._timeout)
        # Followed, a redirect would carry the key wherever it points.
        kwargs.update(allow_redirects=False, stream=True)
        target = url.decode() if isinstance(url, bytes) else url
        if target.startswith(self._origin):
            target = self._base + target.removeprefix(self._origin)
        try:
            response = self._once_more(lambda: super(Session, self).request(method, target, *args, **kwargs), method)
            self._swallow(response)
        except requests.RequestException as error:
            raise self._lost(error) from error
        except OSError as error:
            raise BridgeLost(f"OctoPrint at {self.shown} cannot be reached: {error}") from error
        self._check(response)
        return response

    def _once_more(self, ask: Callable[[], requests.Response], method: str | bytes) -> requests.Response:
        """Ask; a server may close a kept connection just when it is used, so what only reads is asked once more."""
        try:
            return ask()
        except requests.Timeout:
            raise
        except requests.ConnectionError:
            if method != "GET":
                raise
            return ask()

    def _swallow(self, response: requests.Response) -> None:
        """Read the whole answer, but no more than OctoPrint would ever say."""
        body = bytearray()
        for chunk in response.iter_content(64 * 1024):
            body += chunk
            if len(body) > MAX_BYTES:
                response.close()
                raise BadConfiguration(f"url: {self.shown} answers without end, so it is not OctoPrint's address")
        # Kept where `response.json()` looks for it, as after an ordinary request.
        response._content = bytes(body)  # noqa: SLF001

    def _lost(self, error: requests.RequestException) -> EtabliError:
        if isinstance(error, requests.exceptions.SSLError):
            return BadConfiguration(f"url: the certificate of {self.shown} is not trusted; name its CA in ca_file")
        if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidHeader):
            return BadConfiguration(f"url, key: {error}")
        if isinstance(error, requests.Timeout):
            return BridgeLost(f"OctoPrint at {self.shown} does not answer in time")
        return BridgeLost(f"OctoPrint at {self.shown} cannot be reached; is it on, and is the address right?")

    def _check(self, response: requests.Response) -> None:
        status = response.status_code
        if status < 300:
            return
        if status < 400:
            where = response.headers.get("Location", "another address")
            raise BadConfiguration(f"url: {self.shown} points on to {where}: is that OctoPrint's address?")
        if status in (401, 403):
            raise BadConfiguration(
                f"key: OctoPrint at {self.shown} refuses this key ({status}); it needs one of an account or of an "
                "application, with the rights STATUS, CONNECTION, FILES_LIST and PRINT"
            )
        if status in (404, 409):
            raise Refused(status, f"OctoPrint at {self.shown} says no ({status}): {_reason(response)}")
        raise BridgeLost(f"OctoPrint at {self.shown} is in trouble or still starting ({status})")


def _reason(response: requests.Response) -> str:
    try:
        said = response.json()["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        said = response.text
    return str(said)[:200]


class OctoPrintClient:
    """One OctoPrint. Built without a word on the network; not to be shared between threads."""

    def __init__(
        self, url: str, key: str, *, ca_file: Path | None = None, connect_s: float = CONNECT_S, read_s: float = READ_S
    ) -> None:
        # Imported at use: a lab without printers does not pay for it.
        from octorest import OctoRest

        self.shown = url.rstrip("/")
        self._session = Session(url, key, ca_file=ca_file, timeout=(connect_s, read_s))
        self._rest = OctoRest(url=url, session=self._session)

    def version(self) -> Any:
        """``GET /api/version``."""
        return self._read(self._rest.get_version)

    def job(self) -> Any:
        """``GET /api/job``."""
        return self._read(self._rest.job_info)

    def printer(self) -> Any:
        """``GET /api/printer`` without the SD card; None while the printer is not connected (409)."""
        return self._read(lambda: self._rest.printer(exclude=["sd"]), none_for=409)

    def connection(self) -> Any:
        """``GET /api/connection``."""
        return self._read(self._rest.connection_info)

    def connect(self) -> None:
        """Have OctoPrint open the printer's serial line."""
        self._call(self._rest.connect)

    def file(self, origin: str, path: str) -> Any:
        """One file's record; None when it is gone."""
        return self._read(lambda: self._rest.files_info(quote(origin), quote(path)), none_for=404)

    def print_gcode(self, name: str, content: bytes) -> None:
        """Upload a program and print it; raises Refused when the printer is not free."""
        self._call(lambda: self._rest.upload((name, io.BytesIO(content))))
        self._call(lambda: self._rest.select(f"local/{quote(name)}", print=True))

    def pause(self) -> None:
        """Pause the job; raises Refused when there is none."""
        self._call(self._rest.pause)

    def resume(self) -> None:
        """Go on with a paused job; raises Refused when there is none."""
        self._call(self._rest.resume)

    def cancel(self) -> None:
        """Cancel the job; raises Refused when there is none."""
        self._call(self._rest.cancel)

    def gcode(self, command: str) -> None:
        """Send one command to the printer."""
        self._call(lambda: self._rest.gcode(command))

    def close(self) -> None:
        """Let go of all connections."""
        self._session.close()

    def _read(self, ask: Callable[[], Any], *, none_for: int | None = None) -> Any:
        """Ask what every OctoPrint can tell; ``none_for`` is the status that stands for *there is none now*."""
        try:
            return self._call(ask)
        except Refused as refusal:
            if refusal.status == none_for:
                return None
            if refusal.status == 404:
                raise BadConfiguration(f"url: there is no OctoPrint at {self.shown} (404)") from refusal
            raise BridgeLost(str(refusal)) from refusal

    def _call(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except EtabliError:
            raise
        except (ValueError, RecursionError) as error:
            # What octorest hands to the JSON parser.
            raise BadConfiguration(f"url: {self.shown} does not answer as OctoPrint does") from error
        except RuntimeError as error:
            raise BridgeLost(f"OctoPrint at {self.shown}: {error}") from error
