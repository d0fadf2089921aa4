"""Trainings: the lab's courses, what they stand on and open, and who gives them."""

from collections import defaultdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import Field, StringConstraints, field_validator

from dashboard.api.common import Anyone, Id, MemberReader, Shape, Slug, Staff, Text, Wish, problems
from dashboard.dependencies import Asked, Services, words_of
from dashboard.problems import Problem, refused
from gateway.domain.refusals import Refused
from gateway.domain.training import REMIND_DAYS, Training, YearlyDate
from gateway.service import trainings as service

router = APIRouter(prefix="/trainings", tags=["trainings"])

Days = Annotated[int, Field(ge=1, le=36500)]
Minutes = Annotated[int, Field(ge=1, le=6000)]
TrainingInPath = Annotated[Slug, Path(description="The training's slug.")]


class Opened(Shape):
    """A resource that a training opens, from this level on."""

    resource: str
    level: int


class TrainingShape(Shape):
    """A course. A right from it lapses at the first of its ends; with none of them it never does."""

    id: str
    slug: str
    names: dict[str, str]
    validity_days: int | None = Field(description="Days after it was given.")
    yearly_until: str | None = Field(description="At the end of this day of the year, MM-DD.")
    unused_days: int | None = Field(description="Days without real use of any resource that it opens.")
    minutes: int | None = Field(description="How long the course takes.")
    refresher_minutes: int | None = Field(description="How long it takes to refresh a right.")
    remind_days: list[int] = Field(description="Days before the end at which the holder is told.")
    retention_years: int | None = Field(description="Years for which a right is kept once it is over.")
    prerequisites: list[str] = Field(description="Trainings that must be held, too.")
    opens: list[Opened] = Field(description="The resources that ask for it.")


class Trainings(Shape):
    """All of them, by slug."""

    items: list[TrainingShape]


class NewNames(Wish):
    """Its name by language; French always."""

    fr: Text
    en: Text | None = None


class TrainingChanges(Wish):
    """The fields to change; what is left out stays. Rights that were given keep their ends."""

    names: NewNames | None = None
    validity_days: Days | None = None
    yearly_until: Annotated[str, StringConstraints(pattern=r"^\d\d-\d\d$")] | None = None
    unused_days: Days | None = None
    minutes: Minutes | None = None
    refresher_minutes: Minutes | None = Field(default=None, description="Less than the whole course takes.")
    remind_days: list[Annotated[int, Field(ge=1, le=365)]] = Field(default=list(REMIND_DAYS), max_length=10)
    retention_years: Annotated[int, Field(ge=1, le=100)] | None = None
    prerequisites: list[Slug] = Field(default=[], max_length=20)

    @field_validator("yearly_until")
    @classmethod
    def _day_of_year(cls, text: str | None) -> str | None:
        return str(YearlyDate.read(text)) if text else None

    def told(self) -> dict[str, Any]:
        """What to change, as the domain knows it; a name cannot be null, the rest may."""
        told = self.model_dump(exclude_unset=True, exclude={"names", "slug"})
        if self.names is not None:
            told["names"] = self.names.model_dump(exclude_none=True)
        if told.get("yearly_until"):
            told["yearly_until"] = YearlyDate.read(told["yearly_until"])
        if "remind_days" in told:
            told["remind_days"] = tuple(sorted(set(self.remind_days), reverse=True))
        if "prerequisites" in told:
            told["prerequisites"] = tuple(sorted(set(self.prerequisites)))
        return told


class NewTraining(TrainingChanges):
    """A course, or another description of the one of that slug. Rights that were given keep their ends."""

    slug: Slug
    names: NewNames

    def training(self, id: str) -> Training:
        """As the domain knows it."""
        return Training(id=id, slug=self.slug, **self.told())


class Trainer(Shape):
    """A member who may give a right from this training, as long as they hold it themselves."""

    member_id: str


class Trainers(Shape):
    """All of them."""

    items: list[Trainer]


@router.get("", operation_id="listTrainings", responses=problems())
def every(services: Asked, caller: Anyone) -> Trainings:
    """Every training."""
    opened = _opened(services)
    return Trainings(items=[_shape(training, opened) for training in services.store.views().trainings()])


@router.post("", operation_id="putTraining", status_code=201, responses=problems(400, 403, 409))
def put(request: Request, services: Asked, staff: Staff, wish: NewTraining) -> TrainingShape:
    """A new course, or another description of an old one; refused when it would need itself."""
    training = wish.training(services.ids.new())
    made = services.transact(lambda work, now: service.put_training(work, training, now))
    if isinstance(made, Refused):
        raise refused(made.refusals, words_of(request))
    return _shape(made, _opened(services))


@router.patch("/{slug}", operation_id="changeTraining", responses=problems(400, 403, 404, 409))
def change(
    request: Request, services: Asked, staff: Staff, slug: TrainingInPath, wish: TrainingChanges
) -> TrainingShape:
    """Change what is named of a training; refused when it would need itself."""
    made = services.transact(lambda work, now: service.change_training(work, slug=slug, changes=wish.told(), now=now))
    if made is None:
        raise Problem("not_found")
    if isinstance(made, Refused):
        raise refused(made.refusals, words_of(request))
    return _shape(made, _opened(services))


@router.get("/{slug}/trainers", operation_id="listTrainers", responses=problems(403, 404))
def trainers(services: Asked, caller: MemberReader, slug: TrainingInPath) -> Trainers:
    """Who may give this training's right beside the team."""
    found = services.store.views().trainers(slug)
    if found is None:
        raise Problem("not_found")
    return Trainers(items=[Trainer(member_id=id) for id in found])  # noqa: A001


@router.put("/{slug}/trainers/{member_id}", operation_id="nameTrainer", status_code=204, responses=problems(403, 404))
def name(services: Asked, staff: Staff, slug: TrainingInPath, member_id: Annotated[Id, Path()]) -> None:
    """Let a member give this right; each time they must hold it themselves."""
    if not services.transact(lambda work, now: service.name_trainer(work, training=slug, member_id=member_id, now=now)):
        raise Problem("not_found")


@router.delete(
    "/{slug}/trainers/{member_id}", operation_id="relieveTrainer", status_code=204, responses=problems(403, 404)
)
def relieve(services: Asked, staff: Staff, slug: TrainingInPath, member_id: Annotated[Id, Path()]) -> None:
    """The member gives this right no more; those they gave stay."""
    if not services.transact(
        lambda work, now: service.relieve_trainer(work, training=slug, member_id=member_id, now=now)
    ):
        raise Problem("not_found")


def _opened(services: Services) -> dict[str, list[Opened]]:
    found: dict[str, list[Opened]] = defaultdict(list)
    for view in services.store.views().floor(services.clock.now()):
        for slug in view.resource.trainings:
            found[slug].append(Opened(resource=view.resource.slug, level=view.resource.levels.get(slug, 1)))
    return found


def _shape(training: Training, opened: dict[str, list[Opened]]) -> TrainingShape:
    return TrainingShape(
        id=training.id, slug=training.slug, names=training.names, validity_days=training.validity_days,
        yearly_until=str(training.yearly_until) if training.yearly_until else None, unused_days=training.unused_days,
        minutes=training.minutes, refresher_minutes=training.refresher_minutes,
        remind_days=list(training.remind_days), retention_years=training.retention_years,
        prerequisites=list(training.prerequisites), opens=opened.get(training.slug, []),
    )  # fmt: skip
