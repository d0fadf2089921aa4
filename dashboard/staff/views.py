"""Badges that nobody has, and how every device is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.cuts import CutTest
from gateway.domain.events import EventKind, StoredEvent
from gateway.domain.people import Member
from gateway.domain.resources import Device, DeviceRole, Presence
from gateway.ports.views import Views
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
    cut: str | None = None
    """Of a plug: how it came back when it was pulled out, ``off``, ``on`` or ``untried``."""

    @property
    def ill(self) -> bool:
        """Whether somebody should have a look."""
        return self.presence is Presence.OFFLINE or self.nonsense > 0 or self.power == "power_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A fact that could not be handled, or a reading that was refused."""

    at: datetime
    device: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BadgeDesk:
    """Badges that nobody has, and who may get them."""

    badges: tuple[UnknownBadge, ...]
    members: tuple[Member, ...]
    more_members: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDesk:
    """How everything that speaks is."""

    devices: tuple[Health, ...]
    quarantine: tuple[SetAside, ...]
    points: tuple[SetAside, ...]


def badge_desk(views: Views, words: Words, now: datetime, search: str | None) -> BadgeDesk:
    """Unknown badges of the last days, and the members to choose from."""
    names = {view.resource.slug: words.own(view.resource.names) for view in views.floor(now)}
    members = views.members(limit=MEMBERS_LISTED, cursor=None, search=search or None)
    return BadgeDesk(
        badges=tuple(_badge(row, names) for row in views.unknown_badges(now - BADGES_SINCE)),
        members=members.rows,
        more_members=members.next is not None,
    )


def device_desk(views: Views, words: Words, now: datetime) -> DeviceDesk:
    """Devices, facts that could not be handled, readings that no database takes."""
    by_id = {view.resource.id: words.own(view.resource.names) for view in views.floor(now)}
    cuts = views.cut_tests()
    refused = views.events(limit=ROWS, cursor=None, kinds=(EventKind.POINT_REFUSED,)).rows
    return DeviceDesk(
        devices=tuple(health(device, by_id, words, cuts) for device in views.devices()),
        quarantine=tuple(SetAside(at=at, device=device, text=error) for _, device, error, at in views.quarantine(ROWS)),
        points=tuple(SetAside(at=row.event.at, device=row.device, text=_plain(row)) for row in refused),
    )


def _badge(row: StoredEvent, names: dict[str, str]) -> UnknownBadge:
    return UnknownBadge(event=row.id, at=row.event.at, where=names.get(row.resource or ""))


def health(device: Device, names: dict[str, str], words: Words, cuts: Mapping[str, CutTest]) -> Health:
    """A device and how it is."""
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
        cut=_cut(cuts.get(device.id)) if device.role is DeviceRole.INTERLOCK else None,
    )  # fmt: skip


def _cut(test: CutTest | None) -> str:
    return "untried" if test is None or test.off is None else "off" if test.off else "on"


def _plain(row: StoredEvent) -> str:
    """A refused reading as the database told it; its words are for whoever looks after the database."""
    return " · ".join(f"{key}: {value}" for key, value in sorted(row.event.data.items()))[:400]
