"""Accounts: what each member is here, where they are signed in, and what proves it."""

from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, bindparam, delete, select, true, update

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.shapes import Shape, plain
from gateway.adapters.sql.statements import insert_new, upsert
from gateway.domain.accounts import BrowserSession, SignedInBy, SignInLink
from gateway.domain.people import Role

_joined, _sessions, _links = schema.member_sites.c, schema.browser_sessions.c, schema.sign_in_links.c
_SESSION = (
    "id", "member_id", "digest", "by", "second_factor", "device", "created_at", "last_seen_at", "expires_at",
)  # fmt: skip
_LINK = ("digest", "address", "toward", "created_at", "expires_at", "used_at")
MEMBER_ID: BindParameter[Any] = bindparam("member")


def moment(name: str) -> Any:
    """A time as a parameter."""
    return bindparam(name, type_=_links.expires_at.type)


BROWSER: Shape[BrowserSession] = Shape(
    BrowserSession, {name: _sessions[name] for name in _SESSION}, {"by": SignedInBy, "second_factor": bool}
)
LINK: Shape[SignInLink] = Shape(SignInLink, {name: _links[name] for name in _LINK})

ROLE_OF = select(_joined.role).where(_joined.site_id == SITE, _joined.member_id == MEMBER_ID)
SET_ROLE = (
    update(schema.member_sites)
    .where(_joined.site_id == SITE, _joined.member_id == MEMBER_ID)
    .values(role=bindparam("new_role", type_=_joined.role.type))
)
ADD_SESSION = upsert(schema.browser_sessions, ("id",))
SEEN = (
    update(schema.browser_sessions)
    .where(_sessions.site_id == SITE, _sessions.id == bindparam("session"))
    .values(last_seen_at=moment("seen"), expires_at=moment("until"))
)
RAISE = (
    update(schema.browser_sessions)
    .where(_sessions.site_id == SITE, _sessions.id == bindparam("session"))
    .values(digest=bindparam("new_digest", type_=_sessions.digest.type), second_factor=true())
)
_OF_MEMBER = (_sessions.site_id == SITE, _sessions.member_id == MEMBER_ID)
FORGET_ONE = delete(schema.browser_sessions).where(*_OF_MEMBER, _sessions.id == bindparam("session"))
FORGET_OTHERS = delete(schema.browser_sessions).where(*_OF_MEMBER, _sessions.id != bindparam("session"))
OLD_SESSIONS = delete(schema.browser_sessions).where(_sessions.expires_at <= moment("now"))
OLD_LINKS = delete(schema.sign_in_links).where(_links.expires_at <= moment("now"))
ADD_LINK = insert_new(schema.sign_in_links)
USE_LINK = (
    update(schema.sign_in_links)
    .where(_links.site_id == SITE, _links.digest == bindparam("the_digest"))
    .where(_links.used_at.is_(None), _links.expires_at > moment("now"))
    .values(used_at=moment("now"))
)
PUT_PASSWORD = upsert(schema.passwords, ("member_id",))
FORGET_PASSWORD = delete(schema.passwords).where(schema.passwords.c.member_id == MEMBER_ID)
LIVE_LINK = (
    select(*LINK.columns)
    .where(_links.site_id == SITE, _links.digest == bindparam("digest"))
    .where(_links.used_at.is_(None), _links.expires_at > moment("now"))
)


class AccountsPart(Part):
    """People as those who sign in."""

    def role(self, member_id: str) -> Role | None:
        """What a member is at this site; None for somebody who does not belong to it."""
        row = self._tx.one(ROLE_OF, site_id=self.site_id(), member=member_id)
        return Role(row[0]) if row else None

    def set_role(self, member_id: str, role: Role) -> None:
        """Make a member of this site something else."""
        self._tx.run(SET_ROLE, site_id=self.site_id(), member=member_id, new_role=role.value)

    def add_browser_session(self, session: BrowserSession) -> None:
        """Keep a new one; the same id again is the same."""
        self._tx.run(ADD_SESSION, **plain(session), site_id=self.site_id())

    def note_browser_session(self, id: str, *, seen: datetime, until: datetime) -> None:
        """One that is still there was used and lasts until then."""
        self._tx.run(SEEN, site_id=self.site_id(), session=id, seen=seen, until=until)

    def raise_browser_session(self, id: str, digest: str) -> bool:
        """One that has proved a second thing, under a new cookie; False when it is no longer there."""
        return self._tx.run(RAISE, site_id=self.site_id(), session=id, new_digest=digest) > 0

    def forget_browser_session(self, member_id: str, id: str) -> bool:
        """End one of a member's; False when there is none such."""
        return self._tx.run(FORGET_ONE, site_id=self.site_id(), member=member_id, session=id) > 0

    def forget_browser_sessions(self, member_id: str, but: str | None) -> int:
        """End all of a member's but one; how many."""
        return self._tx.run(FORGET_OTHERS, site_id=self.site_id(), member=member_id, session=but or "")

    def forget_expired(self, now: datetime) -> None:
        """Remove browser sessions and links whose time is over."""
        self._tx.run(OLD_SESSIONS, now=now)
        self._tx.run(OLD_LINKS, now=now)

    def add_link(self, link: SignInLink) -> None:
        """Keep a link."""
        self._tx.run(ADD_LINK, **plain(link), site_id=self.site_id())

    def use_link(self, digest: str, now: datetime) -> bool:
        """Use a link up; False when it was used before or its time is over: of many at once, one."""
        return self._tx.run(USE_LINK, site_id=self.site_id(), the_digest=digest, now=now) > 0

    def set_password(self, member_id: str, kept: str | None, now: datetime) -> None:
        """Keep what is kept of a password; None forgets it."""
        if kept is None:
            self._tx.run(FORGET_PASSWORD, member=member_id)
        else:
            self._tx.run(PUT_PASSWORD, member_id=member_id, kept=kept, changed_at=now)
