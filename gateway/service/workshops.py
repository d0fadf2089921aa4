"""Workshops: planned once or by a rule, changed, cancelled; rooms and machines are taken in the same transaction."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.domain import workshop_plan as rules
from gateway.domain.booking import Purpose, Reservation
from gateway.domain.events import EventKind
from gateway.domain.people import Names
from gateway.domain.recurrence import expand
from gateway.domain.refusals import Code, Refusal, Refused, refuse
from gateway.domain.resources import Resource
from gateway.domain.timespan import Span
from gateway.domain.workshops import Happening, Roll, Step, Workshop, WorkshopKind
from gateway.ports.errors import StoreUnavailable
from gateway.ports.ids import Ids
from gateway.ports.store import Work
from gateway.ports.store_workshops import Hold
from gateway.service.workshops_rolls import keep, log_hold, release

MOST_IN_A_SERIES = 104


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is wished for. ``rule`` repeats it (RFC 5545), in the zone of the lab."""

    kind: WorkshopKind
    titles: Names
    trainer_id: str
    starts: datetime
    ends: datetime
    seats: int
    training: str | None = None
    minimum: int = 0
    decide_by: datetime | None = None
    offer_hours: int | None = None
    resources: tuple[str, ...] = ()
    rule: str | None = None
    skip_clashes: bool = False
    """Leave out the dates at which something is taken, rather than refuse them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is to be another way; ``fields`` are those of a workshop by name, None leaves times and resources."""

    fields: dict[str, Any] = field(default_factory=dict, hash=False)
    starts: datetime | None = None
    ends: datetime | None = None
    resources: tuple[str, ...] | None = None


def plan(work: Work, wish: Plan, *, zone: str, ids: Ids, now: datetime) -> tuple[Workshop, ...] | Refused:
    """Plan one workshop or a series, with all that it takes; or every reason why not, and nothing is changed."""
    taken, unknown = _resources(work, wish.resources)
    objections = (*unknown, *_unknown(work, wish.trainer_id, wish.training), *_times(wish, now))
    if objections:
        return Refused(objections)
    spans = _spans(wish, zone)
    if isinstance(spans, Refusal):
        return Refused((spans,))
    series = ids.new() if wish.rule else None
    workshops = [_workshop(wish, span, series, ids, now) for span in spans]
    objections = rules.check_workshop(workshops[0], now)
    if objections:
        return Refused(objections)
    clashes = {workshop.id: _clashes(work, taken, workshop.span) for workshop in workshops}
    if wish.skip_clashes:
        workshops = [workshop for workshop in workshops if not clashes[workshop.id]]
    if not workshops or not wish.skip_clashes:
        objections = tuple(clash for found in clashes.values() for clash in found)
    if objections:
        return Refused(objections)
    for workshop in workshops:
        happening = Happening(kind=EventKind.WORKSHOP_PLANNED)
        keep(work, None, Step(roll=Roll(workshop=workshop), happenings=(happening,)), now)
        _take(work, workshop, taken, ids, now)
    return tuple(workshops)


def change(work: Work, *, id: str, changes: Changes, ids: Ids, now: datetime) -> Roll | Refused | None:
    """Change a workshop; what it takes moves along or the change is refused. None: there is no such workshop."""
    roll = work.roll(id)
    if roll is None:
        return None
    old, holds = roll.workshop, work.workshop_holds(id)
    slugs = changes.resources if changes.resources is not None else tuple(hold.resource for hold in holds)
    taken, unknown = _resources(work, slugs)
    objections = (*unknown, *_unknown(work, changes.fields.get("trainer_id"), changes.fields.get("training")))
    if objections:
        return Refused(objections)
    room_changed = {hold.resource for hold in holds} != set(slugs)
    span = (changes.starts or old.span.starts, changes.ends or old.span.ends)
    step = rules.change(roll, changes.fields, span=span, room_changed=room_changed, now=now)
    if not isinstance(step, Step):
        return Refused(step)
    new = step.roll.workshop
    if (room_changed, new.span, new.trainer_id) != (False, old.span, old.trainer_id):
        objections = _clashes(work, taken, new.span, own={hold.reservation_id for hold in holds})
        if objections:
            return Refused(objections)
        release(work, old, now)
        _take(work, new, taken, ids, now)
    return keep(work, roll, step, now)


def cancel(
    work: Work, *, id: str, reason: str | None, following: bool = False, now: datetime
) -> tuple[Roll, ...] | Refused | None:
    """Cancel a workshop, or it and the ``following`` ones of its series; what they hold is free again."""
    roll = work.roll(id)
    if roll is None:
        return None
    step = rules.call_off(roll, reason=reason, now=now)
    if isinstance(step, Refusal):
        return Refused((step,))
    cancelled = [keep(work, roll, step, now)]
    series = roll.workshop.series_id
    for other in work.series(series, roll.workshop.span.starts) if following and series else ():
        later = work.roll(other) if other != id else None
        called_off = rules.call_off(later, reason=reason, now=now) if later else None
        if later and isinstance(called_off, Step):
            cancelled.append(keep(work, later, called_off, now))
    return tuple(cancelled)


def _resources(work: Work, slugs: Iterable[str]) -> tuple[list[Resource], tuple[Refusal, ...]]:
    found = {slug: work.resource(slug) for slug in dict.fromkeys(slugs)}
    unknown = tuple(refuse(Code.NO_SUCH_RESOURCE, resource=slug) for slug, one in found.items() if one is None)
    return [one for one in found.values() if one is not None], unknown


def _unknown(work: Work, trainer_id: str | None, training: str | None) -> tuple[Refusal, ...]:
    trainer = work.member(trainer_id) if trainer_id else None
    found = []
    if trainer_id and trainer is None:
        found.append(refuse(Code.NO_SUCH_MEMBER, member=trainer_id))
    if trainer and not trainer.active:
        found.append(refuse(Code.MEMBER_INACTIVE))
    if training is not None and work.training(training) is None:
        found.append(refuse(Code.NO_SUCH_TRAINING, training=training))
    return tuple(found)


def _times(wish: Plan, now: datetime) -> tuple[Refusal, ...]:
    return rules.check_times(wish.starts, wish.ends, now)


def _spans(wish: Plan, zone: str) -> tuple[Span, ...] | Refusal:
    first = Span(wish.starts, wish.ends)
    return expand(wish.rule, first, zone, MOST_IN_A_SERIES) if wish.rule else (first,)


def _workshop(wish: Plan, span: Span, series: str | None, ids: Ids, now: datetime) -> Workshop:
    decide_by = wish.decide_by + (span.starts - wish.starts) if wish.decide_by else None
    return rules.with_deadline(
        Workshop(
            id=ids.new(), kind=wish.kind, titles=wish.titles, trainer_id=wish.trainer_id, span=span, seats=wish.seats,
            created_at=now, training=wish.training, minimum=wish.minimum, decide_by=decide_by,
            offer_hours=wish.offer_hours, series_id=series,
        ),
        now,
    )  # fmt: skip


def _clashes(work: Work, taken: Iterable[Resource], span: Span, own: Iterable[str] = ()) -> tuple[Refusal, ...]:
    """Every reservation that stands in the way, by name and time."""
    return tuple(
        refuse(
            Code.WORKSHOP_RESOURCE_TAKEN, resource=resource.slug, names=resource.names, starts=held.span.starts,
            ends=held.span.ends, wanted=span.starts,
        )
        for resource in taken
        for held in work.reservations_over(resource.id, span)
        if held.id not in set(own)
    )  # fmt: skip


def _take(work: Work, workshop: Workshop, taken: Iterable[Resource], ids: Ids, now: datetime) -> None:
    """Hold each resource for the workshop, in its trainer's name."""
    holds = []
    for resource in taken:
        held = Reservation(
            id=ids.new(), resource_id=resource.id, member_id=workshop.trainer_id, span=workshop.span, created_at=now,
            purpose=Purpose.WORKSHOP,
        )  # fmt: skip
        if not work.add_reservation(held):
            # It was free a moment ago: somebody else was quicker, and all of this is undone.
            raise StoreUnavailable(f"{resource.slug} was taken meanwhile; try again")
        log_hold(work, EventKind.RESERVATION_MADE, workshop, held, now)
        holds.append(Hold(resource_id=resource.id, resource=resource.slug, reservation_id=held.id))
    work.set_holds(workshop.id, holds)
