"""No broker, no series server, no Internet for a day and more: all of it comes afterwards, once, at its hour."""

from datetime import timedelta

import pytest

from bench.figures import percentile
from tests.faults.far_ends import internet_away, series_away
from tests.faults.figures import of_outages
from tests.faults.lengths import short_and_long
from tests.faults.outage import broker_away

DAY = timedelta(days=1)
VAN_FACTS = 100_000


@pytest.mark.mosquitto
@pytest.mark.parametrize("length", short_and_long((DAY, 10_000), (3 * DAY, 1_000_000)))
def test_what_waits_comes_once_at_its_hour_while_people_tap(tmp_path_factory, mosquitto_program, publish, length):
    def folder():
        return tmp_path_factory.mktemp("outage")

    away, facts = length
    is_long = away > DAY
    series, internet = series_away(folder(), away=away), internet_away(away=away)
    broker = broker_away(folder(), mosquitto_program, away=DAY, facts=facts)
    van = broker_away(folder(), mosquitto_program, away=14 * DAY, facts=VAN_FACTS) if is_long else None
    publish(of_outages(broker, van, series, internet))

    assert series.clean, series
    assert internet.clean, internet
    for outage in (broker, van) if van else (broker,):
        assert outage.tally.clean, outage.tally
        assert outage.tally.acknowledged == outage.tally.present, "all of it has come"
        assert outage.off_hour == 0
    assert percentile(broker.taps_s, 0.99 if is_long else 0.9) < 1.0


@pytest.mark.mosquitto
def test_a_gateway_that_dates_by_arrival_is_found(tmp_path, mosquitto_program):
    outage = broker_away(tmp_path, mosquitto_program, away=DAY, facts=100, bug="arrival-hour")
    assert outage.off_hour == 100
