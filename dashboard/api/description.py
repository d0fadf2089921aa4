"""The OpenAPI document: FastAPI's own, with our problems and our tokens in it."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from dashboard import idempotency
from dashboard.api.common import ProblemShape, problems

ABOUT = (
    "Read by anybody: resources, trainings, and sessions, jobs and reservations without their members. "
    "Everything else, and every change, needs a token: `Authorization: Bearer …`. Errors are RFC 9457 problems. "
    "A write that carries an `Idempotency-Key` is done once, however often it is sent. "
    "Calendars to subscribe to, which name nobody: `/calendar/site.ics` and `/calendar/r/{slug}.ics`."
)


def describe(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, description=ABOUT, routes=app.routes)
        parts = made.setdefault("components", {})
        parts.setdefault("schemas", {})["ProblemShape"] = ProblemShape.model_json_schema()
        parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        # A token is never needed for all of an operation's answers, but one that is sent must be good.
        made["security"] = [{}, {"token": []}]
        for operations in made["paths"].values():
            for method, operation in operations.items():
                if method.upper() in idempotency.WRITES:
                    idempotency.describe(operation)
                    operation["responses"].update({str(k): v for k, v in problems(409, 413).items()})
                # FastAPI's own summary is the function's name; the first sentence that we wrote says more.
                operation["summary"] = operation.get("description", operation["summary"]).partition("\n")[0].rstrip(".")
        app.openapi_schema = made
    return app.openapi_schema
