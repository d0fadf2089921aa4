"""Reads about what proves who somebody is."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import bindparam, func, select

from devices.messages import HashedBadge
from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE
from gateway.adapters.sql.statements import one_of
from gateway.adapters.sql.types import Words
from gateway.adapters.sql.views_part import ViewsPart
from gateway.adapters.sql.work_accounts import MEMBER_ID
from gateway.adapters.sql.work_proofs import FACTOR, PASSKEY
from gateway.domain.proofs import Passkey, SecondFactor

_cards, _badges, _factors, _codes = (
    schema.cards.c, schema.badge_hashes.c, schema.second_factors.c, schema.recovery_codes.c,
)  # fmt: skip

PIN = select(schema.pins.c.kept).where(schema.pins.c.member_id == MEMBER_ID)
CARD_HOLDER = select(_cards.member_id).where(
    _cards.site_id == SITE, _cards.digest == bindparam("digest"), _cards.revoked_at.is_(None)
)
CARDS = (
    select(_cards.member_id, func.max(_cards.made_at))
    .where(_cards.site_id == SITE, _cards.revoked_at.is_(None))
    .where(one_of(_cards.member_id, bindparam("members", type_=Words())))
    .group_by(_cards.member_id)
)
BADGE_HOLDER = select(_badges.member_id).where(
    _badges.site_id == SITE, _badges.form == bindparam("form"), _badges.key_id == bindparam("key_id"),
    _badges.digest == bindparam("digest"), _badges.revoked_at.is_(None), _badges.lent_until.is_(None),
)  # fmt: skip
FACTOR_OF = select(*FACTOR.columns).where(_factors.member_id == MEMBER_ID)
CODES_LEFT = select(func.count()).where(_codes.member_id == MEMBER_ID, _codes.used_at.is_(None))

_keys = schema.passkeys.c
KEY_OF_ID = select(*PASSKEY.columns).where(_keys.id == bindparam("key"))
KEYS_OF = select(*PASSKEY.columns).where(_keys.member_id == MEMBER_ID).order_by(_keys.created_at, _keys.id)


class ProofsReads(ViewsPart):
    """Proofs."""

    def pin(self, member_id: str) -> str | None:
        """What is kept of a member's code of six digits."""
        rows = self._all(PIN, member=member_id)
        return str(rows[0][0]) if rows else None

    def card_holder(self, digest: str) -> str | None:
        """The member of a card that is not revoked."""
        rows = self._all(CARD_HOLDER, digest=digest)
        return str(rows[0][0]) if rows else None

    def cards(self, member_ids: Iterable[str]) -> dict[str, datetime]:
        """When each of these members was given the card they hold; who has none is left out."""
        return {row[0]: row[1] for row in self._all(CARDS, members=sorted(set(member_ids)))}

    def badge_holder(self, badge: tuple[HashedBadge, ...]) -> str | None:
        """The member of a badge that is not revoked."""
        for form in badge:
            rows = self._all(BADGE_HOLDER, form=form.form, key_id=form.key_id, digest=form.digest)
            if rows:
                return str(rows[0][0])
        return None

    def second_factor(self, member_id: str) -> SecondFactor | None:
        """A member's, confirmed or not."""
        rows = self._all(FACTOR_OF, member=member_id)
        return FACTOR.read(rows[0]) if rows else None

    def recovery_codes_left(self, member_id: str) -> int:
        """How many are not used."""
        return int(self._all(CODES_LEFT, member=member_id)[0][0])

    def passkey(self, id: str) -> Passkey | None:
        """One by its id."""
        rows = self._all(KEY_OF_ID, key=id)
        return PASSKEY.read(rows[0]) if rows else None

    def passkeys(self, member_id: str) -> tuple[Passkey, ...]:
        """A member's, oldest first."""
        return tuple(PASSKEY.read(row) for row in self._all(KEYS_OF, member=member_id))
