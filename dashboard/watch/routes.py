"""Every page of the floor as the team watches it."""

from fastapi import APIRouter

from dashboard.watch import deeds, endpoints

router = APIRouter()
for each in (endpoints, deeds):
    router.include_router(each.router)
