"""Brings folder, data source and board into a Grafana, through its HTTP API; a second run finds nothing to do.

grafana-api is old: it updates data sources by their number, which Grafana 13 no longer answers, so that one call is
made by uid here. No Grafana could be run where this was written: the tests' stand-in answers as its API reference says.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gateway.ports.errors import BadConfiguration, GrafanaRefused

if TYPE_CHECKING:
    from grafana_api.grafana_face import GrafanaFace

NAME = "Établi"
CREATED, UPDATED, UNCHANGED, KEPT = "created", "updated", "unchanged", "kept"
"""What became of a part; *kept*: a file of that Grafana's own provisions it, so it is not ours to change."""

_TOKEN_MARK = "etabliToken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """One part, and what became of it."""

    part: str
    name: str
    became: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The InfluxDB that Grafana asks: its address as Grafana sees it."""

    url: str
    token: str
    bucket: str


def sync(
    url: str, token: str, source: Source, *, timezone: str | None = None, timeout_s: float = 10.0
) -> tuple[Synced, ...]:
    """Create or update the folder, the data source and the board; GrafanaRefused says in one sentence what is wrong."""
    from gateway.adapters.grafana_board import DATASOURCE_UID, FOLDER_UID, TIMEZONE, board

    made = board(timezone or TIMEZONE)
    with _grafana(url, token, timeout_s) as grafana:
        return (
            _Part(url, "folder", NAME).done(lambda: _folder(grafana, FOLDER_UID)),
            _Part(url, "data source", NAME).done(lambda: _datasource(grafana, DATASOURCE_UID, source)),
            _Part(url, "board", made["title"]).done(lambda: _board(grafana, made, FOLDER_UID)),
        )


@contextmanager
def _grafana(url: str, token: str, timeout_s: float) -> Iterator["GrafanaFace"]:
    from grafana_api.grafana_face import GrafanaFace

    wrong = BadConfiguration(f"grafana url {url!r}: expected an address such as http://localhost:3000")
    try:
        parts = urlsplit(url)
        host, port, path = parts.hostname, parts.port, parts.path.strip("/")
    except ValueError as error:
        raise wrong from error
    if not host or parts.scheme not in ("http", "https"):
        raise wrong
    grafana = GrafanaFace(
        auth=token, host=f"[{host}]" if ":" in host else host, port=port, protocol=parts.scheme,
        url_path_prefix=f"{path}/" if path else "", timeout=timeout_s,
    )  # fmt: skip
    # A pooled connection lives as long as anyone holds the error that it ended in.
    grafana.api.s.headers["Connection"] = "close"
    try:
        yield grafana
    finally:
        grafana.api.s.close()


@dataclass(frozen=True, slots=True)
class _Part:
    """A part under way, for the words of what may go wrong with it."""

    url: str
    part: str
    name: str

    @property
    def what(self) -> str:
        return f"{self.part} {self.name!r}"

    def done(self, work: Callable[[], str]) -> Synced:
        from grafana_api.grafana_api import GrafanaException
        from requests import RequestException, Timeout
        from requests.exceptions import JSONDecodeError

        try:
            became = work()
        except GrafanaException as error:
            raise GrafanaRefused(self._sentence(error.status_code, _message(error.response))) from error
        except Timeout as error:
            raise GrafanaRefused(
                f"Grafana at {self.url} did not answer in time ({self.what}): check that it runs, then try again"
            ) from error
        except (JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise GrafanaRefused(f"What answers at {self.url} is no Grafana: check the address") from error
        except RequestException as error:
            raise GrafanaRefused(
                f"No answer from Grafana at {self.url} ({type(error).__name__}): check that it runs, and the address"
            ) from error
        return Synced(part=self.part, name=self.name, became=became)

    def _sentence(self, status: int, said: str) -> str:
        at = f"Grafana at {self.url}"
        match status:
            case 401:
                return f"{at} refuses the token: give one of a service account with the role Admin"
            case 403:
                return f"{at} does not let this token change the {self.what}: its service account needs the role Admin"
            case 404:
                return f"{at} has no such address for the {self.what} ({said}): check the address and its path"
            case 409 | 412:
                return f"{at} keeps the {self.what} as it is ({said}): look at it there, then try again"
            case _:
                return f"{at} refuses the {self.what} (HTTP {status}: {said})"


def _message(response: Any) -> str:
    text = response.get("message", response) if isinstance(response, dict) else response
    return " ".join(str(text).split())[:200]


def _or_none(ask: Callable[[], Any]) -> Any:
    """The answer, or None where Grafana knows no such thing."""
    from grafana_api.grafana_api import GrafanaClientError

    try:
        return ask()
    except GrafanaClientError as error:
        if error.status_code == 404:
            return None
        raise


def _folder(grafana: "GrafanaFace", uid: str) -> str:
    there = _or_none(lambda: grafana.folder.get_folder(uid))
    if there is None:
        grafana.folder.create_folder(NAME, uid)
        return CREATED
    if there["title"] == NAME:
        return UNCHANGED
    grafana.folder.update_folder(uid, NAME, version=there["version"])
    return UPDATED


def _datasource(grafana: "GrafanaFace", uid: str, source: Source) -> str:
    wanted = _wanted(uid, source)
    there = _or_none(lambda: grafana.datasource.get_datasource_by_name(NAME))
    if there is None:
        grafana.datasource.create_datasource(wanted)
        return CREATED
    if there.get("readOnly"):
        return KEPT
    if there["uid"] != uid:
        raise GrafanaRefused(
            f"Grafana already has a data source {NAME!r} with the uid {there['uid']!r}: rename it there, then try again"
        )
    secret, public = wanted["secureJsonData"], {k: v for k, v in wanted.items() if k != "secureJsonData"}
    if _holds(there, public) and all(there.get("secureJsonFields", {}).get(name) for name in secret):
        return UNCHANGED
    grafana.api.PUT(f"/datasources/uid/{uid}", json={**wanted, "version": there.get("version")})
    return UPDATED


def _wanted(uid: str, source: Source) -> dict[str, Any]:
    return {
        "name": NAME,
        "uid": uid,
        "type": "influxdb",
        "access": "proxy",
        "url": source.url,
        "jsonData": {
            "version": "InfluxQL",
            "dbName": source.bucket,
            "httpMode": "GET",
            "httpHeaderName1": "Authorization",
            # Grafana never shows a secret again: by these few digits of its hash a changed token is noticed.
            _TOKEN_MARK: hashlib.sha256(source.token.encode()).hexdigest()[:8],
        },
        "secureJsonData": {"httpHeaderValue1": f"Token {source.token}"},
    }


def _board(grafana: "GrafanaFace", made: dict[str, Any], folder: str) -> str:
    there = _or_none(lambda: grafana.dashboard.get_dashboard(made["uid"]))
    if there is None:
        grafana.dashboard.update_dashboard(_saved({**made, "id": None}, folder))
        return CREATED
    if there["meta"].get("provisioned"):
        return KEPT
    old = there["dashboard"]
    # A newer Grafana may raise the schema's version and add keys of its own.
    if _holds(old, {**made, "schemaVersion": old.get("schemaVersion")}) and there["meta"].get("folderUid") == folder:
        return UNCHANGED
    grafana.dashboard.update_dashboard(_saved({**made, "id": old["id"], "version": old["version"]}, folder))
    return UPDATED


def _saved(made: dict[str, Any], folder: str) -> dict[str, Any]:
    # Never overwriting: when somebody saves at the same moment, Grafana says so (412) and nobody's work is lost.
    return {"dashboard": made, "folderUid": folder, "message": "etabli grafana sync", "overwrite": False}


def _holds(theirs: Any, ours: Any) -> bool:
    """Whether all that we say stands there, whatever else does."""
    if isinstance(ours, dict):
        return isinstance(theirs, dict) and all(_holds(theirs.get(name), value) for name, value in ours.items())
    if isinstance(ours, list):
        return isinstance(theirs, list) and len(theirs) == len(ours) and all(map(_holds, theirs, ours))
    return bool(theirs == ours)
