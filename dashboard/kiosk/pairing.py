"""Which kiosk asks, and who stands at it: a key that the first visit turns into a cookie, and a badge for two minutes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import Request
from starlette.responses import Response

from dashboard.dependencies import Services, token_view
from devices.topics import SLUG
from gateway.domain.cards import Shown
from gateway.domain.events import EventKind
from gateway.domain.people import Role
from gateway.domain.refusals import Code
from gateway.domain.resources import Device, DeviceRole
from gateway.ports.views import LastTap, ResourceView, Views

COOKIE, LEFT = "etabli_kiosk", "etabli_kiosk_left"
COOKIE_LIFE_S = 400 * 24 * 3600
WELCOME = "accueil"
"""The address of the screen at the door."""
KNOWN_FOR = timedelta(minutes=2)
"""So long a tap says who touches the screen, unless they leave it before."""
NOT_THEIRS = frozenset({Code.BADGE_UNKNOWN, Code.BADGE_REVOKED, Code.MEMBER_INACTIVE})
"""Whoever shows such a badge is not taken for its owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kiosk:
    """A screen: of one machine, of the several that ``reader`` serves, or of the door."""

    slug: str
    resources: tuple[str, ...] = ()
    reader: Device | None = None

    @property
    def several(self) -> bool:
        """Whether a tap must be followed by a choice."""
        return self.reader is not None and self.reader.role is DeviceRole.KIOSK

    @property
    def welcome(self) -> bool:
        """Whether it stands at the door, where nothing is switched on."""
        return self.slug == WELCOME

    def last_tap(self, views: Views, shown: Mapping[str, ResourceView]) -> LastTap | None:
        """The last tap that this screen is about."""
        ids = [shown[slug].resource.id for slug in self.resources if slug in shown]
        if self.reader is not None:
            return views.last_tap_at(self.reader.id, ids)
        return views.last_tap(ids[0]) if ids else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who has tapped here."""

    id: str
    first_name: str | None
    until: datetime
    shown: Shown = Shown.NUMBER
    """What their tap was worth."""
    pin: bool = False
    """Whether their code of six digits went with it."""


def kiosk_of(request: Request, services: Services, slug: str, secret: str | None) -> Kiosk | None:
    """The kiosk that this secret is of; None for any other secret."""
    if not SLUG.fullmatch(slug):
        return None
    token = token_view(request, secret)
    if token is None or token.role is not Role.KIOSK:
        return None
    if slug == WELCOME:
        return _at_the_door(services, token.reader) if token.resource is None else None
    if token.resource == slug:
        return Kiosk(slug=slug, resources=(slug,))
    found = services.store.views().reader(slug) if token.reader == slug else None
    if found is None or found.device.role is not DeviceRole.KIOSK:
        return None
    return Kiosk(slug=slug, resources=found.resources, reader=found.device)


def _at_the_door(services: Services, reader: str | None) -> Kiosk | None:
    """The screen that welcomes, with the reader at the door if it has one."""
    if reader is None:
        return Kiosk(slug=WELCOME)
    found = services.store.views().reader(reader)
    return Kiosk(slug=WELCOME, reader=found.device) if found and found.device.role is DeviceRole.PLACE else None


def person_at(tap: LastTap | None, now: datetime, left: int) -> Person | None:
    """Who stands there, while the tap still counts."""
    if tap is None or tap.event.id <= left:
        return None
    event = tap.event.event
    if event.member_id is None or now - event.at >= KNOWN_FOR:
        return None
    told = event.data.get("refusals") if event.kind is EventKind.TAP_REFUSED else None
    if isinstance(told, list) and NOT_THEIRS & {str(code) for code in told}:
        return None
    shown = Shown.PROVEN if event.data.get("card") == Shown.PROVEN else Shown.NUMBER
    return Person(
        id=event.member_id, first_name=tap.first_name, until=event.at + KNOWN_FOR, shown=shown,
        pin=event.data.get("pin") is True,
    )  # fmt: skip


def left_of(request: Request) -> int:
    """The newest tap whose person has left the screen."""
    told = request.cookies.get(LEFT, "")
    return int(told) if told.isdecimal() and len(told) < 19 else 0


def remember(request: Request, response: Response, slug: str, name: str, value: str) -> None:
    """Put a cookie of this kiosk alone into the answer."""
    response.set_cookie(
        name, value, max_age=COOKIE_LIFE_S, path=f"/kiosk/{slug}", httponly=True, samesite="strict",
        secure=request.url.scheme == "https",
    )  # fmt: skip
