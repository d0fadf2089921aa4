"""Bookings: how many a second on each database, and whether any two ever overlap."""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figures import Figure, percentile
from gateway.adapters.ids import TimeOrderedIds
from gateway.adapters.sql.migrate import migrate
from gateway.service.bookings import Booked, Wish, reserve
from tests.fixtures_postgres import cluster
from tests.pressure.place import Place, opened
from tests.pressure.scramble import FIRST, QUARTER, overlaps, scramble

WRITERS, EACH, PEOPLE, ATTEMPTS = 8, 400, 8, 10_000
DURABLE = {"fsync": "on", "synchronous_commit": "on"}


def measure() -> list[Figure]:
    """Rates and waits with every write on the disk, then the scrambles."""
    with _sqlite() as place:
        sqlite = _rate(place, 1, WRITERS * EACH)
    with _postgresql() as place:
        postgresql = _rate(place, WRITERS, EACH)
    store, http = [], []
    for database in (_sqlite, _postgresql):
        with database() as place:
            scramble(place.at_the_store(PEOPLE), ATTEMPTS)
            store.append(overlaps(place.address))
        with database() as place:
            with place.through_http(PEOPLE) as desks:
                scramble(desks, ATTEMPTS)
            http.append(overlaps(place.address))
    tried = f"{ATTEMPTS:,} attempts of {PEOPLE} people on 4 resources, on each database"
    return [
        *_figures("sqlite", sqlite, "1 writer"),
        *_figures("postgresql", postgresql, f"{WRITERS} writers"),
        Figure("overlaps_store", sum(store), "", tried, "0"),
        Figure("overlaps_http", sum(http), "", tried, "0"),
    ]


def _figures(name: str, measured: tuple[float, list[float]], how: str) -> list[Figure]:
    rate, waits = measured
    note = f"{how}, by the rules and on the disk, {len(waits):,} bookings of a machine with a policy"
    return [
        Figure(f"bookings_per_second_{name}", rate, "1/s", note, "≥ 500"),
        Figure(f"booking_p99_ms_{name}", percentile(waits, 0.99) * 1000, "ms", note, "≤ 50"),
    ]


def _rate(place: Place, writers: int, each: int) -> tuple[float, list[float]]:
    """Bookings a second, and the seconds that each took."""
    waits: list[list[float]] = [[] for _ in range(writers)]

    def write(n: int) -> None:
        ids, person = TimeOrderedIds(), (place.lab.ada.id, place.lab.bob.id)[n % 2]
        for turn in range(each):
            at = FIRST + (n * each + turn) // 4 * 3 * QUARTER
            wish = Wish(resources=(f"machine-{turn % 4}",), member_id=person, starts=at, ends=at + 2 * QUARTER)
            began = time.perf_counter()
            with place.store.begin() as work:
                made = reserve(work, wish, ids.new, place.lab.now)
            waits[n].append(time.perf_counter() - began)
            assert isinstance(made, Booked), made

    threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - began
    every = [wait for some in waits for wait in some]
    return len(every) / spent, every


@contextmanager
def _sqlite() -> Iterator[Place]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "etabli.db"
        migrate(path)
        with opened(path) as place:
            yield place


@contextmanager
def _postgresql() -> Iterator[Place]:
    with cluster(DURABLE) as server:
        url = server.create()
        migrate(url)
        with opened(url) as place:
            yield place
