"""Who may give a right, and to whom: every objection at once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.domain.qualifications import Qualification, RightState
from gateway.domain.refusals import Code, Refusal, refuse
from gateway.domain.training import Asked, Held, Standing, Training, all_needs, requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Granter:
    """Who gives: the team by its token, or a trainer in person, who may give only what they hold.

    ``member_id`` with ``team`` is a member of the team who is known in person: entitled by their role.
    """

    label: str | None = None
    member_id: str | None = None
    team: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A right as it is to be: from when, at which level, and its own end where one is named."""

    at: datetime
    level: int = 1
    refresher: bool = False
    ends_at: datetime | None = None


def held(rights: Iterable[Qualification], training: Training) -> tuple[Held, ...]:
    """What these rights are worth for a training."""
    return tuple(
        Held(right.level, right.awaiting, right.expires_at)
        for right in rights
        if right.training_id == training.id and right.revoked_at is None and right.refused_at is None
    )


def to_times(wish: Wish, now: datetime) -> Iterator[Refusal]:
    """Nobody has taken a course that is still to come, and a right ends after it begins."""
    if wish.at > now:
        yield refuse(Code.RIGHT_FROM_THE_FUTURE, at=wish.at)
    if wish.ends_at is not None and wish.ends_at <= wish.at:
        yield refuse(Code.RIGHT_ENDS_BEFORE_IT_BEGINS, starts=wish.at, ends=wish.ends_at)


def to_granter(
    training: Training, level: int, granter: Granter, *, member_id: str, own: tuple[Qualification, ...] | None,
    known: Mapping[str, Training], now: datetime,
) -> Iterator[Refusal]:  # fmt: skip
    """Who may decide on a right: ``own`` are a trainer's rights, None for who is not a trainer of this course."""
    about: dict[str, Any] = {"training": training.slug, "names": training.names}
    if not granter.team and own is None:
        yield refuse(Code.TRAINER_NOT_NAMED, **about)
    elif not granter.team and own is not None:
        asked = Asked(slug=training.slug, names=training.names, level=level, held=held(own, training))
        needs = [Asked(slug=row.slug, names=row.names, held=held(own, row)) for row in _below(training, known)]
        if requirement(asked, needs, now).state is not Standing.VALID:
            yield refuse(Code.TRAINER_WITHOUT_RIGHT, **about)
    if granter.member_id == member_id:
        yield refuse(Code.TRAINER_FOR_ONESELF, **about)


def to_member(
    training: Training, wish: Wish, rights: tuple[Qualification, ...], known: Mapping[str, Training], now: datetime
) -> Iterator[Refusal]:
    """Who may have a right: every training that it stands on must be held, and a refresher follows a whole course."""
    for below in _below(training, known):
        if not any(right.opens(1, now) for right in held(rights, below)):
            yield refuse(Code.PREREQUISITE_MISSING, training=below.slug, names=below.names)
    had = (RightState.VALID, RightState.LAPSED)
    whole = [r for r in rights if r.training_id == training.id and r.level >= wish.level and r.state(now) in had]
    if wish.refresher and not whole:
        yield refuse(Code.REFRESHER_WITHOUT_FIRST, training=training.slug, names=training.names)


def _below(training: Training, known: Mapping[str, Training]) -> list[Training]:
    edges = {slug: course.prerequisites for slug, course in known.items()}
    return [known[slug] for slug in sorted(all_needs(edges, training.slug))]
