"""Members as staff see them: a list that stays quick however long it is, and what one of them has."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Integer, bindparam, func, select

from gateway.adapters.sql import schema, views_lists
from gateway.adapters.sql.pages import page
from gateway.adapters.sql.part import SITE
from gateway.adapters.sql.shapes import MEMBER, SESSION
from gateway.adapters.sql.statements import unpacked
from gateway.adapters.sql.views_part import ViewsPart
from gateway.adapters.sql.work_people import MEMBER_OF_ID
from gateway.domain.people import Member, MemberState, Names, folded
from gateway.domain.sessions import Session
from gateway.ports.pages import Page
from gateway.ports.views_people import BadgeView

MOST_WORDS = 5

_badges, _sessions = schema.badge_hashes.c, schema.sessions.c
NAMES = select(schema.resources.c.id, schema.resources.c.names).where(schema.resources.c.site_id == SITE)
COUNT = select(func.count()).where(schema.member_sites.c.site_id == SITE)
BADGES = (
    select(
        _badges.badge_id, func.min(_badges.enrolled_at, type_=_badges.enrolled_at.type),
        func.max(_badges.revoked_at, type_=_badges.revoked_at.type),
        func.max(_badges.lent_until, type_=_badges.lent_until.type), func.max(_badges.counter),
    )
    .where(_badges.site_id == SITE, _badges.member_id == bindparam("member_id"))
    .group_by(_badges.badge_id)
    .order_by(func.min(_badges.enrolled_at).desc(), _badges.badge_id)
)  # fmt: skip
SESSIONS = (
    select(*SESSION.columns)
    .where(_sessions.site_id == SITE, _sessions.beneficiary_id == bindparam("member_id"))
    .order_by(_sessions.opened_at.desc())
    .limit(bindparam("limit", type_=Integer()))
)


def words_in(search: str | None) -> dict[str, str]:
    """What to look for, as patterns: each word by itself, accents and capitals aside."""
    words = folded((search or "").replace("\0", " ")).split()[:MOST_WORDS]
    escaped = (word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for word in words)
    return {f"word{n}": f"%{word}%" for n, word in enumerate(escaped)}


class PeopleReads(ViewsPart):
    """Reads about members."""

    def members(
        self, *, limit: int, cursor: str | None, search: str | None = None, state: MemberState | None = None,
        now: datetime | None = None,
    ) -> Page[Member]:  # fmt: skip
        """By last name, first name; every word of ``search`` is part of a name, an address or a reference."""
        given = words_in(search) | ({"state": state.value, "now": now} if state else {})
        with self._read() as tx:
            return page(
                tx, MEMBER, views_lists.MEMBERS, views_lists.members,
                lambda row: (folded(f"{row.last_name} {row.first_name}"), row.id),
                limit=limit, cursor=cursor, given=given, site_id=self._site.get(tx),
            )  # fmt: skip

    def count_members(self) -> int:
        """How many there are."""
        return int(self._all(COUNT)[0][0])

    def member(self, id: str) -> Member | None:
        """One member."""
        rows = self._all(MEMBER_OF_ID, id=id)
        return MEMBER.read(rows[0]) if rows else None

    def badges_of(self, member_id: str) -> tuple[BadgeView, ...]:
        """Every badge that a member has or had, newest first."""
        return tuple(
            BadgeView(id=id, enrolled_at=enrolled, revoked_at=revoked, lent_until=lent, unclonable=counter is not None)
            for id, enrolled, revoked, lent, counter in self._all(BADGES, member_id=member_id)  # noqa: A001
        )

    def resource_names(self) -> Mapping[str, Names]:
        """What each resource is called, by id."""
        return {str(row[0]): unpacked(row[1]) for row in self._all(NAMES)}

    def sessions_of(self, member_id: str, limit: int) -> tuple[Session, ...]:
        """The last uses of machines that were for this member, newest first."""
        return tuple(SESSION.read(row) for row in self._all(SESSIONS, member_id=member_id, limit=limit))
