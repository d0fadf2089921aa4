"""Workshops: dated group sessions. Anybody reads when they are and how many seats are left; nobody is named here."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, StringConstraints

from dashboard.api.common import (
    Anyone,
    Caller,
    Cursor,
    Id,
    IdInPath,
    Limit,
    Moment,
    PageOf,
    Shape,
    Slug,
    Staff,
    Text,
    Wish,
    problems,
    rows,
)
from dashboard.api.trainings import NewNames
from dashboard.dependencies import Asked, lab_of, services_of, words_of
from dashboard.problems import Problem, refused
from gateway.domain.refusals import Refused
from gateway.domain.workshops import WorkshopKind, WorkshopState
from gateway.ports.store import Work
from gateway.ports.views_workshops import WorkshopView
from gateway.service import workshops as service
from gateway.service import workshops_list

router = APIRouter(prefix="/workshops", tags=["workshops"])
Value = TypeVar("Value")

Seats = Annotated[int, Field(ge=1, le=1000)]
Minimum = Annotated[int, Field(ge=0, le=1000, description="0: it takes place whoever comes.")]
OfferHours = Annotated[
    int | None, Field(ge=1, le=720, description="How long a freed seat is offered to each in line; null: no asking.")
]
Taken = Annotated[list[Slug], Field(max_length=50, description="Resources that it takes: its room and machines.")]
RuleText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class WorkshopShape(Shape):
    """A workshop. Who leads it and why it is cancelled are for staff and auditors."""

    id: str
    kind: WorkshopKind
    titles: dict[str, str]
    training: str | None = Field(description="Slug of the training that it leads to.")
    trainer_id: str | None
    starts: datetime
    ends: datetime
    seats: int
    seats_left: int
    waiting: int
    minimum: int
    decide_by: datetime | None = Field(description="When it is cancelled if fewer than the minimum are enrolled.")
    offer_hours: int | None
    state: WorkshopState
    reason: str | None
    series_id: str | None
    resources: list[str]


class Planned(Shape):
    """What was planned, soonest first: one, or each of a series."""

    items: list[WorkshopShape]


class NewWorkshop(Wish):
    """What to plan. ``rule`` repeats it, at the same hour on the wall of the lab."""

    kind: WorkshopKind
    titles: NewNames
    trainer_id: Id
    starts: Moment
    ends: Moment
    seats: Seats
    training: Slug | None = None
    minimum: Minimum = 0
    decide_by: Moment | None = Field(default=None, description="A day before the start unless given.")
    offer_hours: OfferHours = None
    resources: Taken = Field(default=[])
    rule: RuleText | None = Field(default=None, description="RFC 5545, with an end: `FREQ=WEEKLY;COUNT=10`.")
    skip_clashes: bool = Field(default=False, description="Leave out dates at which a resource is taken.")

    def plan(self) -> service.Plan:
        """The wish in the words of the service."""
        given = {name: getattr(self, name) for name in NewWorkshop.model_fields if name not in ("titles", "resources")}
        titles = self.titles.model_dump(exclude_none=True)
        return service.Plan(**given, titles=titles, resources=tuple(self.resources))


class WorkshopChanges(Wish):
    """The fields to change; what is left out stays."""

    kind: WorkshopKind | None = None
    titles: NewNames | None = None
    trainer_id: Id | None = None
    starts: Moment | None = None
    ends: Moment | None = None
    seats: Seats | None = None
    training: Slug | None = None
    minimum: Minimum | None = None
    decide_by: Moment | None = None
    offer_hours: OfferHours = None
    resources: Taken | None = None

    def told(self) -> service.Changes:
        """What to change: only the training, the deadline and the offers may become null."""
        told = self.model_dump(exclude_unset=True)
        if self.titles is not None:
            told["titles"] = self.titles.model_dump(exclude_none=True)
        starts, ends, slugs = (told.pop(name, None) for name in ("starts", "ends", "resources"))
        emptied = ("training", "decide_by", "offer_hours")
        fields = {name: value for name, value in told.items() if value is not None or name in emptied}
        return service.Changes(
            fields=fields, starts=starts, ends=ends, resources=tuple(slugs) if slugs is not None else None
        )


class Cancelling(Wish):
    """Why; people read it."""

    reason: Text | None = None
    following: bool = Field(default=False, description="Also the later ones of its series.")


class Opening(Wish):
    """At which reader, for how long."""

    reader: Slug
    minutes: Annotated[int, Field(ge=1, le=240)] = 60


class OpenListShape(Shape):
    """Until when badges at this reader tick presence."""

    reader: str
    until: datetime


class Closed(Shape):
    """Whether there was an open list."""

    closed: bool


def workshop_shape(view: WorkshopView, caller: Caller) -> WorkshopShape:
    """A workshop as this caller may read it."""
    one, told = view.workshop, caller.sees_members
    return WorkshopShape(
        id=one.id, kind=one.kind, titles=one.titles, training=one.training, trainer_id=one.trainer_id if told else None,
        starts=one.span.starts, ends=one.span.ends, seats=one.seats, seats_left=view.seats_left, waiting=view.waiting,
        minimum=one.minimum, decide_by=one.decide_by, offer_hours=one.offer_hours, state=one.state,
        reason=one.reason if told else None, series_id=one.series_id, resources=list(view.resources),
    )  # fmt: skip


def done(request: Request, use_case: Callable[[Work, datetime], Value | Refused | None]) -> Value:
    """What the use case has made; every reason why not, or nothing there, as a problem."""
    made = services_of(request).transact(use_case)
    if made is None:
        raise Problem("not_found")
    if isinstance(made, Refused):
        raise refused(made.refusals, words_of(request))
    return made


def _told(services: Asked, caller: Caller, ids: list[str]) -> list[WorkshopShape]:
    found = (services.store.views().workshop(key) for key in ids)
    return [workshop_shape(view, caller) for view in found if view is not None]


@router.get("", operation_id="listWorkshops", responses=problems())
def every(
    request: Request, response: Response, services: Asked, caller: Anyone, limit: Limit = 50, cursor: Cursor = None,
    starts: Annotated[Moment | None, Query(description="Those that end after it.")] = None,
    ends: Annotated[Moment | None, Query(description="Those that start before it.")] = None,
    training: Annotated[Slug | None, Query(description="Only those that lead to it.")] = None,
    coming: Annotated[bool, Query(description="Only those that are still to end and not cancelled.")] = False,
) -> PageOf[WorkshopShape]:  # fmt: skip
    """Workshops, soonest first; nobody is named."""
    views, since = services.store.views(), starts
    if coming:
        now = services.clock.now()
        since = max(starts, now) if starts else now
    return rows(
        request, response,
        lambda: views.workshops(
            limit=limit, cursor=cursor, starts=since, ends=ends, training=training, upcoming=coming
        ),
        lambda view: workshop_shape(view, caller),
    )  # fmt: skip


@router.post("", operation_id="planWorkshops", status_code=201, responses=problems(400, 403, 409))
def plan(request: Request, services: Asked, staff: Staff, wish: NewWorkshop) -> Planned:
    """Plan a workshop or a series with all that it takes; refused with every clash by name."""
    zone = lab_of(request).timezone
    made = done(request, lambda work, now: service.plan(work, wish.plan(), zone=zone, ids=services.ids, now=now))
    return Planned(items=_told(services, staff, [one.id for one in made]))


@router.get("/{id}", operation_id="getWorkshop", responses=problems(404))
def one(services: Asked, caller: Anyone, id: IdInPath) -> WorkshopShape:
    """One workshop."""
    view = services.store.views().workshop(id)
    if view is None:
        raise Problem("not_found")
    return workshop_shape(view, caller)


@router.patch("/{id}", operation_id="changeWorkshop", responses=problems(400, 403, 404, 409))
def change(request: Request, services: Asked, staff: Staff, id: IdInPath, changes: WorkshopChanges) -> WorkshopShape:
    """Change a workshop; what it takes moves along, and everybody on its list hears of another time or place."""
    told = changes.told()
    done(request, lambda work, now: service.change(work, id=id, changes=told, ids=services.ids, now=now))
    return _told(services, staff, [id])[0]


@router.post("/{id}/cancel", operation_id="cancelWorkshop", responses=problems(400, 403, 404, 409))
def cancel(request: Request, services: Asked, staff: Staff, id: IdInPath, wish: Cancelling) -> Planned:
    """Cancel it, or it and the later ones of its series; what it took is free, and everybody on its list hears."""
    gone = done(
        request,
        lambda work, now: service.cancel(work, id=id, reason=wish.reason, following=wish.following, now=now),
    )
    return Planned(items=_told(services, staff, [roll.workshop.id for roll in gone]))


@router.post("/{id}/list/open", operation_id="openWorkshopList", responses=problems(400, 403, 404, 409))
def open_list(request: Request, staff: Staff, id: IdInPath, wish: Opening) -> OpenListShape:
    """Let badges at a reader tick presence; each new badge goes to the next person enrolled who has none."""
    opened = done(
        request,
        lambda work, now: workshops_list.open_list(
            work, workshop_id=id, reader=wish.reader, lasts=timedelta(minutes=wish.minutes), now=now
        ),
    )
    return OpenListShape.model_validate(opened)


@router.post("/{id}/list/close", operation_id="closeWorkshopList", responses=problems(403, 404))
def close_list(request: Request, staff: Staff, id: IdInPath) -> Closed:
    """Badges mean again what they meant before; doing it twice changes nothing more."""
    was_open: bool = done(request, lambda work, now: workshops_list.close_list(work, workshop_id=id, now=now))
    return Closed(closed=was_open)
