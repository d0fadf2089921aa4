"""A day in a workshop: who taps where and when, what they make, how it ends. Chance comes in as a parameter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from devices.messages import Outcome

Item = TypeVar("Item")
MINUTE = 60.0


class Chance(Protocol):
    """A seeded source of chance: ``random.Random`` is one."""

    def random(self) -> float:
        """A number in ``[0, 1)``."""

    def uniform(self, a: float, b: float) -> float:
        """A number between two."""

    def choice(self, seq: Sequence[Item]) -> Item:
        """One of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who comes to the workshop, with the rights they have and the places they like."""

    name: str
    trained: frozenset[str] = frozenset()
    likes: tuple[str, ...] = ()
    known: bool = True
    """Whether the badge is enrolled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A resource as its users know it: what it asks for, what is made on it and how long that takes."""

    slug: str
    trainings: tuple[str, ...] = ()
    works: tuple[str, ...] = ()
    """Names of the files people run there; empty where the machine tells of no jobs."""
    minutes: tuple[float, float] = (10.0, 45.0)
    """How long one work takes, or one stay where there are no works."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedJob:
    """One print or cut. Seconds count from the tap; ``wall_s = active + paused_s``."""

    name: str
    after_s: float
    wall_s: float
    paused_s: float
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One person at one place. ``missing`` trainings mean a refusal; ``leaves_s`` None means tapping out is forgotten."""

    person: Person
    place: Place
    at_s: float
    missing: tuple[str, ...] = ()
    jobs: tuple[PlannedJob, ...] = ()
    leaves_s: float | None = None
    taps_twice: bool = False

    @property
    def refused(self) -> bool:
        """Whether the workshop will say no."""
        return bool(self.missing) or not self.person.known

    @property
    def stays_s(self) -> float:
        """How long the place is taken, counted from the tap."""
        return max([self.leaves_s or 0.0, *(job.after_s + job.wall_s for job in self.jobs)])


_ENDINGS: tuple[tuple[float, Outcome], ...] = (
    (0.80, Outcome.FINISHED), (0.91, Outcome.CANCELLED), (0.98, Outcome.FAILED), (1.00, Outcome.UNKNOWN),
)  # fmt: skip
_FORGETS = 0.10
_PAUSES = 0.12
_TAPS_TWICE = 0.08


def plan_visit(person: Person, place: Place, chance: Chance, *, at_s: float, pace: float = 1.0) -> Visit:
    """What one person does at one place; ``pace`` 60 makes a minute of a second."""
    missing = tuple(slug for slug in place.trainings if slug not in person.trained)
    if missing or not person.known:
        return Visit(person=person, place=place, at_s=at_s, missing=missing)
    jobs = _plan_jobs(place, chance, pace)
    forgets = chance.random() < _FORGETS
    stay = chance.uniform(*place.minutes) * MINUTE if not jobs else chance.uniform(1.0, 6.0) * MINUTE
    leaves = (jobs[-1].after_s + jobs[-1].wall_s if jobs else 0.0) + stay / pace
    return Visit(
        person=person, place=place, at_s=at_s, jobs=jobs, leaves_s=None if forgets else leaves,
        taps_twice=chance.random() < _TAPS_TWICE,
    )  # fmt: skip


def _plan_jobs(place: Place, chance: Chance, pace: float) -> tuple[PlannedJob, ...]:
    jobs: list[PlannedJob] = []
    if not place.works:
        return ()
    clock = 0.0
    for _ in range(2 if chance.random() < 0.3 else 1):
        clock += chance.uniform(1.0, 4.0) * MINUTE / pace
        full = chance.uniform(*place.minutes) * MINUTE / pace
        outcome = _ending(chance)
        active = full if outcome is Outcome.FINISHED else full * chance.uniform(0.1, 0.8)
        paused = chance.uniform(1.0, 5.0) * MINUTE / pace if chance.random() < _PAUSES else 0.0
        jobs.append(
            PlannedJob(
                name=chance.choice(place.works), after_s=clock, wall_s=active + paused, paused_s=paused, outcome=outcome
            )
        )
        clock += active + paused
    return tuple(jobs)


def _ending(chance: Chance) -> Outcome:
    drawn = chance.random()
    return next(outcome for most, outcome in _ENDINGS if drawn < most)


def plan_day(
    people: Sequence[Person], places: Sequence[Place], chance: Chance, *, opens_s: float, closes_s: float, visits: int
) -> tuple[Visit, ...]:
    """A day's visits in order of time; nobody finds a place taken unless they come to be refused."""
    free_from = {place.slug: opens_s for place in places}
    busy_until = {person.name: opens_s for person in people}
    planned: list[Visit] = []
    for _ in range(visits):
        person = chance.choice(people)
        place = _wanted(person, places, chance)
        earliest = max(free_from[place.slug], busy_until[person.name])
        at_s = earliest + chance.random() ** 2 * (closes_s - opens_s) * 0.5
        visit = plan_visit(person, place, chance, at_s=at_s)
        if at_s + visit.stays_s > closes_s:
            continue
        planned.append(visit)
        if not visit.refused:
            pause = chance.uniform(2.0, 20.0) * MINUTE
            free_from[place.slug] = at_s + visit.stays_s + pause
            busy_until[person.name] = at_s + min(visit.stays_s, 40 * MINUTE) + pause
    return tuple(sorted(planned, key=lambda visit: visit.at_s))


def _wanted(person: Person, places: Sequence[Place], chance: Chance) -> Place:
    """Mostly what they like, now and then something new: that is how refusals come about."""
    liked = [place for place in places if place.slug in person.likes]
    return chance.choice(liked) if liked and chance.random() < 0.85 else chance.choice(places)
