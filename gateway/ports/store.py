"""The store: what happened and what is so. One ``Work`` is one open transaction.

SQLite and PostgreSQL pass the same contract suite (tests/contract/test_store.py).
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from devices.messages import HashedBadge
from gateway.domain.access_facts import NO_RULES_OF_USE, AccessFacts
from gateway.domain.booking import Reservation
from gateway.domain.cards import ShownBadge
from gateway.domain.events import Event
from gateway.domain.jobs import Job
from gateway.domain.layers import Policies, SaidPolicies
from gateway.domain.people import Role
from gateway.domain.resources import Device, DeviceRole, Resource, ResourceGroup
from gateway.domain.sessions import Session
from gateway.domain.streams import Stream
from gateway.domain.use_policy import UsePolicy
from gateway.domain.ways import NOTHING_BESIDE, Beside, OpenClass, WaitingPart
from gateway.ports.store_accounts import AccountsWork
from gateway.ports.store_answers import AnswersWork
from gateway.ports.store_arrivals import ArrivalsWork
from gateway.ports.store_bookings import BookingsWork
from gateway.ports.store_calendar import CalendarWork
from gateway.ports.store_feeds import FeedsWork
from gateway.ports.store_help import HelpWork
from gateway.ports.store_node_lists import NodeListsWork
from gateway.ports.store_notices import NoticesWork, WebhooksWork
from gateway.ports.store_people import PeopleWork
from gateway.ports.store_presence import PresenceWork
from gateway.ports.store_proofs import ProofsWork
from gateway.ports.store_team import TeamWork
from gateway.ports.store_training import TrainingWork
from gateway.ports.store_visits import VisitsWork
from gateway.ports.store_workshops import WorkshopWork
from gateway.ports.views import Views

SOON_S = 0.2
"""So long waits for other writers whoever can come back later: nobody stands at a machine for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """A device of the batch, locked, with its streams by boot."""

    device: Device
    streams: Mapping[str, Stream]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceFacts:
    """A resource as reports and sweeps need it: its open session, running jobs, interlock, and what is in force there."""

    resource: Resource
    session: Session | None
    running: tuple[Job, ...]
    interlock: Device | None
    use: UsePolicy = NO_RULES_OF_USE


@dataclass(frozen=True, slots=True, kw_only=True)
class TapFacts:
    """One read for one tap: facts for the decision, and what power needs afterwards."""

    access: AccessFacts
    running: tuple[Job, ...]
    interlock: Device | None
    beside: Beside = NOTHING_BESIDE
    badge: ShownBadge | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFact:
    """A fact that came early and waits for the gap before it."""

    device_id: str
    boot: str
    seq: int
    received_at: datetime
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A fact whose handling failed, raw."""

    id: str
    device: str
    topic: str
    payload: bytes
    error: str
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An API token: only its SHA-256 is kept. ``resource`` and ``reader`` are slugs, for kiosks."""

    id: str
    digest: str
    role: Role
    label: str
    created_at: datetime
    resource: str | None = None
    reader: str | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


class Work(
    BookingsWork, WorkshopWork, AnswersWork, ArrivalsWork, TrainingWork, CalendarWork, PresenceWork,
    NoticesWork, WebhooksWork, FeedsWork, AccountsWork, TeamWork, ProofsWork,
    NodeListsWork, PeopleWork, HelpWork, VisitsWork, Protocol,
):  # fmt: skip
    """One open transaction. Nothing is seen by anyone until it is committed; an exception rolls it back."""

    # streams and facts
    def lock_devices(self, slugs: Iterable[str], now: datetime, new_id: Iterable[str]) -> Mapping[str, Locked]:
        """The devices by slug, locked in id order together with their resources; unknown ones are added unassigned.

        ``new_id`` gives ids for those that must be added.
        """

    def save_stream(self, device_id: str, boot: str, stream: Stream, now: datetime) -> None:
        """Remember how far this boot's facts are applied."""

    def hold(self, fact: HeldFact) -> None:
        """Keep an early fact; the same (device, boot, seq) twice is kept once."""

    def held(self, device_id: str, boot: str) -> tuple[HeldFact, ...]:
        """The early facts of a boot, in seq order."""

    def held_since(self, before: datetime) -> tuple[tuple[str, str], ...]:
        """(device slug, boot) of early facts received before ``before``."""

    def release(self, device_id: str, boot: str, seqs: Iterable[int]) -> None:
        """Forget early facts that have been applied."""

    def quarantine(self, row: Quarantined) -> None:
        """Set a raw fact aside."""

    # the tap and the reports
    def facts_for_tap(self, reader: Device, badge: tuple[HashedBadge, ...], now: datetime) -> TapFacts:
        """Everything about this reader's resource, this badge's member, in one read."""

    def facts_for_member(self, resource_id: str, member_id: str, now: datetime) -> TapFacts:
        """The same about a member who is known without a badge."""

    def facts_for(self, resource_id: str) -> ResourceFacts | None:
        """Everything that a report or a sweep needs about a resource, which is ours alone from here on."""

    # ways in beside one's own right
    def open_class(self, resource_id: str) -> OpenClass | None:
        """The class that is open on a resource, its time perhaps over."""

    def classes_over(self, now: datetime) -> tuple[OpenClass, ...]:
        """Open classes whose time is over."""

    def save_class(self, held: OpenClass) -> None:
        """Insert or update; the database refuses a second open one on the same resource."""

    def waiting_part(self, resource_id: str) -> WaitingPart | None:
        """What lies on a resource."""

    def save_waiting_part(self, part: WaitingPart) -> None:
        """Remember what lies there."""

    def clear_waiting_part(self, resource_id: str) -> None:
        """Nothing lies there any more."""

    def add_maintainer(self, scope_id: str, member_id: str, now: datetime) -> bool:
        """Let a member look after a resource or a group; False when they did already."""

    def remove_maintainer(self, scope_id: str, member_id: str) -> bool:
        """No longer; False when they did not."""

    def next_booked(self, resource_id: str, now: datetime) -> Reservation | None:
        """The first standing reservation that has not ended."""

    # sessions, jobs, devices, the log
    def save_session(self, session: Session) -> None:
        """Insert or update a session; StoreUnavailable when a second open one is tried on the same resource."""

    def job(self, device_id: str, key: str) -> Job | None:
        """The device's job of that key."""

    def running_jobs(self, device_id: str) -> tuple[Job, ...]:
        """Jobs of this device that have not ended."""

    def save_job(self, job: Job) -> None:
        """Insert or update a job."""

    def save_device(self, device: Device) -> None:
        """Update what a device was last heard to say."""

    def append(self, site_id: str, events: Iterable[Event]) -> None:
        """Add to the log of what happened; ALARM_RAISED and ALARM_CLEARED open and close the alarm ``data["code"]``."""

    # sweeps
    def resources_to_sweep(self) -> tuple[ResourceFacts, ...]:
        """Every resource with an open session, a running job or an interlock, ours alone from here on."""

    def quiet_devices(self, before: datetime) -> tuple[Device, ...]:
        """Devices last seen before ``before`` and not yet known to be offline."""

    # the lab
    def site_id(self) -> str:
        """The id of this gateway's site."""

    def put_site(self, *, id: str, slug: str, name: str, timezone: str, address: str | None = None) -> str:
        """Insert or update the site by slug; its id. ``address`` is where its pages are, as other sites send people."""

    def put_resource(self, resource: Resource) -> Resource:
        """Insert or update by slug (trainings included); the row as it stands, with its lasting id."""

    def put_device(self, *, id: str, slug: str, role: DeviceRole, resource: str | None) -> Device:
        """Insert or update a device by slug, attached to the resource of that slug."""

    def resource(self, slug: str) -> Resource | None:
        """A resource by slug."""

    def put_group(self, group: ResourceGroup) -> ResourceGroup:
        """Insert or update by slug; the row as it stands, with its lasting id."""

    def group(self, slug: str) -> ResourceGroup | None:
        """A group of equal machines by slug."""

    def site_policies(self) -> SaidPolicies:
        """What the site says for all its resources."""

    def put_site_policies(self, said: SaidPolicies) -> None:
        """Say something else for all of them."""

    def policies(self, resource_id: str) -> Policies:
        """What is in force for a resource."""

    def add_token(self, token: Token) -> None:
        """Keep a token's digest."""

    def has_screen(self, resource_id: str, reader_id: str, now: datetime) -> bool:
        """Whether a kiosk stands at that resource, or beside that reader."""

    def revoke_token(self, id: str, now: datetime) -> bool:
        """Make a token useless; False when there is none such."""

    @property
    def appended(self) -> tuple[Event, ...]:
        """The events of this transaction so far."""

    # durable sinks
    def save_cursor(self, sink: str, cursor: int) -> None:
        """Remember how far a sink has come."""


class Store(Protocol):
    """Where Work comes from."""

    def begin(self, *, within_s: float | None = None) -> AbstractContextManager[Work]:
        """A write transaction: commit (with fsync) on leaving the block, roll back on any exception.

        It waits for other writers for ``within_s`` seconds, or as long as the store is patient.
        Raises StoreUnavailable when the database is locked, full or away; at COMMIT that means *unknown*.
        """

    def views(self) -> Views:
        """What pages and the API read; never waits for the writer."""

    def check(self) -> None:
        """Raise StoreUnavailable unless the schema is current and its guards (overlap, one open session) stand."""

    def close(self) -> None:
        """Release every connection."""
