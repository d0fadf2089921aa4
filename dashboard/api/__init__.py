"""The JSON API, version 1: it only ever grows."""

from fastapi import APIRouter

from dashboard.api import (
    access,
    calendar,
    free_spans,
    jobs,
    members,
    notifications,
    opening,
    policies,
    presence,
    qualifications,
    reservations,
    resource_trainings,
    resources,
    sessions,
    team,
    trainings,
    waiting,
    ways,
    webhooks,
    workshop_lists,
    workshops,
)

router = APIRouter(prefix="/api/v1")
PARTS = (
    resources, access, presence, sessions, ways, jobs, waiting, reservations, members, calendar, trainings,
    resource_trainings, qualifications, workshops, workshop_lists, policies, opening, free_spans, team, notifications,
    webhooks,
)  # fmt: skip
for part in PARTS:
    router.include_router(part.router)
