"""Who was there, and who passed: two questions, never one."""

from dataclasses import replace
from datetime import datetime

from gateway.domain.events import EventKind
from gateway.domain.refusals import Code, Refusal, refuse
from gateway.domain.workshop_seats import seat, with_place
from gateway.domain.workshops import EARLY, Happening, Headcount, Place, Roll, Step, WorkshopState


def attend(
    roll: Roll, place: Place, *, present: bool, at: datetime, headcount: Headcount | None = None
) -> Step | Refusal:
    """Note that somebody was there, or was not; who stood in line and has come gets a free seat.

    ``headcount`` is how many of a class have come in the end.
    """
    refusal = may_note(roll, at)
    if refusal:
        return refusal
    if not present and place.qualification_id is not None:
        return refuse(Code.WORKSHOP_RIGHT_GIVEN)
    if headcount is not None and place.headcount is None:
        return refuse(Code.WORKSHOP_NOT_A_GROUP)
    noted = replace(
        place, present=present, present_at=at if present else None, passed=place.passed if present else None,
        headcount=headcount if present and headcount else place.headcount,
    )  # fmt: skip
    if (place.present, place.headcount) == (present, noted.headcount):
        return Step(roll=roll)
    step = seat(roll, noted) if present else Step(roll=with_place(roll, noted))
    if isinstance(step, Refusal):
        return step
    told = Happening(kind=EventKind.WORKSHOP_ATTENDED, place=noted, data={"present": present})
    return Step(roll=step.roll, happenings=(*step.happenings, told))


def may_note(roll: Roll, at: datetime) -> Refusal | None:
    """Nobody was at a workshop that was cancelled, or that is still to come."""
    if roll.workshop.state is WorkshopState.CANCELLED:
        return refuse(Code.WORKSHOP_CANCELLED)
    starts = roll.workshop.span.starts
    return refuse(Code.WORKSHOP_NOT_YET, starts=starts) if at < starts - EARLY else None


def judge(roll: Roll, place: Place, *, passed: bool) -> Step | Refusal:
    """Note that somebody passed, or did not; only who was there can pass."""
    if passed and not place.present:
        return refuse(Code.WORKSHOP_NOT_PRESENT)
    if not passed and place.qualification_id is not None:
        return refuse(Code.WORKSHOP_RIGHT_GIVEN)
    if place.passed == passed:
        return Step(roll=roll)
    judged = replace(place, passed=passed)
    told = Happening(kind=EventKind.WORKSHOP_PASSED, place=judged, data={"passed": passed})
    return Step(roll=with_place(roll, judged), happenings=(told,))


def to_pass(roll: Roll) -> tuple[Place, ...]:
    """Who was there, has not failed, and holds no right from this workshop yet."""
    return tuple(
        place
        for place in roll.places
        if place.present and place.passed is not False and place.qualification_id is None and place.headcount is None
    )
