"""Last taps at the door."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, delete, exists, func, literal_column, select

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.shapes import Shape, plain
from gateway.adapters.sql.statements import packed, upsert
from gateway.domain.presence import Here
from gateway.domain.resources import DeviceRole, Presence

_rows, _devices = schema.presences, schema.devices
HERE: Shape[Here] = Shape(
    Here,
    {name: _rows.c[name] for name in ("member_id", "since", "until", "changed_at", "responsible")},
    {"responsible": bool},
)
ALL_HERE = select(*HERE.columns).where(_rows.c.site_id == SITE).order_by(_rows.c.since, _rows.c.member_id)
PUT_HERE = upsert(_rows, ("member_id", "site_id"))
FORGET_HERE = delete(_rows).where(_rows.c.site_id == SITE, _rows.c.member_id == bindparam("gone"))
# Written out, or SQLite would not see that the small index of readers at the door serves.
DOOR_HEARD = exists().where(
    _devices.c.role == literal_column(f"'{DeviceRole.PLACE}'"), _devices.c.presence == Presence.ONLINE.value,
    _devices.c.site_id == SITE,
)  # fmt: skip
HEARD = select(DOOR_HEARD)


def others_here(member_id: Any) -> Any:
    """How many others are counted, and how many of them may open the place."""
    return (
        select(packed(func.count(), func.count().filter(_rows.c.responsible)))
        .where(_rows.c.site_id == SITE, _rows.c.until > bindparam("now", type_=_rows.c.until.type))
        .where(_rows.c.member_id != func.coalesce(member_id, ""))
    )


class PresencePart(Part):
    """Who is in the place."""

    def people_here(self) -> tuple[Here, ...]:
        """Everybody's last tap at the door, also of those who have just left, by time."""
        return tuple(HERE.read(row) for row in self._tx.all(ALL_HERE, site_id=self.site_id()))

    def put_here(self, row: Here) -> None:
        """Insert or update by member."""
        self._tx.run(PUT_HERE, **plain(row), site_id=self.site_id())

    def forget_here(self, member_ids: Iterable[str]) -> None:
        """They are no longer here, and nothing is kept of it but the log."""
        for gone in member_ids:
            self._tx.run(FORGET_HERE, site_id=self.site_id(), gone=gone)
