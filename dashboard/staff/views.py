"""What the team sees: what needs someone, then everything."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard.floor.views import Tile, tile
from gateway.domain.events import EventKind, StoredEvent
from gateway.domain.help import HelpKind
from gateway.domain.people import Member
from gateway.domain.resources import Device, DeviceRole, Presence
from gateway.ports.views import ResourceView, Views
from gateway.ports.views_help import HelpView
from gateway.wording import Words

BADGES_SINCE = timedelta(days=7)
MEMBERS_LISTED = 200
ROWS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownBadge:
    """A tap of a badge that nobody has."""

    event: int
    at: datetime
    where: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that a machine asks for."""

    slug: str
    name: str
    text: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Somebody who is wanted, or a problem, from a kiosk."""

    id: str
    at: datetime
    call: bool
    text: str
    slug: str | None
    name: str | None
    first_name: str | None
    photo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A device and how it is."""

    slug: str
    role: DeviceRole
    resource: str | None
    presence: Presence
    reason: str | None
    told: str | None
    """Why it is lost in its bridge's own words, which are English."""
    seen: datetime | None
    power: str | None
    nonsense: int
    example: str | None

    @property
    def ill(self) -> bool:
        """Whether somebody should have a look."""
        return self.presence is Presence.OFFLINE or self.nonsense > 0 or self.power == "power_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Managed:
    """A resource with what staff may do to it."""

    tile: Tile
    out: bool
    used: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A fact that could not be handled, or a reading that was refused."""

    at: datetime
    device: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The whole page."""

    asked: tuple[Asked, ...]
    badges: tuple[UnknownBadge, ...]
    alarms: tuple[Alarm, ...]
    devices: tuple[Health, ...]
    resources: tuple[Managed, ...]
    quarantine: tuple[SetAside, ...]
    points: tuple[SetAside, ...]
    members: tuple[Member, ...]
    more_members: bool

    @property
    def attention(self) -> int:
        """How many things ask for somebody."""
        ill = sum(device.ill for device in self.devices)
        return len(self.asked) + len(self.badges) + len(self.alarms) + ill + len(self.quarantine) + len(self.points)


def desk(views: Views, words: Words, now: datetime, search: str | None) -> Desk:
    """Everything the page shows, read once."""
    floor = views.floor(now)
    names = {view.resource.slug: words.own(view.resource.names) for view in floor}
    by_id = {view.resource.id: words.own(view.resource.names) for view in floor}
    members = views.members(limit=MEMBERS_LISTED, cursor=None, search=search or None)
    refused = views.events(limit=ROWS, cursor=None, kinds=(EventKind.POINT_REFUSED,)).rows
    aside = views.quarantine(ROWS)
    return Desk(
        asked=tuple(_asked(each, names, words) for each in views.open_requests()),
        badges=tuple(_badge(row, names) for row in views.unknown_badges(now - BADGES_SINCE)),
        alarms=tuple(alarm for view in floor for alarm in _alarms(view, words)),
        devices=tuple(_health(device, by_id, words) for device in views.devices()),
        resources=tuple(
            Managed(tile=tile(view, words, now), out=view.resource.out_of_service, used=view.session is not None)
            for view in floor
        ),
        quarantine=tuple(SetAside(at=at, device=device, text=error) for _, device, error, at in aside),
        points=tuple(SetAside(at=row.event.at, device=row.device, text=_plain(row)) for row in refused),
        members=members.rows,
        more_members=members.next is not None,
    )


def _asked(view: HelpView, names: dict[str, str], words: Words) -> Asked:
    request = view.request
    call = request.kind is HelpKind.CALL
    text = words("staff.help.call") if call else words(f"kiosk.trouble.{request.trouble or 'other'}")
    return Asked(
        id=request.id, at=request.created_at, call=call, text=text, slug=view.resource,
        name=names.get(view.resource or ""), first_name=view.first_name, photo=request.photo_type is not None,
    )  # fmt: skip


def _badge(row: StoredEvent, names: dict[str, str]) -> UnknownBadge:
    return UnknownBadge(event=row.id, at=row.event.at, where=names.get(row.resource or ""))


def _alarms(view: ResourceView, words: Words) -> tuple[Alarm, ...]:
    name = words.own(view.resource.names)
    return tuple(Alarm(slug=view.resource.slug, name=name, text=words.alarm(code), code=code) for code in view.alarms)


def _health(device: Device, names: dict[str, str], words: Words) -> Health:
    power = None
    if device.role.powers and device.presence is Presence.ONLINE:
        power = {True: "power_on", False: "power_off", None: "power_unknown"}[device.power_on]
    # Our own reasons are codes; a bridge gives its reason in words.
    key = f"staff.reason.{device.presence_reason}"
    known = key if words.has(key) else None
    return Health(
        slug=device.slug, role=device.role, resource=names.get(device.resource_id or ""), presence=device.presence,
        reason=words(known) if known else None, told=None if known else device.presence_reason,
        seen=device.last_seen_at, power=power, nonsense=device.nonsense_count, example=device.nonsense_example,
    )  # fmt: skip


def _plain(row: StoredEvent) -> str:
    """A refused reading as the database told it; its words are for whoever looks after the database."""
    return " · ".join(f"{key}: {value}" for key, value in sorted(row.event.data.items()))[:400]
