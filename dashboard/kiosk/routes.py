"""Every page of the kiosks."""

from fastapi import APIRouter

from dashboard.kiosk import actions, endpoints, visits

router = APIRouter()
for part in (visits.router, endpoints.router, actions.router):
    router.include_router(part)
