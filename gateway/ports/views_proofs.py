"""Reads about what proves who somebody is."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from devices.messages import HashedBadge
from gateway.domain.proofs import Passkey, SecondFactor


class ProofsViews(Protocol):
    """Each call is one short transaction of its own; StoreUnavailable when the database is away."""

    def pin(self, member_id: str) -> str | None:
        """What is kept of a member's code of six digits."""

    def card_holder(self, digest: str) -> str | None:
        """The member of a card that is not revoked."""

    def cards(self, member_ids: Iterable[str]) -> dict[str, datetime]:
        """When each of these members was given the card they hold; who has none is left out."""

    def badge_holder(self, badge: tuple[HashedBadge, ...]) -> str | None:
        """The member of a badge that is not revoked."""

    def second_factor(self, member_id: str) -> SecondFactor | None:
        """A member's, confirmed or not."""

    def recovery_codes_left(self, member_id: str) -> int:
        """How many are not used."""

    def passkey(self, id: str) -> Passkey | None:
        """One by its id."""

    def passkeys(self, member_id: str) -> tuple[Passkey, ...]:
        """A member's, oldest first."""
