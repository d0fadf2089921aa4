"""What the live board and a machine's page show: a handful of statements however many machines there are."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, Table, bindparam, select

from gateway.adapters.sql import schema
from gateway.adapters.sql.part import SITE
from gateway.adapters.sql.shapes import CLASS, DEVICE, JOB, PART, RESERVATION, RESOURCE, SESSION, TRAINING, Shape
from gateway.adapters.sql.shapes_team import SCREEN_NOTE
from gateway.adapters.sql.statements import led_by
from gateway.adapters.sql.transaction import Transaction
from gateway.domain.booking import Reservation
from gateway.domain.jobs import Job
from gateway.domain.resources import Device, Resource
from gateway.domain.sessions import Session
from gateway.domain.training import Training
from gateway.domain.upkeep import ScreenNote
from gateway.domain.ways import OpenClass, WaitingPart
from gateway.ports.views import ResourceView

SOON = timedelta(hours=24)
T = TypeVar("T")

_resources, _devices, _sessions = schema.resources.c, schema.devices.c, schema.sessions.c
_jobs, _booked, _alarms = schema.jobs.c, schema.reservations.c, schema.alarms.c


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What to ask about every resource of the site or about one; the index that serves each, where SQLite must know."""

    query: Select[Any]
    resource_id: ColumnElement[Any]
    table: Table | None = None
    led_by: str = ""
    led_by_one: str = ""


@cache
def _of(name: str, one: bool) -> Select[Any]:  # noqa: FBT001
    question = _QUESTIONS[name]
    query, index = question.query, question.led_by_one if one else question.led_by
    if question.table is not None:
        query = led_by(query, question.table, index)
    return query.where(question.resource_id == bindparam("resource_id")) if one else query


_newer = schema.jobs.alias("newer")
_last_job = (
    select(_newer.c.id)
    .where(_newer.c.resource_id == _resources.id, _newer.c.ended_at.is_not(None))
    .order_by(_newer.c.ended_at.desc())
    .limit(1)
    .correlate(schema.resources)
    .scalar_subquery()
)
_QUESTIONS = {
    "devices": _Question(
        query=select(*DEVICE.columns)
        .where(_devices.site_id == SITE, _devices.resource_id.is_not(None))
        .order_by(_devices.slug),
        resource_id=_devices.resource_id,
    ),
    "sessions": _Question(
        query=select(*SESSION.columns).where(_sessions.site_id == SITE, _sessions.closed_at.is_(None)),
        resource_id=_sessions.resource_id,
        table=schema.sessions, led_by="uq_sessions_one_open", led_by_one="uq_sessions_one_open",
    ),
    "jobs": _Question(
        query=select(*JOB.columns)
        .where(_jobs.site_id == SITE, _jobs.ended_at.is_(None), _jobs.resource_id.is_not(None))
        .order_by(_jobs.started_at),
        resource_id=_jobs.resource_id,
        table=schema.jobs, led_by="ix_jobs_running_resource", led_by_one="ix_jobs_running_resource",
    ),
    "last_jobs": _Question(
        query=select(*JOB.columns)
        .select_from(schema.resources)
        .join(schema.jobs, _jobs.id == _last_job)
        .where(_resources.site_id == SITE),
        resource_id=_resources.id,
    ),
    "reservations": _Question(
        query=select(*RESERVATION.columns)
        .where(_booked.site_id == SITE, _booked.cancelled_at.is_(None))
        .where(_booked.ends > bindparam("now"), _booked.starts < bindparam("soon"))
        .order_by(_booked.starts),
        resource_id=_booked.resource_id,
        table=schema.reservations, led_by="ix_reservations_ends", led_by_one="ix_reservations_resource_id_ends",
    ),
    "alarms": _Question(
        query=select(_alarms.resource_id, _alarms.code)
        .where(_alarms.site_id == SITE)
        .distinct()
        .order_by(_alarms.code),
        resource_id=_alarms.resource_id,
    ),
    "parts": _Question(
        query=select(*PART.columns).where(schema.waiting_parts.c.site_id == SITE),
        resource_id=schema.waiting_parts.c.resource_id,
    ),
    "notes": _Question(
        query=select(*SCREEN_NOTE.columns).where(schema.screen_notes.c.site_id == SITE),
        resource_id=schema.screen_notes.c.resource_id,
    ),
    "classes": _Question(
        query=select(*CLASS.columns).where(schema.classes.c.site_id == SITE, schema.classes.c.closed_at.is_(None)),
        resource_id=schema.classes.c.resource_id,
    ),
}  # fmt: skip
RESOURCES = select(*RESOURCE.columns).where(_resources.site_id == SITE).order_by(_resources.position, _resources.slug)
RESOURCE_OF_SLUG = select(*RESOURCE.columns).where(_resources.site_id == SITE, _resources.slug == bindparam("slug"))
TRAININGS = select(*TRAINING.columns).where(schema.trainings.c.site_id == SITE).order_by(schema.trainings.c.slug)


@dataclass(slots=True)
class _Floor:
    """Everything about the resources asked for, by resource id; of lists the first is the one to show."""

    devices: dict[str, list[Device]]
    sessions: dict[str, list[Session]]
    jobs: dict[str, list[Job]]
    last_jobs: dict[str, list[Job]]
    reservations: dict[str, list[Reservation]]
    parts: dict[str, list[WaitingPart]]
    classes: dict[str, list[OpenClass]]
    notes: dict[str, list[ScreenNote]]
    alarms: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    trainings: dict[str, Training] = field(default_factory=dict)

    def view(self, resource: Resource) -> ResourceView:
        """One resource with all that belongs to it."""
        id = resource.id  # noqa: A001
        return ResourceView(
            resource=resource,
            devices=tuple(self.devices.get(id, ())),
            session=next(iter(self.sessions.get(id, ())), None),
            job=next(iter(self.jobs.get(id, ())), None),
            last_job=next(iter(self.last_jobs.get(id, ())), None),
            reservation=next(iter(self.reservations.get(id, ())), None),
            trainings=tuple(self.trainings[slug] for slug in resource.trainings if slug in self.trainings),
            alarms=tuple(self.alarms.get(id, ())),
            part=next(iter(self.parts.get(id, ())), None),
            open_class=next(iter(self.classes.get(id, ())), None),
            note=next(iter(self.notes.get(id, ())), None),
        )


def _by_resource(rows: Iterable[Sequence[Any]], shape: Shape[T]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = defaultdict(list)
    for row in rows:
        value: Any = shape.read(row)
        found[value.resource_id].append(value)
    return found


def _read(tx: Transaction, site: str, now: datetime, resource_id: str | None) -> _Floor:
    only = {} if resource_id is None else {"resource_id": resource_id}

    def ask(question: str, **params: Any) -> list[Sequence[Any]]:
        return tx.all(_of(question, resource_id is not None), site_id=site, **only, **params)

    floor = _Floor(
        devices=_by_resource(ask("devices"), DEVICE),
        sessions=_by_resource(ask("sessions"), SESSION),
        jobs=_by_resource(ask("jobs"), JOB),
        last_jobs=_by_resource(ask("last_jobs"), JOB),
        reservations=_by_resource(ask("reservations", now=now, soon=now + SOON), RESERVATION),
        parts=_by_resource(ask("parts"), PART),
        classes=_by_resource(ask("classes"), CLASS),
        notes=_by_resource(ask("notes"), SCREEN_NOTE),
    )
    for owner, code in ask("alarms"):
        floor.alarms[owner].append(code)
    floor.trainings = {row.slug: row for row in (TRAINING.read(row) for row in tx.all(TRAININGS, site_id=site))}
    return floor


def floor(tx: Transaction, site: str, now: datetime) -> tuple[ResourceView, ...]:
    """Every resource, by position."""
    everything = _read(tx, site, now, None)
    return tuple(everything.view(RESOURCE.read(row)) for row in tx.all(RESOURCES, site_id=site))


def one(tx: Transaction, site: str, slug: str, now: datetime) -> ResourceView | None:
    """One resource."""
    row = tx.one(RESOURCE_OF_SLUG, site_id=site, slug=slug)
    if row is None:
        return None
    resource = RESOURCE.read(row)
    return _read(tx, site, now, resource.id).view(resource)
