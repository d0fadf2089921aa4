"""The team's list of members and one member's page, with ten thousand of them: over HTTP, as a browser gets them."""

import re
import tempfile
import time
import urllib.request
from pathlib import Path

from bench import lab
from bench.figures import Figure, percentile
from bench.running import Running, run

SESSIONS, CALLS = 10_000, 60
SEARCHES = ("", "q=nom+99", "q=prenom+1234", "q=xyzzy", "etat=suspended", "etat=lapsed&q=nom")
TARGET = "≤ 30"


def measure() -> list[Figure]:
    """The 95th percentile of each, over pages and searches of every kind."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "var" / "etabli.db"
        path.parent.mkdir()
        lab.build(path, sessions=SESSIONS)
        with run(Path(folder)) as running:
            found = _get(running, "/equipe/membres")[1]
            card = re.findall(r'href="(/equipe/membres/[0-9a-f-]{36})"', found)
            lists = [_get(running, f"/equipe/membres?{SEARCHES[n % len(SEARCHES)]}")[0] for n in range(CALLS + 12)][12:]
            cards = [_get(running, card[n % len(card)])[0] for n in range(CALLS + 12)][12:]
    note = f"{CALLS} calls one after another over HTTP, {lab.MEMBERS:,} members in SQLite"
    return [
        Figure(
            "members_list_p95_ms", percentile(lists, 0.95) * 1000, "ms", f"{note}, {len(SEARCHES)} searches", TARGET
        ),
        Figure("member_page_p95_ms", percentile(cards, 0.95) * 1000, "ms", note, TARGET),
    ]


def _get(running: Running, path: str) -> tuple[float, str]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{running.port}{path}", headers={"Cookie": f"etabli_staff={running.token}"}
    )
    began = time.perf_counter()
    with urllib.request.urlopen(request, timeout=10) as answer:
        body = answer.read().decode()
    taken = time.perf_counter() - began
    if "</html>" not in body or 'id="token"' in body:
        raise RuntimeError(f"no page of the team: {body[:200]!r}")
    return taken, body
