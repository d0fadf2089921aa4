"""Seats and the waiting line: never more places than seats, whatever comes in whatever order."""

from dataclasses import replace
from datetime import datetime, timedelta

from gateway.domain.events import EventKind, Plain
from gateway.domain.refusals import Code, Refusal, refuse
from gateway.domain.workshops import (
    LIVE,
    NAMES_KEPT,
    OPEN,
    PLACE_TABLE,
    WORKSHOP_TABLE,
    Happening,
    Place,
    PlaceState,
    PlaceTrigger,
    Roll,
    Step,
    Workshop,
    WorkshopState,
    WorkshopTrigger,
)

SHORTEST_OFFER = timedelta(minutes=30)
"""An offer leaves half of the time to the next in line, but not less than this to think it over."""


def join(roll: Roll, place: Place, now: datetime, *, there: bool = False) -> Step | Refusal:
    """Put a person or a group on the list: enrolled while there are seats, else at the end of the line.

    ``there`` is for who already stands in the room or was on the paper list: a seat (that of an absent person too) or a
    refusal, no waiting, and also after the end.
    """
    refusal = _may_join(roll, place, now, there=there)
    if refusal:
        return refusal
    known = roll.of_member(place.member_id) if place.member_id else None
    free = place.size <= roll.left and (there or not any(other.size <= roll.left for other in roll.waiting))
    # Behind everybody, also when two come at one instant or the clock was set back.
    behind = max((other.joined_at + timedelta(microseconds=1) for other in roll.places), default=now)
    fresh = replace(known or place, joined_at=max(now, behind))
    trigger = PlaceTrigger.SEATED if free else PlaceTrigger.QUEUED
    return move_place(roll, fresh, known.state if known else None, trigger)


def _may_join(roll: Roll, place: Place, now: datetime, *, there: bool) -> Refusal | None:
    workshop = roll.workshop
    if workshop.state is WorkshopState.CANCELLED:
        return refuse(Code.WORKSHOP_CANCELLED)
    if not there and _over(workshop, now):
        return refuse(Code.WORKSHOP_OVER, ends=workshop.span.ends)
    known = roll.of_member(place.member_id) if place.member_id else None
    if known and known.state in LIVE:
        return refuse(Code.WORKSHOP_TWICE)
    if place.size > workshop.seats:
        return refuse(Code.WORKSHOP_GROUP_TOO_LARGE, seats=workshop.seats)
    if there and place.size > roll.left:
        return refuse(Code.WORKSHOP_FULL, seats=workshop.seats)
    return None


def leave(roll: Roll, place: Place, now: datetime) -> Step | Refusal:
    """Give a place back; the next in line is asked at once. Leaving twice changes nothing more."""
    if roll.workshop.state is WorkshopState.CANCELLED:
        return refuse(Code.WORKSHOP_CANCELLED)
    if _over(roll.workshop, now):
        return refuse(Code.WORKSHOP_OVER, ends=roll.workshop.span.ends)
    if place.state not in LIVE:
        return Step(roll=roll)
    if place.qualification_id is not None:
        return refuse(Code.WORKSHOP_RIGHT_GIVEN)
    gone = replace(place, present=None, present_at=None, passed=None)
    return then_settle(move_place(roll, gone, place.state, PlaceTrigger.LEFT), now)


def accept(roll: Roll, place: Place, now: datetime) -> Step | Refusal:
    """Take the seat that is offered; taking it twice changes nothing more."""
    if place.state is PlaceState.ENROLLED:
        return Step(roll=roll)
    offered = place.state is PlaceState.OFFERED and place.offered_until is not None and now < place.offered_until
    if roll.workshop.state is WorkshopState.CANCELLED:
        return refuse(Code.WORKSHOP_CANCELLED)
    if not offered:
        return refuse(Code.WORKSHOP_OFFER_OVER, since=place.offered_until)
    return move_place(roll, place, place.state, PlaceTrigger.ACCEPTED)


def seat(roll: Roll, place: Place) -> Step | Refusal:
    """Give somebody who has come a seat, wherever they stood in line; ``place`` is the line as it shall be."""
    known = roll.place(place.id)
    assert known is not None
    if place.size > roll.left + (known.size if known.seated else 0):
        return refuse(Code.WORKSHOP_FULL, seats=roll.workshop.seats)
    if known.state is PlaceState.ENROLLED:
        return Step(roll=with_place(roll, place))
    trigger = {PlaceState.WAITING: PlaceTrigger.MOVED_UP, PlaceState.OFFERED: PlaceTrigger.ACCEPTED}
    return move_place(roll, place, known.state, trigger.get(known.state, PlaceTrigger.SEATED))


def settle(roll: Roll, now: datetime) -> Step:
    """What time and free seats alone make true; settling twice changes nothing more."""
    step = Step(roll=_without_old_names(roll, now))
    if step.roll.workshop.state not in OPEN:
        return step
    for place in step.roll.places:
        if place.state is PlaceState.OFFERED and place.offered_until is not None and place.offered_until <= now:
            step = both(step, move_place(step.roll, place, place.state, PlaceTrigger.RAN_OUT))
    step = _decided(step, now)
    if step.roll.workshop.state in OPEN and now < step.roll.workshop.span.starts:
        step = _filled(step, now)
    if step.roll.workshop.state in OPEN and _over(step.roll.workshop, now):
        step = both(step, move_workshop(step.roll, WorkshopTrigger.ENDED))
    return step


def _decided(step: Step, now: datetime) -> Step:
    """At the deadline there are enough people or there are not; a deadline slept through cancels nothing later."""
    workshop = step.roll.workshop
    undecided = workshop.state is WorkshopState.PLANNED and workshop.minimum > 0
    if not undecided or workshop.decide_by is None or now < workshop.decide_by:
        return step
    enough = step.roll.taken >= workshop.minimum or now >= workshop.span.starts
    trigger = WorkshopTrigger.ENOUGH if enough else WorkshopTrigger.TOO_FEW
    return both(step, move_workshop(step.roll, trigger, reason=None if enough else str(trigger)))


def _filled(step: Step, now: datetime) -> Step:
    """Offer each free seat to the first who fits: a group too large for it does not keep it empty."""
    workshop = step.roll.workshop
    for place in step.roll.waiting:
        if place.size > step.roll.left:
            continue
        if workshop.offer_hours is None:
            step = both(step, move_place(step.roll, place, place.state, PlaceTrigger.MOVED_UP))
        else:
            until = now + offer_length(timedelta(hours=workshop.offer_hours), workshop.span.starts - now)
            offered = replace(place, offered_until=until)
            step = both(step, move_place(step.roll, offered, place.state, PlaceTrigger.OFFERED))
    return step


def offer_length(wished: timedelta, left: timedelta) -> timedelta:
    """How long an offer stands when so much time is left before the start."""
    return min(wished, max(left / 2, SHORTEST_OFFER), left)


def _over(workshop: Workshop, now: datetime) -> bool:
    return workshop.state is WorkshopState.HELD or now >= workshop.span.ends


def _without_old_names(roll: Roll, now: datetime) -> Roll:
    if now < roll.workshop.span.ends + NAMES_KEPT:
        return roll
    return replace(
        roll, places=tuple(replace(p, name=None, contact=None) if _only_a_name(p) else p for p in roll.places)
    )


def _only_a_name(place: Place) -> bool:
    return place.name is not None and place.member_id is None and place.headcount is None


def due_at(roll: Roll) -> datetime | None:
    """When :func:`settle` will next have something to do; None for never."""
    workshop, moments = roll.workshop, []
    if workshop.state in OPEN:
        moments.append(workshop.span.ends)
        moments += [p.offered_until for p in roll.places if p.state is PlaceState.OFFERED and p.offered_until]
        if workshop.state is WorkshopState.PLANNED and workshop.minimum > 0 and workshop.decide_by:
            moments.append(workshop.decide_by)
    if any(_only_a_name(place) for place in roll.places):
        moments.append(workshop.span.ends + NAMES_KEPT)
    return min(moments, default=None)


def move_place(roll: Roll, place: Place, state: PlaceState | None, trigger: PlaceTrigger) -> Step:
    """Apply the table to one line; ``place`` is the line as it shall be, but for its state."""
    move = PLACE_TABLE.get((state, trigger))
    if move is None:
        return Step(roll=roll)
    until = place.offered_until if move.to is PlaceState.OFFERED else None
    moved = replace(place, state=move.to, offered_until=until)
    happening = Happening(kind=move.event, place=moved, data={"until": until.isoformat()} if until else {})
    return Step(roll=with_place(roll, moved), happenings=(happening,))


def with_place(roll: Roll, place: Place) -> Roll:
    """The list with this line in it, in the order of the line."""
    others = [other for other in roll.places if other.id != place.id]
    return replace(roll, places=tuple(sorted([*others, place], key=lambda p: (p.joined_at, p.id))))


def move_workshop(roll: Roll, trigger: WorkshopTrigger, *, reason: str | None = None) -> Step:
    """Apply the table to the workshop; everybody on the list is told, except that it was held."""
    move = WORKSHOP_TABLE.get((roll.workshop.state, trigger))
    if move is None:
        return Step(roll=roll)
    moved = replace(roll, workshop=replace(roll.workshop, state=move.to, reason=reason))
    told = () if trigger is WorkshopTrigger.ENDED else tell_all(moved, move.event)
    return Step(roll=moved, happenings=told or (Happening(kind=move.event),))


def tell_all(roll: Roll, kind: EventKind, **data: Plain) -> tuple[Happening, ...]:
    """One happening for the workshop, which its trainer hears, and one for each live line."""
    lines = tuple(Happening(kind=kind, place=p, data=data) for p in roll.places if p.state in LIVE)
    return (Happening(kind=kind, data=data), *lines)


def then_settle(step: Step, now: datetime) -> Step:
    """The step, and what follows from it by itself."""
    return both(step, settle(step.roll, now))


def both(first: Step, second: Step) -> Step:
    """One step after the other, as one."""
    return Step(roll=second.roll, happenings=first.happenings + second.happenings)
