"""What proves who somebody is: codes, tries, cards, second factors."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Integer, bindparam, delete, select, update

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.shapes import Shape, plain
from gateway.adapters.sql.statements import insert_new, upsert
from gateway.domain.proofs import Card, Passkey, Proof, SecondFactor, Tries

_tries, _cards, _factors, _codes, _keys = (
    schema.tries.c, schema.cards.c, schema.second_factors.c, schema.recovery_codes.c, schema.passkeys.c,
)  # fmt: skip
_MEMBER: BindParameter[Any] = bindparam("member")
_NOW: BindParameter[Any] = bindparam("now", type_=_cards.revoked_at.type)

FACTOR: Shape[SecondFactor] = Shape(
    SecondFactor, {name: _factors[name] for name in ("member_id", "sealed", "confirmed_at", "last_step")}
)
_PASSKEY = ("id", "member_id", "public_key", "count", "label", "created_at", "last_used_at")
PASSKEY: Shape[Passkey] = Shape(Passkey, {name: _keys[name] for name in _PASSKEY})
TRIES: Shape[Tries] = Shape(Tries, {name: _tries[name] for name in ("failures", "locked_until")})

PUT_PIN = upsert(schema.pins, ("member_id",))
HAS_PIN = select(schema.pins.c.member_id).where(schema.pins.c.member_id == _MEMBER)
TRIES_OF = (
    select(*TRIES.columns)
    .where(_tries.member_id == _MEMBER, _tries.proof == bindparam("proof"))
    .with_for_update()
)  # fmt: skip
FIRST_TRY = insert_new(schema.tries)
SAVE_TRIES = upsert(schema.tries, ("member_id", "proof"))
ADD_CARD = upsert(schema.cards, ("id",))
REVOKE_CARDS = (
    update(schema.cards)
    .where(_cards.site_id == SITE, _cards.member_id == _MEMBER, _cards.revoked_at.is_(None))
    .values(revoked_at=_NOW)
)
PUT_FACTOR = upsert(schema.second_factors, ("member_id",))
CONFIRM = update(schema.second_factors).where(_factors.member_id == _MEMBER).values(confirmed_at=_NOW)
_STEP: BindParameter[Any] = bindparam("step", type_=Integer())
USE_STEP = (
    update(schema.second_factors)
    .where(_factors.member_id == _MEMBER, _factors.last_step < _STEP)
    .values(last_step=_STEP)
)  # fmt: skip
FORGET_FACTOR = delete(schema.second_factors).where(_factors.member_id == _MEMBER)
FORGET_CODES = delete(schema.recovery_codes).where(_codes.member_id == _MEMBER)
ADD_CODE = insert_new(schema.recovery_codes)
USE_CODE = (
    update(schema.recovery_codes)
    .where(_codes.member_id == _MEMBER, _codes.digest == bindparam("the_digest"), _codes.used_at.is_(None))
    .values(used_at=_NOW)
)

ADD_PASSKEY = insert_new(schema.passkeys)
NOTE_PASSKEY = (
    update(schema.passkeys)
    .where(_keys.id == bindparam("key"))
    .values(count=bindparam("new_count", type_=_keys.count.type), last_used_at=_NOW)
)
FORGET_PASSKEY = delete(schema.passkeys).where(_keys.member_id == _MEMBER, _keys.id == bindparam("key"))

FORGET_PROOFS = tuple(
    delete(table).where(table.c.member_id == _MEMBER)
    for table in (
        schema.browser_sessions, schema.passwords, schema.pins, schema.tries, schema.cards, schema.second_factors,
        schema.recovery_codes, schema.passkeys,
    )
)  # fmt: skip


class ProofsPart(Part):
    """Proofs."""

    def set_pin(self, member_id: str, kept: str, now: datetime) -> None:
        """Keep what is kept of a code of six digits."""
        self._tx.run(PUT_PIN, member_id=member_id, kept=kept, changed_at=now)

    def has_pin(self, member_id: str) -> bool:
        """Whether they have such a code."""
        return self._tx.one(HAS_PIN, member=member_id) is not None

    def tries(self, member_id: str, proof: Proof) -> Tries:
        """Tries in vain so far, ours alone until this transaction ends."""
        # A row that is there can be locked; one that is not cannot.
        self._tx.run(FIRST_TRY, member_id=member_id, proof=proof.value, failures=0, locked_until=None)
        row = self._tx.one(TRIES_OF, member=member_id, proof=proof.value)
        assert row is not None
        return TRIES.read(row)

    def save_tries(self, member_id: str, proof: Proof, tries: Tries) -> None:
        """Remember them."""
        self._tx.run(SAVE_TRIES, member_id=member_id, proof=proof.value, **plain(tries))

    def add_card(self, card: Card) -> None:
        """Keep a new card."""
        self._tx.run(ADD_CARD, **plain(card), site_id=self.site_id())

    def revoke_cards(self, member_id: str, now: datetime) -> int:
        """Make every card of a member useless; how many there were."""
        return self._tx.run(REVOKE_CARDS, site_id=self.site_id(), member=member_id, now=now)

    def put_second_factor(self, factor: SecondFactor) -> None:
        """Insert or replace a member's."""
        self._tx.run(PUT_FACTOR, **plain(factor))

    def confirm_second_factor(self, member_id: str, now: datetime) -> None:
        """From now on it is asked for."""
        self._tx.run(CONFIRM, member=member_id, now=now)

    def use_step(self, member_id: str, step: int) -> bool:
        """Use up a one-time code; False for one that is not newer than the last."""
        return self._tx.run(USE_STEP, member=member_id, step=step) > 0

    def forget_second_factor(self, member_id: str) -> bool:
        """Remove it with its recovery codes; False when there was none."""
        self._tx.run(FORGET_CODES, member=member_id)
        return self._tx.run(FORGET_FACTOR, member=member_id) > 0

    def put_recovery_codes(self, member_id: str, digests: Iterable[str]) -> None:
        """Replace a member's recovery codes."""
        self._tx.run(FORGET_CODES, member=member_id)
        rows = [{"member_id": member_id, "digest": digest, "used_at": None} for digest in digests]
        self._tx.many(ADD_CODE, rows)

    def use_recovery_code(self, member_id: str, digest: str, now: datetime) -> bool:
        """Use one up; False when it is none of theirs, or used."""
        return self._tx.run(USE_CODE, member=member_id, the_digest=digest, now=now) > 0

    def add_passkey(self, passkey: Passkey) -> bool:
        """Keep a new one; False when it is known already."""
        return self._tx.run(ADD_PASSKEY, **plain(passkey)) > 0

    def note_passkey(self, id: str, count: int, now: datetime) -> None:
        """It was used."""
        self._tx.run(NOTE_PASSKEY, key=id, new_count=count, now=now)

    def forget_passkey(self, member_id: str, id: str) -> bool:
        """Remove one of a member's; False when there is none such."""
        return self._tx.run(FORGET_PASSKEY, member=member_id, key=id) > 0

    def forget_proofs(self, member_id: str) -> None:
        """Everything by which this member could sign in, and wherever they are signed in."""
        for statement in FORGET_PROOFS:
            self._tx.run(statement, member=member_id)
