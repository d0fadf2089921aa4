"""What the runs of this folder publish, in the table of ``bench``."""

from collections.abc import Sequence

from bench.figures import Figure, percentile
from tests.faults.tally import Tally


def of_gateway_kills(tally: Tally) -> list[Figure]:
    return [
        Figure("kill_gateway_lost", tally.lost, "facts", f"kill -9 of the gateway under load; {tally}", "0"),
        Figure("kill_gateway_doubled", tally.doubled, "facts", f"the same {tally.trials} kills", "0"),
    ]


def of_broker_kills(tally: Tally) -> list[Figure]:
    return [Figure("kill_broker_lost", tally.lost, "facts", f"kill -9 of the broker under load; {tally}", "0")]


def of_ready_again(seconds: Sequence[float]) -> list[Figure]:
    note = f"the whole program, from kill -9 until it is ready again, {len(seconds)} kills, the next started at once"
    return [Figure("kill_ready_p99_s", percentile(seconds, 0.99), "s", note, "≤ 3")]


def of_power_cuts(store: Tally, outbox: Tally) -> list[Figure]:
    both = store + outbox
    note = f"images that a disk may hold after a power cut, {store.trials} of the gateway's database, {outbox.trials} of an outbox; {both}"
    return [Figure("power_cut_lost", both.lost + both.doubled, "facts", note, "0")]
