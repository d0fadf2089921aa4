"""New identifiers."""

from typing import Protocol


class Ids(Protocol):
    """Where new ids come from."""

    def new(self) -> str:
        """A UUIDv7 in its canonical 36 characters: sorts by time of making."""
