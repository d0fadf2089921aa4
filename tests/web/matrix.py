"""Every route of the application, everybody who may come to it, and what became of them."""

import re
from contextlib import contextmanager
from dataclasses import dataclass

from dashboard.accounts.cookie import form_token
from dashboard.app import end_streams
from dashboard.dependencies import digest_of
from gateway.adapters.sql.part import SiteId
from gateway.adapters.sql.store import SqlStore
from gateway.domain.accounts import BrowserSession, SignedInBy
from gateway.domain.people import Role
from gateway.service import members
from tests.web.conftest import TestClient
from tests.web.lab import TestLab

ANONYMOUS, HALF, ELSEWHERE = "anonymous", "manager_by_half", "administrator_elsewhere"
ACTORS = (ANONYMOUS, *(str(role) for role in Role), HALF, ELSEWHERE)
SCREENS = {Role.KIOSK, Role.TV}
HERE = {"Origin": "http://testserver"}
CHOSEN = {"machine": "laser", "debut": "20261125T0800Z", "minutes": "90"}
TELLING = {
    "POST /reservation": CHOSEN,
    "POST /attente": CHOSEN,
    "POST /equipe/cartes/{member}/role": {"role": "trainer"},
    "POST /kiosk/{slug}/faire": {"what": "call"},
}
"""What a form must say before it asks who sends it."""
NOBODY = "00000000-0000-7000-8000-000000000000"


def routes_of(app):
    """Method and path of each, from the application itself."""

    def walk(routes, prefix):
        for route in routes:
            inner = getattr(route, "original_router", None)
            if inner is not None:
                yield from walk(inner.routes, prefix + (route.include_context.prefix or ""))
            elif hasattr(route, "methods"):
                yield from (f"{method} {prefix}{route.path}" for method in route.methods if method != "HEAD")

    return sorted(walk(app.routes, ""))


@dataclass
class Matrix:
    """A lab with somebody of each role in it, a manager who has given a password alone, and an administrator elsewhere."""

    def __post_init__(self):
        self.lab = TestLab()
        self.app = self.lab.app()
        self.sessions = {}
        for role in Role:
            self._somebody(self.lab.store, str(role), role)
        self._somebody(self.lab.store, HALF, Role.MANAGER, second_factor=False)
        self._somebody(self._other_site(), ELSEWHERE, Role.ADMINISTRATOR)

    def _other_site(self):
        store = SqlStore.__new__(SqlStore)
        store._database, store._site = self.lab.store._database, SiteId("ailleurs")
        with store.begin() as work:
            work.put_site(id=self.lab.ids.new(), slug="ailleurs", name="Ailleurs", timezone="Europe/Paris")
        return store

    def _somebody(self, store, name, role, *, second_factor=True):
        now, new = self.lab.clock.now(), self.lab.ids.new
        resource = "laser" if role is Role.KIOSK else None
        with store.begin() as work:
            if name != HALF:
                members.make_token(
                    work, id=new(), digest=digest_of(f"token of {name}"), role=role, label=name, resource=resource,
                    now=now,
                )  # fmt: skip
            member = members.add_member(work, id=new(), first_name=name, now=now)
            if role not in SCREENS:
                work.set_role(member.id, role)
                self.sessions[name] = store, BrowserSession(
                    id=new(), member_id=member.id, digest=digest_of(f"cookie of {name}"), by=SignedInBy.PASSWORD,
                    second_factor=second_factor, device="", created_at=now, last_seen_at=now, expires_at=now.replace(year=2099),
                )  # fmt: skip

    @contextmanager
    def opened(self):
        """A browser on it, whose live streams end at once."""
        web = TestClient(self.app, raise_server_exceptions=False, follow_redirects=False, headers=HERE)
        with web:
            end_streams(self.app)
            yield web

    def outcome(self, web, route, actor):
        """What becomes of somebody who comes with all that they have."""
        method, _, path = route.partition(" ")
        path = path.replace("{slug}", "laser")
        path = re.sub(r"\{[a-z_]+\}", NOBODY, path)
        headers, cookies, data = {}, {}, TELLING.get(route)
        if path.startswith("/api/"):
            if actor != ANONYMOUS:
                headers["Authorization"] = f"Bearer token of {actor}"
        elif actor in self.sessions:
            store, session = self.sessions[actor]
            with store.begin() as work:
                work.add_browser_session(session)
            cookies["etabli"] = f"cookie of {actor}"
            if method == "POST":
                data = {"form_token": form_token(f"cookie of {actor}"), **TELLING.get(route, {})}
        elif actor != ANONYMOUS:
            cookies["etabli_kiosk"] = f"token of {actor}"
        web.cookies.clear()
        web.cookies.update(cookies)
        return web.request(method, path, headers=headers, data=data)


def kept_out(answer):
    """Told to sign in, told that it is not for them, or shown the team's door."""
    to = answer.headers.get("location", "") if answer.status_code == 303 else ""
    sent_away = to.startswith("/compte/entrer") or to == "/equipe"
    return sent_away or answer.status_code in (401, 403) or 'name="token"' in answer.text
