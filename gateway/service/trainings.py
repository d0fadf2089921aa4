"""Trainings: what the lab teaches, what each stands on, and who may teach it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from gateway.domain.events import Event, EventKind, Plain
from gateway.domain.refusals import Code, Refused, refuse
from gateway.domain.training import Training, cycle_in, refresher_is_shorter
from gateway.ports.store import Work


def put_training(work: Work, training: Training, now: datetime) -> Training | Refused:
    """A new course, or another description of the one of that slug; rights that were given keep their ends."""
    known = {row.slug: row for row in work.trainings()}
    unknown = sorted(set(training.prerequisites) - known.keys() - {training.slug})
    if unknown:
        return Refused(tuple(refuse(Code.TRAINING_UNKNOWN, value=slug) for slug in unknown))
    edges = {slug: row.prerequisites for slug, row in known.items()} | {training.slug: training.prerequisites}
    cycle = cycle_in(edges)
    if cycle:
        return Refused((refuse(Code.TRAINING_CYCLE, cycle=" → ".join(cycle)),))
    if not refresher_is_shorter(training.minutes, training.refresher_minutes):
        return Refused((refuse(Code.REFRESHER_NOT_SHORTER, minutes=training.minutes),))
    before = known.get(training.slug)
    kept = work.put_training(training)
    if kept != before:
        kind = EventKind.TRAINING_CHANGED if before else EventKind.TRAINING_ADDED
        _log(work, kind, now, training=training.slug)
    return kept


def change_training(work: Work, *, slug: str, changes: Mapping[str, Any], now: datetime) -> Training | Refused | None:
    """Change what is named of a course; the rest stays. None: no such training."""
    course = work.training(slug)
    return None if course is None else put_training(work, replace(course, **changes), now)


def name_trainer(work: Work, *, training: str, member_id: str, now: datetime) -> bool:
    """Let a member give this right; they must hold it themselves each time they do. False: no such member or training."""
    course = work.training(training)
    if course is None or work.member(member_id) is None:
        return False
    if work.add_trainer(course.id, member_id, now):
        _log(work, EventKind.TRAINER_NAMED, now, member_id, training=training)
    return True


def relieve_trainer(work: Work, *, training: str, member_id: str, now: datetime) -> bool:
    """The member gives this right no more; those they gave stay. False: they were not a trainer of it."""
    course = work.training(training)
    if course is None or not work.remove_trainer(course.id, member_id):
        return False
    _log(work, EventKind.TRAINER_RELIEVED, now, member_id, training=training)
    return True


def _log(work: Work, kind: EventKind, now: datetime, member_id: str | None = None, **data: Plain) -> None:
    work.append(work.site_id(), [Event(kind=kind, at=now, member_id=member_id, data=data)])
