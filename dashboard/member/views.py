"""A member's home page, words ready."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from dashboard.booking.views import Reason, reasons
from dashboard.dependencies import Services
from dashboard.floor.views import Tile, tile
from gateway.domain.access import lacking
from gateway.domain.booking import Reservation, Status
from gateway.domain.local_time import first_moment, wall_clock
from gateway.domain.people import Names
from gateway.domain.qualifications import Qualification, RightState
from gateway.domain.refusals import ACCOUNT_MATTERS, Code, Refusal
from gateway.domain.resources import Resource
from gateway.domain.sessions import Session, State
from gateway.domain.timespan import Span, seconds_between
from gateway.domain.waiting import LIVE, Wait, WaitState
from gateway.ports.views_member import OwnPlace
from gateway.wording import Words

SHOWN = (RightState.VALID, RightState.AWAITING, RightState.LAPSED)
PERSONAL = ACCOUNT_MATTERS | {Code.CHARTER_NOT_ACCEPTED}
"""What is the same for every machine is said once, above them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mine:
    """A machine that the member uses now."""

    tile: Tile
    leaving: bool
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usable:
    """A machine that the member may use."""

    slug: str
    names: Names
    icon: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Machines that the member may not use, all for the same reasons."""

    machines: tuple[Names, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """A training that the member has, awaits or has to renew."""

    names: Names
    state: RightState
    until: datetime | None
    soon: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A booking with the name of its machine; ``awaits`` the team's yes."""

    held: Reservation
    slug: str
    names: Names
    icon: str
    started: bool

    @property
    def awaits(self) -> bool:
        """Whether the team has still to agree."""
        return self.held.status is Status.AWAITING_APPROVAL

    @property
    def path(self) -> str:
        """Its own page."""
        return f"/moi/reservations/{self.held.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A place in the line of a slot; ``offered`` names what may be taken until ``until``."""

    id: str
    span: Span
    names: Names
    offered: Names | None
    until: datetime | None
    moves: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The whole page."""

    now: datetime
    mine: tuple[Mine, ...]
    offers: tuple[Waiting, ...]
    waiting: tuple[Waiting, ...]
    bookings: tuple[Booking, ...]
    places: tuple[OwnPlace, ...]
    account: tuple[Reason, ...]
    usable: tuple[Usable, ...]
    missing: tuple[Missing, ...]
    rights: tuple[Right, ...]
    seconds: float
    month: datetime

    @property
    def offered_places(self) -> tuple[OwnPlace, ...]:
        """Seats in workshops that wait for an answer."""
        return tuple(one for one in self.places if one.place.offered_until and one.place.offered_until > self.now)


def home(services: Services, member_id: str, zone: ZoneInfo, words: Words) -> Home:
    """Everything the page shows."""
    views, now = services.store.views(), services.clock.now()
    resources = {resource.id: resource for resource in views.resources()}
    month = first_moment(wall_clock(now, zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0), zone)
    used = views.open_sessions_of(member_id)
    waits = [_waiting(wait, resources, services, now) for wait in views.waits(member_id) if wait.state in LIVE]
    account, usable, missing = _machines(services, member_id, words, now)
    return Home(
        now=now, mine=tuple(mine for each in used if (mine := _mine(each, resources, services, words, now))),
        offers=tuple(each for each in waits if each.offered), waiting=tuple(each for each in waits if not each.offered),
        bookings=bookings_in(views.bookings_of(member_id, now), resources.values(), now), places=views.places_of(member_id, now),
        account=account, usable=usable, missing=missing, rights=_rights(services, member_id, now),
        seconds=views.seconds_used(member_id, month) + sum(_open_seconds(each, month, now) for each in used),
        month=month,
    )  # fmt: skip


def _open_seconds(session: Session, month: datetime, now: datetime) -> float:
    """What an open session has counted so far."""
    since = session.energised_at
    return seconds_between(max(since, month), now) if since and session.state is not State.INTERRUPTED else 0.0


def _mine(
    session: Session, resources: Mapping[str, Resource], services: Services, words: Words, now: datetime
) -> Mine | None:
    """A machine in use, with its state; None when the use ended meanwhile."""
    view = services.store.views().resource(resources[session.resource_id].slug, now)
    if view is None or view.session is None or view.session.id != session.id:
        return None
    return Mine(tile=tile(view, words, now), leaving=session.state is State.LEAVING, until=session.granted_until)


def bookings_in(held: Iterable[Reservation], resources: Iterable[Resource], now: datetime) -> tuple[Booking, ...]:
    """Bookings with the names of their machines."""
    by_id = {resource.id: resource for resource in resources}
    return tuple(
        Booking(
            held=one, slug=by_id[one.resource_id].slug, names=by_id[one.resource_id].names,
            icon=str(by_id[one.resource_id].kind), started=one.span.starts <= now,
        )
        for one in held if one.resource_id in by_id
    )  # fmt: skip


def _waiting(wait: Wait, resources: Mapping[str, Resource], services: Services, now: datetime) -> Waiting:
    by_id = {id: resource.names for id, resource in resources.items()}  # noqa: A001
    names = by_id.get(wait.resource_id or "")
    if names is None:
        names = next((g.names for g in services.store.views().groups() if g.id == wait.group_id), {})
    offered = wait.state is WaitState.OFFERED and wait.open_offer(now)
    return Waiting(
        id=wait.id, span=wait.span, names=names, offered=by_id.get(wait.offered_id or "") if offered else None,
        until=wait.offered_until, moves=wait.moves,
    )  # fmt: skip


def _machines(
    services: Services, member_id: str, words: Words, now: datetime
) -> tuple[tuple[Reason, ...], tuple[Usable, ...], tuple[Missing, ...]]:
    """What keeps the member from everything; what they may use; what they lack for the rest, told once."""
    views = services.store.views()
    sessions = views.next_sessions(now)
    account: dict[Code, Refusal] = {}
    usable: list[Usable] = []
    lacked: dict[tuple[str, ...], tuple[list[Names], tuple[Refusal, ...]]] = {}
    for facts in views.personal_facts(member_id, now):
        resource, found = facts.resource, lacking(facts, now)
        if resource is None:
            continue
        account |= {refusal.code: refusal for refusal in found if refusal.code in PERSONAL}
        own = tuple(refusal for refusal in found if refusal.code not in PERSONAL)
        if own:
            key = tuple(f"{r.code} {r.params.get('training')} {r.params.get('age')}" for r in own)
            lacked.setdefault(key, ([], own))[0].append(resource.names)
        elif not found:
            usable.append(Usable(slug=resource.slug, names=resource.names, icon=str(resource.kind)))
    missing = (Missing(machines=tuple(names), reasons=reasons(own, words, sessions)) for names, own in lacked.values())
    return reasons(account.values(), words, {}), tuple(usable), tuple(missing)


def _rights(services: Services, member_id: str, now: datetime) -> tuple[Right, ...]:
    """The newest right of each training; the ones that end soonest first."""
    views = services.store.views()
    trainings = {training.id: training for training in views.trainings()}
    newest: dict[str, Qualification] = {}
    for right in views.qualifications(limit=200, cursor=None, member_id=member_id).rows:
        best = newest.get(right.training_id)
        if right.state(now) in SHOWN and (best is None or (right.valid(now) and not best.valid(now))):
            newest[right.training_id] = right
    found = [
        Right(
            names=trainings[id].names, state=right.state(now), until=right.expires_at,
            soon=_ends_soon(right, trainings[id].remind_days, now),
        )
        for id, right in newest.items() if id in trainings  # noqa: A001
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda right: (right.until is None, right.until or now)))


def _ends_soon(right: Qualification, remind_days: tuple[int, ...], now: datetime) -> bool:
    ends = right.expires_at
    return ends is not None and now < ends and (ends - now).days <= max(remind_days, default=0)
