"""The secret addresses of members' calendars."""

from sqlalchemy import bindparam, delete

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.shapes import plain
from gateway.adapters.sql.statements import upsert
from gateway.ports.store_feeds import CalendarLink

_links = schema.calendar_links.c

PUT_LINK = upsert(schema.calendar_links, ("member_id",))
FORGET_LINK = delete(schema.calendar_links).where(_links.site_id == SITE, _links.member_id == bindparam("member"))


class FeedsPart(Part):
    """Whose calendar may be read by whoever knows its address."""

    def put_calendar_link(self, link: CalendarLink) -> None:
        """The member's only address from here on."""
        self._tx.run(PUT_LINK, **plain(link), site_id=self.site_id())

    def forget_calendar_link(self, member_id: str) -> bool:
        """Make a member's address useless; False when there was none."""
        return self._tx.run(FORGET_LINK, site_id=self.site_id(), member=member_id) == 1
