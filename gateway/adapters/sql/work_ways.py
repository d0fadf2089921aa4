"""Ways in beside one's own right: classes, maintainers, parts that wait, and what a tap reads of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, bindparam, delete, exists, or_, select, text

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.shapes import CLASS, PART, RESERVATION, plain
from gateway.adapters.sql.statements import insert_new, packed, unpacked, upsert
from gateway.adapters.sql.types import from_micros
from gateway.domain.booking import Reservation
from gateway.domain.ways import Beside, OpenClass, TapBefore, WaitingPart

_classes, _parts, _events, _booked = (
    schema.classes.c, schema.waiting_parts.c, schema.events.c, schema.reservations.c,
)  # fmt: skip
_resources, _keepers, _needs, _trainers = (
    schema.resources.c, schema.maintainers.c, schema.resource_trainings.c, schema.training_trainers.c,
)  # fmt: skip
_resource_id: BindParameter[Any] = bindparam("resource_id")

_open_class = select(CLASS.packed).where(_classes.resource_id == _resource_id, _classes.closed_at.is_(None))
_part = select(PART.packed).where(_parts.resource_id == _resource_id)
_before = (
    select(packed(_events.at, _events.member_id, _events.data))
    .where(_events.resource_id == _resource_id, text(f"events.{schema.TAP_KINDS}"))
    .order_by(_events.id.desc())
    .limit(1)
)
NEXT_BOOKED = (
    select(*RESERVATION.columns)
    .where(_booked.resource_id == _resource_id, _booked.cancelled_at.is_(None))
    .where(_booked.ends > bindparam("now", type_=_booked.ends.type))
    .order_by(_booked.ends)
    .limit(1)
)
CLASS_OF = select(*CLASS.columns).where(_classes.resource_id == _resource_id, _classes.closed_at.is_(None))
CLASSES_OVER = (
    select(*CLASS.columns)
    .where(_classes.site_id == SITE, _classes.closed_at.is_(None))
    .where(_classes.until <= bindparam("now", type_=_classes.until.type))
    .order_by(_classes.resource_id)
)
SAVE_CLASS = upsert(schema.classes, ("id",))
PART_ON = select(*PART.columns).where(_parts.resource_id == _resource_id)
SAVE_PART = upsert(schema.waiting_parts, ("resource_id",))
CLEAR_PART = delete(schema.waiting_parts).where(_parts.resource_id == _resource_id)
ADD_MAINTAINER = insert_new(schema.maintainers)
REMOVE_MAINTAINER = delete(schema.maintainers).where(
    _keepers.scope_id == bindparam("scope_id"), _keepers.member_id == bindparam("member_id")
)


def beside(holder: Any) -> Any:
    """What a tap reads beside the facts of access; ``holder`` is whose badge it is."""
    maintains = (
        select(_keepers.since)
        .where(_keepers.member_id == holder.c.member_id)
        .where(or_(_keepers.scope_id == _resources.id, _keepers.scope_id == _resources.group_id))
        .limit(1)
        .correlate(holder, schema.resources)
    )
    untaught = ~exists().where(
        _trainers.training_id == _needs.training_id, _trainers.member_id == holder.c.member_id
    ).correlate(holder, schema.resource_trainings)  # fmt: skip
    asked = select(_needs.training_id).where(_needs.resource_id == _resource_id).limit(1).correlate(holder)
    return packed(
        _open_class.scalar_subquery(), _part.scalar_subquery(), _before.scalar_subquery(), maintains.scalar_subquery(),
        asked.scalar_subquery(), asked.where(untaught).scalar_subquery(),
    )  # fmt: skip


def unpack_beside(row: Any, *, running: bool) -> Beside:
    """From packed `beside`."""
    held, part, before, maintains, asked, untaught = unpacked(row)
    return Beside(
        running=running, open_class=CLASS.unpack(held), part=PART.unpack(part), before=_tap_before(unpacked(before)),
        maintains=maintains is not None, teaches=asked is not None and untaught is None,
    )  # fmt: skip


def _tap_before(row: Any) -> TapBefore | None:
    if row is None:
        return None
    at, member_id, data = row[0], row[1], unpacked(row[2])
    return TapBefore(
        at=from_micros(at), member_id=member_id, refusals=tuple(data.get("refusals", ())),
        asks_mentor=bool(data.get("asks_mentor")),
    )  # fmt: skip


class WaysPart(Part):
    """Who opened what for others, who looks after what, and what lies on which machine."""

    def open_class(self, resource_id: str) -> OpenClass | None:
        """The class that is open on a resource, its time perhaps over."""
        row = self._tx.one(CLASS_OF, resource_id=resource_id)
        return CLASS.read(row) if row else None

    def classes_over(self, now: datetime) -> tuple[OpenClass, ...]:
        """Open classes whose time is over."""
        return tuple(CLASS.read(row) for row in self._tx.all(CLASSES_OVER, site_id=self.site_id(), now=now))

    def save_class(self, held: OpenClass) -> None:
        """Insert or update; the database refuses a second open one on the same resource."""
        self._tx.run(SAVE_CLASS, **plain(held), site_id=self.site_id())

    def waiting_part(self, resource_id: str) -> WaitingPart | None:
        """What lies on a resource."""
        row = self._tx.one(PART_ON, resource_id=resource_id)
        return PART.read(row) if row else None

    def save_waiting_part(self, part: WaitingPart) -> None:
        """Remember what lies there."""
        self._tx.run(SAVE_PART, **plain(part), site_id=self.site_id())

    def clear_waiting_part(self, resource_id: str) -> None:
        """Nothing lies there any more."""
        self._tx.run(CLEAR_PART, resource_id=resource_id)

    def next_booked(self, resource_id: str, now: datetime) -> Reservation | None:
        """The first standing reservation that has not ended."""
        row = self._tx.one(NEXT_BOOKED, resource_id=resource_id, now=now)
        return RESERVATION.read(row) if row else None

    def add_maintainer(self, scope_id: str, member_id: str, now: datetime) -> bool:
        """Let a member look after a resource or a group; False when they did already."""
        row = {"scope_id": scope_id, "member_id": member_id, "since": now, "site_id": self.site_id()}
        return self._tx.run(ADD_MAINTAINER, **row) == 1

    def remove_maintainer(self, scope_id: str, member_id: str) -> bool:
        """No longer; False when they did not."""
        return self._tx.run(REMOVE_MAINTAINER, scope_id=scope_id, member_id=member_id) == 1
