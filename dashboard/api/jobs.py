"""Jobs: prints and cuts."""

from datetime import datetime

from fastapi import APIRouter, Request, Response

from dashboard.api.common import Anyone, Caller, Cursor, Limit, OfResource, PageOf, Shape, problems, rows, slug_of
from dashboard.dependencies import Asked
from devices.messages import Outcome
from gateway.domain.jobs import Job

router = APIRouter(prefix="/jobs", tags=["jobs"])


class JobShape(Shape):
    """One job. Its file's name and why it failed may name a person: both are for staff."""

    id: str
    resource: str | None
    session_id: str | None
    member_id: str | None
    name: str | None
    reason: str | None
    started_at: datetime
    paused: bool
    ended_at: datetime | None
    outcome: Outcome | None
    wall_s: float | None
    active_s: float | None
    paused_s: float | None
    laser_on_s: float | None
    filament_mm: float | None


def job_shape(request: Request, job: Job, caller: Caller) -> JobShape:
    """A job as this caller may read it."""
    return JobShape(
        id=job.id, resource=slug_of(request, job.resource_id), session_id=job.session_id,
        member_id=job.member_id if caller.sees_members else None, name=job.name if caller.staff else None,
        reason=job.reason if caller.staff else None, started_at=job.started_at, paused=job.paused,
        ended_at=job.ended_at, outcome=job.outcome, wall_s=job.wall_s, active_s=job.active_s, paused_s=job.paused_s,
        laser_on_s=job.laser_on_s, filament_mm=job.filament_mm,
    )  # fmt: skip


@router.get("", operation_id="listJobs", responses=problems())
def every(
    request: Request, response: Response, services: Asked, caller: Anyone, limit: Limit = 50, cursor: Cursor = None,
    resource: OfResource = None,
) -> PageOf[JobShape]:  # fmt: skip
    """Jobs, newest first."""
    views = services.store.views()
    return rows(
        request, response, lambda: views.jobs(limit=limit, cursor=cursor, resource=resource),
        lambda job: job_shape(request, job, caller),
    )  # fmt: skip
