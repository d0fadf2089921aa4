"""Reads about accounts."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import bindparam, func, select, true

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE
from gateway.adapters.sql.shapes import MEMBER
from gateway.adapters.sql.statements import one_of
from gateway.adapters.sql.types import Words
from gateway.adapters.sql.views_part import ViewsPart
from gateway.adapters.sql.work_accounts import BROWSER, LINK, LIVE_LINK, MEMBER_ID, ROLE_OF, moment
from gateway.domain.accounts import BrowserSession, SignInLink
from gateway.domain.people import Member, Role
from gateway.ports.views_accounts import SignedInView

_sessions, _members, _joined, _factors = (
    schema.browser_sessions.c, schema.members.c, schema.member_sites.c, schema.second_factors.c,
)  # fmt: skip
_LIVE = (_sessions.site_id == SITE, _sessions.expires_at > moment("now"))

SIGNED_IN = (
    select(*BROWSER.columns, _members.first_name, _members.language, _joined.role, _factors.confirmed_at)
    .join(schema.members, _members.id == _sessions.member_id)
    .join(schema.member_sites, (_joined.member_id == _sessions.member_id) & (_joined.site_id == _sessions.site_id))
    .outerjoin(schema.second_factors, _factors.member_id == _sessions.member_id)
    .where(*_LIVE, _sessions.digest == bindparam("digest"), _members.active == true())
)
OF_MEMBER = (
    select(*BROWSER.columns)
    .where(*_LIVE, _sessions.member_id == MEMBER_ID)
    .order_by(_sessions.last_seen_at.desc(), _sessions.id.desc())
)
MEMBERS_AT = (
    select(*MEMBER.columns)
    .join(schema.member_sites, (_joined.member_id == _members.id) & (_joined.site_id == SITE))
    .where(func.lower(_members.email) == bindparam("address"), _members.active == true())
    .order_by(_members.created_at, _members.id)
)
PASSWORD = select(schema.passwords.c.kept).where(schema.passwords.c.member_id == MEMBER_ID)

ROLES = select(_joined.member_id, _joined.role).where(
    _joined.site_id == SITE, one_of(_joined.member_id, bindparam("members", type_=Words()))
)


class AccountsReads(ViewsPart):
    """Who is signed in, and where."""

    def signed_in(self, digest: str, now: datetime) -> SignedInView | None:
        """Who holds the cookie of this SHA-256, while the session lives and the member is active."""
        for *row, first_name, language, role, confirmed_at in self._all(SIGNED_IN, digest=digest, now=now):
            return SignedInView(
                session=BROWSER.read(row), first_name=first_name, language=language, role=Role(role),
                has_second_factor=confirmed_at is not None,
            )  # fmt: skip
        return None

    def browser_sessions(self, member_id: str, now: datetime) -> tuple[BrowserSession, ...]:
        """Where a member is signed in, last used first."""
        return tuple(BROWSER.read(row) for row in self._all(OF_MEMBER, member=member_id, now=now))

    def link(self, digest: str, now: datetime) -> SignInLink | None:
        """A link that can still be used."""
        rows = self._all(LIVE_LINK, digest=digest, now=now)
        return LINK.read(rows[0]) if rows else None

    def members_at(self, address: str) -> tuple[Member, ...]:
        """Active members of this site with this e-mail address: a family may share one."""
        return tuple(MEMBER.read(row) for row in self._all(MEMBERS_AT, address=address))

    def password(self, member_id: str) -> str | None:
        """What is kept of a member's password."""
        rows = self._all(PASSWORD, member=member_id)
        return str(rows[0][0]) if rows else None

    def roles(self, member_ids: Iterable[str]) -> dict[str, Role]:
        """What each of these members is at this site."""
        return {row[0]: Role(row[1]) for row in self._all(ROLES, members=sorted(set(member_ids)))}

    def role(self, member_id: str) -> Role | None:
        """What a member is at this site."""
        rows = self._all(ROLE_OF, member=member_id)
        return Role(rows[0][0]) if rows else None
