"""Messages to members and what members chose about them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, text

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.shapes import plain
from gateway.adapters.sql.shapes_notices import CONTACT, NOTICE, contact_row
from gateway.adapters.sql.statements import insert_new, led_by, upsert
from gateway.domain.notices import Contact, Notice

_notices = schema.notices.c

CONTACT_OF = select(*CONTACT.columns).where(schema.contacts.c.member_id == bindparam("member_id"))
PUT_CONTACT = upsert(schema.contacts, ("member_id",))
ADD_NOTICE = insert_new(schema.notices)
SAVE_NOTICE = upsert(schema.notices, ("id",))
NOTICE_OF_ID = select(*NOTICE.columns).where(_notices.site_id == SITE, _notices.id == bindparam("id"))
DUE_NOTICE = (
    led_by(select(*NOTICE.columns), schema.notices, "ix_notices_due")
    .where(_notices.site_id == SITE, _notices.channel == bindparam("channel"), text("notices.state = 'waiting'"))
    .where(_notices.next_try_at <= bindparam("now", type_=_notices.next_try_at.type))
    .order_by(_notices.next_try_at, _notices.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
FORGET_NOTICES = schema.notices.delete().where(
    _notices.site_id == SITE, _notices.created_at < bindparam("before", type_=_notices.created_at.type)
)


def chosen(row: Any, member_id: str) -> Contact:
    """What a member chose, from a row that may not be there."""
    return CONTACT.read(row) if row else Contact(member_id=member_id)


class NoticesPart(Part):
    """What is told to people."""

    def contact(self, member_id: str) -> Contact:
        """What a member chose; nothing chosen for one who never did."""
        return chosen(self._tx.one(CONTACT_OF, member_id=member_id), member_id)

    def put_contact(self, contact: Contact) -> None:
        """Keep what a member chose."""
        self._tx.run(PUT_CONTACT, **contact_row(contact))

    def add_notices(self, notices: Iterable[Notice]) -> None:
        """Keep messages to send; one for the same event, member and channel is kept once, as it was."""
        rows = [plain(notice) | {"site_id": self.site_id()} for notice in notices]
        if rows:
            self._tx.many(ADD_NOTICE, rows)

    def due_notice(self, channel: str, now: datetime) -> Notice | None:
        """The next message to send on a channel, ours alone until this transaction ends."""
        row = self._tx.one(DUE_NOTICE, site_id=self.site_id(), channel=channel, now=now)
        return NOTICE.read(row) if row else None

    def notice(self, id: str) -> Notice | None:
        """A message by id."""
        row = self._tx.one(NOTICE_OF_ID, site_id=self.site_id(), id=id)
        return NOTICE.read(row) if row else None

    def save_notice(self, notice: Notice) -> None:
        """Update how far a message is."""
        self._tx.run(SAVE_NOTICE, **plain(notice), site_id=self.site_id())

    def forget_notices(self, before: datetime) -> None:
        """Remove messages made before then, whatever became of them."""
        self._tx.run(FORGET_NOTICES, site_id=self.site_id(), before=before)
