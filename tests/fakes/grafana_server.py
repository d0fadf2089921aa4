"""A stand-in for Grafana's HTTP API: folders, data sources and boards, answered as its reference says.

It is no Grafana: it keeps what it is given and knows the refusals that the reference lists. As Grafana 13 does, it has
no routes by number.
"""

import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

TOKEN = "glsa_for_tests"


@dataclass
class Grafana:
    """What it holds, and how it should misbehave."""

    url: str = ""
    prefix: str = ""
    folders: dict[str, dict] = field(default_factory=dict)
    datasources: dict[str, dict] = field(default_factory=dict)
    secrets: dict[str, dict] = field(default_factory=dict)
    boards: dict[str, dict] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    answer_instead: dict[tuple[str, str], tuple[int, object]] = field(default_factory=dict)
    silent: threading.Event | None = None

    @property
    def changes(self):
        return [asked for asked in self.asked if asked[0] != "GET"]

    def answer(self, method, path, body, token):
        self.asked.append((method, path))
        if self.silent:
            self.silent.wait(10)
        for (wanted, pattern), answer in self.answer_instead.items():
            if wanted == method and re.fullmatch(pattern, path):
                return answer
        if token != f"Bearer {TOKEN}":
            return 401, {"message": "Invalid API key"}
        for wanted, pattern, handler in ROUTES:
            found = re.fullmatch(pattern, path)
            if wanted == method and found:
                return handler(self, body, *map(unquote, found.groups()))
        return 404, {"message": "Not found"}

    def get_folder(self, body, uid):
        return (200, self.folders[uid]) if uid in self.folders else (404, {"message": "folder not found"})

    def add_folder(self, body):
        if body["uid"] in self.folders:
            return 409, {"message": "a folder with the same UID already exists"}
        self.folders[body["uid"]] = {"id": len(self.folders) + 1, "version": 1, **body}
        return 200, self.folders[body["uid"]]

    def put_folder(self, body, uid):
        folder = self.folders[uid]
        if not body.get("overwrite") and body.get("version") != folder["version"]:
            return 412, {"message": "the folder has been changed by someone else", "status": "version-mismatch"}
        folder |= {"title": body["title"], "version": folder["version"] + 1}
        return 200, folder

    def get_datasource(self, body, name):
        found = [source for source in self.datasources.values() if source["name"] == name]
        return (200, found[0]) if found else (404, {"message": "Data source not found"})

    def add_datasource(self, body):
        if body["uid"] in self.datasources or self.get_datasource(None, body["name"])[0] == 200:
            return 409, {"message": "data source with the same name already exists"}
        return self._keep(body, version=1, message="Datasource added")

    def put_datasource(self, body, uid):
        source = self.datasources.get(uid)
        if source is None:
            return 404, {"message": "Data source not found"}
        if source.get("readOnly"):
            return 403, {"message": "Cannot update read-only data source"}
        if body.get("version") not in {None, source["version"]}:
            return 409, {"message": "Datasource has already been updated by someone else. Please reload and try again"}
        return self._keep(body, version=source["version"] + 1, message="Datasource updated")

    def _keep(self, body, *, version, message):
        body = dict(body)
        self.secrets[body["uid"]] = secret = body.pop("secureJsonData", {})
        known = {"id": len(self.datasources) + 1, "orgId": 1, "readOnly": False, "basicAuth": False, "isDefault": False}
        kept = {**known, **body, "version": version, "secureJsonFields": dict.fromkeys(secret, True)}
        self.datasources[body["uid"]] = kept
        return 200, {"datasource": kept, "id": kept["id"], "message": message, "name": body["name"]}

    def get_board(self, body, uid):
        return (200, self.boards[uid]) if uid in self.boards else (404, {"message": "Dashboard not found"})

    def save_board(self, body):
        board = body["dashboard"]
        there = self.boards.get(board["uid"])
        if body["folderUid"] not in self.folders:
            return 404, {"message": "folder not found", "status": "not-found"}
        if there and not body.get("overwrite") and board.get("version") != there["dashboard"]["version"]:
            return 412, {"message": "The dashboard has been changed by someone else", "status": "version-mismatch"}
        version = there["dashboard"]["version"] + 1 if there else 1
        number = there["dashboard"]["id"] if there else len(self.boards) + 1
        self.boards[board["uid"]] = {
            "meta": {"folderUid": body["folderUid"], "provisioned": False, "version": version},
            "dashboard": {**board, "id": number, "version": version},
        }
        return 200, {"id": number, "uid": board["uid"], "status": "success", "version": version}


ROUTES = (
    ("GET", r"/api/folders/([^/]+)", Grafana.get_folder),
    ("POST", r"/api/folders", Grafana.add_folder),
    ("PUT", r"/api/folders/([^/]+)", Grafana.put_folder),
    ("GET", r"/api/datasources/name/([^/]+)", Grafana.get_datasource),
    ("POST", r"/api/datasources", Grafana.add_datasource),
    ("PUT", r"/api/datasources/uid/([^/]+)", Grafana.put_datasource),
    ("GET", r"/api/dashboards/uid/([^/]+)", Grafana.get_board),
    ("POST", r"/api/dashboards/db", Grafana.save_board),
)


@contextmanager
def grafana_server(prefix=""):
    """A running stand-in; ``prefix`` is the path it is served under."""
    grafana = Grafana(prefix=prefix)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            inside = self.path.startswith(prefix)
            path = self.path.removeprefix(prefix)
            status, answer = (
                grafana.answer(self.command, path, body, self.headers["Authorization"])
                if inside
                else (404, "<html>nothing here</html>")
            )
            text = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if isinstance(answer, str) else "application/json")
            self.send_header("Content-Length", str(len(text)))
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_PUT = do_DELETE = do_GET

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    grafana.url = f"http://127.0.0.1:{server.server_port}{prefix}"
    worker = threading.Thread(target=server.serve_forever, args=(0.01,))
    worker.start()
    try:
        yield grafana
    finally:
        if grafana.silent:
            grafana.silent.set()
        server.shutdown()
        worker.join()
        server.server_close()
