"""Opening hours and closures in columns."""

from typing import Any

from sqlalchemy import bindparam, or_, select

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE
from gateway.adapters.sql.shapes import Shape, opening_in, plain
from gateway.adapters.sql.statements import packed_all
from gateway.domain.opening import Closure, Schedule
from gateway.domain.timespan import Span

_closures, _sites = schema.closures.c, schema.sites.c


def _closure(*, starts: Any, ends: Any, **rest: Any) -> Closure:
    return Closure(span=Span(starts, ends), **rest)


CLOSURE: Shape[Closure] = Shape(
    _closure, {name: _closures[name] for name in ("id", "starts", "ends", "reason", "resource_id")}
)
CLOSURES = (
    select(*CLOSURE.columns)
    .where(_closures.site_id == SITE, _closures.ends > bindparam("starts"), _closures.starts < bindparam("ends"))
    .order_by(_closures.starts, _closures.id)
)
SITE_OPENING = select(_sites.opening).where(_sites.id == SITE)

_of_site = select(_sites.opening).where(_sites.id == schema.resources.c.site_id).correlate(schema.resources)
_touching = (
    select(packed_all(CLOSURE.packed))
    .where(_closures.site_id == schema.resources.c.site_id, _closures.ends > bindparam("now"))
    .where(or_(_closures.resource_id.is_(None), _closures.resource_id == schema.resources.c.id))
    .correlate(schema.resources)
)
SCHEDULE = (schema.resources.c.opening, _of_site.scalar_subquery(), _touching.scalar_subquery())
"""Columns to select beside a resource's own: its schedule from ``now`` on, for `schedule_in`."""


def schedule_in(own: Any, site: Any, closures: Any) -> Schedule:
    """The schedule that the values of `SCHEDULE` make."""
    return Schedule(opening=opening_in(own if own is not None else site), closures=CLOSURE.unpack_all(closures))


def closure_row(closure: Closure) -> dict[str, Any]:
    """A closure as parameters."""
    row = plain(closure)
    span: Span = row.pop("span")
    return row | {"starts": span.starts, "ends": span.ends}
