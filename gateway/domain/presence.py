"""Who is in the place, as far as their badges tell."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Who is here, whoever asks counted in; ``known`` is False where no reader at the door can tell."""

    known: bool = False
    people: int = 0
    responsible: int = 0
