"""When somebody can have one of these machines for so long."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field

from dashboard.api.common import Anyone, Id, Moment, Shape, Slug, problems
from dashboard.dependencies import Asked, words_of
from dashboard.problems import Problem, told
from gateway.domain.free_spans import barriers, free_spans
from gateway.domain.timespan import Span

router = APIRouter(prefix="/free-spans", tags=["reservations"])

LONGEST_WINDOW = timedelta(days=100)
_LONGEST_MINUTES = 14 * 24 * 60


class FreeShape(Shape):
    """A booking of the asked length may start from ``first`` to ``last``, both included."""

    resource: str
    site: str = Field(description="Where it stands; slugs of resources are unique within one.")
    first: datetime
    last: datetime
    ends: datetime = Field(description="When a booking that starts last ends.")
    step_minutes: int | None = Field(description="Starts lie on such steps of the local day; null: at any moment.")


class BarredShape(Shape):
    """A machine that is not to be had at any time, and everything that stands against it."""

    resource: str
    site: str
    refusals: list[dict[str, Any]] = Field(description="code, params, title, sentence, next_steps.")


class SiteShape(Shape):
    """A place where such machines stand: rules and steps count in its own zone."""

    site: str
    name: str
    timezone: str
    address: str | None = Field(description="Where it is booked; null: not known here.")


class FreeSpans(Shape):
    """Soonest first; ``sites`` are all that were asked, this one first."""

    sites: list[SiteShape]
    items: list[FreeShape]
    barred: list[BarredShape]


def _invalid(field: str, what: str) -> Problem:
    return Problem("invalid", errors=[{"where": ["query", field], "what": what, "kind": field}])


@router.get("", operation_id="listFreeSpans", responses=problems(403, 404))
def every(
    request: Request, services: Asked, caller: Anyone,
    minutes: Annotated[int, Query(ge=1, le=_LONGEST_MINUTES, description="How long it is needed.")],
    starts: Annotated[Moment, Query(alias="from")],
    ends: Annotated[Moment, Query(alias="to", description="At most 100 days later.")],
    group: Annotated[Slug | None, Query(description="Any machine of this group of equal ones, at every site that has one of this name.")] = None,
    resource: Annotated[Slug | None, Query(description="This resource; either it or a group.")] = None,
    site: Annotated[Slug | None, Query(description="Only at this site.")] = None,
    member: Annotated[Id | None, Query(description="For this member: rights and quotas count. Staff only.")] = None,
) -> FreeSpans:  # fmt: skip
    """When one of the machines can be had for so long: opening, closures, bookings with their pauses, rules of booking.

    A booking is made at the site where the machine stands, through that site's API.

    For a member, also what they may use and book: trainings and membership valid until the end, and quotas.
    """
    if (group is None) == (resource is None):
        raise _invalid("group", "a group or a resource, one of the two")
    if not starts < ends <= starts + LONGEST_WINDOW:
        raise _invalid("to", "later than `from`, up to 100 days")
    if member is not None and not caller.staff:
        raise Problem("unauthorised" if caller.role is None else "forbidden")
    now, window, words = services.clock.now(), Span(starts, ends), words_of(request)
    found = services.store.views().machines(resource=resource, group=group, member_id=member, window=window, now=now)
    if found is None:
        raise Problem("not_found")
    length = timedelta(minutes=minutes)
    sites = [each for each in found.sites if site in {None, each.slug}]
    machines = [machine for each in sites for machine in found.at(each.slug)]
    barred = [(machine, barriers(machine, found.member, now)) for machine in machines]
    return FreeSpans(
        sites=[SiteShape(site=each.slug, name=each.name, timezone=each.zone.key, address=each.address) for each in sites],
        items=[
            FreeShape(
                resource=free.machine.slug, site=free.machine.site, first=free.first, last=free.last, ends=free.last + length,
                step_minutes=free.machine.policy.step_minutes,
            )
            for free in free_spans(machines, found.member, length=length, window=window, now=now)
        ],
        barred=[
            BarredShape(resource=machine.slug, site=machine.site, refusals=[told(refusal, words) for refusal in refusals])
            for machine, refusals in barred
            if refusals
        ],
    )  # fmt: skip
