"""What is done with the keys of cards that cannot be cloned."""

from typing import Protocol

from devices.messages import SunMessage
from gateway.domain.cards import CardRead


class CardKeys(Protocol):
    """Reads what a card has said."""

    def __call__(self, sun: SunMessage) -> CardRead:
        """Whose card it says it is, and whether it has proved that; never an exception, whatever it says."""
