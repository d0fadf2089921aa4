"""The views port: each call is one short reading, consistent in itself."""

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, bindparam, or_, select, text

from gateway.adapters.sql import schema, views_floor, views_lists
from gateway.adapters.sql.pages import page
from gateway.adapters.sql.part import SITE
from gateway.adapters.sql.reading_access import by_member
from gateway.adapters.sql.shapes import (
    DEVICE,
    GROUP,
    JOB,
    RESERVATION,
    RESOURCE,
    SESSION,
    STORED_EVENT,
    STORED_EVENTS,
    badge_in,
)  # fmt: skip
from gateway.adapters.sql.statements import led_by, one_of
from gateway.adapters.sql.types import Words
from gateway.adapters.sql.views_accounts import AccountsReads
from gateway.adapters.sql.views_arrivals import ArrivalsViewsPart
from gateway.adapters.sql.views_feeds import FeedViewsPart
from gateway.adapters.sql.views_free import FreeViewsPart
from gateway.adapters.sql.views_help import HelpViewsPart
from gateway.adapters.sql.views_member import MemberViewsPart
from gateway.adapters.sql.views_notices import NoticesReads
from gateway.adapters.sql.views_people import PeopleReads
from gateway.adapters.sql.views_proofs import ProofsReads
from gateway.adapters.sql.views_team import TeamViewsPart
from gateway.adapters.sql.views_training import TrainingViewsPart
from gateway.adapters.sql.views_workshops import WorkshopsViewsPart
from gateway.adapters.sql.work_log import CURSOR, events_after
from gateway.adapters.sql.work_node_lists import NodeListsViewsPart
from gateway.adapters.sql.work_policies import GROUPS, LAYERS_OF_SLUG, SITE_SAYS, policies
from gateway.adapters.sql.work_presence import ALL_HERE, HEARD, HERE
from gateway.adapters.sql.work_visits import VisitViewsPart
from gateway.domain.access_facts import AccessFacts
from gateway.domain.booking import Reservation
from gateway.domain.events import StoredEvent
from gateway.domain.jobs import Job
from gateway.domain.layers import SaidPolicies
from gateway.domain.people import Role
from gateway.domain.presence import Here, Place
from gateway.domain.resources import Device, DeviceRole, Presence, ResourceGroup
from gateway.domain.sessions import Session
from gateway.ports.errors import StoreUnavailable
from gateway.ports.views import Lab, LastTap, Page, PoliciesView, ResourceView, TokenLine, TokenView

MOST_UNKNOWN = 200
_LOOKED_THROUGH = 5000

_sites, _devices, _events = schema.sites.c, schema.devices.c, schema.events.c
_tokens, _quarantine, _badges = schema.tokens.c, schema.quarantine.c, schema.badge_hashes.c

LAB = select(_sites.id, _sites.slug, _sites.name, _sites.timezone).where(_sites.id == SITE)
DEVICES = select(*DEVICE.columns).where(_devices.site_id == SITE).order_by(_devices.slug)
LAST_TAP = (
    select(*STORED_EVENT.columns, schema.members.c.first_name)
    .select_from(STORED_EVENTS.get_final_froms()[0])
    .outerjoin(schema.members, schema.members.c.id == _events.member_id)
    .where(_events.site_id == SITE, _events.resource_id == bindparam("resource_id"), text(f"events.{schema.TAP_KINDS}"))
    .order_by(_events.id.desc())
    .limit(1)
)
REFUSED_WITH_BADGE = (
    led_by(STORED_EVENTS, schema.events, "ix_events_refused")
    .where(_events.site_id == SITE, _events.at >= bindparam("since"), text(f"events.{schema.REFUSED_TAPS}"))
    .where(_events.data["badge"].as_string().is_not(None))
    .order_by(_events.at.desc(), _events.id.desc())
    .limit(_LOOKED_THROUGH)
)
LIVE_DIGESTS = select(_badges.form, _badges.key_id, _badges.digest).where(
    _badges.revoked_at.is_(None), one_of(_badges.digest, bindparam("digests", type_=Words()))
)
QUARANTINE = (
    select(_quarantine.id, _quarantine.device, _quarantine.error, _quarantine.received_at)
    .where(_quarantine.site_id == SITE)
    .order_by(_quarantine.received_at.desc(), _quarantine.id.desc())
    .limit(bindparam("limit", type_=Integer()))
)
_live_token = (
    _tokens.site_id == SITE, _tokens.revoked_at.is_(None),
    or_(_tokens.expires_at.is_(None), _tokens.expires_at > bindparam("now", type_=_tokens.expires_at.type)),
)  # fmt: skip
TOKENS = (
    select(_tokens.id, _tokens.role, _tokens.label, schema.resources.c.slug, _tokens.created_at, _tokens.expires_at)
    .outerjoin(schema.resources, schema.resources.c.id == _tokens.resource_id)
    .where(*_live_token)
    .order_by(_tokens.created_at.desc(), _tokens.id.desc())
)
TOKEN = (
    select(_tokens.id, _tokens.role, _tokens.label, schema.resources.c.slug, _devices.slug)
    .outerjoin(schema.resources, schema.resources.c.id == _tokens.resource_id)
    .outerjoin(schema.devices, _devices.id == _tokens.device_id)
    .where(*_live_token, _tokens.digest == bindparam("digest"))
)


def needs_someone(device: Device) -> bool:
    """Whether staff should look at this device."""
    lost = device.role is DeviceRole.UNASSIGNED or device.presence is not Presence.ONLINE
    return lost or device.nonsense_count > 0 or (device.role.powers and device.power_on is None)


class SqlViews(
    ArrivalsViewsPart, WorkshopsViewsPart, TrainingViewsPart, FreeViewsPart, MemberViewsPart, NoticesReads,
    FeedViewsPart, AccountsReads, TeamViewsPart, ProofsReads, NodeListsViewsPart, PeopleReads, HelpViewsPart, VisitViewsPart,
):  # fmt: skip
    """Reads for pages and the API."""

    def lab(self) -> Lab:
        """The site."""
        rows = self._all(LAB)
        if not rows:
            raise StoreUnavailable("the database no longer holds this site")
        id, slug, name, timezone = rows[0]  # noqa: A001
        return Lab(id=id, slug=slug, name=name, timezone=timezone)

    def floor(self, now: datetime) -> tuple[ResourceView, ...]:
        """Every resource, by position."""
        with self._read() as tx:
            return views_floor.floor(tx, self._site.get(tx), now)

    def resource(self, slug: str, now: datetime) -> ResourceView | None:
        """One resource."""
        with self._read() as tx:
            return views_floor.one(tx, self._site.get(tx), slug, now)

    def groups(self) -> tuple[ResourceGroup, ...]:
        """Every group of equal machines, by slug."""
        return tuple(GROUP.read(row) for row in self._all(GROUPS))

    def site_policies(self) -> SaidPolicies:
        """What the site says for all its resources."""
        ((use, booking),) = self._all(SITE_SAYS)
        return SaidPolicies(use=use, booking=booking)

    def policies(self, slug: str) -> PoliciesView | None:
        """What is said of one resource, and what is in force for it."""
        for layers, group, *row in self._all(LAYERS_OF_SLUG, slug=slug):
            return PoliciesView(resource=RESOURCE.read(row), group=group, in_force=policies(layers))
        return None

    def last_tap(self, resource_id: str) -> LastTap | None:
        """The last tap at the readers of a resource."""
        rows = self._all(LAST_TAP, resource_id=resource_id)
        return LastTap(event=STORED_EVENT.read(rows[0]), first_name=rows[0][-1]) if rows else None

    def sessions(
        self, *, limit: int, cursor: str | None, resource: str | None = None, open_only: bool = False
    ) -> Page[Session]:
        """Newest first."""
        with self._read() as tx:
            return page(
                tx, SESSION, views_lists.SESSIONS, views_lists.sessions, lambda row: (row.opened_at, row.id),
                limit=limit, cursor=cursor, given={"resource": resource, "open_only": open_only or None},
                site_id=self._site.get(tx),
            )  # fmt: skip

    def jobs(self, *, limit: int, cursor: str | None, resource: str | None = None) -> Page[Job]:
        """Newest first."""
        with self._read() as tx:
            return page(
                tx, JOB, views_lists.JOBS, views_lists.jobs, lambda row: (row.started_at, row.id),
                limit=limit, cursor=cursor, given={"resource": resource}, site_id=self._site.get(tx),
            )  # fmt: skip

    def reservations(
        self, *, limit: int, cursor: str | None, resource: str | None = None,
        starts: datetime | None = None, ends: datetime | None = None,
    ) -> Page[Reservation]:  # fmt: skip
        """Standing ones that overlap ``[starts, ends)``, soonest first."""
        with self._read() as tx:
            return page(
                tx, RESERVATION, views_lists.RESERVATIONS, views_lists.reservations,
                lambda row: (row.span.starts, row.id),
                limit=limit, cursor=cursor, given={"resource": resource, "starts": starts, "ends": ends},
                site_id=self._site.get(tx),
            )  # fmt: skip

    def access_facts(self, resource_id: str, member_id: str, now: datetime) -> AccessFacts:
        """All that the rules of access look at, were this member to tap there."""
        with self._read() as tx:
            site_id = self._site.get(tx)
            return by_member(tx, site_id=site_id, resource_id=resource_id, member_id=member_id, now=now).access

    def presence(self, now: datetime) -> tuple[Place, tuple[Here, ...]]:
        """Who is counted in the place, by time of arrival."""
        with self._read() as tx:
            site_id = self._site.get(tx)
            heard = tx.one(HEARD, site_id=site_id)
            rows = [HERE.read(row) for row in tx.all(ALL_HERE, site_id=site_id)]
        here = tuple(row for row in rows if row.present(now))
        known = heard is not None and bool(heard[0])
        return Place(known=known, people=len(here), responsible=sum(row.responsible for row in here)), here

    def devices(self) -> tuple[Device, ...]:
        """All devices, those that need someone first."""
        found = [DEVICE.read(row) for row in self._all(DEVICES)]
        return tuple(sorted(found, key=lambda device: not needs_someone(device)))

    def events(
        self, *, limit: int, cursor: str | None, kinds: tuple[str, ...] = (), people: tuple[str, ...] = ()
    ) -> Page[StoredEvent]:
        """The log, newest first; with ``people``, of the named kinds only what one of them did or what is about one."""
        chosen: dict[str, Any] = {f"kind{i}": kind for i, kind in enumerate(dict.fromkeys(kinds))}
        if people:
            chosen["people"] = people
        with self._read() as tx:
            return page(
                tx, STORED_EVENT, views_lists.EVENTS, views_lists.events, lambda row: (row.id, row.id),
                limit=limit, cursor=cursor, given=chosen, site_id=self._site.get(tx),
            )  # fmt: skip

    def events_after(self, cursor: int, limit: int) -> tuple[StoredEvent, ...]:
        """For durable sinks: committed events in order, after ``cursor``, never skipping one that may still commit."""
        return tuple(STORED_EVENT.read(row) for row in self._all(events_after, cursor=cursor, limit=limit))

    def cursor(self, sink: str) -> int:
        """How far a durable sink has come; 0 before its first event."""
        rows = self._all(CURSOR, sink=sink)
        return int(rows[0][0]) if rows else 0

    def unknown_badges(self, since: datetime) -> tuple[StoredEvent, ...]:
        """Refused taps of badges that nobody has (once per badge, newest first), not enrolled since."""
        with self._read() as tx:
            rows = tx.all(REFUSED_WITH_BADGE, site_id=self._site.get(tx), since=since)
            newest = {}
            for event in (STORED_EVENT.read(row) for row in rows):
                badge = frozenset(badge_in(event.event.data))
                if badge and badge not in newest:
                    newest[badge] = event
            digests = sorted({form.digest for badge in newest for form in badge})
            live = {tuple(row) for row in tx.all(LIVE_DIGESTS, digests=digests)} if digests else set()
        unknown = [
            event
            for badge, event in newest.items()
            if not any((form.form, form.key_id, form.digest) in live for form in badge)
        ]
        return tuple(unknown[:MOST_UNKNOWN])

    def quarantine(self, limit: int) -> tuple[tuple[str, str, str, datetime], ...]:
        """(id, device slug, error, received at), newest first."""
        return tuple((row[0], row[1], row[2], row[3]) for row in self._all(QUARANTINE, limit=limit))

    def tokens(self, now: datetime) -> tuple[TokenLine, ...]:
        """Every token that is live, newest first."""
        return tuple(
            TokenLine(id=row[0], role=Role(row[1]), label=row[2], resource=row[3], created_at=row[4], expires_at=row[5])
            for row in self._all(TOKENS, now=now)
        )

    def token(self, digest: str, now: datetime) -> TokenView | None:
        """Who holds the token of this SHA-256, if it is live."""
        rows = self._all(TOKEN, digest=digest, now=now)
        if not rows:
            return None
        id, role, label, resource, reader = rows[0]  # noqa: A001
        return TokenView(id=id, role=Role(role), label=label, resource=resource, reader=reader)
