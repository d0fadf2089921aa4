"""How workshops and their lists lie in columns."""

from typing import Any

from sqlalchemy import select

from gateway.adapters.sql import schema
from gateway.adapters.sql.shapes import Shape, plain
from gateway.adapters.sql.statements import packed_all, unpacked
from gateway.domain.timespan import Span
from gateway.domain.workshop_seats import due_at
from gateway.domain.workshops import AgeBand, Headcount, Place, PlaceState, Roll, Workshop, WorkshopKind, WorkshopState
from gateway.ports.views_workshops import WorkshopView

_workshops, _places = schema.workshops.c, schema.workshop_places.c
_training = (
    select(schema.trainings.c.slug)
    .where(schema.trainings.c.id == _workshops.training_id)
    .correlate(schema.workshops)
    .scalar_subquery()
)
_resources = (
    select(packed_all(schema.resources.c.slug))
    .where(
        schema.workshop_resources.c.workshop_id == _workshops.id,
        schema.resources.c.id == schema.workshop_resources.c.resource_id,
    )
    .correlate(schema.workshops)
    .scalar_subquery()
)
_COLUMNS = {
    **{
        name: _workshops[name]
        for name in (
            "id", "kind", "titles", "trainer_id", "starts", "ends", "seats", "created_at", "minimum", "decide_by",
            "offer_hours", "state", "reason", "series_id", "version", "changed_at",
        )
    },
    "training": _training,
}  # fmt: skip


def _workshop(*, starts: Any, ends: Any, **rest: Any) -> Workshop:
    return Workshop(span=Span(starts, ends), **rest)


def _view(*, taken: int, waiting: int, resources: tuple[str, ...], **rest: Any) -> WorkshopView:
    return WorkshopView(workshop=_workshop(**rest), taken=taken, waiting=waiting, resources=resources)


def _slugs(value: Any) -> tuple[str, ...]:
    return tuple(sorted(unpacked(value)))


def _headcount(value: Any) -> Headcount:
    found = unpacked(value)
    bands = tuple((band, found["bands"][band]) for band in AgeBand if band in found["bands"])
    return Headcount(commune=found["commune"], bands=bands)


_CONVERT: dict[str, Any] = {"kind": WorkshopKind, "titles": unpacked, "state": WorkshopState}
WORKSHOP: Shape[Workshop] = Shape(_workshop, _COLUMNS, _CONVERT)
WORKSHOP_VIEW: Shape[WorkshopView] = Shape(
    _view,
    {**_COLUMNS, "taken": _workshops.taken, "waiting": _workshops.waiting, "resources": _resources},
    {**_CONVERT, "resources": _slugs},
)
PLACE: Shape[Place] = Shape(
    Place,
    {
        name: _places[name]
        for name in (
            "id", "workshop_id", "joined_at", "state", "member_id", "name", "contact", "headcount", "mediator_id",
            "offered_until", "present", "present_at", "passed", "qualification_id",
        )
    },
    {"state": PlaceState, "headcount": _headcount, "present": bool, "passed": bool},
)  # fmt: skip


def workshop_row(roll: Roll, training_id: str | None) -> dict[str, Any]:
    """A workshop as parameters, with the sums over its list."""
    row = plain(roll.workshop)
    span: Span = row.pop("span")
    del row["training"]
    sums = {"taken": roll.taken, "waiting": sum(place.size for place in roll.waiting), "due_at": due_at(roll)}
    return row | sums | {"starts": span.starts, "ends": span.ends, "training_id": training_id}


def place_row(place: Place) -> dict[str, Any]:
    """A line of a list as parameters."""
    counted = place.headcount
    told = {"commune": counted.commune, "bands": dict(counted.bands)} if counted else None
    return plain(place) | {"headcount": told}
