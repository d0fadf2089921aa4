"""The store's part for what proves who somebody is: codes, tries, cards, second factors."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from gateway.domain.proofs import Card, Passkey, Proof, SecondFactor, Tries


class ProofsWork(Protocol):
    """What one open transaction does with proofs."""

    def set_pin(self, member_id: str, kept: str, now: datetime) -> None:
        """Keep what is kept of a code of six digits."""

    def has_pin(self, member_id: str) -> bool:
        """Whether they have such a code."""

    def tries(self, member_id: str, proof: Proof) -> Tries:
        """Tries in vain so far, ours alone until this transaction ends."""

    def save_tries(self, member_id: str, proof: Proof, tries: Tries) -> None:
        """Remember them."""

    def add_card(self, card: Card) -> None:
        """Keep a new card."""

    def revoke_cards(self, member_id: str, now: datetime) -> int:
        """Make every card of a member useless; how many there were."""

    def put_second_factor(self, factor: SecondFactor) -> None:
        """Insert or replace a member's."""

    def confirm_second_factor(self, member_id: str, now: datetime) -> None:
        """From now on it is asked for."""

    def use_step(self, member_id: str, step: int) -> bool:
        """Use up a one-time code; False for one that is not newer than the last."""

    def forget_second_factor(self, member_id: str) -> bool:
        """Remove it with its recovery codes; False when there was none."""

    def put_recovery_codes(self, member_id: str, digests: Iterable[str]) -> None:
        """Replace a member's recovery codes."""

    def use_recovery_code(self, member_id: str, digest: str, now: datetime) -> bool:
        """Use one up; False when it is none of theirs, or used."""

    def add_passkey(self, passkey: Passkey) -> bool:
        """Keep a new one; False when it is known already."""

    def note_passkey(self, id: str, count: int, now: datetime) -> None:
        """It was used."""

    def forget_passkey(self, member_id: str, id: str) -> bool:
        """Remove one of a member's; False when there is none such."""

    def forget_proofs(self, member_id: str) -> None:
        """Everything by which this member could sign in, and wherever they are signed in."""
