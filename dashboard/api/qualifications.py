"""Qualifications: who may use what, since when and until when."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

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
from dashboard.dependencies import Asked
from dashboard.problems import Problem
from gateway.domain.qualifications import Qualification
from gateway.ports.views import Views
from gateway.service import members as service

router = APIRouter(prefix="/qualifications", tags=["qualifications"])


class QualificationShape(Shape):
    """A right; never deleted: it lapses or is revoked. Who gave it and the note are for staff."""

    id: str
    member_id: str
    training: str | None
    granted_at: datetime
    granted_by: str | None
    expires_at: datetime | None
    revoked_at: datetime | None
    note: str | None
    valid: bool


class Grant(Wish):
    """Which training, for whom."""

    member_id: Id
    training: Slug
    expires_at: Moment | None = None
    note: Text | None = None


def _shape(right: Qualification, caller: Caller, slugs: dict[str, str], now: datetime) -> QualificationShape:
    return QualificationShape(
        id=right.id, member_id=right.member_id, training=slugs.get(right.training_id), granted_at=right.granted_at,
        granted_by=right.granted_by if caller.staff else None, expires_at=right.expires_at,
        revoked_at=right.revoked_at, note=right.note if caller.staff else None, valid=right.valid(now),
    )  # fmt: skip


def _slugs(views: Views) -> dict[str, str]:
    return {training.id: training.slug for training in views.trainings()}


@router.get("", operation_id="listQualifications", responses=problems(403))
def every(
    request: Request, response: Response, services: Asked, caller: MemberReader, limit: Limit = 50,
    cursor: Cursor = None, member_id: Annotated[Id | None, Query()] = None,
    training: Annotated[Slug | None, Query()] = None,
) -> PageOf[QualificationShape]:  # fmt: skip
    """Qualifications, newest first."""
    views, now = services.store.views(), services.clock.now()
    slugs = _slugs(views)
    return rows(
        request, response,
        lambda: views.qualifications(limit=limit, cursor=cursor, member_id=member_id, training=training),
        lambda right: _shape(right, caller, slugs, now),
    )  # fmt: skip


@router.post("", operation_id="grantQualification", status_code=201, responses=problems(400, 403, 404))
def grant(services: Asked, staff: Staff, wish: Grant) -> QualificationShape:
    """Give a right; without an end of its own it ends as the training says."""
    new = services.ids.new()
    right = services.transact(
        lambda work, now: service.grant(
            work, id=new, member_id=wish.member_id, training=wish.training, granted_by=staff.label,
            expires_at=wish.expires_at, note=wish.note, now=now,
        )
    )  # fmt: skip
    if right is None:
        raise Problem("not_found")
    return _shape(right, staff, _slugs(services.store.views()), services.clock.now())


@router.post("/{id}/revoke", operation_id="revokeQualification", responses=problems(403, 404))
def revoke(services: Asked, staff: Staff, id: IdInPath) -> QualificationShape:
    """Take a right back; doing it twice changes nothing more."""
    right = services.transact(lambda work, now: service.revoke(work, id=id, now=now))
    if right is None:
        raise Problem("not_found")
    return _shape(right, staff, _slugs(services.store.views()), services.clock.now())
