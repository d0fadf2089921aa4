"""The lines for slots as people see them."""

from sqlalchemy import bindparam, select

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE
from gateway.adapters.sql.views_part import ViewsPart
from gateway.adapters.sql.work_arrivals import LIVE_WAITS, WAIT
from gateway.domain.waiting import Wait

MOST = 200
_waits = schema.slot_waits.c
OF_MEMBER = (
    select(*WAIT.columns)
    .where(_waits.site_id == SITE, _waits.member_id == bindparam("member_id"))
    .order_by(_waits.joined_at.desc(), _waits.id.desc())
    .limit(MOST)
)
LIVE = LIVE_WAITS.limit(MOST)


class ArrivalsViewsPart(ViewsPart):
    """Reads about waiting."""

    def waits(self, member_id: str | None = None) -> tuple[Wait, ...]:
        """Whoever waits or is being asked, first come first; or one member's places in line, the last first."""
        rows = self._all(OF_MEMBER, member_id=member_id) if member_id else self._all(LIVE)
        return tuple(WAIT.read(row) for row in rows)
