"""Doubled, late and shuffled equals once in order."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.streams import Fate, Stream, ranges


def test_the_next_is_applied_an_early_one_held_a_repeated_one_known() -> None:
    stream = Stream(applied=4)

    assert [stream.fate(seq) for seq in (4, 5, 6)] == [Fate.KNOWN, Fate.APPLY, Fate.HOLD]


def test_what_was_given_up_is_still_taken_once_when_it_comes() -> None:
    stream = Stream(applied=2).after(6)

    assert stream == Stream(6, ((3, 5),))
    assert stream.fate(4) is Fate.APPLY
    assert stream.after(4) == Stream(6, ((3, 3), (5, 5)))
    assert stream.after(4).fate(4) is Fate.KNOWN


@given(st.data(), st.integers(1, 30))
def test_each_fact_is_applied_exactly_once_whatever_the_order(data: st.DataObject, count: int) -> None:
    order = data.draw(st.permutations(list(range(1, count + 1)) * 2))
    impatient = data.draw(st.lists(st.booleans(), min_size=len(order), max_size=len(order)))
    stream, applied, held = Stream(), [], set[int]()
    for seq, jump in zip(order, impatient, strict=True):
        fate = stream.fate(seq)
        if fate is Fate.HOLD and not jump:
            held.add(seq)
        elif fate is not Fate.KNOWN:
            applied.append(seq)
            stream = stream.after(seq)
        for early in sorted(held):
            if stream.fate(early) is Fate.APPLY:
                applied.append(early)
                stream = stream.after(early)
    for early in sorted(held):
        if stream.fate(early) is not Fate.KNOWN:
            applied.append(early)
            stream = stream.after(early)
    assert sorted(applied) == list(range(1, count + 1))


@given(st.sets(st.integers(1, 60)))
def test_ranges_hold_exactly_these_numbers(seqs: set[int]) -> None:
    assert {n for first, last in ranges(seqs) for n in range(first, last + 1)} == seqs
