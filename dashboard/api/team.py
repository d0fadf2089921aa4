"""What only staff read: devices with their health, and the log of what happened."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from dashboard.api.common import Cursor, Limit, PageOf, Shape, Staff, problems, rows, slug_of
from dashboard.dependencies import Asked
from gateway.domain.events import EventKind, StoredEvent
from gateway.domain.resources import DeviceRole, Presence

router = APIRouter(tags=["team"])


class DeviceShape(Shape):
    """A device and how it is."""

    slug: str
    role: DeviceRole
    resource: str | None
    presence: Presence
    presence_reason: str | None
    last_seen_at: datetime | None
    power_on: bool | None
    nonsense_count: int
    nonsense_example: str | None


class Devices(Shape):
    """All of them, those that need someone first."""

    items: list[DeviceShape]


class EventShape(Shape):
    """A row of the log."""

    id: int
    kind: EventKind
    at: datetime
    resource: str | None
    device: str | None
    member_id: str | None
    session_id: str | None
    data: dict[str, Any]


@router.get("/devices", operation_id="listDevices", responses=problems(403))
def devices(request: Request, services: Asked, staff: Staff) -> Devices:
    """All devices, those that need someone first."""
    return Devices(
        items=[
            DeviceShape(
                slug=device.slug, role=device.role, resource=slug_of(request, device.resource_id),
                presence=device.presence, presence_reason=device.presence_reason, last_seen_at=device.last_seen_at,
                power_on=device.power_on, nonsense_count=device.nonsense_count,
                nonsense_example=device.nonsense_example,
            )
            for device in services.store.views().devices()
        ]
    )  # fmt: skip


@router.get("/events", operation_id="listEvents", responses=problems(403))
def events(
    request: Request, response: Response, services: Asked, staff: Staff, limit: Limit = 50, cursor: Cursor = None,
    kind: Annotated[list[EventKind] | None, Query(max_length=50)] = None,
) -> PageOf[EventShape]:  # fmt: skip
    """What happened, newest first."""
    views = services.store.views()
    kinds = tuple(str(each) for each in kind or ())
    return rows(request, response, lambda: views.events(limit=limit, cursor=cursor, kinds=kinds), _event)


def _event(row: StoredEvent) -> EventShape:
    """A badge's hashes stay in the store: whoever has them could look for their owner elsewhere."""
    event = row.event
    data = {key: value for key, value in event.data.items() if key != "badge"}
    return EventShape(
        id=row.id, kind=event.kind, at=event.at, resource=row.resource, device=row.device, member_id=event.member_id,
        session_id=event.session_id, data=data,
    )  # fmt: skip
