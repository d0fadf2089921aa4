"""Badges of one member: given or lent by a tap at any reader, and *lost*, which ends them everywhere."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from dashboard.admin.common import FormToken, admin_page, go, zone_of
from dashboard.admin.members import existing
from dashboard.admin.members_views import full_name
from dashboard.dependencies import Asked, Services, words_of
from dashboard.staff.endpoints import Posted
from gateway.domain.events import EventKind, StoredEvent
from gateway.domain.loans import loan_ends
from gateway.domain.resources import Device, DeviceRole, Presence
from gateway.domain.timespan import Span
from gateway.ports.views import Views
from gateway.service import members as service
from gateway.service.members import Enrolment
from gateway.wording import Words

router = APIRouter(prefix="/equipe/membres/{id}", include_in_schema=False)

READERS = frozenset({DeviceRole.READER, DeviceRole.PLACE})
TAPS = (
    EventKind.TAP_REFUSED,
    EventKind.TAP_GRANTED,
    EventKind.TAP_NOTED,
    EventKind.PERSON_ARRIVED,
    EventKind.PERSON_LEFT,
)
LOOKED_AT = 50
A_DAY = timedelta(days=1)
BECAME = {Enrolment.ENROLLED: "given", Enrolment.TAKEN: "taken"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A reader to choose from."""

    slug: str
    name: str
    heard: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The tap that was waited for: of a badge that nobody has, or of one that is somebody's."""

    at: datetime
    event: int | None


def readers(views: Views, words: Words) -> tuple[Reader, ...]:
    """Every reader, those that are heard first."""
    names = {key: words.own(names) for key, names in views.resource_names().items()}
    found = [_reader(device, names, words) for device in views.devices() if device.role in READERS]
    return tuple(sorted(found, key=lambda reader: (not reader.heard, reader.name)))


def _reader(device: Device, names: dict[str, str], words: Words) -> Reader:
    place = words(f"staff.role.{device.role}") if device.role is DeviceRole.PLACE else device.slug
    return Reader(
        slug=device.slug, name=names.get(device.resource_id or "", place), heard=device.presence is Presence.ONLINE
    )


def first_tap(views: Views, reader: str, after: int, since: datetime) -> Heard | None:
    """The first tap at a reader after an event of the log."""
    unknown = {row.id for row in views.unknown_badges(since)}
    rows = views.events(limit=LOOKED_AT, cursor=None, kinds=TAPS).rows
    taps: list[StoredEvent] = [row for row in rows if row.device == reader and row.id > after]
    for row in sorted(taps, key=lambda row: (row.id not in unknown, row.id)):
        return Heard(at=row.event.at, event=row.id if row.id in unknown else None)
    return None


def last_event(views: Views) -> int:
    """The number of the newest event of the log."""
    rows = views.events(limit=1, cursor=None).rows
    return rows[0].id if rows else 0


def day_ends(services: Services, request: Request) -> datetime:
    """When a badge that is lent now is dead."""
    now = services.clock.now()
    schedules = services.store.views().schedules(Span(now, now + A_DAY))
    return loan_ends(schedules.site, now, zone_of(request))


@router.get("/badge")
def wait(
    request: Request, services: Asked, token: FormToken, id: str, jour: bool = False,
    lecteur: Annotated[str | None, Query(max_length=64)] = None,
    apres: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
) -> Response:  # fmt: skip
    """Choose a reader, tap the badge there, say yes."""
    member, views, words, now = existing(services, id), services.store.views(), words_of(request), services.clock.now()
    known = readers(views, words)
    chosen = next((reader for reader in known if reader.slug == lecteur), None)
    if chosen is None and len(known) == 1:
        chosen = known[0]
    if chosen is not None and apres is None:
        return go(
            f"/equipe/membres/{id}/badge",
            lecteur=chosen.slug,
            apres=str(last_event(views)),
            **({"jour": "1"} if jour else {}),
        )
    heard = first_tap(views, chosen.slug, apres or 0, now - A_DAY) if chosen else None
    return _page(
        request, services, token, words=words, member=member, jour=jour, readers=known, chosen=chosen, heard=heard
    )


def _page(request: Request, services: Services, token: str, **values: object) -> HTMLResponse:
    ends = day_ends(services, request) if values["jour"] else None
    member = values["member"]
    return admin_page(request, "badge.html", token, name=full_name(member), ends=ends, **values)  # type: ignore[arg-type]


@router.post("/badge", dependencies=[Posted])
def give(
    request: Request, services: Asked, id: str, event: Annotated[int, Form(ge=0, lt=2**63)],
    jour: Annotated[bool, Form()] = False,
) -> Response:  # fmt: skip
    """Give the badge of that tap, for good or for today."""
    existing(services, id)
    new, until = services.ids.new(), day_ends(services, request) if jour else None
    outcome = services.transact(
        lambda work, now: service.enrol_tapped(work, id=new, member_id=id, event_id=event, lent_until=until, now=now)
    )
    became = BECAME.get(outcome, "gone")
    return go(f"/equipe/membres/{id}", dit="lent" if jour and became == "given" else became)


@router.post("/badges/{badge}/perdu", dependencies=[Posted])
def lost(services: Asked, id: str, badge: str) -> Response:
    """It opens nothing any more, anywhere."""
    existing(services, id)
    done = services.transact(lambda work, now: service.revoke_badge(work, member_id=id, badge_id=badge, now=now))
    return go(f"/equipe/membres/{id}", dit="lost" if done else "gone")
