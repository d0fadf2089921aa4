"""What is on flash survives any cut; what does not is named."""

import random

from devices.simulated.badge_node import SimulatedFlash
from firmware_bridges.firmware.badge_node.flash import Flash
from firmware_bridges.firmware.badge_node.ring import RESERVE, Ring


def filled(flash, facts: int = 5, **sizes) -> Ring:
    ring = Ring(flash, **sizes)
    for seq in range(1, facts + 1):
        ring.add("b1", seq, 100 * seq, None, "badge_tapped", {"badge": [], "é\n": seq})
    return ring


def seqs(ring: Ring) -> list[int]:
    """Everything that would be sent, as receipts make room."""
    found = []
    while waiting := ring.oldest(3):
        found += [record.seq for record in waiting]
        ring.forget(waiting[0].boot, waiting[0].seq, waiting[-1].seq)
    return found


def test_facts_outlive_a_restart_in_order(tmp_path) -> None:
    filled(Flash(str(tmp_path / "node")), 12, segment=200)

    again = Ring(Flash(str(tmp_path / "node")), segment=200)

    assert seqs(again) == list(range(1, 13))
    assert again.skipped == 0
    assert Ring(Flash(str(tmp_path / "node"))).oldest(9) == []


def test_a_torn_tail_is_skipped_and_named_and_the_next_fact_is_not_swallowed() -> None:
    flash = SimulatedFlash()
    filled(flash)
    flash.tear(7)

    again = Ring(flash)
    again.add("b2", 1, 0, None, "power_reported", {"on": False})

    assert (again.skipped, again.example) == (1, "file 1: 1 of 5 lines")
    assert [(r.boot, r.seq) for r in again.oldest(9)] == [("b1", 1), ("b1", 2), ("b1", 3), ("b1", 4)]
    again.forget("b1", 1, 5)
    assert [(r.boot, r.seq) for r in again.oldest(9)] == [("b2", 1)]


def test_any_flipped_bit_costs_at_most_two_facts_and_never_a_start() -> None:
    dice = random.Random(7)
    for _ in range(300):
        flash = SimulatedFlash()
        filled(flash)
        flash.flip("facts.000001", dice.randrange(10_000))
        kept = seqs(Ring(flash))
        # A bit that makes or unmakes a newline spoils two lines.
        assert len(kept) >= 3
        assert kept == sorted(set(kept))


def test_a_cut_at_any_byte_keeps_every_whole_line() -> None:
    whole = SimulatedFlash()
    filled(whole)
    data = whole.files["facts.000001"]
    for length in range(len(data)):
        flash = SimulatedFlash()
        flash.files["facts.000001"] = data[:length]
        assert seqs(Ring(flash)) == list(range(1, data[:length].count(b"\n") + 1)) or data[length : length + 1] == b"\n"


def test_nothing_begins_when_its_end_could_not_be_kept() -> None:
    ring = filled(SimulatedFlash(), 1, segment=100, most=4)
    seq = 1
    while ring.room:
        seq += 1
        ring.add("b1", seq, 0, None, "badge_tapped", {"badge": ["x" * 60]})

    assert seq <= 4
    ring.add("b1", seq + 1, 0, None, "power_reported", {"on": False})
    assert seqs(ring)[-1] == seq + 1
    assert RESERVE == 2


def test_a_fact_sent_at_once_and_receipted_late_is_not_lost_and_goes_in_the_end() -> None:
    ring = filled(SimulatedFlash(), 9, segment=200)
    ring.forget("b1", 4, 5)  # of a file that no longer stands in memory: sent again later, known by its number

    assert set(seqs(ring)) >= {1, 2, 3, 6, 7, 8, 9}
    assert ring.oldest(5) == []
