"""The JSON API, version 1: it only ever grows."""

from fastapi import APIRouter

from dashboard.api import (
    access,
    jobs,
    members,
    opening,
    policies,
    qualifications,
    reservations,
    resources,
    sessions,
    team,
    trainings,
)

router = APIRouter(prefix="/api/v1")
for part in (
    resources, access, sessions, jobs, reservations, members, trainings, qualifications, policies, opening, team,
):  # fmt: skip
    router.include_router(part.router)
