"""The broker restarts, the program is killed with -9, the database is locked: no session lost or doubled, and nothing
is ever switched on by itself."""

import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from typing import Self

import pytest

from tests.fixtures_broker import Mosquitto
from tests.scenarios.conftest import Floor, stand
from tests.scenarios.lab import RealLab, started
from tests.scenarios.machines import Plug, Workshop
from tests.scenarios.program import eventually, never

pytestmark = [pytest.mark.scenario, pytest.mark.mosquitto, pytest.mark.timeout(90)]

PLACES = ("tour", "scie", "presse")
KILLS, SOAK_KILLS = 4, 100
TAP_AGAIN_S = 10
SWEPT_S = 2.5
"""Within this the program has looked at every relay again."""


@pytest.fixture(scope="module")
def storm(mosquitto_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    """Three machines that need no training, on a broker that the tests may stop."""
    folder = tmp_path_factory.mktemp("storm")
    broker = Mosquitto(mosquitto_program, folder)
    broker.start()
    shop = Workshop(folder, broker.port)
    lab = RealLab(folder, broker_port=broker.port, places=[stand(shop, slug) for slug in PLACES])
    try:
        with started(lab):
            yield Floor(lab, shop, broker)
    finally:
        shop.close()
        broker.stop()


@contextmanager
def locked(storm: Floor) -> Iterator[None]:
    """Another program holds the database for itself."""
    with closing(sqlite3.connect(storm.lab.data / "etabli.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def in_use(storm: Floor, place: str) -> bool:
    session = storm.open_session(place)
    return session is not None and session["state"] == "active"


def end(storm: Floor, place: str) -> None:
    """Staff end what is open there."""
    if storm.open_session(place) is not None:
        storm.lab.api("POST", f"/resources/{place}/end-session")
    eventually(lambda: not storm.shop.plugs[f"{place}-prise"].on, what=f"{place} is off")


def test_the_broker_restarts_in_mid_session_and_nothing_is_lost_doubled_or_switched(storm: Floor):
    lab, plug = storm.lab, storm.shop.plugs["tour-prise"]
    mary, rosa = lab.member("Mary"), lab.member("Rosa")
    storm.reader("tour").tap(mary)
    eventually(lambda: in_use(storm, "tour"), what="the lathe is in use")
    session = storm.open_session("tour")

    storm.broker.kill()
    eventually(lambda: lab.health() != 200, what="the program says that its broker is away")
    storm.reader("scie").tap(rosa)
    storm.broker.start()

    eventually(lambda: storm.shop.plugs["scie-prise"].on, what="the tap made meanwhile counts, once", within_s=15)
    lab.ready()
    eventually(lambda: lab.device("tour-prise")["power_on"] is True, what="the plug is known again")
    assert len(lab.sessions("scie")) == 1
    assert [row["id"] for row in lab.sessions("tour")] == [session["id"]]
    assert storm.open_session("tour")["state"] == "active"
    assert plug.on
    assert plug.switched_on == 1
    end(storm, "tour")
    end(storm, "scie")


def test_a_plug_that_lost_its_mains_while_nobody_looked_stays_off_until_a_tap(storm: Floor):
    lab, plug = storm.lab, storm.shop.plugs["presse-prise"]
    ida = lab.member("Ida")
    tapped_at = time.monotonic()
    storm.reader("presse").tap(ida)
    eventually(lambda: in_use(storm, "presse"), what="the press is in use")
    session, orders = storm.open_session("presse"), plug.switched_on

    lab.kill9()
    plug.mains_cut()
    lab.restart()

    eventually(lambda: storm.open_session("presse")["state"] == "interrupted", what="the session is interrupted")
    never(lambda: plug.on or plug.switched_on > orders, for_s=SWEPT_S, what="it was switched on by itself")
    # A tap this soon after the first would only be the unsure second one.
    time.sleep(max(0.0, tapped_at + TAP_AGAIN_S + 0.2 - time.monotonic()))
    storm.reader("presse").tap(ida)
    eventually(lambda: plug.on, what="her tap powers it again", within_s=15)
    eventually(lambda: storm.open_session("presse")["state"] == "active")
    assert storm.open_session("presse")["id"] == session["id"]
    end(storm, "presse")


def test_a_locked_database_refuses_taps_at_once_and_loses_nothing_that_was_acknowledged(storm: Floor):
    lab, shop, plug = storm.lab, storm.shop, storm.shop.plugs["tour-prise"]
    emmy = lab.member("Emmy")
    before, orders = len(lab.sessions("tour")), plug.switched_on
    taps_before = len([event for event in taps(lab) if event["resource"] == "tour"])

    with locked(storm):
        receipts = shop.receipts("tour-lecteur")
        storm.reader("tour").tap(emmy)
        eventually(
            lambda: [told["code"] for told in storm.verdicts("tour")][-1:] == ["system_unavailable"],
            within_s=6,
            what="she is told so",
        )
        assert storm.verdicts("tour")[-1]["tone"] == "unavailable"
        assert (plug.on, plug.switched_on) == (False, orders)
        assert shop.receipts("tour-lecteur") == receipts

    eventually(lambda: shop.receipts("tour-lecteur") > receipts, what="her tap is kept for good", within_s=40)
    heard = eventually(lambda: [event for event in taps(lab) if event["resource"] == "tour"][taps_before:])
    assert [event["kind"] for event in heard] == ["tap_late"], "she was told no, and has gone"
    assert len(lab.sessions("tour")) == before
    assert (plug.on, plug.switched_on) == (False, orders)


def test_on_a_full_disk_nothing_starts_it_is_said_and_all_goes_on_once_there_is_room(storm: Floor):
    lab, plug = storm.lab, storm.shop.plugs["scie-prise"]
    lise = lab.member("Lise")
    before = {event["id"] for event in lab.events()}

    with lab.programs[0].on_a_full_disk():
        storm.reader("scie").tap(lise)
        eventually(lambda: lab.health() != 200, what="the program says that it is not well")
        assert lab.call("POST", "/members", {"first_name": "Personne"}).status_code == 503
        assert not plug.on

    eventually(lambda: lab.health() == 200, what="it is well again")
    assert before <= {event["id"] for event in lab.events()}, "what was acknowledged is there"
    storm.reader("scie").tap(lise)
    eventually(lambda: plug.on, what="the saw is on")
    end(storm, "scie")


def taps(lab: RealLab) -> list[dict]:
    """Every tap in the log, oldest first."""
    return lab.events("tap_granted", "tap_refused", "tap_noted", "tap_late")[::-1]


def risings(plug: Plug) -> int:
    """How often it really went from off to on, by what it was told."""
    on, count = False, 0
    for name, word in plug.orders:
        if name == "POWER1":
            count += word == "ON" and not on
            on = word == "ON"
    return count


class Stream:
    """People who tap at random, for as long as the block lasts."""

    def __init__(self, storm: Floor, seed: int) -> None:
        self._storm, self._chance, self._stop = storm, random.Random(seed), threading.Event()
        self._people = [storm.lab.member(f"Passant {number}") for number in range(4)]
        self.made = 0
        self._thread = threading.Thread(target=self._tap, name="stream")

    def _tap(self) -> None:
        while not self._stop.is_set():
            self._storm.reader(self._chance.choice(PLACES)).tap(self._chance.choice(self._people))
            self.made += 1
            self._stop.wait(self._chance.uniform(0.0, 0.3))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


@pytest.mark.parametrize(
    ("kills", "seed"),
    [
        pytest.param(KILLS, 7, id="short"),
        pytest.param(SOAK_KILLS, 8, id="long", marks=[pytest.mark.soak, pytest.mark.timeout(3600)]),
    ],
)
def test_the_program_is_killed_again_and_again_under_a_stream_of_taps(storm: Floor, kills: int, seed: int):
    lab, chance = storm.lab, random.Random(seed)
    already = {place: risings(storm.shop.plugs[f"{place}-prise"]) for place in PLACES}
    sessions_before = {row["id"] for row in lab.sessions()}
    taps_before = len(taps(lab))
    said_before = {place: len(storm.verdicts(place)) for place in PLACES}

    with Stream(storm, seed=11) as stream:
        for _ in range(kills):
            time.sleep(chance.uniform(0.3, 1.5))
            lab.kill9()
            lab.restart()
        time.sleep(1.0)

    eventually(storm.shop.settled, within_s=20, what="every fact has its receipt")
    heard = taps(lab)[taps_before:]
    sessions = [row for row in lab.sessions() if row["id"] not in sessions_before]
    opened = [event["session_id"] for event in lab.events("session_opened")]
    closed = [event["session_id"] for event in lab.events("session_closed", "session_failed")]
    told = [said["code"] for place in PLACES for said in storm.verdicts(place)[said_before[place] :]]

    assert 5 < len(heard) <= stream.made, "taps in the air at a kill may be lost, none is doubled"
    assert sessions
    assert sorted(opened) == sorted({*opened})
    assert {row["id"] for row in sessions} <= {*opened}
    assert sorted(closed) == sorted({*closed})
    assert told.count("granted") <= len([event for event in heard if event["kind"] == "tap_granted"])
    for place in PLACES:
        plug, here = storm.shop.plugs[f"{place}-prise"], [row for row in sessions if row["resource"] == place]
        here.sort(key=lambda row: row["opened_at"])
        for first, second in pairwise(here):
            assert first["closed_at"] is not None
            assert first["closed_at"] <= second["opened_at"]
        eventually(
            lambda place=place, plug=plug: plug.on is in_use(storm, place), what=f"{place} is as its session says"
        )
        grants = [e for e in heard if e["kind"] == "tap_granted" and e["resource"] == place]
        assert risings(plug) - already[place] <= len(grants), "it went on without a tap"
