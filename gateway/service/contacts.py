"""What members choose about messages, and what the team did about those that never came."""

from dataclasses import replace
from datetime import datetime

from gateway.domain.notices import Contact, NoticeState
from gateway.ports.store import Work


def choose(work: Work, contact: Contact, language: str | None) -> bool:
    """Replace a member's choices; False when there is no such member."""
    member = work.member(contact.member_id)
    if member is None:
        return False
    work.put_contact(contact)
    if member.language != language:
        work.put_member(replace(member, language=language))
    return True


def told(work: Work, id: str, now: datetime) -> bool:
    """The member was told in person; False when there is no such message. One that was sent stays sent."""
    notice = work.notice(id)
    if notice is None:
        return False
    if notice.state not in (NoticeState.SENT, NoticeState.TOLD):
        work.save_notice(replace(notice, state=NoticeState.TOLD, done_at=now))
    return True
