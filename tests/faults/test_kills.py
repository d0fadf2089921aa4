"""kill -9 of the gateway and of the broker under load: nothing that was acknowledged is lost, nothing is there twice."""

import pytest

from tests.faults.again import ready_again
from tests.faults.figures import of_broker_kills, of_gateway_kills, of_ready_again
from tests.faults.lengths import short_and_long
from tests.faults.nemesis import kill_broker, kill_gateway
from tests.faults.tally import Tally

pytestmark = [pytest.mark.mosquitto]


@pytest.mark.parametrize("kills", short_and_long(50, 1000))
def test_the_gateway_is_killed_under_load(tmp_path, mosquitto_program, publish, kills):
    tally = kill_gateway(tmp_path, mosquitto_program, kills=kills, seed=kills)
    publish(of_gateway_kills(tally))
    assert tally.clean, tally
    assert tally.indeterminate == 0, "every fact that a device kept has come"


@pytest.mark.parametrize("kills", short_and_long(20, 300))
def test_the_broker_is_killed_under_load(tmp_path, mosquitto_program, publish, kills):
    tally = kill_broker(tmp_path, mosquitto_program, kills=kills, seed=kills)
    publish(of_broker_kills(tally))
    assert tally.clean, tally
    assert tally.indeterminate == 0


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_the_whole_program_is_ready_again_soon(tmp_path, publish):
    took = ready_again(tmp_path, kills=100)
    publish(of_ready_again(took))
    assert sorted(took)[98] < 3.0


@pytest.mark.parametrize("bug", ["receipt-first", "no-memory"])
def test_a_planted_bug_is_found(tmp_path, mosquitto_program, bug):
    tally = kill_gateway(tmp_path, mosquitto_program, kills=40, seed=1, bug=bug, until_found=True)
    assert tally.lost if bug == "receipt-first" else tally.doubled, tally


def test_a_run_in_which_nothing_was_acknowledged_proves_nothing():
    assert not Tally.of(trials=10, said={"a"}, acknowledged=set(), found=["a"]).clean
    assert Tally.of(trials=10, said={"a", "b"}, acknowledged={"a"}, found=["a"]).clean
    for found in ([], ["a", "a"], ["a", "c"]):
        assert not Tally.of(trials=10, said={"a", "b"}, acknowledged={"a"}, found=found).clean
