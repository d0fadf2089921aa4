"""The list of a workshop, ticked or typed in afterwards, and the rights that follow in one action."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from gateway.domain.granting import Granter, Wish
from gateway.domain.refusals import Code, Refusal, Refused, refuse
from gateway.domain.workshop_attendance import attend, judge, to_pass
from gateway.domain.workshop_seats import both, join, with_place
from gateway.domain.workshops import Headcount, Place, Roll, Step
from gateway.ports.ids import Ids
from gateway.ports.store import Work
from gateway.service import qualifications
from gateway.service.workshops_places import Who, line_for
from gateway.service.workshops_rolls import keep


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the paper list: by its place, or somebody who came without one. ``passed`` None leaves it open."""

    present: bool
    passed: bool | None = None
    place_id: str | None = None
    who: Who | None = None
    headcount: Headcount | None = None
    """How many of a group have come in the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowAnswer:
    """What became of one row: its line, or why it changed nothing."""

    place_id: str | None
    refusals: tuple[Refusal, ...] = ()


class Given(StrEnum):
    """What became of somebody who passed."""

    GRANTED = "granted"
    NO_ACCOUNT = "no_account"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class PassAnswer:
    """One line of those who passed."""

    place_id: str
    outcome: Given
    refusals: tuple[Refusal, ...] = ()


def type_in(
    work: Work, *, workshop_id: str, rows: Iterable[Row], ids: Ids, now: datetime
) -> tuple[RowAnswer, ...] | None:
    """Take a list: each good row is kept, each other one changes nothing and says why. None: no such workshop.

    The same list sent again changes nothing more.
    """
    before = work.roll(workshop_id)
    if before is None:
        return None
    at = min(now, before.workshop.span.ends)
    step, answers = Step(roll=before), []
    for row in rows:
        done = _typed(work, step.roll, row, ids.new(), at)
        if isinstance(done, Refusal):
            answers.append(RowAnswer(place_id=row.place_id, refusals=(done,)))
            continue
        taken, place_id = done
        step = both(step, taken)
        answers.append(RowAnswer(place_id=place_id))
    keep(work, before, step, now)
    return tuple(answers)


def _typed(work: Work, roll: Roll, row: Row, new: str, at: datetime) -> tuple[Step, str] | Refusal:
    step, place = Step(roll=roll), _known(roll, row)
    if place is None:
        if row.who is None or not row.present:
            return refuse(Code.WORKSHOP_ROW_UNKNOWN)
        line = line_for(work, roll, row.who, id=new, now=at)
        joined = line if isinstance(line, Refusal) else join(roll, line, at, there=True)
        if isinstance(joined, Refusal):
            return joined
        step, place = joined, joined.roll.place(new)
        assert place is not None
    return _noted(step, place, row, at)


def _noted(step: Step, place: Place, row: Row, at: datetime) -> tuple[Step, str] | Refusal:
    there = attend(step.roll, place, present=row.present, at=at, headcount=row.headcount)
    if isinstance(there, Refusal):
        return there
    step, current = both(step, there), there.roll.place(place.id)
    assert current is not None
    if row.passed is None:
        return step, place.id
    judged = judge(step.roll, current, passed=row.passed)
    return judged if isinstance(judged, Refusal) else (both(step, judged), place.id)


def _known(roll: Roll, row: Row) -> Place | None:
    """The line a row speaks of; a name that is typed twice is one person."""
    if row.place_id is not None:
        return roll.place(row.place_id)
    if row.who is None:
        return None
    if row.who.member_id is not None:
        return roll.of_member(row.who.member_id)
    wanted = (row.who.name or "").casefold()
    same = (p for p in roll.places if p.member_id is None and (p.headcount is None) == (row.who.headcount is None))
    return next((place for place in same if wanted and (place.name or "").casefold() == wanted), None)


def pass_present(
    work: Work, *, workshop_id: str, chosen: frozenset[str] | None, granter: Granter, ids: Ids, now: datetime
) -> tuple[PassAnswer, ...] | Refused | None:
    """Everybody who was there (or those ``chosen`` of them) has passed: give each the right that it leads to.

    Who failed, or holds a right from this workshop already, is passed over: doing it twice changes nothing more.
    """
    before = work.roll(workshop_id)
    if before is None:
        return None
    if before.workshop.training is None:
        return Refused((refuse(Code.WORKSHOP_NO_TRAINING),))
    step, answers = Step(roll=before), []
    for place in to_pass(before):
        if chosen is not None and place.id not in chosen:
            continue
        judged = judge(step.roll, place, passed=True)
        if isinstance(judged, Refusal):
            answers.append(PassAnswer(place_id=place.id, outcome=Given.REFUSED, refusals=(judged,)))
            continue
        step = both(step, judged)
        answer, right = _give(work, place, before.workshop.training, granter, ids.new(), now)
        answers.append(answer)
        passed = step.roll.place(place.id)
        if right is not None and passed is not None:
            step = replace(step, roll=with_place(step.roll, replace(passed, qualification_id=right)))
    keep(work, before, step, now)
    return tuple(answers)


def _give(
    work: Work, place: Place, training: str, granter: Granter, new: str, now: datetime
) -> tuple[PassAnswer, str | None]:
    if place.member_id is None:
        return PassAnswer(place_id=place.id, outcome=Given.NO_ACCOUNT), None
    right = qualifications.grant(
        work, id=new, member_id=place.member_id, training=training, wish=Wish(at=now), granter=granter, now=now
    )
    assert right is not None
    if isinstance(right, Refused):
        return PassAnswer(place_id=place.id, outcome=Given.REFUSED, refusals=right.refusals), None
    return PassAnswer(place_id=place.id, outcome=Given.GRANTED), right.id
