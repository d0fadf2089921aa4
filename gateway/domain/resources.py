"""Resources, the devices around them, and what those devices were last heard to say."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.domain.opening import Opening
from gateway.domain.people import Names
from gateway.domain.policy import Said


class ResourceKind(StrEnum):
    """What a resource is, for its icon and for counting."""

    PRINTER_3D = "printer_3d"
    LASER = "laser"
    CNC = "cnc"
    VINYL = "vinyl"
    TEXTILE = "textile"
    ELECTRONICS = "electronics"
    SCANNER = "scanner"
    GAME = "game"
    DESK = "desk"
    ROOM = "room"
    KIT = "kit"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Anything a member can book or switch on.

    ``ceiling_s`` is the hard limit of one session's power, ``forgotten_s`` ends an idle session nobody tapped out of.
    """

    id: str
    slug: str
    names: Names
    kind: ResourceKind = ResourceKind.OTHER
    position: int = 0
    reservation_required: bool = False
    ceiling_s: int = 8 * 3600
    forgotten_s: int = 3600
    out_of_service: bool = False
    out_reason: str | None = None
    back_at: datetime | None = None
    opening: Opening | None = None
    """Hours of its own; None: the site's."""
    trainings: tuple[str, ...] = ()
    """Slugs of every training that is needed."""
    levels: dict[str, int] = field(default_factory=dict, hash=False)
    """The level that is asked of a training, by slug, where it is more than 1."""
    group_id: str | None = None
    use_policy: Said | None = None
    booking_policy: Said | None = None

    def back_after(self, now: datetime) -> datetime | None:
        """When it is expected back in service, while that is still to come."""
        return self.back_at if self.out_of_service and self.back_at and self.back_at > now else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceGroup:
    """Equal machines: whoever may use one may use another in its place. Its policies stand for all of them."""

    id: str
    slug: str
    names: Names
    use_policy: Said | None = None
    booking_policy: Said | None = None


class DeviceRole(StrEnum):
    """What a device is to its resource."""

    READER = "reader"
    PLACE = "place"
    """A reader at the door: who taps there arrives or leaves."""
    KIOSK = "kiosk"
    """A reader that serves several machines: who taps there chooses one on the screen beside it."""
    INTERLOCK = "interlock"
    MACHINE = "machine"
    NODE = "node"
    """Reader, interlock and run input in one, which may decide by itself."""
    UNASSIGNED = "unassigned"

    @property
    def powers(self) -> bool:
        """Whether it switches its resource."""
        return self in {DeviceRole.INTERLOCK, DeviceRole.NODE}

    @property
    def reads(self) -> bool:
        """Whether it hears badges at its resource."""
        return self in {DeviceRole.READER, DeviceRole.NODE}


class Presence(StrEnum):
    """Whether a device is heard; ``never`` before its first word."""

    NEVER = "never"
    ONLINE = "online"
    OFFLINE = "offline"


BRIDGE_GONE = "bridge_gone"
NO_NEWS = "no_news"
FLOODS = "floods"
"""It sends more than any device does, and is not listened to."""
SILENCE = frozenset({BRIDGE_GONE, NO_NEWS, FLOODS})
"""Reasons for a device's absence that we gave ourselves, because nobody said anything: hearing it takes them back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device as the store knows it. ``power_on`` is what an interlock last said, None when unknown.

    ``list_workshop_id`` is the workshop whose attendance list is open at a reader, between the two moments.
    """

    id: str
    slug: str
    role: DeviceRole
    resource_id: str | None = None
    presence: Presence = Presence.NEVER
    presence_reason: str | None = None
    last_seen_at: datetime | None = None
    power_on: bool | None = None
    power_at: datetime | None = None
    nonsense_count: int = 0
    nonsense_example: str | None = None
    list_workshop_id: str | None = None
    list_since: datetime | None = None
    list_until: datetime | None = None

    def list_open(self, at: datetime) -> str | None:
        """The workshop whose list was open here at that moment."""
        since, until = self.list_since, self.list_until
        return self.list_workshop_id if since and until and since <= at < until else None


def interlock_known(interlock: Device | None) -> bool:
    """Whether the resource's relay, if it has one, is heard and says something that can be believed."""
    return interlock is None or (interlock.presence is Presence.ONLINE and interlock.power_on is not None)
