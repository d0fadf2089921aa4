"""Resources as the board and their own pages show them: words ready, nobody named."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dashboard.channels import Draw, Scene
from dashboard.rendering import fragment
from gateway.domain.booking import Reservation
from gateway.domain.floor import BoardKey, BoardState, state_of
from gateway.domain.people import Names
from gateway.domain.resources import ResourceKind
from gateway.domain.timespan import Span
from gateway.ports.views import Lab, ResourceView, Views
from gateway.wording import Words

FAMILIES: dict[str, tuple[ResourceKind, ...]] = {
    "print": (ResourceKind.PRINTER_3D,),
    "cut": (ResourceKind.LASER, ResourceKind.CNC, ResourceKind.VINYL),
    "soft": (ResourceKind.TEXTILE, ResourceKind.ELECTRONICS),
    "space": (
        ResourceKind.SCANNER, ResourceKind.GAME, ResourceKind.DESK, ResourceKind.ROOM, ResourceKind.KIT,
        ResourceKind.OTHER,
    ),
}  # fmt: skip
"""The groups of the board, in which nothing ever changes its place."""
TALLY_ORDER = tuple(BoardKey)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A resource on the board."""

    slug: str
    name: str
    kind: str
    key: BoardKey
    word: str
    sentence: str
    percent: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A group of tiles."""

    key: str
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How many are free, and of which state how many there are."""

    free: int
    total: int
    tally: tuple[tuple[BoardKey, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A stretch of today at one resource."""

    starts: datetime
    ends: datetime
    taken: bool
    now: bool
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Today at one resource: what is booked, and when it is next free."""

    slots: tuple[Slot, ...]
    next_free: datetime | None


def board_state(view: ResourceView, now: datetime) -> BoardState:
    """The one state of a resource."""
    return state_of(
        resource=view.resource, devices=view.devices, session=view.session, job=view.job, last_job=view.last_job,
        reservation=view.reservation, alarms=view.alarms, progress=view.progress, now=now, part=view.part,
        open_class=view.open_class,
    )  # fmt: skip


def tile(view: ResourceView, words: Words, now: datetime) -> Tile:
    """A resource as its tile."""
    state = board_state(view, now)
    said, percent = words.state(state), state.params.get("percent")
    return Tile(
        slug=view.resource.slug,
        name=words.own(view.resource.names),
        kind=str(view.resource.kind),
        key=state.key,
        word=said.title,
        sentence=said.sentence,
        percent=percent if isinstance(percent, int) else None,
    )


def families(views: Iterable[ResourceView], words: Words, now: datetime) -> tuple[Family, ...]:
    """The board in its groups, each in the lab's own order."""
    views = tuple(views)
    groups = (
        (key, tuple(tile(view, words, now) for view in views if view.resource.kind in kinds))
        for key, kinds in FAMILIES.items()
    )
    return tuple(Family(key=key, tiles=tiles) for key, tiles in groups if tiles)


def summary(views: Iterable[ResourceView], now: datetime) -> Summary:
    """The figures above the board."""
    counts = Counter(board_state(view, now).key for view in views)
    tally = tuple((key, counts[key]) for key in TALLY_ORDER if counts[key])
    return Summary(free=counts[BoardKey.FREE], total=counts.total(), tally=tally)


def draw_board(lang: str) -> Draw:
    """The pieces of the board in one language."""

    def draw(scene: Scene) -> Mapping[str, str]:
        words = Words(lang, zone=scene.lab.timezone, now=scene.now)
        slugs = scene.resources.keys() if scene.changed is None else scene.changed & scene.resources.keys()
        pieces = {
            f"tile-{slug}": fragment("floor/tile.html", words, tile=tile(scene.resources[slug], words, scene.now))
            for slug in slugs
        }
        pieces["summary"] = fragment("floor/summary.html", words, summary=summary(scene.resources.values(), scene.now))
        return pieces

    return draw


def draw_resource(slug: str, lang: str) -> Draw:
    """The piece of a resource's own page that changes."""

    def draw(scene: Scene) -> Mapping[str, str]:
        view = scene.resources.get(slug)
        if view is None:
            return {}
        words = Words(lang, zone=scene.lab.timezone, now=scene.now)
        day = today(scene.views, view, scene.lab, scene.now)
        return {
            "state": fragment("floor/state.html", words, tile=tile(view, words, scene.now)),
            "today": fragment("floor/today.html", words, day=day),
        }

    return draw


def today(views: Views, view: ResourceView, lab: Lab, now: datetime) -> Day:
    """What is booked until midnight in the lab's own zone, without names."""
    there = now.astimezone(ZoneInfo(lab.timezone))
    midnight = (there + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = views.reservations(limit=50, cursor=None, resource=view.resource.slug, starts=now, ends=midnight).rows
    rows = tuple(row for row in rows if row.cancelled_at is None)
    slots = tuple(
        Slot(
            starts=row.span.starts,
            ends=row.span.ends,
            taken=True,
            now=row.span.holds(now),
            late=row.span.ends > midnight,
        )
        for row in rows
    )
    return Day(slots=slots, next_free=_next_free(rows, now))


def _next_free(rows: Iterable[Reservation], now: datetime) -> datetime | None:
    """When the chain of reservations that covers now ends; None when it is free now."""
    moment = now
    spans: list[Span] = sorted((row.span for row in rows), key=lambda span: span.starts)
    for span in spans:
        if span.holds(moment):
            moment = span.ends
    return moment if moment > now else None


def trainings(view: ResourceView) -> tuple[Names, ...]:
    """The names of every training that is needed."""
    return tuple(training.names for training in view.trainings)


def has_reader(view: ResourceView) -> bool:
    """Whether a badge starts it."""
    return any(device.role.reads for device in view.devices)
