"""Qualifications: who may use what, since when and until when; how each right came and went."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from dashboard.api.common import (
    Caller,
    Cursor,
    Id,
    IdInPath,
    Limit,
    MemberReader,
    Moment,
    PageOf,
    Shape,
    Slug,
    Staff,
    Text,
    Wish,
    problems,
    rows,
)
from dashboard.dependencies import Asked, Services, words_of
from dashboard.problems import Problem, refused
from gateway.domain import granting
from gateway.domain.granting import Granter
from gateway.domain.qualifications import Act, Line, Qualification, RightState, kept_until
from gateway.domain.refusals import Refused
from gateway.domain.training import Standing, Training
from gateway.ports.views import Views
from gateway.service import qualifications as service
from gateway.service.qualifications import Proof

router = APIRouter(prefix="/qualifications", tags=["qualifications"])

OfMember = Annotated[Id | None, Query(description="Only those of this member.")]
OfTraining = Annotated[Slug | None, Query(description="Only those from this training.")]


class QualificationShape(Shape):
    """A right: it lapses, is revoked or refused, and is kept for its term. Who gave it, evidence and note are for staff."""

    id: str
    member_id: str
    training: str | None
    state: RightState
    level: int
    refresher: bool
    granted_at: datetime = Field(description="The day of the course, also while it awaits validation.")
    granted_by: str | None
    granted_by_member: str | None = Field(description="The trainer who gave it in person.")
    ends_at: datetime | None = Field(description="Its end however much it is used.")
    expires_at: datetime | None = Field(description="When it lapses as things are; use may put it off.")
    last_used_at: datetime | None
    revoked_at: datetime | None
    refused_at: datetime | None
    evidence: str | None
    note: str | None
    valid: bool
    keep_until: datetime | None = Field(description="The end of the term for which it is kept, once it is over.")


class LineShape(Shape):
    """One line of a right's history. Who did it, evidence and note are for staff."""

    qualification_id: str
    member_id: str
    at: datetime
    act: Act
    actor: str | None
    actor_member: str | None
    expires_at: datetime | None
    evidence: str | None
    note: str | None


class Decision(Wish):
    """Why, and who decides: without ``granted_by_member`` it is the team, by this token."""

    granted_by_member: Id | None = Field(default=None, description="The trainer who decides in person.")
    evidence: Text | None = Field(default=None, description="A reference, an address or a sentence that shows it.")
    note: Text | None = None

    def granter(self, caller: Caller) -> Granter:
        """Who decides."""
        return Granter(label=caller.label, member_id=self.granted_by_member, team=self.granted_by_member is None)

    @property
    def proof(self) -> Proof:
        """What shows it."""
        return Proof(evidence=self.evidence, note=self.note)


class Grant(Decision):
    """Which training, for whom, at which level, from which day; a named end stands whatever the training says."""

    member_id: Id
    training: Slug
    level: Annotated[int, Field(ge=1, le=9)] = 1
    refresher: bool = Field(default=False, description="A shorter course for those who have had the whole one.")
    granted_at: Moment | None = Field(default=None, description="The day of the course; today unless given.")
    expires_at: Moment | None = None

    def wish(self, now: datetime) -> granting.Wish:
        """The right as it is to be."""
        return granting.Wish(
            at=self.granted_at or now, level=self.level, refresher=self.refresher, ends_at=self.expires_at
        )


class Revocation(Wish):
    """Why."""

    note: Text | None = None


class StandingShape(Shape):
    """How a member stands towards one training that a resource asks for."""

    training: str
    names: dict[str, str]
    level: int = Field(description="The level that the resource asks for.")
    state: Standing
    until: datetime | None = Field(description="When it ends, or since when it is over.")
    held_level: int | None = Field(description="The level that the member does have, where it is too low.")
    prerequisite: str | None = Field(description="The training below it that is not held.")
    prerequisite_names: dict[str, str] | None


class Standings(Shape):
    """One for each training that the resource asks for, and whether they are all valid."""

    complete: bool
    items: list[StandingShape]


def _shape(right: Qualification, caller: Caller, trainings: dict[str, Training], now: datetime) -> QualificationShape:
    course, staff = trainings.get(right.training_id), caller.staff
    return QualificationShape(
        id=right.id, member_id=right.member_id, training=course.slug if course else None, state=right.state(now),
        level=right.level, refresher=right.refresher, granted_at=right.granted_at,
        granted_by=right.granted_by if staff else None,
        granted_by_member=right.granted_by_member if caller.sees_members else None, ends_at=right.ends_at,
        expires_at=right.expires_at, last_used_at=right.last_used_at, revoked_at=right.revoked_at,
        refused_at=right.refused_at, evidence=right.evidence if staff else None, note=right.note if staff else None,
        valid=right.valid(now), keep_until=kept_until(right, course, now) if course else None,
    )  # fmt: skip


def _line(line: Line, caller: Caller) -> LineShape:
    shape, hidden = LineShape.model_validate(line), {"actor": None, "evidence": None, "note": None}
    return shape if caller.staff else shape.model_copy(update=hidden)


def _by_id(views: Views) -> dict[str, Training]:
    return {training.id: training for training in views.trainings()}


def _told(
    request: Request, services: Services, caller: Caller, made: Qualification | Refused | None
) -> QualificationShape:
    if made is None:
        raise Problem("not_found")
    if isinstance(made, Refused):
        raise refused(made.refusals, words_of(request))
    return _shape(made, caller, _by_id(services.store.views()), services.clock.now())


@router.get("", operation_id="listQualifications", responses=problems(403))
def every(
    request: Request, response: Response, services: Asked, caller: MemberReader, limit: Limit = 50,
    cursor: Cursor = None, member_id: OfMember = None, training: OfTraining = None,
    awaiting: Annotated[bool | None, Query(description="Only those that await validation, or not.")] = None,
) -> PageOf[QualificationShape]:  # fmt: skip
    """Qualifications, newest first."""
    views, now = services.store.views(), services.clock.now()
    courses = _by_id(views)
    return rows(
        request, response,
        lambda: views.qualifications(
            limit=limit, cursor=cursor, member_id=member_id, training=training, awaiting=awaiting
        ),
        lambda right: _shape(right, caller, courses, now),
    )  # fmt: skip


@router.get("/history", operation_id="listQualificationHistory", responses=problems(403))
def history(
    request: Request, response: Response, services: Asked, caller: MemberReader, limit: Limit = 50,
    cursor: Cursor = None, member_id: OfMember = None,
    qualification_id: Annotated[Id | None, Query(description="Only this right.")] = None,
) -> PageOf[LineShape]:  # fmt: skip
    """What was done to rights, newest first; it goes only with the right, at the end of its term."""
    views = services.store.views()
    return rows(
        request, response,
        lambda: views.right_lines(limit=limit, cursor=cursor, member_id=member_id, qualification_id=qualification_id),
        lambda line: _line(line, caller),
    )  # fmt: skip


@router.get("/standing", operation_id="getStanding", responses=problems(403, 404))
def standing(
    services: Asked, caller: MemberReader, member_id: Annotated[Id, Query(description="Whose rights.")],
    resource: Annotated[Slug, Query(description="The resource they would use.")],
) -> Standings:  # fmt: skip
    """What a member lacks for a resource: how they stand towards each training that it asks for."""
    found = services.store.views().standing(member_id, resource, services.clock.now())
    if found is None:
        raise Problem("not_found")
    items = [
        StandingShape(
            training=one.slug, names=one.names, level=one.level, state=one.state, until=one.until,
            held_level=one.held_level, prerequisite=one.prerequisite, prerequisite_names=one.prerequisite_names,
        )
        for one in found
    ]  # fmt: skip
    return Standings(complete=all(one.state is Standing.VALID for one in items), items=items)


@router.post("", operation_id="grantQualification", status_code=201, responses=problems(400, 403, 404, 409))
def grant(request: Request, services: Asked, staff: Staff, wish: Grant) -> QualificationShape:
    """Give a right, or refresh one: the right before it stays as it was."""
    new = services.ids.new()
    made = services.transact(
        lambda work, now: service.grant(
            work, id=new, member_id=wish.member_id, training=wish.training, wish=wish.wish(now),
            granter=wish.granter(staff), proof=wish.proof, now=now,
        )
    )  # fmt: skip
    return _told(request, services, staff, made)


@router.post("/declare", operation_id="declareQualification", status_code=201, responses=problems(400, 403, 404, 409))
def declare(request: Request, services: Asked, staff: Staff, wish: Grant) -> QualificationShape:
    """A course that was taken, to be validated: it opens nothing until then. Twice is once."""
    new = services.ids.new()
    made = services.transact(
        lambda work, now: service.declare(
            work, id=new, member_id=wish.member_id, training=wish.training, wish=wish.wish(now),
            by=wish.granter(staff), proof=wish.proof, now=now,
        )
    )  # fmt: skip
    return _told(request, services, staff, made)


@router.post("/{id}/validate", operation_id="validateQualification", responses=problems(400, 403, 404, 409))
def validate(
    request: Request, services: Asked, staff: Staff, id: IdInPath, wish: Decision | None = None
) -> QualificationShape:
    """Let a declared course count, from the day it was taken."""
    decision = wish or Decision()
    made = services.transact(
        lambda work, now: service.validate(work, id=id, granter=decision.granter(staff), proof=decision.proof, now=now)
    )
    return _told(request, services, staff, made)


@router.post("/{id}/refuse", operation_id="refuseQualification", responses=problems(400, 403, 404, 409))
def refuse(
    request: Request, services: Asked, staff: Staff, id: IdInPath, wish: Decision | None = None
) -> QualificationShape:
    """A declared course does not count."""
    decision = wish or Decision()
    made = services.transact(
        lambda work, now: service.turn_down(work, id=id, granter=decision.granter(staff), proof=decision.proof, now=now)
    )
    return _told(request, services, staff, made)


@router.post("/{id}/revoke", operation_id="revokeQualification", responses=problems(400, 403, 404, 409))
def revoke(
    request: Request, services: Asked, staff: Staff, id: IdInPath, wish: Revocation | None = None
) -> QualificationShape:
    """Take a right back, with every other from the same course; doing it twice changes nothing more."""
    proof = Proof(note=wish.note if wish else None)
    made = services.transact(
        lambda work, now: service.revoke(work, id=id, by=Granter(label=staff.label), proof=proof, now=now)
    )
    return _told(request, services, staff, made)
