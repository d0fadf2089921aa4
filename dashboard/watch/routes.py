"""Every page of the floor as the team watches it, and the screen for everybody."""

from fastapi import APIRouter

from dashboard.watch import clock, deeds, endpoints, machine, requests, tv

router = APIRouter()
for each in (endpoints, requests, machine, deeds, clock, tv):
    router.include_router(each.router)
