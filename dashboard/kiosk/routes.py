"""Every page of the kiosks."""

from fastapi import APIRouter

from dashboard.kiosk import actions, endpoints

router = APIRouter()
for part in (endpoints.router, actions.router):
    router.include_router(part)
