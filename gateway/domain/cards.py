"""How a badge was shown: as a number that anybody may copy, or by a card that proves itself and never says so twice."""

from dataclasses import dataclass
from enum import StrEnum

from devices.messages import HashedBadge


class Shown(StrEnum):
    """What the showing of a badge is worth."""

    NUMBER = "number"
    """Its number alone: whoever has copied it shows the same."""
    PROVEN = "proven"
    FORGED = "forged"
    """A message that the card's key has not signed."""
    REPLAYED = "replayed"
    """A message that was good once: the card has said a later one since."""


WORTHLESS = frozenset({Shown.FORGED, Shown.REPLAYED})


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRead:
    """A card's message, opened: the forms of its number, how often it was read, whether its own key has signed that."""

    badge: tuple[HashedBadge, ...] = ()
    counter: int = 0
    genuine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBadge:
    """The badge that was shown; ``counter`` is the highest that it has proved, None for an identifier only."""

    id: str
    counter: int | None = None


def shown_as(card: CardRead | None, badge: ShownBadge | None) -> Shown:
    """What this showing is worth, given what the badge has proved before."""
    if card is None:
        return Shown.NUMBER
    if not card.genuine:
        return Shown.FORGED
    before = badge.counter if badge else None
    return Shown.PROVEN if before is None or card.counter > before else Shown.REPLAYED
