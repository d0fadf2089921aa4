"""Rights: given, declared and validated, refused, revoked. Each act leaves a line that nothing takes away."""

from dataclasses import dataclass, replace
from datetime import datetime

from gateway.domain.events import Event, EventKind
from gateway.domain.granting import Granter, Wish, to_granter, to_member, to_times
from gateway.domain.qualifications import Act, Line, Qualification, RightState, after
from gateway.domain.refusals import Code, Refusal, Refused, refuse
from gateway.domain.training import Training, end_of_right, expiry
from gateway.ports.store import Work

_KINDS = {
    Act.DECLARED: EventKind.QUALIFICATION_DECLARED,
    Act.GRANTED: EventKind.QUALIFICATION_GRANTED,
    Act.VALIDATED: EventKind.QUALIFICATION_VALIDATED,
    Act.REFUSED: EventKind.QUALIFICATION_REFUSED,
    Act.REVOKED: EventKind.QUALIFICATION_REVOKED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What shows that the course was taken: a reference, an address or a sentence; and a note of the team's."""

    evidence: str | None = None
    note: str | None = None


NO_PROOF = Proof()


def grant(
    work: Work, *, id: str, member_id: str, training: str, wish: Wish, granter: Granter, now: datetime,
    proof: Proof = NO_PROOF,
) -> Qualification | Refused | None:  # fmt: skip
    """A right, valid at once; a refresher leaves the right before it as it was. None: no such member or training."""
    course = work.training(training)
    if course is None or work.member(member_id) is None:
        return None
    refusals = _objections(work, course, member_id, wish, granter, now)
    if refusals:
        return Refused(refusals)
    right = _ending(
        work, course, wish, Qualification(
            id=id, member_id=member_id, training_id=course.id, granted_at=wish.at, granted_by=granter.label,
            granted_by_member=granter.member_id, level=wish.level, refresher=wish.refresher, evidence=proof.evidence,
            note=proof.note,
        ),
    )  # fmt: skip
    work.add_qualification(right)
    _note(work, course, right, Act.GRANTED, now, granter, proof)
    return right


def declare(
    work: Work, *, id: str, member_id: str, training: str, wish: Wish, by: Granter, now: datetime,
    proof: Proof = NO_PROOF,
) -> Qualification | Refused | None:  # fmt: skip
    """A course that was taken but nobody has validated yet: it opens nothing. Once for each course and level."""
    course = work.training(training)
    if course is None or work.member(member_id) is None:
        return None
    for right in work.rights_of(member_id):
        if right.training_id == course.id and right.level == wish.level and right.state(now) is RightState.AWAITING:
            return right
    refusals = tuple(to_times(wish, now))
    if refusals:
        return Refused(refusals)
    right = Qualification(
        id=id, member_id=member_id, training_id=course.id, granted_at=wish.at, level=wish.level,
        refresher=wish.refresher, awaiting=True, ends_at=wish.ends_at, evidence=proof.evidence, note=proof.note,
    )  # fmt: skip
    work.add_qualification(right)
    _note(work, course, right, Act.DECLARED, now, by, proof)
    return right


def validate(
    work: Work, *, id: str, granter: Granter, now: datetime, proof: Proof = NO_PROOF
) -> Qualification | Refused | None:
    """A declared course counts from the day it was taken. None: no such right."""
    right = work.qualification(id)
    course = _course(work, right)
    if right is None or course is None:
        return None
    valid = after(right, Act.VALIDATED, now)
    if valid is None:
        return Refused((refuse(Code.RIGHT_NOT_AWAITING),))
    wish = Wish(at=right.granted_at, level=right.level, refresher=right.refresher, ends_at=right.ends_at)
    refusals = _objections(work, course, right.member_id, wish, granter, now)
    if refusals:
        return Refused(refusals)
    valid = _ending(work, course, wish, replace(valid, granted_by=granter.label, granted_by_member=granter.member_id))
    return _save(work, course, valid, Act.VALIDATED, now, granter, proof)


def turn_down(
    work: Work, *, id: str, granter: Granter, now: datetime, proof: Proof = NO_PROOF
) -> Qualification | Refused | None:
    """A declared course does not count. None: no such right."""
    right = work.qualification(id)
    course = _course(work, right)
    if right is None or course is None:
        return None
    refused = after(right, Act.REFUSED, now)
    if refused is None:
        return Refused((refuse(Code.RIGHT_NOT_AWAITING),))
    refusals = _against(work, course, right.level, granter, right.member_id, now)
    if refusals:
        return Refused(refusals)
    return _save(work, course, refused, Act.REFUSED, now, granter, proof)


def revoke(
    work: Work, *, id: str, by: Granter, now: datetime, proof: Proof = NO_PROOF
) -> Qualification | Refused | None:
    """Take a right back, and every other that the member has from the same course; twice changes nothing more."""
    right = work.qualification(id)
    course = _course(work, right)
    if right is None or course is None or right.revoked_at is not None:
        return right
    revoked = after(right, Act.REVOKED, now)
    if revoked is None:
        return Refused((refuse(Code.RIGHT_OVER),))
    for other in work.rights_of(right.member_id):
        if other.id != id and other.training_id == course.id and other.valid(now):
            _save(work, course, replace(other, revoked_at=now), Act.REVOKED, now, by, proof)
    return _save(work, course, revoked, Act.REVOKED, now, by, proof)


def _course(work: Work, right: Qualification | None) -> Training | None:
    return next((row for row in work.trainings() if right and row.id == right.training_id), None)


def _against(
    work: Work, course: Training, level: int, granter: Granter, member_id: str, now: datetime
) -> tuple[Refusal, ...]:
    known = {row.slug: row for row in work.trainings()}
    named = granter.member_id if not granter.team else None
    own = work.rights_of(named) if named and named in work.trainers(course.id) else None
    return tuple(to_granter(course, level, granter, member_id=member_id, own=own, known=known, now=now))


def _objections(
    work: Work, course: Training, member_id: str, wish: Wish, granter: Granter, now: datetime
) -> tuple[Refusal, ...]:
    known = {row.slug: row for row in work.trainings()}
    return (
        *to_times(wish, now),
        *_against(work, course, wish.level, granter, member_id, now),
        *to_member(course, wish, work.rights_of(member_id), known, now),
    )


def _ending(work: Work, course: Training, wish: Wish, right: Qualification) -> Qualification:
    """The right with its ends: the one that was named, or as the course says."""
    if wish.ends_at is not None:
        return replace(right, ends_at=wish.ends_at, expires_at=wish.ends_at)
    ends_at = end_of_right(course, wish.at, work.zone())
    return replace(right, ends_at=ends_at, expires_at=expiry(course, ends_at, wish.at))


def _save(
    work: Work, course: Training, right: Qualification, act: Act, now: datetime, by: Granter, proof: Proof
) -> Qualification:
    work.save_qualification(right)
    _note(work, course, right, act, now, by, proof)
    return right


def _note(
    work: Work, course: Training, right: Qualification, act: Act, now: datetime, by: Granter, proof: Proof
) -> None:
    """The line of its history and the event, for an act that was just done."""
    line = Line(
        qualification_id=right.id, member_id=right.member_id, at=now, act=act, actor=by.label,
        actor_member=by.member_id, expires_at=right.expires_at, evidence=proof.evidence, note=proof.note,
    )  # fmt: skip
    work.add_line(line)
    ends = right.expires_at.isoformat() if right.expires_at else None
    event = Event(
        kind=_KINDS[act], at=now, member_id=right.member_id,
        data={
            "training": course.slug, "qualification": right.id, "level": right.level, "refresher": right.refresher,
            "expires_at": ends,
        },
    )  # fmt: skip
    work.append(work.site_id(), [event])
