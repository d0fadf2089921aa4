"""What people see: values read for pages and the API, and the questions they answer. No names unless asked for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.domain.access_facts import AccessFacts
from gateway.domain.booking import Reservation
from gateway.domain.events import StoredEvent
from gateway.domain.jobs import Job
from gateway.domain.layers import Policies, SaidPolicies
from gateway.domain.people import Role
from gateway.domain.presence import Here, Place
from gateway.domain.resources import Device, Resource, ResourceGroup
from gateway.domain.sessions import Session
from gateway.domain.training import Training
from gateway.domain.upkeep import ScreenNote
from gateway.domain.ways import OpenClass, WaitingPart
from gateway.ports.pages import Page as Page  # noqa: PLC0414 - what reads give stands with the reads
from gateway.ports.store_node_lists import NodeListsViews
from gateway.ports.store_visits import VisitViews
from gateway.ports.views_accounts import AccountsViews
from gateway.ports.views_arrivals import ArrivalsViews
from gateway.ports.views_calendar import CalendarViews
from gateway.ports.views_feeds import FeedViews
from gateway.ports.views_help import HelpViews
from gateway.ports.views_member import MemberViews
from gateway.ports.views_notices import NoticesViews
from gateway.ports.views_people import PeopleViews
from gateway.ports.views_proofs import ProofsViews
from gateway.ports.views_team import TeamViews
from gateway.ports.views_training import TrainingViews
from gateway.ports.views_workshops import WorkshopViews


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceView:
    """A resource with all that its tile and its page need."""

    resource: Resource
    devices: tuple[Device, ...]
    session: Session | None
    job: Job | None
    last_job: Job | None
    reservation: Reservation | None
    """The one that covers now, else the next one within 24 hours."""
    trainings: tuple[Training, ...] = ()
    alarms: tuple[str, ...] = ()
    """Codes of alarms that are raised and not cleared."""
    progress: float | None = None
    """Percent, from the latest sample, filled in by whoever holds samples."""
    moved_at: datetime | None = None
    """When the progress last changed, and the watts last measured: filled in by whoever holds samples."""
    watts: float | None = None
    part: WaitingPart | None = None
    open_class: OpenClass | None = None
    note: ScreenNote | None = None
    """What the team says at the machine, its time perhaps over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoliciesView:
    """A resource, the slug of its group, and what is in force for it."""

    resource: Resource
    group: str | None
    in_force: Policies


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenView:
    """Who a token speaks for."""

    id: str
    role: Role
    label: str
    resource: str | None
    reader: str | None = None
    """The kiosk's reader, where it serves several machines or stands at the door."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLine(TokenView):
    """A token as whoever administers the place sees it."""

    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """The site's own words."""

    id: str
    slug: str
    name: str
    timezone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastTap:
    """The last tap at a resource's reader, for its kiosk: the event carries verdict, refusals, until."""

    event: StoredEvent
    first_name: str | None


class Views(
    ArrivalsViews, WorkshopViews, TrainingViews, CalendarViews, MemberViews, NoticesViews, FeedViews, AccountsViews,
    TeamViews, ProofsViews, NodeListsViews, PeopleViews, HelpViews, VisitViews, Protocol,
):  # fmt: skip
    """Reads. Each call is one short transaction of its own; StoreUnavailable when the database is away."""

    def lab(self) -> Lab:
        """The site."""

    def floor(self, now: datetime) -> tuple[ResourceView, ...]:
        """Every resource, by position."""

    def resource(self, slug: str, now: datetime) -> ResourceView | None:
        """One resource."""

    def groups(self) -> tuple[ResourceGroup, ...]:
        """Every group of equal machines, by slug."""

    def site_policies(self) -> SaidPolicies:
        """What the site says for all its resources."""

    def policies(self, slug: str) -> PoliciesView | None:
        """What is said of one resource, and what is in force for it."""

    def last_tap(self, resource_id: str) -> LastTap | None:
        """The last tap at the readers of a resource."""

    def sessions(
        self, *, limit: int, cursor: str | None, resource: str | None = None, open_only: bool = False
    ) -> Page[Session]:
        """Newest first; the cursor is opaque; ValueError for one that is not ours."""

    def jobs(self, *, limit: int, cursor: str | None, resource: str | None = None) -> Page[Job]:
        """Newest first."""

    def reservations(
        self, *, limit: int, cursor: str | None, resource: str | None = None,
        starts: datetime | None = None, ends: datetime | None = None,
    ) -> Page[Reservation]:  # fmt: skip
        """Standing ones that overlap ``[starts, ends)``, soonest first."""

    def access_facts(self, resource_id: str, member_id: str, now: datetime) -> AccessFacts:
        """All that the rules of access look at, were this member to tap there."""

    def presence(self, now: datetime) -> tuple[Place, tuple[Here, ...]]:
        """Who is counted in the place, by time of arrival."""

    def devices(self) -> tuple[Device, ...]:
        """All devices, those that need someone first."""

    def events(
        self, *, limit: int, cursor: str | None, kinds: tuple[str, ...] = (), people: tuple[str, ...] = ()
    ) -> Page[StoredEvent]:
        """The log, newest first; with ``people``, of the named kinds only what one of them did or what is about one.

        They are ids of members, or what stands on a token.
        """

    def events_after(self, cursor: int, limit: int) -> tuple[StoredEvent, ...]:
        """For durable sinks: committed events in order, after ``cursor``, never skipping one that may still commit.

        The next cursor is the id of the last one read (on PostgreSQL not always the highest).
        """

    def cursor(self, sink: str) -> int:
        """How far a durable sink has come; 0 before its first event."""

    def unknown_badges(self, since: datetime) -> tuple[StoredEvent, ...]:
        """Refused taps of badges that nobody has (once per badge, newest first), not enrolled since."""

    def quarantine(self, limit: int) -> tuple[tuple[str, str, str, datetime], ...]:
        """(id, device slug, error, received at), newest first."""

    def tokens(self, now: datetime) -> tuple[TokenLine, ...]:
        """Every token that is live, newest first."""

    def token(self, digest: str, now: datetime) -> TokenView | None:
        """Who holds the token of this SHA-256, if it is live."""
