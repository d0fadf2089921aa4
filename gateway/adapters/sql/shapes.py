"""How each value of the domain lies in columns: the one place that knows, both ways."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import date
from enum import Enum
from functools import cache, lru_cache
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Table, false, func, select

from devices.messages import HashedBadge, Outcome
from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE
from gateway.adapters.sql.statements import packed, packed_all, unpacked
from gateway.adapters.sql.types import Moment, dump_json, from_micros
from gateway.domain.booking import Purpose, Reservation, Status
from gateway.domain.events import Event, EventKind, StoredEvent
from gateway.domain.jobs import Job
from gateway.domain.opening import Opening
from gateway.domain.opening_plain import plain_opening, stored_opening
from gateway.domain.people import Member
from gateway.domain.qualifications import Act, Line, Qualification
from gateway.domain.resources import Device, DeviceRole, Presence, Resource, ResourceGroup, ResourceKind
from gateway.domain.sessions import Beneficiary, EndReason, Session, State, Way
from gateway.domain.timespan import Span
from gateway.domain.training import Training, YearlyDate
from gateway.domain.ways import OpenClass, WaitingPart

T = TypeVar("T")
Convert = Callable[[Any], Any]


class Shape(Generic[T]):
    """A value of the domain as columns: ``columns`` to select, ``read`` from a row, ``unpack`` from packed JSON."""

    def __init__(
        self,
        make: Callable[..., T],
        columns: Mapping[str, ColumnElement[Any]],
        convert: Mapping[str, Convert] | None = None,
    ) -> None:
        convert = convert or {}
        self.columns = tuple(columns.values())
        self.packed = packed(*self.columns)
        self._make = make
        self._names = tuple(columns)
        self._convert = tuple((i, convert[name]) for i, name in enumerate(columns) if name in convert)
        self._times = tuple(i for i, column in enumerate(self.columns) if isinstance(column.type, Moment))

    def read(self, row: Sequence[Any]) -> T:
        """From the first columns of a row."""
        values = list(row[: len(self._names)])
        for i, convert in self._convert:
            if values[i] is not None:
                values[i] = convert(values[i])
        return self._make(**dict(zip(self._names, values, strict=True)))

    def unpack(self, packed_row: Any) -> T | None:
        """From packed JSON; None when there is no such row (or only nulls, from an outer join)."""
        values = unpacked(packed_row)
        if values is None or values[0] is None:
            return None
        for i in self._times:
            if values[i] is not None:
                values[i] = from_micros(values[i])
        return self.read(values)

    def unpack_all(self, packed_rows: Any) -> tuple[T, ...]:
        """From a JSON array of packed rows."""
        found = (self.unpack(row) for row in unpacked(packed_rows) or ())
        return tuple(value for value in found if value is not None)


def plain(value: Any) -> dict[str, Any]:
    """A frozen value as parameters: its fields by name, enums as their texts."""
    kind: Any = type(value)
    found = {name: getattr(value, name) for name in _field_names(kind)}
    return {name: item.value if isinstance(item, Enum) else item for name, item in found.items()}


@cache
def _field_names(cls: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls))


def _fields(cls: Any, table: Table) -> dict[str, ColumnElement[Any]]:
    return {field.name: table.c[field.name] for field in fields(cls) if field.name in table.c}


@lru_cache(maxsize=1024)
def _opening(text: str) -> Opening:
    return stored_opening(json.loads(text))


def opening_in(value: Any) -> Opening | None:
    """Opening hours out of a column; read once for each wording of them, for they hardly ever change."""
    return _opening(dump_json(unpacked(value))) if value is not None else None


def opening_row(opening: Opening | None) -> dict[str, Any] | None:
    """Opening hours for a column."""
    return plain_opening(opening) if opening else None


def _truth(value: object) -> bool:
    return bool(value)


_needs = (
    select(packed_all(packed(schema.trainings.c.slug, schema.resource_trainings.c.level)))
    .where(
        schema.resource_trainings.c.resource_id == schema.resources.c.id,
        schema.trainings.c.id == schema.resource_trainings.c.training_id,
    )
    .correlate(schema.resources)
    .scalar_subquery()
)


def _resource(*, trainings: list[tuple[str, int]], **rest: Any) -> Resource:
    levels = {slug: level for slug, level in trainings if level > 1}
    return Resource(trainings=tuple(sorted(slug for slug, _ in trainings)), levels=levels, **rest)


RESOURCE: Shape[Resource] = Shape(
    _resource,
    {**_fields(Resource, schema.resources), "trainings": _needs},
    {
        "kind": ResourceKind, "names": unpacked, "trainings": unpacked, "reservation_required": _truth,
        "out_of_service": _truth, "opening": opening_in, "use_policy": unpacked, "booking_policy": unpacked,
    },
)  # fmt: skip
GROUP: Shape[ResourceGroup] = Shape(
    ResourceGroup,
    _fields(ResourceGroup, schema.resource_groups),
    {"names": unpacked, "use_policy": unpacked, "booking_policy": unpacked},
)
DEVICE: Shape[Device] = Shape(
    Device, _fields(Device, schema.devices), {"role": DeviceRole, "presence": Presence, "power_on": _truth}
)
SESSION: Shape[Session] = Shape(
    Session,
    _fields(Session, schema.sessions),
    {"state": State, "end_reason": EndReason, "way": Way, "beneficiary_kind": Beneficiary},
)
CLASS: Shape[OpenClass] = Shape(OpenClass, _fields(OpenClass, schema.classes))
PART: Shape[WaitingPart] = Shape(WaitingPart, _fields(WaitingPart, schema.waiting_parts))
JOB: Shape[Job] = Shape(Job, _fields(Job, schema.jobs), {"outcome": Outcome, "paused": _truth})
_responsible = (
    select(schema.member_sites.c.responsible)
    .where(schema.member_sites.c.member_id == schema.members.c.id, schema.member_sites.c.site_id == SITE)
    .correlate(schema.members)
    .scalar_subquery()
)


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


MEMBER: Shape[Member] = Shape(
    Member,
    {**_fields(Member, schema.members), "responsible": func.coalesce(_responsible, false())},
    {"active": _truth, "birth_date": _day, "responsible": _truth, "show_first_name": _truth},
)
_below = schema.trainings.alias("below")
_stands_on = (
    select(packed_all(_below.c.slug))
    .where(
        schema.training_prerequisites.c.training_id == schema.trainings.c.id,
        schema.training_prerequisites.c.direct,
        _below.c.id == schema.training_prerequisites.c.needs_id,
    )
    .correlate(schema.trainings)
    .scalar_subquery()
)


def _slugs(value: Any) -> tuple[str, ...]:
    return tuple(sorted(unpacked(value)))


def _days(value: Any) -> tuple[int, ...]:
    return tuple(unpacked(value))


TRAINING: Shape[Training] = Shape(
    Training,
    {**_fields(Training, schema.trainings), "prerequisites": _stands_on},
    {"names": unpacked, "yearly_until": YearlyDate.read, "remind_days": _days, "prerequisites": _slugs},
)
QUALIFICATION: Shape[Qualification] = Shape(
    Qualification, _fields(Qualification, schema.qualifications), {"refresher": _truth, "awaiting": _truth}
)

LINE: Shape[Line] = Shape(Line, _fields(Line, schema.qualification_acts), {"act": Act})


def training_row(training: Training) -> dict[str, Any]:
    """A training as parameters, without what it stands on."""
    row = plain(training)
    del row["prerequisites"]
    until = training.yearly_until
    return row | {"yearly_until": str(until) if until else None, "remind_days": list(training.remind_days)}


def _reservation(*, starts: Any, ends: Any, busy_until: Any, **rest: Any) -> Reservation:
    return Reservation(span=Span(starts, ends), buffer=busy_until - ends, **rest)


RESERVATION: Shape[Reservation] = Shape(
    _reservation,
    {
        name: schema.reservations.c[name]
        for name in (
            "id", "resource_id", "member_id", "starts", "ends", "created_at", "cancelled_at", "purpose", "status",
            "busy_until", "version", "series_id", "note", "checked_in_at", "changed_at",
        )
    },
    {"purpose": Purpose, "status": Status},
)  # fmt: skip


def reservation_row(reservation: Reservation) -> dict[str, Any]:
    """A reservation as parameters."""
    row = plain(reservation)
    span: Span = row.pop("span")
    del row["buffer"]
    return row | {"starts": span.starts, "ends": span.ends, "busy_until": reservation.busy_until}


def _stored(
    *, id: int, site: str, resource: str | None, device: str | None, resource_kind: str | None, **event: Any
) -> StoredEvent:
    return StoredEvent(
        id=id, event=Event(**event), site=site, resource=resource, device=device, resource_kind=resource_kind
    )


STORED_EVENT: Shape[StoredEvent] = Shape(
    _stored,
    {
        "id": schema.events.c.id,
        **_fields(Event, schema.events),
        "site": schema.sites.c.slug.label("site"),
        "resource": schema.resources.c.slug.label("resource"),
        "device": schema.devices.c.slug.label("device"),
        "resource_kind": schema.resources.c.kind.label("resource_kind"),
    },
    {"kind": EventKind},
)
STORED_EVENTS = (
    select(*STORED_EVENT.columns)
    .select_from(schema.events)
    .join(schema.sites, schema.sites.c.id == schema.events.c.site_id)
    .outerjoin(schema.resources, schema.resources.c.id == schema.events.c.resource_id)
    .outerjoin(schema.devices, schema.devices.c.id == schema.events.c.device_id)
)
"""Events with the slugs that sinks and pages need; add what to read and in which order."""


def badge_in(data: Mapping[str, Any]) -> tuple[HashedBadge, ...]:
    """The hashed badge that a refused tap's event carries; empty when it holds none."""
    found = data.get("badge")
    if not isinstance(found, list):
        return ()
    entries = [e for e in found if isinstance(e, dict) and {"form", "key_id", "digest"} <= e.keys()]
    return tuple(HashedBadge(form=str(e["form"]), key_id=str(e["key_id"]), digest=str(e["digest"])) for e in entries)
