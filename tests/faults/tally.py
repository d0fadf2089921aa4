"""What became of everything that was said: acknowledged, present, lost, doubled, unexpected, indeterminate."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """``trials`` are the faults that were made. Said and never acknowledged is *indeterminate*: nothing was promised."""

    trials: int
    acknowledged: int
    present: int
    lost: int
    doubled: int
    unexpected: int
    indeterminate: int
    examples: tuple[str, ...] = ()

    @classmethod
    def of(cls, *, trials: int, said: set[str], acknowledged: set[str], found: Iterable[str]) -> Self:
        """Compare what was said and acknowledged with what is there."""
        counted = Counter(found)
        lost, doubled = acknowledged - counted.keys(), {name for name, times in counted.items() if times > 1}
        unexpected = counted.keys() - said
        return cls(
            trials=trials, acknowledged=len(acknowledged), present=len(counted), lost=len(lost), doubled=len(doubled),
            unexpected=len(unexpected), indeterminate=len(said - acknowledged),
            examples=tuple(sorted(lost | doubled | unexpected)[:5]),
        )  # fmt: skip

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            trials=self.trials + other.trials, acknowledged=self.acknowledged + other.acknowledged,
            present=self.present + other.present, lost=self.lost + other.lost, doubled=self.doubled + other.doubled,
            unexpected=self.unexpected + other.unexpected, indeterminate=self.indeterminate + other.indeterminate,
            examples=(self.examples + other.examples)[:5],
        )  # fmt: skip

    @property
    def clean(self) -> bool:
        """Something was acknowledged, all of that is there, once, and nothing else is."""
        return self.acknowledged > 0 and not (self.lost or self.doubled or self.unexpected)

    @property
    def bound(self) -> str:
        """What no failure in so many proves, at 95 %, and no more."""
        if not self.acknowledged:
            return "nothing was acknowledged"
        of_facts = f"{300 / self.acknowledged:.2g} % of facts"
        return f"3/N: under {of_facts}" + (f", {300 / self.trials:.2g} % of faults" if self.trials > 1 else "")

    def __str__(self) -> str:
        words = (
            f"{self.trials} {'faults' if self.trials > 1 else 'fault'}: acknowledged {self.acknowledged}, present {self.present}, lost {self.lost}, "
            f"doubled {self.doubled}, unexpected {self.unexpected}, indeterminate {self.indeterminate}; {self.bound}"
        )
        return f"{words}; such as {', '.join(self.examples)}" if self.examples else words
