"""A member's secret calendar address: made, made anew, made useless."""

from datetime import datetime

from gateway.domain.events import Event, EventKind
from gateway.ports.store import Work
from gateway.ports.store_feeds import CalendarLink


def make_link(work: Work, *, member_id: str, digest: str, now: datetime) -> CalendarLink | None:
    """The secret of this SHA-256 opens the member's calendar, and none before it; None when there is no such member."""
    if work.member(member_id) is None:
        return None
    link = CalendarLink(member_id=member_id, digest=digest, made_at=now)
    work.put_calendar_link(link)
    _log(work, EventKind.CALENDAR_LINK_MADE, member_id, now)
    return link


def revoke_link(work: Work, *, member_id: str, now: datetime) -> bool:
    """No secret opens the member's calendar any more; False when there is no such member. Twice changes nothing more."""
    if work.member(member_id) is None:
        return False
    if work.forget_calendar_link(member_id):
        _log(work, EventKind.CALENDAR_LINK_REVOKED, member_id, now)
    return True


def _log(work: Work, kind: EventKind, member_id: str, now: datetime) -> None:
    work.append(work.site_id(), [Event(kind=kind, at=now, member_id=member_id)])
