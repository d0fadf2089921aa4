"""Opening hours and closures: when the place and its resources are open."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request
from pydantic import Field, WithJsonSchema

from dashboard.api.common import (
    Anyone,
    IdInPath,
    Moment,
    Shape,
    Slug,
    Staff,
    Text,
    Wish,
    existing,
    problems,
    slug_of,
    slugs_of,
)
from dashboard.dependencies import Asked, Services, lab_of, words_of
from dashboard.problems import Problem, refused
from gateway.domain.opening import ClosedBy, Closure, Open, Schedule
from gateway.domain.opening_plain import WEEKDAYS, plain_opening
from gateway.domain.people import Names
from gateway.domain.public_holidays import Holidays
from gateway.domain.refusals import Refused
from gateway.domain.timespan import Span
from gateway.ports.views_calendar import Schedules
from gateway.service import opening as service
from gateway.wording import Words

router = APIRouter(tags=["opening"])

IN_SIGHT = timedelta(days=400)
LONGEST_WINDOW = timedelta(days=400)

_day = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}], "examples": [["9:00-12:30", "14:00-18:00"]],
}  # fmt: skip
Hours = Annotated[
    dict[str, Any],
    WithJsonSchema({
        "type": "object",
        "properties": dict.fromkeys(WEEKDAYS, _day)
        | {"holidays": {"enum": [str(each) for each in Holidays]}, "zone": {"type": "string"}},
        "description": "Hours by day, in local time; `20:00-2:00` goes past midnight, a day without hours is closed.",
    }),
]  # fmt: skip
OfResource = Annotated[Slug | None, Query(description="Of this resource; without it, of the site.")]


class OpeningState(Shape):
    """Open or closed now, in words too."""

    open: bool
    until: datetime | None = Field(description="When it closes; null while closed, or when no closing is in sight.")
    opens_at: datetime | None = Field(description="When it opens; null while open, or when no opening is in sight.")
    closed_by: ClosedBy | None
    reason: str | None = Field(description="A closure's, as staff wrote it.")
    holiday: Names | None
    sentence: str


class OpeningShape(Shape):
    """Weekly hours and the state now."""

    resource: str | None = Field(description="Null for the site.")
    hours: Hours | None = Field(description="Null: always open, but for closures.")
    own: bool = Field(description="Whether the hours are its own; else they are the site's.")
    state: OpeningState


class Openings(Shape):
    """The site, and every resource."""

    site: OpeningShape
    resources: list[OpeningShape]


class SpanShape(Shape):
    """``[starts, ends)``."""

    starts: datetime
    ends: datetime


class OpenSpans(Shape):
    """When it is open, in a window."""

    items: list[SpanShape]


class ClosureShape(SpanShape):
    """A span in which the site (``resource`` null) or one resource is closed."""

    id: str
    resource: str | None
    reason: str


class Closures(Shape):
    """Closures, soonest first."""

    items: list[ClosureShape]


class NewClosure(Wish):
    """From when to when, why, and of which resource; without one, of the whole site."""

    resource: Slug | None = None
    starts: Moment
    ends: Moment
    reason: Text


def opening_state(schedule: Schedule, words: Words, now: datetime) -> OpeningState:
    """Open or closed, as the API tells it."""
    state = schedule.state_at(now)
    if isinstance(state, Open):
        return OpeningState(
            open=True, until=state.until, opens_at=None, closed_by=None, reason=None, holiday=None,
            sentence=words("opening.open", until=state.until),
        )  # fmt: skip
    told = {"opens_at": state.opens_at, "reason": state.reason, "names": state.names}
    return OpeningState(
        open=False, until=None, opens_at=state.opens_at, closed_by=state.by, reason=state.reason, holiday=state.names,
        sentence=words(f"opening.{state.by}", **told),
    )  # fmt: skip


def _schedules(services: Services) -> Schedules:
    now = services.clock.now()
    return services.store.views().schedules(Span(now, now + IN_SIGHT))


def _shape(found: Schedules, slug: str | None, id: str | None, words: Words, now: datetime) -> OpeningShape:
    schedule = found.of(id) if id is not None else found.site
    return OpeningShape(
        resource=slug, own=id is None or id in found.own, state=opening_state(schedule, words, now),
        hours=plain_opening(schedule.opening) if schedule.opening else None,
    )  # fmt: skip


def _one(request: Request, services: Services, slug: str | None) -> OpeningShape:
    id = existing(request, slug).resource.id if slug is not None else None  # noqa: A001
    return _shape(_schedules(services), slug, id, words_of(request), services.clock.now())


@router.get("/opening", operation_id="listOpenings", responses=problems())
def every(request: Request, services: Asked, caller: Anyone) -> Openings:
    """Opening hours and the state now, of the site and of every resource."""
    found, words, now = _schedules(services), words_of(request), services.clock.now()
    return Openings(
        site=_shape(found, None, None, words, now),
        resources=[_shape(found, slug, resource_id, words, now) for resource_id, slug in slugs_of(request).items()],
    )


@router.get("/opening/spans", operation_id="listOpenSpans", responses=problems(404))
def spans(
    request: Request, services: Asked, caller: Anyone, starts: Annotated[Moment, Query()],
    ends: Annotated[Moment, Query(description="At most 400 days later.")], resource: OfResource = None,
) -> OpenSpans:  # fmt: skip
    """When the site or a resource is open, closures and public holidays taken into account."""
    if not starts < ends <= starts + LONGEST_WINDOW:
        raise Problem(
            "invalid", errors=[{"where": ["query", "ends"], "what": "up to 400 days later", "kind": "window"}]
        )
    window = Span(starts, ends)
    found = services.store.views().schedules(window)
    schedule = found.of(existing(request, resource).resource.id) if resource is not None else found.site
    return OpenSpans(items=[SpanShape(starts=span.starts, ends=span.ends) for span in schedule.spans(window)])


@router.put("/opening", operation_id="setOpening", responses=problems(400, 403, 404, 409))
def put(
    request: Request, services: Asked, staff: Staff, hours: Annotated[Hours, Body()], resource: OfResource = None
) -> OpeningShape:
    """Set weekly hours; refused with everything that is wrong with them."""
    zone = lab_of(request).timezone
    done = services.transact(
        lambda work, now: service.set_opening(work, resource=resource, plain=hours, zone=zone, now=now)
    )
    if done is None:
        raise Problem("not_found")
    if isinstance(done, Refused):
        raise refused(done.refusals, words_of(request))
    return _one(request, services, resource)


@router.delete("/opening", operation_id="clearOpening", responses=problems(403, 404))
def clear(request: Request, services: Asked, staff: Staff, resource: OfResource = None) -> OpeningShape:
    """Take the hours away: the site is always open, a resource has the site's hours."""
    if not services.transact(lambda work, now: service.clear_opening(work, resource=resource, now=now)):
        raise Problem("not_found")
    return _one(request, services, resource)


def _closure_shape(request: Request, closure: Closure) -> ClosureShape:
    return ClosureShape(
        id=closure.id, resource=slug_of(request, closure.resource_id), reason=closure.reason,
        starts=closure.span.starts, ends=closure.span.ends,
    )  # fmt: skip


@router.get("/closures", operation_id="listClosures", responses=problems(404))
def closures(
    request: Request, services: Asked, caller: Anyone,
    starts: Annotated[Moment | None, Query(description="Those that end after it; without it, after now.")] = None,
    ends: Annotated[Moment | None, Query(description="Those that start before it.")] = None,
    resource: Annotated[Slug | None, Query(description="Those that close this resource.")] = None,
) -> Closures:  # fmt: skip
    """Closures of the site and of resources, soonest first."""
    starts = starts or services.clock.now()
    ends = ends or starts + IN_SIGHT
    if ends <= starts:
        return Closures(items=[])
    found = services.store.views().schedules(Span(starts, ends))
    told = found.of(existing(request, resource).resource.id).closures if resource is not None else found.closures
    return Closures(items=[_closure_shape(request, closure) for closure in told])


@router.post("/closures", operation_id="close", status_code=201, responses=problems(400, 403, 404, 409))
def close(request: Request, services: Asked, staff: Staff, wish: NewClosure) -> ClosureShape:
    """Close the site or a resource for some time; bookings that stand in it are not touched."""
    new = services.ids.new()
    made = services.transact(
        lambda work, now: service.close(
            work, id=new, resource=wish.resource, starts=wish.starts, ends=wish.ends, reason=wish.reason, now=now
        )
    )
    if made is None:
        raise Problem("not_found")
    if isinstance(made, Refused):
        raise refused(made.refusals, words_of(request))
    return _closure_shape(request, made)


@router.delete("/closures/{id}", operation_id="reopen", responses=problems(403, 404))
def reopen(request: Request, services: Asked, staff: Staff, id: IdInPath) -> ClosureShape:
    """Take a closure back."""
    closure = services.transact(lambda work, now: service.reopen(work, id=id, now=now))
    if closure is None:
        raise Problem("not_found")
    return _closure_shape(request, closure)
