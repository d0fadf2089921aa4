"""Doubled, late and shuffled equals once in order: what to do with fact number ``seq`` of one boot of one device."""

from dataclasses import dataclass, replace
from enum import StrEnum

GAP_WAIT_S = 2.0
"""How long an early fact waits for the ones before it."""


Ranges = tuple[tuple[int, int], ...]
"""Inclusive ranges of ``seq``."""


class Fate(StrEnum):
    """What to do with a fact that has just come in."""

    APPLY = "apply"
    HOLD = "hold"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Stream:
    """``applied`` is the highest seq applied; ``gaps`` are inclusive ranges below it that were given up waiting for."""

    applied: int = 0
    gaps: Ranges = ()

    def fate(self, seq: int) -> Fate:
        """Apply the next one or one that fills a given-up gap, hold an early one, know a repeated one."""
        if seq == self.applied + 1 or any(first <= seq <= last for first, last in self.gaps):
            return Fate.APPLY
        return Fate.HOLD if seq > self.applied else Fate.KNOWN

    def after(self, seq: int) -> "Stream":
        """The stream once ``seq`` is applied; whatever was skipped to reach it becomes a gap."""
        if seq > self.applied:
            skipped = ((self.applied + 1, seq - 1),) if seq > self.applied + 1 else ()
            return Stream(seq, self.gaps + skipped)
        left: list[tuple[int, int]] = []
        for first, last in self.gaps:
            if first <= seq <= last:
                left += [(first, seq - 1)] if first < seq else []
                left += [(seq + 1, last)] if seq < last else []
            else:
                left.append((first, last))
        return replace(self, gaps=tuple(left))


def ranges(seqs: "set[int] | frozenset[int]") -> Ranges:
    """Inclusive ranges that hold exactly these numbers, for a receipt."""
    found: list[tuple[int, int]] = []
    for seq in sorted(seqs):
        if found and found[-1][1] == seq - 1:
            found[-1] = (found[-1][0], seq)
        else:
            found.append((seq, seq))
    return tuple(found)
