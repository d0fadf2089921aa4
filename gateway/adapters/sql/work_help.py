"""Calls and problems, and readers that serve several machines."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.shapes import Shape, plain
from gateway.adapters.sql.transaction import Refused
from gateway.domain.help import HelpKind, HelpRequest, Photo, Trouble

_rows, _served, _resources = schema.help_requests, schema.reader_resources, schema.resources
HELP: Shape[HelpRequest] = Shape(
    HelpRequest,
    {
        name: _rows.c[name]
        for name in (
            "id", "kind", "created_at", "resource_id", "member_id", "trouble", "photo_type", "closed_at",
        )
    },
    {"kind": HelpKind, "trouble": Trouble},
)  # fmt: skip
ADD_HELP = insert(_rows)
HELP_OF_ID = select(*HELP.columns).where(_rows.c.site_id == SITE, _rows.c.id == bindparam("id"))
OPEN_OF = select(*HELP.columns).where(
    _rows.c.site_id == SITE, _rows.c.resource_id == bindparam("resource_id"), _rows.c.closed_at.is_(None)
)
CLOSE_HELP = (
    update(_rows)
    .where(_rows.c.site_id == SITE, _rows.c.id == bindparam("request_id"))
    .values(closed_at=bindparam("closed_at", type_=_rows.c.closed_at.type))
)
FORGET_SERVED = delete(_served).where(_served.c.device_id == bindparam("reader_id"))
SERVE = insert(_served)
SLUGS: Any = select(_resources.c.slug, _resources.c.id).where(_resources.c.site_id == SITE)


class HelpPart(Part):
    """What kiosks ask for, and what they serve."""

    def add_help(self, request: HelpRequest, photo: Photo | None = None) -> None:
        """Keep a new one, with its picture."""
        row = plain(request) | {"photo": photo.data if photo else None}
        self._tx.run(ADD_HELP, **row, site_id=self.site_id())

    def help_request(self, id: str) -> HelpRequest | None:
        """One by id."""
        row = self._tx.one(HELP_OF_ID, site_id=self.site_id(), id=id)
        return HELP.read(row) if row else None

    def open_help(self, resource_id: str) -> tuple[HelpRequest, ...]:
        """Those about a resource that nobody has closed."""
        rows = self._tx.all(OPEN_OF, site_id=self.site_id(), resource_id=resource_id)
        return tuple(HELP.read(row) for row in rows)

    def save_help(self, request: HelpRequest) -> None:
        """Write what has become of it."""
        self._tx.run(CLOSE_HELP, site_id=self.site_id(), request_id=request.id, closed_at=request.closed_at)

    def serve(self, reader_id: str, resources: Iterable[str]) -> None:
        """From now on this reader serves the resources of these slugs, in this order."""
        wanted = tuple(dict.fromkeys(resources))
        known = {row[0]: row[1] for row in self._tx.all(SLUGS, site_id=self.site_id())}
        unknown = [slug for slug in wanted if slug not in known]
        if unknown:
            raise Refused(f"a reader serves resources that are not there: {', '.join(unknown)}")
        self._tx.run(FORGET_SERVED, reader_id=reader_id)
        if wanted:
            rows = [
                {"device_id": reader_id, "resource_id": known[slug], "site_id": self.site_id(), "position": place}
                for place, slug in enumerate(wanted)
            ]
            self._tx.many(SERVE, rows)
