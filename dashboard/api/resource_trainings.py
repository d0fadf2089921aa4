"""What a resource asks of whoever uses it: trainings, each at a level."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field, field_validator

from dashboard.api.common import Anyone, Shape, Slug, SlugInPath, Staff, Wish, existing, problems
from dashboard.dependencies import Asked, words_of
from dashboard.problems import Problem, refused
from gateway.domain.refusals import Refused
from gateway.domain.resources import Resource
from gateway.service import resources as service

router = APIRouter(prefix="/resources/{slug}/trainings", tags=["trainings"])


class NeedShape(Shape):
    """A training, and the level that is asked of it."""

    training: str
    level: int


class Needs(Shape):
    """All that a resource asks for."""

    items: list[NeedShape]


class Need(Wish):
    """A training, and the level that is asked of it."""

    training: Slug
    level: Annotated[int, Field(ge=1, le=9)] = 1


class NewNeeds(Wish):
    """All that it asks for from now on; an empty list for nothing."""

    items: list[Need] = Field(max_length=20)

    @field_validator("items")
    @classmethod
    def _each_once(cls, items: list[Need]) -> list[Need]:
        if len({need.training for need in items}) < len(items):
            raise ValueError("each training once")
        return items


def _shape(resource: Resource) -> Needs:
    levels = resource.levels
    return Needs(items=[NeedShape(training=slug, level=levels.get(slug, 1)) for slug in resource.trainings])


@router.get("", operation_id="getResourceTrainings", responses=problems(404))
def every(request: Request, caller: Anyone, slug: SlugInPath) -> Needs:
    """What a resource asks for."""
    return _shape(existing(request, slug).resource)


@router.put("", operation_id="setResourceTrainings", responses=problems(400, 403, 404, 409))
def put(request: Request, services: Asked, staff: Staff, slug: SlugInPath, wish: NewNeeds) -> Needs:
    """Ask for these trainings from now on; what the configuration file says of it wins at the next start."""
    levels = {need.training: need.level for need in wish.items}
    made = services.transact(lambda work, now: service.ask_trainings(work, slug=slug, levels=levels, now=now))
    if made is None:
        raise Problem("not_found")
    if isinstance(made, Refused):
        raise refused(made.refusals, words_of(request))
    return _shape(made)
