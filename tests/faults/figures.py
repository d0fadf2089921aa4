"""What the runs of this folder publish, in the table of ``bench``."""

from collections.abc import Sequence

from bench.figures import Figure, percentile
from tests.faults.fuzz import Fuzzed
from tests.faults.outage import Outage
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


def of_outages(broker: Outage, van: Outage | None, series: Tally, internet: Tally) -> list[Figure]:
    """One figure for all that was away; the wait of people at a reader while the day comes in."""
    runs = [each for each in (broker, van) if each is not None]
    missed = sum(each.tally.lost + each.tally.doubled + each.off_hour for each in runs)
    missed += sum(each.lost + each.doubled for each in (series, internet))
    told = "; ".join(
        f"no broker for {each.away.total_seconds() / 3600:g} h: {each.tally}, {each.off_hour} at a wrong hour "
        f"(none further off than {each.furthest_s:.1f} s), back in {each.backfill_s:.0f} s"
        for each in runs
    )
    note = f"lost, doubled or at a wrong hour; {told}; no series server: {series}; no Internet: {internet}"
    waits = f"{len(broker.taps_s)} taps at a reader while {broker.tally.acknowledged} facts come in, until the verdict"
    return [
        Figure("outage_lost", missed, "facts", note, "0"),
        Figure("outage_tap_p99_s", percentile(broker.taps_s, 0.99), "s", waits, "≤ 1"),
    ]


def of_fuzz(found: Sequence[Fuzzed]) -> list[Figure]:
    total, slowest = sum(each.inputs for each in found), max(found, key=lambda each: each.slowest_s)
    counts = ", ".join(f"{each.name} {each.inputs:,}" for each in found)
    note = f"crashes and inputs slower than 50 ms of {total:,} mutated ones ({counts}); 3/N: under {300 / total:.2g} % of inputs"
    return [
        Figure("fuzz_crashes", sum(len(each.crashes) + len(each.slow) for each in found), "inputs", note, "0"),
        Figure(
            "fuzz_slowest_ms", slowest.slowest_s * 1000, "ms", f"of the processor's time, by the {slowest.name}", "≤ 50"
        ),
    ]
