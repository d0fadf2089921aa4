"""Groups of equal machines, and what site, group and resource say of use and booking."""

from sqlalchemy import ColumnElement, bindparam, select, update

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE, Part
from gateway.adapters.sql.shapes import GROUP, RESOURCE, plain
from gateway.adapters.sql.statements import packed, unpacked, upsert
from gateway.adapters.sql.transaction import Refused
from gateway.domain.layers import Policies, SaidPolicies
from gateway.domain.resources import ResourceGroup

_sites, _groups, _resources = schema.sites, schema.resource_groups, schema.resources

PUT_GROUP = upsert(_groups, ("site_id", "slug"), keep=("id",))
GROUP_OF_SLUG = select(*GROUP.columns).where(_groups.c.site_id == SITE, _groups.c.slug == bindparam("slug"))
GROUPS = select(*GROUP.columns).where(_groups.c.site_id == SITE).order_by(_groups.c.slug)
SITE_SAYS = select(_sites.c.use_policy, _sites.c.booking_policy).where(_sites.c.id == SITE)
SAY_FOR_SITE = (
    update(_sites)
    .where(_sites.c.id == SITE)
    .values(
        use_policy=bindparam("use", type_=_sites.c.use_policy.type),
        booking_policy=bindparam("booking", type_=_sites.c.use_policy.type),
    )
)


def _layers(name: str) -> tuple[ColumnElement[object], ...]:
    return _sites.c[name], _groups.c[name], _resources.c[name]


LAYERS = packed(*_layers("use_policy"), *_layers("booking_policy"))
"""What each layer says, the widest first, of use and then of booking; over `with_layers`."""
with_layers = _resources.join(_sites, _sites.c.id == _resources.c.site_id).outerjoin(
    _groups, _groups.c.id == _resources.c.group_id
)
LAYERS_OF = select(LAYERS).select_from(with_layers).where(_resources.c.id == bindparam("resource_id"))
LAYERS_OF_SLUG = (
    select(LAYERS, _groups.c.slug, *RESOURCE.columns)
    .select_from(with_layers)
    .where(_resources.c.site_id == SITE, _resources.c.slug == bindparam("slug"))
)


def policies(layers: object) -> Policies:
    """What is in force, from packed `LAYERS`."""
    said = [unpacked(layer) for layer in unpacked(layers)]
    return Policies.of(
        *(SaidPolicies(use=use, booking=booking) for use, booking in zip(said[:3], said[3:], strict=True))
    )


class PoliciesPart(Part):
    """Who says what, and what holds."""

    def put_group(self, group: ResourceGroup) -> ResourceGroup:
        """Insert or update by slug; the row as it stands, with its lasting id."""
        self._tx.run(PUT_GROUP, **plain(group), site_id=self.site_id())
        found = self.group(group.slug)
        assert found is not None
        return found

    def group(self, slug: str) -> ResourceGroup | None:
        """A group of equal machines by slug."""
        row = self._tx.one(GROUP_OF_SLUG, site_id=self.site_id(), slug=slug)
        return GROUP.read(row) if row else None

    def site_policies(self) -> SaidPolicies:
        """What the site says for all its resources."""
        row = self._tx.one(SITE_SAYS, site_id=self.site_id())
        assert row is not None
        return SaidPolicies(use=row[0], booking=row[1])

    def put_site_policies(self, said: SaidPolicies) -> None:
        """Say something else for all of them."""
        self._tx.run(SAY_FOR_SITE, site_id=self.site_id(), use=said.use, booking=said.booking)

    def policies(self, resource_id: str) -> Policies:
        """What is in force for a resource."""
        row = self._tx.one(LAYERS_OF, resource_id=resource_id)
        if row is None:
            raise Refused(f"there is no resource {resource_id}")
        return policies(row[0])
