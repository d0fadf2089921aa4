"""Every page of the kiosks."""

from fastapi import APIRouter

from dashboard.kiosk import actions, code, endpoints, visits

router = APIRouter()
for part in (visits.router, endpoints.router, actions.router, code.router):
    router.include_router(part)
