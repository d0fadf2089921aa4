"""Resources and what staff do to them."""

from datetime import datetime

from fastapi import APIRouter, Request

from dashboard.api.common import Anyone, Moment, Shape, SlugInPath, Staff, Text, Wish, existing, problems
from dashboard.dependencies import Asked, hub_of, words_of
from dashboard.floor.views import board_state
from dashboard.problems import Problem
from gateway.domain.floor import BoardKey
from gateway.domain.resources import ResourceKind
from gateway.ports.views import ResourceView
from gateway.service import resources as service
from gateway.wording import Words

router = APIRouter(prefix="/resources", tags=["resources"])


class ResourceState(Shape):
    """What the board shows."""

    key: BoardKey
    word: str
    sentence: str
    percent: int | None
    since: datetime | None
    until: datetime | None


class ResourceShape(Shape):
    """A resource; nobody is named."""

    id: str
    slug: str
    names: dict[str, str]
    kind: ResourceKind
    reservation_required: bool
    trainings: list[str]
    out_of_service: bool
    out_reason: str | None
    back_at: datetime | None
    state: ResourceState


class Resources(Shape):
    """Every resource, in the lab's order."""

    items: list[ResourceShape]


class OutOfService(Wish):
    """Why, for everybody to read, and until when."""

    reason: Text | None = None
    back_at: Moment | None = None


def resource_shape(view: ResourceView, words: Words, now: datetime) -> ResourceShape:
    """A resource as the API tells it."""
    resource, state = view.resource, board_state(view, now)
    said, params = words.state(state), state.params
    percent, since, until = params.get("percent"), params.get("since"), params.get("until")
    return ResourceShape(
        id=resource.id, slug=resource.slug, names=resource.names, kind=resource.kind,
        reservation_required=resource.reservation_required, trainings=list(resource.trainings),
        out_of_service=resource.out_of_service, out_reason=resource.out_reason, back_at=resource.back_at,
        state=ResourceState(
            key=state.key, word=said.title, sentence=said.sentence,
            percent=percent if isinstance(percent, int) else None,
            since=since if isinstance(since, datetime) else None,
            until=until if isinstance(until, datetime) else None,
        ),
    )  # fmt: skip


def _now(request: Request, services: Asked, slug: str) -> ResourceShape:
    view = hub_of(request).with_progress(existing(request, slug))
    return resource_shape(view, words_of(request), services.clock.now())


@router.get("", operation_id="listResources", responses=problems())
def every(request: Request, services: Asked, caller: Anyone) -> Resources:
    """Every resource with its state."""
    now, words, hub = services.clock.now(), words_of(request), hub_of(request)
    views = services.store.views().floor(now)
    return Resources(items=[resource_shape(hub.with_progress(view), words, now) for view in views])


@router.get("/{slug}", operation_id="getResource", responses=problems(404))
def one(request: Request, services: Asked, caller: Anyone, slug: SlugInPath) -> ResourceShape:
    """One resource with its state."""
    return _now(request, services, slug)


@router.post("/{slug}/out-of-service", operation_id="takeResourceOut", responses=problems(400, 403, 404))
def take_out(request: Request, services: Asked, staff: Staff, slug: SlugInPath, wish: OutOfService) -> ResourceShape:
    """Out of service: new starts are refused at once; a running job is left to end."""
    done = services.transact(
        lambda work, now: service.take_out(work, slug=slug, reason=wish.reason, back_at=wish.back_at, now=now)
    )
    if done is None:
        raise Problem("not_found")
    return _now(request, services, slug)


@router.post("/{slug}/back", operation_id="putResourceBack", responses=problems(403, 404))
def put_back(request: Request, services: Asked, staff: Staff, slug: SlugInPath) -> ResourceShape:
    """In service again."""
    if services.transact(lambda work, now: service.put_back(work, slug=slug, now=now)) is None:
        raise Problem("not_found")
    return _now(request, services, slug)


@router.post("/{slug}/end-session", operation_id="endSession", responses=problems(403, 404, 409))
def end_session(request: Request, services: Asked, staff: Staff, slug: SlugInPath) -> ResourceShape:
    """End the open session; power goes when the machine is idle."""
    existing(request, slug)
    if services.transact(lambda work, now: service.end_session(work, slug=slug, now=now)) is None:
        raise Problem("conflict")
    return _now(request, services, slug)
