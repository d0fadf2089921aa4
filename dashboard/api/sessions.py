"""Sessions: who used what, and for how long; who only for whoever may know."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from dashboard.api.common import Anyone, Caller, Cursor, Limit, OfResource, PageOf, Shape, problems, rows, slug_of
from dashboard.dependencies import Asked
from gateway.domain.sessions import Beneficiary, EndReason, Session, State, Way

router = APIRouter(prefix="/sessions", tags=["sessions"])


class SessionShape(Shape):
    """One use of one resource. Member ids are null for whoever may not read what points to a person."""

    id: str
    resource: str | None
    state: State
    operator_id: str | None
    beneficiary_id: str | None
    reservation_id: str | None
    way: Way
    supervisor_id: str | None
    beneficiary_kind: Beneficiary
    workshop_id: str | None
    opened_at: datetime
    energised_at: datetime | None
    granted_until: datetime | None
    closed_at: datetime | None
    end_reason: EndReason | None
    enabled_s: float
    active_s: float
    idle_s: float


def session_shape(request: Request, session: Session, caller: Caller) -> SessionShape:
    """A session as this caller may read it."""
    told = caller.sees_members
    return SessionShape(
        id=session.id, resource=slug_of(request, session.resource_id), state=session.state,
        operator_id=session.operator_id if told else None, beneficiary_id=session.beneficiary_id if told else None,
        reservation_id=session.reservation_id if told else None, way=session.way,
        supervisor_id=session.supervisor_id if told else None, beneficiary_kind=session.beneficiary_kind,
        workshop_id=session.workshop_id, opened_at=session.opened_at,
        energised_at=session.energised_at, granted_until=session.granted_until, closed_at=session.closed_at,
        end_reason=session.end_reason, enabled_s=session.enabled_s, active_s=session.active_s, idle_s=session.idle_s,
    )  # fmt: skip


@router.get("", operation_id="listSessions", responses=problems())
def every(
    request: Request, response: Response, services: Asked, caller: Anyone, limit: Limit = 50, cursor: Cursor = None,
    resource: OfResource = None, open: Annotated[bool, Query(description="Only those that are not over.")] = False,
) -> PageOf[SessionShape]:  # fmt: skip
    """Sessions, newest first."""
    views = services.store.views()
    return rows(
        request, response,
        lambda: views.sessions(limit=limit, cursor=cursor, resource=resource, open_only=open),
        lambda session: session_shape(request, session, caller),
    )  # fmt: skip
