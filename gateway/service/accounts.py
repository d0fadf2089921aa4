"""Signing in and out, and what each member is at this site."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from gateway.domain.accounts import LINK_LASTS, BrowserSession, SignedInBy, SignInLink, address_key, ends_at
from gateway.domain.events import Event, EventKind
from gateway.domain.people import Role
from gateway.domain.roles import may_give
from gateway.ports.store import Work


class Giving(StrEnum):
    """What became of an attempt to give a role."""

    GIVEN = "given"
    NOT_YOURS_TO_GIVE = "not_yours_to_give"
    NO_SUCH_MEMBER = "no_such_member"


def _log(work: Work, kind: EventKind, now: datetime, member_id: str, **data: Any) -> None:
    work.append(work.site_id(), [Event(kind=kind, at=now, member_id=member_id, data=data)])


def sign_in(
    work: Work, *, id: str, member_id: str, digest: str, by: SignedInBy, device: str, second_factor: bool = False,
    now: datetime,
) -> BrowserSession | None:  # fmt: skip
    """A new browser session; None when the member is not there or not active."""
    member, role = work.member(member_id), work.role(member_id)
    if member is None or role is None or not member.active:
        return None
    work.forget_expired(now)
    session = BrowserSession(
        id=id, member_id=member_id, digest=digest, by=by, second_factor=second_factor, device=device,
        created_at=now, last_seen_at=now, expires_at=ends_at(role, now, now),
    )  # fmt: skip
    work.add_browser_session(session)
    _log(work, EventKind.SIGNED_IN, now, member_id, by=str(by), device=device)
    return session


def seen(work: Work, session: BrowserSession, role: Role, now: datetime) -> None:
    """This browser is in use: it stays signed in for longer."""
    work.note_browser_session(session.id, seen=now, until=ends_at(role, session.created_at, now))


def sign_out(work: Work, *, member_id: str, session_id: str, now: datetime) -> bool:
    """End one browser session of a member, this one or another; False when there is none such."""
    done = work.forget_browser_session(member_id, session_id)
    if done:
        _log(work, EventKind.SIGNED_OUT, now, member_id)
    return done


def sign_out_others(work: Work, *, member_id: str, but: str, now: datetime) -> int:
    """End every browser session of a member but this one; how many."""
    count = work.forget_browser_sessions(member_id, but)
    if count:
        _log(work, EventKind.SIGNED_OUT, now, member_id, count=count)
    return count


def ask_link(work: Work, *, digest: str, address: str, toward: str, now: datetime) -> SignInLink:
    """A link for whoever reads this mailbox."""
    link = SignInLink(
        digest=digest, address=address_key(address), toward=toward, created_at=now, expires_at=now + LINK_LASTS
    )
    work.forget_expired(now)
    work.add_link(link)
    return link


def sign_in_by_link(
    work: Work, *, link: str, id: str, member_id: str, digest: str, device: str, now: datetime
) -> BrowserSession | None:
    """Use a link up for one of the members at its address; None when it is over."""
    if not work.use_link(link, now):
        return None
    return sign_in(work, id=id, member_id=member_id, digest=digest, by=SignedInBy.LINK, device=device, now=now)


def set_password(work: Work, *, member_id: str, kept: str, session_id: str, now: datetime) -> None:
    """A new password: every other browser must sign in anew."""
    work.set_password(member_id, kept, now)
    work.forget_browser_sessions(member_id, session_id)
    _log(work, EventKind.PASSWORD_CHANGED, now, member_id)


def give_role(work: Work, *, member_id: str, role: Role, giver: Role, now: datetime) -> Giving:
    """Make a member something else at this site; their browsers must sign in anew."""
    old = work.role(member_id)
    if old is None:
        return Giving.NO_SUCH_MEMBER
    if not may_give(giver, old, role):
        return Giving.NOT_YOURS_TO_GIVE
    if old is not role:
        work.set_role(member_id, role)
        work.forget_browser_sessions(member_id, None)
        _log(work, EventKind.ROLE_CHANGED, now, member_id, old=str(old), new=str(role))
    return Giving.GIVEN
