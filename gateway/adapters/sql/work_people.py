"""Members and their badges."""

from datetime import datetime

from sqlalchemy import BindParameter, and_, bindparam, func, null, or_, select, update

from devices.messages import HashedBadge
from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.shapes import MEMBER, plain
from gateway.adapters.sql.statements import insert_new, upsert
from gateway.domain.people import Member, Role, folded

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
LIVE_BADGES = (
    select(_badges.badge_id)
    .where(_badges.site_id == SITE, _badges.member_id == bindparam("member_id"), _badges.revoked_at.is_(None))
    .distinct()
)
_now: BindParameter[datetime] = bindparam("now", type_=_badges.revoked_at.type)
# Whoever finds a lent badge that was lost must not be taken for a stranger once its day is over.
_revoke = update(schema.badge_hashes).where(_badges.revoked_at.is_(None)).values(revoked_at=_now, lent_until=null())
REVOKE_BADGES = _revoke.where(_badges.site_id == SITE, _badges.member_id == bindparam("member"))
REVOKE_BADGE = _revoke.where(_badges.site_id == SITE, _badges.badge_id == bindparam("badge"))
_over = and_(_badges.revoked_at.is_(None), _badges.lent_until <= _now)
LOANS_OVER = select(_badges.member_id).where(_badges.site_id == SITE, _over).distinct().order_by(_badges.member_id)
END_LOANS = update(schema.badge_hashes).where(_badges.site_id == SITE, _over).values(revoked_at=_now)
END_LOAN = (
    update(schema.badge_hashes)
    .where(_badges.digest == bindparam("of"), _badges.form == bindparam("in_form"), _over)
    .values(revoked_at=_now)
)
# A card that was shown at two readers at once is let in at one: the second waits for the row and finds it changed.
RAISE_COUNTER = (
    update(schema.badge_hashes)
    .where(_badges.badge_id == bindparam("badge"))
    .where(or_(_badges.counter.is_(None), _badges.counter < bindparam("said", type_=_badges.counter.type)))
    .values(counter=bindparam("said", type_=_badges.counter.type))
)


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

    def add_badge(
        self, *, id: str, member_id: str, badge: tuple[HashedBadge, ...], now: datetime,
        lent_until: datetime | None = None,
    ) -> bool:  # fmt: skip
        """Enrol a badge, or lend one; False when any of its forms belongs to somebody already (nothing is changed)."""
        forms = [plain(form) for form in dict.fromkeys(badge)]
        own = self._tx.one(OWN_BADGE, badge_id=id)
        if own is not None:
            # The same call again, after a COMMIT whose outcome was unknown.
            return str(own[0]) == member_id
        for form in forms:
            self._tx.run(END_LOAN, of=form["digest"], in_form=form["form"], now=now)
        if not forms or any(self._tx.one(LIVE_FORM, **form) for form in forms):
            return False
        rest = {
            "badge_id": id,
            "member_id": member_id,
            "site_id": self.site_id(),
            "enrolled_at": now,
            "revoked_at": None,
            "lent_until": lent_until,
            "counter": None,
        }
        self._tx.many(ADD_FORM, [form | rest for form in forms])
        kept = self._tx.one(FORMS_OF_BADGE, badge_id=id)
        if kept and kept[0] == len(forms):
            return True
        # Somebody else enrolled it between the look and the writing.
        self._tx.run(FORGET_BADGE, badge_id=id)
        return False

    def raise_counter(self, badge_id: str, counter: int) -> bool:
        """Remember how often a card says it was read; False when it has said so much, or more, before."""
        return self._tx.run(RAISE_COUNTER, badge=badge_id, said=counter) > 0

    def revoke_badges(self, member_id: str, now: datetime) -> int:
        """Revoke every badge of a member; how many."""
        live = self.live_badges(member_id)
        self._tx.run(REVOKE_BADGES, site_id=self.site_id(), member=member_id, now=now)
        return len(live)

    def live_badges(self, member_id: str) -> frozenset[str]:
        """Ids of the badges that a member has."""
        rows = self._tx.all(LIVE_BADGES, site_id=self.site_id(), member_id=member_id)
        return frozenset(str(row[0]) for row in rows)

    def revoke_badge(self, id: str, now: datetime) -> None:
        """Revoke one badge."""
        self._tx.run(REVOKE_BADGE, site_id=self.site_id(), badge=id, now=now)

    def end_loans(self, now: datetime) -> tuple[str, ...]:
        """Take back every badge whose loan is over; whose they were."""
        rows = self._tx.all(LOANS_OVER, site_id=self.site_id(), now=now)
        if rows:
            self._tx.run(END_LOANS, site_id=self.site_id(), now=now)
        return tuple(str(row[0]) for row in rows)
