"""The web application: every feature's routes, one shape for errors, headers that trust nobody."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from dashboard import admin, health, idempotency, problems
from dashboard.about import endpoints as about
from dashboard.accounts import routes as accounts
from dashboard.accounts.same_origin import SameOrigin
from dashboard.accounts.throttle import Throttle
from dashboard.admin import workshops as workshop_forms
from dashboard.admin.kept import Kept
from dashboard.api import router as api
from dashboard.api.description import describe
from dashboard.booking import endpoints as booking
from dashboard.booking import sentence
from dashboard.calendar import endpoints as calendar
from dashboard.dependencies import Services
from dashboard.design import endpoints as design
from dashboard.floor import endpoints as floor
from dashboard.kiosk import routes as kiosk
from dashboard.limits import BodyLimit
from dashboard.live import LiveHub
from dashboard.member import agenda, messages, moving, own
from dashboard.member import endpoints as member
from dashboard.offline import endpoints as offline
from dashboard.programme import endpoints as programme
from dashboard.security import SecurityHeaders
from dashboard.staff import endpoints as staff
from dashboard.staff import paper, planning, workshops
from dashboard.watch import routes as watch

STATIC = Path(__file__).parent / "static"


def create_app(services: Services) -> FastAPI:
    """The application over these services. :func:`end_streams` before the server is told to stop."""
    hub = LiveHub(store=services.store, bus=services.bus, clock=services.clock, epoch=secrets.token_hex(4))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await hub.start()
        try:
            yield
        finally:
            await hub.close()

    app = FastAPI(
        title="Établi", version="1", lifespan=lifespan, docs_url=None, redoc_url=None,
        openapi_url="/api/v1/openapi.json", redirect_slashes=False,
        license_info={"name": "MIT", "identifier": "MIT"},
    )  # fmt: skip
    app.state.services, app.state.hub, app.state.lab = services, hub, None
    app.state.slugs, app.state.throttle, app.state.kept = {}, Throttle(), Kept()
    problems.install(app)
    pages = (
        floor.router, kiosk.router, staff.router, workshop_forms.router, workshops.router, paper.router, planning.router,
        calendar.router, accounts.router, watch.router, booking.router, sentence.router, member.router, own.router,
        messages.router, moving.router, agenda.router,
        programme.router, offline.router, health.router, design.router, about.router, *admin.routers(),
    )  # fmt: skip
    for router in (*pages, api):
        app.include_router(router)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    idempotency.install(app, services)
    app.add_middleware(SameOrigin)
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders)
    # The live stream and fonts are left as they are.
    app.add_middleware(GZipMiddleware, minimum_size=500, compresslevel=6)
    return app


def end_streams(app: FastAPI) -> None:
    """Let every open live stream end now, from any thread: a server that waits for its answers can then stop."""
    hub: LiveHub = app.state.hub
    hub.stop()
