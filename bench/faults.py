"""Faults on purpose, in the short form of the test suite; ``make soak`` runs the long one and writes the same figures."""

import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from bench.figures import Figure
from tests.faults.again import ready_again
from tests.faults.far_ends import internet_away, series_away
from tests.faults.figures import of_broker_kills, of_fuzz, of_gateway_kills, of_outages, of_power_cuts, of_ready_again
from tests.faults.forged import forge, of_forgeries
from tests.faults.fuzz import fuzz
from tests.faults.nemesis import kill_broker, kill_gateway
from tests.faults.outage import broker_away
from tests.faults.power import cut_the_power, in_outbox, in_store, recorded
from tests.fixtures_broker import SEARCH_PATH


def measure() -> list[Figure]:
    """Each run in a folder of its own."""
    mosquitto = shutil.which("mosquitto", path=SEARCH_PATH)
    if mosquitto is None:
        raise FileNotFoundError("Mosquitto is not installed")
    runs: tuple[Callable[[Path], list[Figure]], ...] = (
        lambda folder: of_gateway_kills(kill_gateway(folder, mosquitto, kills=50, seed=50)),
        lambda folder: of_broker_kills(kill_broker(folder, mosquitto, kills=20, seed=20)),
        _power_cuts,
        lambda folder: _outages(folder, mosquitto),
        lambda _folder: of_forgeries(forge(100_000, seed=100_000)),
        lambda folder: of_fuzz(fuzz(folder, inputs=100_000, seed=100_000)),
        lambda folder: of_ready_again(ready_again(folder, kills=20)),
    )
    figures = []
    for run in runs:
        with tempfile.TemporaryDirectory() as folder:
            figures += run(Path(folder))
    return figures


def _power_cuts(folder: Path) -> list[Figure]:
    tallies = [
        cut_the_power(*recorded(folder, what), found, folder / "scratch", images=250, seed=500)
        for what, found in (("store", in_store), ("outbox", in_outbox))
    ]
    return of_power_cuts(*tallies)


def _outages(folder: Path, mosquitto: str) -> list[Figure]:
    day = timedelta(days=1)
    series, internet = series_away(folder, away=day), internet_away(away=day)
    return of_outages(broker_away(folder, mosquitto, away=day, facts=10_000), None, series, internet)
