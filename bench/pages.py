"""The pages, at 10,000 members and 100,000 sessions: how long each is in the making, how heavy, and on how slow a link."""

import http.client
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import lab
from bench.figures import Figure, middle, percentile
from bench.running import Running, run
from dashboard.dependencies import digest_of
from gateway.adapters.ids import TimeOrderedIds
from gateway.adapters.sql.store import SqlStore
from gateway.domain.accounts import SignedInBy
from gateway.domain.people import Role
from gateway.service import accounts
from tests.fakes.toxic import ToxicProxy, Toxics

CALLS, WARM, MACHINES = 40, 5, 30
MACHINE = "machine-3"
"""Its trainings are held by every member of the large lab."""
PAGES: dict[Role | None, tuple[str, ...]] = {
    None: ("/", f"/r/{MACHINE}", "/design", "/compte/entrer", "/reserver", f"/reserver/{MACHINE}", "/ateliers"),
    Role.MEMBER: ("/moi", "/moi/reservations", "/moi/messages", "/compte"),
    Role.MANAGER: (
        "/equipe", "/equipe/ateliers", "/equipe/membres", "/equipe/membres?q=nom+99", f"/equipe/machines/{MACHINE}",
        "/equipe/planning", "/equipe/journal", "/equipe/appareils",

    ),
}  # fmt: skip
FIRST = ("/", "/reserver", "/kiosk/machine-1")
"""The pages that people open first: the board, booking, the kiosk."""
SLOW = Toxics(latency_s=0.4, bytes_per_s=8000, loss=0.05)
"""64 kbit/s, 800 ms there and back, one packet in twenty sent again."""


def measure() -> list[Figure]:
    """Server time, weight and patience."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "var" / "etabli.db"
        path.parent.mkdir()
        lab.build(path, resources=MACHINES)
        cookies = _browsers(path)
        with run(Path(folder)) as running:
            times = {page: _p95(running.port, page, cookies.get(role)) for role, page in _pages(running.port)}
            worst = max(times, key=lambda page: times[page])
            figures = [
                Figure(
                    "page_p95_ms_max", times[worst] * 1000, "ms",
                    f"{len(times)} pages, {CALLS} calls each over HTTP, {MACHINES} machines, 10,000 members, 100,000 sessions; the slowest: {worst}",
                    "≤ 30",
                )
            ]  # fmt: skip
            if chromium := shutil.which("chromium"):
                figures += _in_a_browser(chromium, running, cookies[Role.MEMBER])
    return figures


def _pages(port: int) -> Iterator[tuple[Role | None, str]]:
    for role, pages in PAGES.items():
        for page in pages:
            yield role, page


def _browsers(path: Path) -> dict[Role | None, str]:
    """A browser that is signed in for each role: its cookie."""
    store, ids, now = SqlStore(path), TimeOrderedIds(), datetime.now(UTC)
    found: dict[Role | None, str] = {}
    try:
        members = store.views().members(limit=3, cursor=None).rows
        with store.begin() as work:
            for member, role in zip(members, (role for role in PAGES if role), strict=False):
                secret = found[role] = secrets.token_urlsafe(32)
                work.set_role(member.id, role)
                made = accounts.sign_in(
                    work, id=ids.new(), member_id=member.id, digest=digest_of(secret), by=SignedInBy.LINK,
                    device="bench", second_factor=True, now=now,
                )  # fmt: skip
                assert made is not None
    finally:
        store.close()
    return found


def _p95(port: int, page: str, cookie: str | None) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Accept-Encoding": "gzip", "Accept-Language": "fr"} | ({"Cookie": f"etabli={cookie}"} if cookie else {})
    times = []
    try:
        for _ in range(CALLS + WARM):
            began = time.perf_counter()
            connection.request("GET", page, headers=headers)
            answer = connection.getresponse()
            answer.read()
            times.append(time.perf_counter() - began)
            if answer.status != 200:
                raise RuntimeError(f"{page} answers {answer.status}")
    finally:
        connection.close()
    return percentile(times[WARM:], 0.95)


def _in_a_browser(chromium: str, running: Running, cookie: str) -> list[Figure]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        try:
            weights = {page: _weight(browser, running, page) for page in FIRST}
            heaviest = max(weights, key=lambda page: weights[page])
            with ToxicProxy(target=running.port, toxics=SLOW) as link:
                patience = middle([_book(browser, link.port, cookie) for _ in range(5)])
        finally:
            browser.close()
    return [
        Figure(
            "first_load_kb_max", weights[heaviest] / 1000, "kB",
            f"bytes on the wire at the first visit, fonts and icons too, of {', '.join(FIRST)}; the heaviest: {heaviest}",
            "≤ 60",
        ),
        Figure(
            "slow_link_booking_s", patience, "s",
            "a signed-in member, from a machine's address to the booking made, nothing in the cache: 64 kbit/s, 800 ms there and back, 5 % of the packets sent again; median of 5",
            "≤ 10",
        ),
    ]  # fmt: skip


@contextmanager
def _context(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="fr-FR")
    try:
        yield context
    finally:
        context.close()


def _weight(browser: Any, running: Running, page: str) -> float:
    """Bytes that the page and all it asks for weigh on the wire, the font that comes afterwards too."""
    with _context(browser) as context:
        kiosk = {"name": "etabli_kiosk", "value": running.kiosk, "domain": "127.0.0.1", "path": "/"}
        context.add_cookies([kiosk])
        tab = context.new_page()
        wire, total = context.new_cdp_session(tab), []
        wire.send("Network.enable")
        wire.on("Network.loadingFinished", lambda told: total.append(told["encodedDataLength"]))
        tab.goto(f"http://127.0.0.1:{running.port}{page}", wait_until="load")
        if tab.locator("meta[name=font]").count():
            until = time.monotonic() + 20
            while not any(cookie["name"] == "etabli_font" for cookie in context.cookies()):
                if time.monotonic() > until:
                    raise TimeoutError(f"{page}: the font does not come")
                tab.wait_for_timeout(100)
        tab.wait_for_timeout(2500)
        return sum(total)


def _book(browser: Any, port: int, cookie: str) -> float:
    """From the address on the machine to the booking made, by what a person follows, nothing in the cache."""
    with _context(browser) as context:
        context.add_cookies([{"name": "etabli", "value": cookie, "domain": "127.0.0.1", "path": "/"}])
        tab = context.new_page()
        tab.set_default_timeout(60_000)
        began = time.perf_counter()
        tab.goto(f"http://127.0.0.1:{port}/reserver/{MACHINE}", wait_until="domcontentloaded")
        tab.locator(".starts a").first.click()
        tab.locator("main form[method=post] button").first.click()
        tab.locator("main a[href$='agenda.ics']").first.wait_for()
        return time.perf_counter() - began
