"""What every part of the API shares: who asks, pages of rows, the shape of problems, and the limits of input."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Path, Query, Request, Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from dashboard.dependencies import services_of, token_view
from dashboard.problems import MEDIA_TYPE, Problem
from devices.topics import SLUG
from gateway.domain.people import Role
from gateway.domain.roles import May, may
from gateway.ports.views import Page, ResourceView

Row = TypeVar("Row")
Out = TypeVar("Out")


# What may be sent


def _printable(text: str) -> str:
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", text):
        raise ValueError("control characters are not text")
    return text


def near(moment: datetime) -> datetime:
    """Within the years a lab can mean; one without an offset stays as it is."""
    if not 2000 <= moment.year <= 2200:
        raise ValueError("a time between the years 2000 and 2200")
    return moment.astimezone(UTC) if moment.tzinfo else moment


Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_printable)
]
Moment = Annotated[AwareDatetime, AfterValidator(near)]
Slug = Annotated[str, StringConstraints(pattern=f"^{SLUG.pattern}$", max_length=64)]
Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
SlugInPath = Annotated[Slug, Path(description="The resource's slug, as on its label.")]
IdInPath = Annotated[Id, Path()]
OfResource = Annotated[Slug | None, Query(description="Only those of this resource.")]
Limit = Annotated[int, Query(ge=1, le=200, description="How many rows at most.")]
Cursor = Annotated[str | None, Query(max_length=300, description="`next` of the page before.")]


class Shape(BaseModel):
    """An answer."""

    model_config = ConfigDict(from_attributes=True)


class Wish(BaseModel):
    """A request's body; a field that nobody knows is a mistake worth telling."""

    model_config = ConfigDict(extra="forbid")


# Who asks


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever sends the request; ``role`` None for anybody."""

    role: Role | None
    label: str | None = None

    @property
    def staff(self) -> bool:
        """May change things and read names."""
        return may(self.role, May.RUN)

    @property
    def sees_members(self) -> bool:
        """May read what points to a person; only :attr:`staff` may read what names one."""
        return may(self.role, May.COUNT)


def caller_of(request: Request) -> Caller:
    """Anybody without a token; a token that is sent must be a live one."""
    header = request.headers.get("authorization")
    if header is None:
        return Caller(role=None)
    scheme, _, secret = header.partition(" ")
    token = token_view(request, secret) if scheme.lower() == "bearer" else None
    if token is None:
        raise Problem("unauthorised")
    return Caller(role=token.role, label=token.label)


Anyone = Annotated[Caller, Depends(caller_of)]


def _member_reader(caller: Anyone) -> Caller:
    if caller.role is None:
        raise Problem("unauthorised")
    if not caller.sees_members:
        raise Problem("forbidden")
    return caller


def _staff(caller: Anyone) -> Caller:
    if caller.role is None:
        raise Problem("unauthorised")
    if not caller.staff:
        raise Problem("forbidden")
    return caller


MemberReader = Annotated[Caller, Depends(_member_reader)]
Staff = Annotated[Caller, Depends(_staff)]


# Pages of rows


class PageOf(Shape, Generic[Out]):
    """Rows, and the cursor of the following page; null at the end."""

    items: list[Out]
    next: str | None = Field(default=None, description="Send it as `cursor` to go on.")


def rows(
    request: Request, response: Response, read: Callable[[], Page[Row]], shape: Callable[[Row], Out]
) -> PageOf[Out]:
    """One page, with a ``Link`` to the next; a cursor that is not ours is a mistake in the request."""
    try:
        page = read()
    except ValueError:
        raise Problem(
            "invalid", errors=[{"where": ["query", "cursor"], "what": "not a cursor", "kind": "cursor"}]
        ) from None
    if page.next is not None:
        address = request.url.include_query_params(cursor=page.next)
        response.headers["Link"] = f'<{address.path}?{address.query}>; rel="next"'
    return PageOf(items=[shape(row) for row in page.rows], next=page.next)


def slugs_of(request: Request) -> dict[str, str]:
    """Slugs of resources by id: what the API speaks of."""
    services = services_of(request)
    known: dict[str, str] = request.app.state.slugs
    if not known:
        known = {v.resource.id: v.resource.slug for v in services.store.views().floor(services.clock.now())}
        request.app.state.slugs = known
    return known


def slug_of(request: Request, resource_id: str | None) -> str | None:
    """The slug of one resource; a new resource makes the list be read again."""
    if resource_id is None:
        return None
    if resource_id not in slugs_of(request):
        request.app.state.slugs = {}
    return slugs_of(request).get(resource_id)


def existing(request: Request, slug: str) -> ResourceView:
    """The resource of that slug, or a problem."""
    services = services_of(request)
    view = services.store.views().resource(slug, services.clock.now())
    if view is None:
        raise Problem("not_found")
    return view


# Problems in OpenAPI


class ProblemShape(Shape):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str = Field(description="Stable; the words may change.")
    errors: list[dict[str, Any]] | None = None
    refusals: list[dict[str, Any]] | None = Field(
        default=None, description="Each unmet rule: code, params, title, sentence, next_steps."
    )


_TOLD = {
    400: "The request cannot be read", 401: "A valid token is needed", 403: "This token does not allow it",
    404: "Nothing there", 409: "Refused, with reasons", 413: "Too long", 422: "A mistake in the data", 503: "The store is away",
}  # fmt: skip


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that an operation may answer with, beside 401 and 503 which any may."""
    return {
        status: {
            "description": _TOLD[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemShape"}}},
        }
        for status in sorted({401, 422, 503, *statuses})
    }
