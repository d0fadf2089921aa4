"""What people see of calls and problems, and what a kiosk shows."""

from collections.abc import Iterable

from sqlalchemy import bindparam, select, text

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE
from gateway.adapters.sql.shapes import DEVICE, STORED_EVENT, STORED_EVENTS
from gateway.adapters.sql.views_part import ViewsPart
from gateway.adapters.sql.work_help import HELP, HELP_OF_ID
from gateway.domain.help import HelpRequest, Photo
from gateway.ports.views import LastTap
from gateway.ports.views_help import HelpView, ReaderView

MOST = 200
_rows, _members, _resources = schema.help_requests.c, schema.members.c, schema.resources.c
_devices, _served, _events = schema.devices.c, schema.reader_resources.c, schema.events.c

OPEN = (
    select(*HELP.columns, _resources.slug, _members.first_name)
    .select_from(schema.help_requests)
    .outerjoin(schema.resources, _resources.id == _rows.resource_id)
    .outerjoin(schema.members, _members.id == _rows.member_id)
    .where(_rows.site_id == SITE, _rows.closed_at.is_(None))
    .order_by(_rows.created_at, _rows.id)
    .limit(MOST)
)
PHOTO = select(_rows.photo_type, _rows.photo).where(_rows.site_id == SITE, _rows.id == bindparam("id"))
READER = select(*DEVICE.columns).where(_devices.site_id == SITE, _devices.slug == bindparam("slug"))
SERVED = (
    select(_resources.slug)
    .join(schema.reader_resources, _served.resource_id == _resources.id)
    .where(_served.device_id == bindparam("reader_id"))
    .order_by(_served.position)
)
_with_name = (
    select(*STORED_EVENT.columns, _members.first_name)
    .select_from(STORED_EVENTS.get_final_froms()[0])
    .outerjoin(schema.members, _members.id == _events.member_id)
    .where(_events.site_id == SITE, _events.device_id == bindparam("reader_id"))
    .order_by(_events.id.desc())
    .limit(1)
)
LAST_OF_ITS_OWN = _with_name.where(text(f"events.{schema.AT_A_READER}"), _events.resource_id.is_(None))
LAST_CHOSEN = _with_name.where(_events.resource_id == bindparam("resource_id"), text(f"events.{schema.TAP_KINDS}"))


class HelpViewsPart(ViewsPart):
    """Reads for kiosks and for whoever answers them."""

    def open_requests(self) -> tuple[HelpView, ...]:
        """What nobody has closed, the oldest first; at most 200."""
        return tuple(
            HelpView(request=HELP.read(row[:-2]), resource=row[-2], first_name=row[-1]) for row in self._all(OPEN)
        )

    def help_request(self, id: str) -> HelpRequest | None:
        """One by id."""
        rows = self._all(HELP_OF_ID, id=id)
        return HELP.read(rows[0]) if rows else None

    def photo(self, id: str) -> Photo | None:
        """The picture of a request."""
        rows = self._all(PHOTO, id=id)
        if not rows or rows[0][1] is None:
            return None
        return Photo(media_type=str(rows[0][0]), data=bytes(rows[0][1]))

    def reader(self, slug: str) -> ReaderView | None:
        """A reader that serves several machines, or the one at the door."""
        with self._read() as tx:
            row = tx.one(READER, site_id=self._site.get(tx), slug=slug)
            if row is None:
                return None
            device = DEVICE.read(row)
            served = tx.all(SERVED, reader_id=device.id)
        return ReaderView(device=device, resources=tuple(row[0] for row in served))

    def last_tap_at(self, reader_id: str, resource_ids: Iterable[str]) -> LastTap | None:
        """The last tap at a reader of its own, or what was chosen there for one of these resources."""
        with self._read() as tx:
            site = self._site.get(tx)
            rows = tx.all(LAST_OF_ITS_OWN, site_id=site, reader_id=reader_id)
            for resource_id in resource_ids:
                rows += tx.all(LAST_CHOSEN, site_id=site, reader_id=reader_id, resource_id=resource_id)
        found = [LastTap(event=STORED_EVENT.read(row), first_name=row[-1]) for row in rows]
        return max(found, key=lambda tap: tap.event.id, default=None)
