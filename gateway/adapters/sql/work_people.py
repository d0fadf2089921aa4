"""Members and their badges."""

import unicodedata
from datetime import datetime

from sqlalchemy import bindparam, func, select, update

from devices.messages import HashedBadge
from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.shapes import MEMBER, plain
from gateway.adapters.sql.statements import insert_new, upsert
from gateway.domain.people import Member, Role

_members, _badges = schema.members.c, schema.badge_hashes.c

PUT_MEMBER = upsert(schema.members, ("id",))
# What a member is here is nobody's business who only changes what is known of them.
JOIN_SITE = upsert(schema.member_sites, ("site_id", "member_id"), keep=("role",))
MEMBER_OF_ID = select(*MEMBER.columns).where(_members.id == bindparam("id"))
OWN_BADGE = select(_badges.member_id).where(_badges.badge_id == bindparam("badge_id")).limit(1)
LIVE_FORM = (
    select(_badges.badge_id)
    .where(_badges.digest == bindparam("digest"), _badges.form == bindparam("form"))
    .where(_badges.key_id == bindparam("key_id"), _badges.revoked_at.is_(None))
)
ADD_FORM = insert_new(schema.badge_hashes)
FORMS_OF_BADGE = select(func.count()).where(_badges.badge_id == bindparam("badge_id"))
FORGET_BADGE = schema.badge_hashes.delete().where(_badges.badge_id == bindparam("badge_id"))
LIVE_BADGES = select(func.count(_badges.badge_id.distinct())).where(
    _badges.site_id == SITE, _badges.member_id == bindparam("member_id"), _badges.revoked_at.is_(None)
)
REVOKE_BADGES = (
    update(schema.badge_hashes)
    .where(_badges.site_id == SITE, _badges.member_id == bindparam("member"), _badges.revoked_at.is_(None))
    .values(revoked_at=bindparam("now", type_=_badges.revoked_at.type))
)


def folded(text: str) -> str:
    """Without accents and capitals, for sorting and searching names alike on both databases."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


class PeoplePart(Part):
    """People."""

    def put_member(self, member: Member) -> None:
        """Insert or update by id, joined to this site."""
        sort_name = folded(f"{member.last_name} {member.first_name}")
        self._tx.run(PUT_MEMBER, **plain(member), sort_name=sort_name)
        joined = {"member_id": member.id, "site_id": self.site_id(), "responsible": member.responsible}
        self._tx.run(JOIN_SITE, **joined, role=Role.MEMBER)

    def member(self, id: str) -> Member | None:
        """A member by id."""
        row = self._tx.one(MEMBER_OF_ID, id=id, site_id=self.site_id())
        return MEMBER.read(row) if row else None

    def add_badge(self, *, id: str, member_id: str, badge: tuple[HashedBadge, ...], now: datetime) -> bool:
        """Enrol a badge; False when any of its forms belongs to somebody already (nothing is changed)."""
        forms = [plain(form) for form in dict.fromkeys(badge)]
        own = self._tx.one(OWN_BADGE, badge_id=id)
        if own is not None:
            # The same call again, after a COMMIT whose outcome was unknown.
            return str(own[0]) == member_id
        if not forms or any(self._tx.one(LIVE_FORM, **form) for form in forms):
            return False
        rest = {
            "badge_id": id,
            "member_id": member_id,
            "site_id": self.site_id(),
            "enrolled_at": now,
            "revoked_at": None,
        }
        self._tx.many(ADD_FORM, [form | rest for form in forms])
        kept = self._tx.one(FORMS_OF_BADGE, badge_id=id)
        if kept and kept[0] == len(forms):
            return True
        # Somebody else enrolled it between the look and the writing.
        self._tx.run(FORGET_BADGE, badge_id=id)
        return False

    def revoke_badges(self, member_id: str, now: datetime) -> int:
        """Revoke every badge of a member; how many."""
        live = self._tx.one(LIVE_BADGES, site_id=self.site_id(), member_id=member_id)
        self._tx.run(REVOKE_BADGES, site_id=self.site_id(), member=member_id, now=now)
        return int(live[0]) if live else 0
