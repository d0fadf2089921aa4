"""The labs that scenarios share: one floor with every kind of machine, started once for this folder."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fixtures_broker import Mosquitto
from tests.fixtures_influx import ORG, TOKEN, Influx
from tests.fixtures_octoprint import RealOctoPrint
from tests.scenarios.lab import Device, Place, RealLab, started
from tests.scenarios.machines import Reader, Workshop


@dataclass
class Floor:
    """A lab and the machines around it."""

    lab: RealLab
    shop: Workshop
    broker: Mosquitto
    influx: Influx | None = None

    def reader(self, place: str) -> Reader:
        return self.shop.readers[f"{place}-lecteur"]

    def verdicts(self, place: str) -> list[dict]:
        return self.shop.verdicts(f"{place}-lecteur")

    def open_session(self, place: str) -> dict | None:
        return next((row for row in self.lab.sessions(place) if row["closed_at"] is None), None)


def stand(shop: Workshop, slug: str, *trainings: str, **more) -> Place:
    """A place with a badge reader and a plug, and what else is given."""
    devices = (
        shop.reader(f"{slug}-lecteur").device(f"{slug}-lecteur"),
        shop.plug(f"{slug}-prise").device(f"{slug}-prise"),
        *more.pop("devices", ()),
    )
    return Place(slug=slug, trainings=trainings, devices=devices, **more)


def start_influx(folder: Path) -> tuple[Influx, dict[str, str]] | None:
    """A genuine InfluxDB and how to write there; None where it is not on the PATH."""
    if shutil.which("influxd") is None:
        return None
    folder.mkdir()
    server = Influx(folder)
    server.start()
    server.set_up("etabli")
    token = folder / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    return server, {"url": server.url, "org": ORG, "bucket": "etabli", "token_file": str(token)}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    """A failed scenario shows what the programs said, and the last of what the lab wrote down."""
    report = yield
    for lab in RealLab.running if report.failed else ():
        report.sections.append((f"the programs of {lab.folder.name}", lab.logs()))
        with suppress(Exception):
            told = [
                f"{e['at'][11:23]} {e['kind']} {e['resource']} {e['device']} {e['data']}" for e in lab.events()[:25]
            ]
            report.sections.append(("the log of what happened, newest first", "\n".join(told)))
    return report


@pytest.fixture(scope="package")
def scenario_broker(mosquitto_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    broker = Mosquitto(mosquitto_program, tmp_path_factory.mktemp("broker"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture(scope="package")
def floor(
    scenario_broker: Mosquitto, octoprint_process: RealOctoPrint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Floor]:
    """Printer, lasers of both dialects, and what needs no bridge of its own; InfluxDB where it is installed."""
    folder = tmp_path_factory.mktemp("floor")
    influx = start_influx(folder / "influx")
    shop = Workshop(folder, scenario_broker.port)
    key = folder / "octoprint-key"
    key.write_text(octoprint_process.key)
    key.chmod(0o600)
    printer = Device(
        slug="imprimante-octoprint", role="machine", bridge="octoprint-http",
        settings={"url": octoprint_process.url, "key_file": str(key), "idle_s": 0.5, "busy_s": 0.3},
    )  # fmt: skip
    grbl = shop.laser("laser-grbl", "grbl-1.1h").device("laser-grbl")
    grblhal = shop.laser("graveuse-grbl", "grblhal").device("graveuse-grbl")
    places = [
        stand(shop, "imprimante", "impression-3d", kind="printer_3d", devices=(printer,)),
        stand(shop, "laser", "laser", kind="laser", devices=(grbl,)),
        stand(shop, "graveuse", "laser", kind="laser", devices=(grblhal,)),
        stand(shop, "vinyle", "vinyle", "securite", kind="vinyl"),
        stand(shop, "brodeuse", "textile", kind="textile"),
        stand(shop, "fer", kind="electronics"),
        stand(shop, "surjeteuse", "textile", kind="textile"),
        stand(shop, "tour", "tour", kind="cnc"),
    ]  # fmt: skip
    lab = RealLab(folder, broker_port=scenario_broker.port, places=places, influx=influx[1] if influx else None)
    try:
        with started(lab):
            yield Floor(lab, shop, scenario_broker, influx[0] if influx else None)
    finally:
        shop.close()
        if influx:
            influx[0].kill()


class Tile:
    """One machine on a board that a real browser shows."""

    def __init__(self, page, slug: str) -> None:
        self._page, self._slug = page, slug

    @property
    def state(self) -> str:
        """The state's key, of the tile as it stands in the page now."""
        names = (self._page.get_attribute(f"#tile-{self._slug}", "class") or "").split()
        return next((name[2:] for name in names if name.startswith("s-")), "")

    @property
    def page_was_loaded_again(self) -> bool:
        return not self._page.evaluate("window.stillTheSamePage === true")


class Board:
    """The live board, opened once."""

    def __init__(self, page, url: str) -> None:
        self._page = page
        page.goto(url)
        page.evaluate("window.stillTheSamePage = true")

    def tile(self, slug: str) -> Tile:
        return Tile(self._page, slug)


@pytest.fixture
def board():
    """Opens boards in a headless Chromium."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield lambda url: Board(browser.new_page(), url)
        finally:
            browser.close()
