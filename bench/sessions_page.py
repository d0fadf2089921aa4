"""The first page of ``/api/v1/sessions`` over a million sessions, as its users get it: over HTTP."""

import sqlite3
import tempfile
import time
import urllib.request
from pathlib import Path

from bench import lab
from bench.figures import Figure, percentile
from bench.running import run

SESSIONS, SEED, CALLS = 1_000_000, 100_000, 200


def measure() -> list[Figure]:
    """The 95th percentile of the first page's answer."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "var" / "etabli.db"
        path.parent.mkdir()
        lab.build(path, members=1000, sessions=SEED)
        _multiply(path)
        with run(Path(folder)) as running:
            url = f"http://127.0.0.1:{running.port}/api/v1/sessions?limit=50"
            times = [_get(url) for _ in range(CALLS + 20)][20:]
    note = f"{CALLS} calls one after another over HTTP, {SESSIONS:,} sessions in SQLite, pages of 50"
    return [Figure("sessions_page_p95_ms", percentile(times, 0.95) * 1000, "ms", note, "≤ 50")]


def _get(url: str) -> float:
    began = time.perf_counter()
    with urllib.request.urlopen(url, timeout=10) as answer:
        body = answer.read()
    if b'"enabled_s"' not in body:
        raise RuntimeError(f"no sessions in the answer: {body[:200]!r}")
    return time.perf_counter() - began


def _multiply(path: Path) -> None:
    """Copy the past sessions, each time further back, until there are enough."""
    connection = sqlite3.connect(path)
    columns = [row[1] for row in connection.execute("PRAGMA table_info(sessions)")]
    times = {"opened_at", "closed_at", "last_tap_at", "energised_at"}
    for copy in range(1, SESSIONS // SEED):
        picked = ", ".join(
            f"'{copy}' || substr(id, 2)" if name == "id"
            else f"{name} - {copy} * 15552000000000" if name in times else name
            for name in columns
        )  # fmt: skip
        connection.execute(
            f"INSERT INTO sessions ({', '.join(columns)}) SELECT {picked} FROM sessions WHERE substr(id, 1, 1) = '0'"
        )
        connection.commit()
    connection.close()
