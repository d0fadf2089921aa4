"""Trainings: the lab's courses."""

from fastapi import APIRouter
from pydantic import Field

from dashboard.api.common import Anyone, Shape, Slug, Staff, Text, Wish, problems
from dashboard.dependencies import Asked
from gateway.domain.training import Training
from gateway.service import members as service

router = APIRouter(prefix="/trainings", tags=["trainings"])


class TrainingShape(Shape):
    """A course. ``validity_days`` null: the right never lapses."""

    id: str
    slug: str
    names: dict[str, str]
    validity_days: int | None


class Trainings(Shape):
    """All of them, by slug."""

    items: list[TrainingShape]


class NewNames(Wish):
    """Its name by language; French always."""

    fr: Text
    en: Text | None = None


class NewTraining(Wish):
    """A course, or new words for the one of that slug."""

    slug: Slug
    names: NewNames
    validity_days: int | None = Field(default=None, ge=1, le=36500)


@router.get("", operation_id="listTrainings", responses=problems())
def every(services: Asked, caller: Anyone) -> Trainings:
    """Every training."""
    return Trainings(items=[_shape(training) for training in services.store.views().trainings()])


@router.post("", operation_id="putTraining", status_code=201, responses=problems(400, 403))
def put(services: Asked, staff: Staff, wish: NewTraining) -> TrainingShape:
    """A new course, or new words for an old one."""
    new, names = services.ids.new(), wish.names.model_dump(exclude_none=True)
    training = services.transact(
        lambda work, now: service.add_training(
            work, id=new, slug=wish.slug, names=names, validity_days=wish.validity_days, now=now
        )
    )
    return _shape(training)


def _shape(training: Training) -> TrainingShape:
    return TrainingShape.model_validate(training)
