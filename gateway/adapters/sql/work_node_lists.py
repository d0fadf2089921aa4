"""Nodes' lists: their numbers, and whom they may name."""

from collections import defaultdict
from typing import Any

from sqlalchemy import Integer, bindparam, exists, func, select

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.shapes import DEVICE, Shape, plain
from gateway.adapters.sql.statements import upsert
from gateway.adapters.sql.views_part import ViewsPart
from gateway.domain.node_lists import NodeList
from gateway.domain.resources import Device, DeviceRole

_rows, _devices, _members = schema.node_lists.c, schema.devices.c, schema.members.c
_badges, _sessions = schema.badge_hashes.c, schema.sessions.c
_needs, _rights, _sites = schema.resource_trainings.c, schema.qualifications.c, schema.member_sites.c
_resource_id: Any = bindparam("resource_id")

NODE_LIST: Shape[NodeList] = Shape(
    NodeList, {name: _rows[name] for name in ("device_id", "version", "digest", "issued_at", "expires_at")}
)
LIST_OF = select(*NODE_LIST.columns).where(_rows.device_id == bindparam("device_id")).with_for_update()
PUT_LIST = upsert(schema.node_lists, ("device_id",))
NODES = (
    select(*DEVICE.columns)
    .where(_devices.site_id == SITE, _devices.role == DeviceRole.NODE.value, _devices.resource_id.is_not(None))
    .order_by(_devices.slug)
)
_right = (
    exists()
    .where(_rights.member_id == _members.id, _rights.training_id == _needs.training_id, _rights.revoked_at.is_(None))
    .correlate(schema.members, schema.resource_trainings)
)
_lacks = exists().where(_needs.resource_id == _resource_id, ~_right).correlate(schema.members)
_last_used = (
    select(func.max(_sessions.opened_at))
    .where(_sessions.beneficiary_id == _members.id, _sessions.resource_id == _resource_id)
    .correlate(schema.members)
    .scalar_subquery()
)
LISTABLE = (
    select(_members.id)
    .where(exists().where(_sites.member_id == _members.id, _sites.site_id == SITE))
    .where(exists().where(_badges.member_id == _members.id, _badges.revoked_at.is_(None)))
    .where(~_lacks)
    .order_by(_last_used.desc().nulls_last(), _members.id)
    .limit(bindparam("limit", type_=Integer()))
)
LIVE_BADGES = (
    select(_badges.badge_id, _badges.form, _badges.digest)
    .where(_badges.site_id == SITE, _badges.member_id == bindparam("member_id"), _badges.revoked_at.is_(None))
    # A badge lent for the day is dead at closing, which a node that is alone may not hear of: it needs the gateway.
    .where(_badges.lent_until.is_(None))
    .order_by(_badges.badge_id, _badges.form)
)


class NodeListsPart(Part):
    """The lists' numbers."""

    def node_list(self, device_id: str) -> NodeList | None:
        """The list that was last made for a node; its row is ours until this transaction ends."""
        row = self._tx.one(LIST_OF, device_id=device_id)
        return NODE_LIST.read(row) if row else None

    def save_node_list(self, row: NodeList) -> None:
        """Insert or update by device."""
        self._tx.run(PUT_LIST, **plain(row), site_id=self.site_id())


class NodeListsViewsPart(ViewsPart):
    """What a list is made from."""

    def nodes(self) -> tuple[Device, ...]:
        """Every node that has a resource."""
        return tuple(DEVICE.read(row) for row in self._all(NODES))

    def listable(self, resource_id: str, limit: int) -> tuple[str, ...]:
        """Members with a live badge and some right from each training asked for: who used it last first."""
        return tuple(row[0] for row in self._all(LISTABLE, resource_id=resource_id, limit=limit))

    def live_badges(self, member_id: str) -> tuple[dict[str, str], ...]:
        """Each badge of a member that is not revoked: digests by form."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for badge_id, form, digest in self._all(LIVE_BADGES, member_id=member_id):
            found[badge_id][form] = digest
        return tuple(found.values())
