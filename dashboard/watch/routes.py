"""Every page of the floor as the team watches it, and the screen for everybody."""

from fastapi import APIRouter

from dashboard.watch import clock, cuts, deeds, endpoints, machine, requests, tv

router = APIRouter()
for each in (endpoints, requests, machine, deeds, clock, cuts, tv):
    router.include_router(each.router)
