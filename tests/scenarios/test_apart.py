"""The same rules when gateway, pages and bridges are processes of their own, on PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.fixtures_broker import Mosquitto
from tests.scenarios.conftest import Floor, stand
from tests.scenarios.lab import RealLab, started
from tests.scenarios.machines import Workshop
from tests.scenarios.program import eventually, never

pytestmark = [pytest.mark.scenario, pytest.mark.mosquitto, pytest.mark.postgres, pytest.mark.timeout(90)]


@pytest.fixture(scope="module")
def apart(mosquitto_program: str, postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    folder = tmp_path_factory.mktemp("apart")
    broker = Mosquitto(mosquitto_program, folder)
    broker.start()
    shop = Workshop(folder, broker.port)
    places = [stand(shop, "tour", "tournage", "securite")]
    lab = RealLab(folder, broker_port=broker.port, places=places, store_url=postgres_url, split=True)
    try:
        lab.cli("migrate")
        with started(lab):
            yield Floor(lab, shop, broker)
    finally:
        shop.close()
        broker.stop()


def test_without_the_trainings_every_reason_is_told_and_nothing_is_powered(apart: Floor):
    lab, plug = apart.lab, apart.shop.plugs["tour-prise"]
    bob = lab.member("Bob")

    apart.reader("tour").tap(bob)

    event = eventually(lambda: lab.events("tap_refused"))[0]
    assert event["data"]["refusals"] == ["training_missing", "training_missing"]
    verdict = eventually(lambda: apart.verdicts("tour"))[-1]
    assert (verdict["tone"], verdict["code"]) == ("refused", "training_missing")
    never(lambda: plug.on or plug.switched_on, for_s=0.3, what="the plug was told something")


def test_a_reservation_keeps_others_out_and_its_holder_comes_in(apart: Floor):
    lab, plug = apart.lab, apart.shop.plugs["tour-prise"]
    grace, hedy = (lab.member(name, "tournage", "securite") for name in ("Grace", "Hedy"))
    now = datetime.now(UTC)
    until = now + timedelta(hours=1)
    lab.reserve("tour", grace, starts=now - timedelta(minutes=1), ends=until)

    apart.reader("tour").tap(hedy)

    refused = eventually(
        lambda: [e for e in lab.events("tap_refused") if e["data"]["refusals"] == ["reserved_by_other"]]
    )[0]
    told = datetime.fromisoformat(refused["data"]["reasons"][0]["params"]["until"])
    assert abs(told - until) < timedelta(seconds=1)
    assert not plug.switched_on

    apart.reader("tour").tap(grace)

    eventually(lambda: plug.on, what="whoever reserved it is let in")
    session = eventually(lambda: apart.open_session("tour"))
    assert session["operator_id"] == grace.id
    eventually(lambda: apart.open_session("tour")["state"] == "active", what="the plug has confirmed")
