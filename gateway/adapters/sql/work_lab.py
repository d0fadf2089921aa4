"""The site, its resources, devices and API tokens."""

from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, bindparam, delete, insert, or_, select, update

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, SITE_OF_SLUG, Part
from gateway.adapters.sql.shapes import DEVICE, RESOURCE, opening_row, plain
from gateway.adapters.sql.statements import one_of, upsert
from gateway.adapters.sql.transaction import Refused
from gateway.adapters.sql.types import Words
from gateway.domain.people import Role
from gateway.domain.resources import Device, DeviceRole, Resource
from gateway.ports.store import Token

_resources, _devices, _trainings, _tokens = (
    schema.resources.c, schema.devices.c, schema.trainings.c, schema.tokens.c,
)  # fmt: skip
_slug: BindParameter[Any] = bindparam("slug")

PUT_SITE = upsert(schema.sites, ("slug",), keep=("id", "opening", "use_policy", "booking_policy"))
PUT_RESOURCE = upsert(schema.resources, ("site_id", "slug"), keep=("id",))
RESOURCE_OF_SLUG = select(*RESOURCE.columns).where(_resources.site_id == SITE, _resources.slug == _slug)
RESOURCE_ID = select(_resources.id).where(_resources.site_id == SITE, _resources.slug == _slug)
TRAININGS_OF = select(_trainings.id, _trainings.slug).where(
    _trainings.site_id == SITE, one_of(_trainings.slug, bindparam("slugs", type_=Words()))
)
FORGET_NEEDS = delete(schema.resource_trainings).where(
    schema.resource_trainings.c.resource_id == bindparam("resource_id")
)
ADD_NEED = insert(schema.resource_trainings)
# What a device was last heard to say stays when it is attached elsewhere.
PUT_DEVICE = upsert(
    schema.devices, ("site_id", "slug"),
    keep=(
        "id", "presence", "presence_reason", "last_seen_at", "power_on", "power_at", "nonsense_count",
        "nonsense_example", "list_workshop_id", "list_since", "list_until",
    ),
)  # fmt: skip
DEVICE_OF_SLUG = select(*DEVICE.columns).where(_devices.site_id == SITE, _devices.slug == _slug)
ADD_TOKEN = upsert(schema.tokens, ("id",))
REVOKE_TOKEN = (
    update(schema.tokens)
    .where(_tokens.site_id == SITE, _tokens.id == bindparam("token_id"), _tokens.revoked_at.is_(None))
    .values(revoked_at=bindparam("now", type_=_tokens.revoked_at.type))
)
SCREEN_AT = (
    select(_tokens.id)
    .where(_tokens.site_id == SITE, _tokens.role == Role.KIOSK.value, _tokens.revoked_at.is_(None))
    .where(or_(_tokens.resource_id == bindparam("resource"), _tokens.device_id == bindparam("reader")))
    .where(or_(_tokens.expires_at.is_(None), _tokens.expires_at > bindparam("now", type_=_tokens.expires_at.type)))
    .limit(1)
)
KNOWN_TOKEN = select(_tokens.id).where(_tokens.site_id == SITE, _tokens.id == bindparam("token_id"))


class LabPart(Part):
    """The lab itself."""

    def put_site(self, *, id: str, slug: str, name: str, timezone: str, address: str | None = None) -> str:
        """Insert or update the site by slug; its id."""
        new = {"opening": None, "use_policy": None, "booking_policy": None}
        self._tx.run(PUT_SITE, id=id, slug=slug, name=name, timezone=timezone, address=address, **new)
        row = self._tx.one(SITE_OF_SLUG, slug=slug)
        lasting = str(row[0]) if row else id
        if self._site.slug in {None, slug}:
            self._own_site = lasting
        self._after_commit(lambda: self._site.keep(lasting, slug))
        return lasting

    def put_resource(self, resource: Resource) -> Resource:
        """Insert or update by slug (trainings included); the row as it stands, with its lasting id."""
        site = self.site_id()
        row = plain(resource) | {"opening": opening_row(resource.opening)}
        slugs, levels = sorted(set(row.pop("trainings"))), row.pop("levels")
        self._tx.run(PUT_RESOURCE, **row, site_id=site)
        resource_id = self._resource_id(resource.slug)
        known = {row[1]: row[0] for row in self._tx.all(TRAININGS_OF, site_id=site, slugs=slugs)}
        unknown = [slug for slug in slugs if slug not in known]
        if unknown:
            raise Refused(f"resource {resource.slug} asks for trainings that are not there: {', '.join(unknown)}")
        self._tx.run(FORGET_NEEDS, resource_id=resource_id)
        if known:
            needs = [
                {"resource_id": resource_id, "training_id": id, "site_id": site, "level": levels.get(slug, 1)}
                for slug, id in known.items()  # noqa: A001
            ]
            self._tx.many(ADD_NEED, needs)
        found = self.resource(resource.slug)
        assert found is not None
        return found

    def _resource_id(self, slug: str) -> str:
        row = self._tx.one(RESOURCE_ID, site_id=self.site_id(), slug=slug)
        if row is None:
            raise Refused(f"there is no resource {slug}")
        return str(row[0])

    def resource(self, slug: str) -> Resource | None:
        """A resource by slug."""
        row = self._tx.one(RESOURCE_OF_SLUG, site_id=self.site_id(), slug=slug)
        return RESOURCE.read(row) if row else None

    def put_device(self, *, id: str, slug: str, role: DeviceRole, resource: str | None) -> Device:
        """Insert or update a device by slug, attached to the resource of that slug."""
        resource_id = self._resource_id(resource) if resource is not None else None
        row = plain(Device(id=id, slug=slug, role=role, resource_id=resource_id))
        self._tx.run(PUT_DEVICE, **row, site_id=self.site_id())
        found = self._tx.one(DEVICE_OF_SLUG, site_id=self.site_id(), slug=slug)
        assert found is not None
        return DEVICE.read(found)

    def add_token(self, token: Token) -> None:
        """Keep a token's digest."""
        row = plain(token)
        slug = row.pop("resource")
        row["resource_id"] = self._resource_id(slug) if slug is not None else None
        reader = row.pop("reader")
        row["device_id"] = self._reader_id(reader) if reader is not None else None
        self._tx.run(ADD_TOKEN, **row, site_id=self.site_id())

    def _reader_id(self, slug: str) -> str:
        found = self._tx.one(DEVICE_OF_SLUG, site_id=self.site_id(), slug=slug)
        if found is None:
            raise Refused(f"there is no reader {slug}")
        return DEVICE.read(found).id

    def has_screen(self, resource_id: str, reader_id: str, now: datetime) -> bool:
        """Whether a kiosk stands at that resource, or beside that reader."""
        row = self._tx.one(SCREEN_AT, site_id=self.site_id(), resource=resource_id, reader=reader_id, now=now)
        return row is not None

    def revoke_token(self, id: str, now: datetime) -> bool:
        """Make a token useless; False when there is none such."""
        self._tx.run(REVOKE_TOKEN, site_id=self.site_id(), token_id=id, now=now)
        return self._tx.one(KNOWN_TOKEN, site_id=self.site_id(), token_id=id) is not None
