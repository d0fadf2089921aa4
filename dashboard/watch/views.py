"""The team's floor in words: the list, the cards, who is here. First names only of those who have said yes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from urllib.parse import urlencode

from dashboard.channels import Draw, Scene
from dashboard.floor.views import Tile, tile
from dashboard.rendering import fragment
from dashboard.text import one_line
from dashboard.watch.gather import look
from gateway.domain.attention import Act, Item, Trouble, Urgency
from gateway.domain.attention_rules import attention
from gateway.domain.people import Member
from gateway.domain.resources import Presence
from gateway.ports.views import ResourceView, Views
from gateway.wording import Words

PATHS: dict[Act, str] = {
    Act.LOCK_OUT: "/equipe/machines/{slug}/hors-service",
    Act.RELEASE: "/equipe/machines/{slug}/en-service",
    Act.END: "/equipe/machines/{slug}/terminer",
    Act.CANCEL_JOB: "/equipe/machines/{slug}/annuler",
    Act.MESSAGE: "/equipe/machines/{slug}/message",
    Act.SHELVE: "/equipe/machines/{slug}/ranger",
    Act.FREE_SLOT: "/equipe/machines/{slug}/liberer",
    Act.NOTE_UPKEEP: "/equipe/machines/{slug}/entretien",
    Act.SEE_MACHINE: "/equipe/machines/{slug}",
    Act.FORGET_NONSENSE: "/equipe/appareils/{key}/compris",
    Act.CLOSE_HELP: "/equipe/demandes/{key}/vu",
    Act.GIVE_BADGE: "/equipe/badges#badge-{key}",
    Act.SEE_DEVICES: "/equipe/appareils",
    Act.TRY_CUT: "/equipe/appareils/{key}/coupure",
    Act.SET_CLOCK: "/equipe/heure",
}
"""Where the button of each act leads: a page that says what will happen, then does it."""
KEYED = frozenset({Act.CANCEL_JOB, Act.FREE_SLOT})
ICONS: dict[Trouble, str] = {
    Trouble.BEAM_ON_IDLE: "alarm", Trouble.UNATTENDED: "person", Trouble.DANGER_TOLD: "alarm",
    Trouble.CALLED: "call", Trouble.RELAY_DIFFERS: "off", Trouble.RELAY_UNKNOWN: "unknown", Trouble.ALARM: "alarm",
    Trouble.SILENT_IN_USE: "stale", Trouble.STUCK: "paused", Trouble.INTERRUPTED: "interrupted",
    Trouble.CLOCK_UNPROVED: "clock", Trouble.PROGRAM_AILS: "out_of_service", Trouble.BADGE_UNKNOWN: "badge", Trouble.PROBLEM_TOLD: "report",
    Trouble.LATE: "clock", Trouble.PAUSED_LONG: "paused", Trouble.IDLE_LONG: "occupied_idle",
    Trouble.NO_SHOW: "reserved", Trouble.PART_WAITS: "finished", Trouble.BACK_LATE: "repair",
    Trouble.UPKEEP_DUE: "repair", Trouble.SILENT: "stale", Trouble.RETURNS_ON: "off", Trouble.NONSENSE: "unknown", Trouble.SET_ASIDE: "info",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that needs somebody, with the one button that does it."""

    id: str
    icon: str
    where: str | None
    slug: str | None
    title: str
    why: str
    who: str | None
    since: datetime | None
    label: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One machine as the team sees it. ``power`` is the relay's word: ``on``, ``off``, ``unknown`` or None."""

    tile: Tile
    who: str | None
    file: str
    power: str | None
    watts: int | None
    warnings: tuple[str, ...]
    note: str | None
    out: bool
    used: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody in the place."""

    name: str
    since: datetime
    responsible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who is here, as far as the door tells."""

    known: bool
    here: tuple[Person, ...]


Names = Callable[[str | None], str | None]


def called(member: Member | None) -> str | None:
    """A first name with its owner's consent, else initials."""
    if member is None:
        return None
    if member.show_first_name:
        return one_line(member.first_name, 30)
    return " ".join(f"{part[0].upper()}." for part in (member.first_name, member.last_name) if part) or None


def names_of(views: Views, ids: Iterable[str | None]) -> Names:
    """What to call each of these members, read at once."""
    found = views.people(member_id for member_id in ids if member_id)
    return lambda member_id: called(found.get(member_id or ""))


def address(act: Act, slug: str | None, key: str | None) -> str:
    """Where the button of an act leads."""
    path = PATHS[act].format(slug=slug or "", key=key or "")
    return f"{path}?{urlencode({'cle': key})}" if act in KEYED and key else path


def lines(
    items: Iterable[Item], named: Mapping[str, str], names: Names, words: Words
) -> tuple[tuple[Urgency, tuple[Line, ...]], ...]:
    """The list, urgency by urgency."""
    said = ((item.urgency, _line(item, named, names, words)) for item in items)
    return tuple((urgency, tuple(line for _, line in group)) for urgency, group in groupby(said, lambda row: row[0]))


def _line(item: Item, named: Mapping[str, str], names: Names, words: Words) -> Line:
    params = dict(item.params)
    if "alarm" in params:
        params["text"] = words.alarm(str(params["alarm"]))
    if "role" in params:
        params["name"] = words(f"staff.role.{params['role']}")
    if "about" in params:
        params["text"] = words(f"kiosk.trouble.{params['about']}")
    key = f"attention.{item.trouble}"
    if item.trouble is Trouble.PROGRAM_AILS:
        part = str(params["part"])
        params["text"] = words(f"staff.failing.{part}") if words.has(f"staff.failing.{part}") else None
    return Line(
        id=item.id, icon=ICONS[item.trouble], where=named.get(item.resource or ""), slug=item.resource,
        title=words(f"{key}.title", **params), why=words(f"{key}.why", **params), who=names(item.member_id),
        since=item.since, label=words(f"attention.act.{item.act}"), href=address(item.act, item.resource, item.key),
    )  # fmt: skip


def card(view: ResourceView, names: Names, words: Words, now: datetime) -> Card:
    """One machine."""
    relay = next((device for device in view.devices if device.role.powers), None)
    power = None
    if relay is not None:
        heard = relay.presence is Presence.ONLINE
        power = {True: "on", False: "off", None: "unknown"}[relay.power_on if heard else None]
    running = view.job is not None and view.job.ended_at is None
    note = view.note if view.note is not None and view.note.until > now else None
    shown = tile(view, words, now)
    return Card(
        tile=shown,
        who=names(view.session.operator_id) if view.session else None,
        file=one_line(view.job.name) if view.job is not None and running else "",
        power=power,
        watts=round(view.watts) if view.watts is not None and power != "off" else None,
        warnings=tuple(text for code in view.alarms if (text := words.alarm(code)) != shown.sentence),
        note=note.text if note else None,
        out=view.resource.out_of_service,
        used=view.session is not None,
    )


def people(views: Views, now: datetime) -> People:
    """Who is in the place."""
    place, here = views.presence(now)
    names = names_of(views, (row.member_id for row in here))
    return People(
        known=place.known,
        here=tuple(
            Person(name=names(row.member_id) or "…", since=row.since, responsible=row.responsible) for row in here
        ),
    )


def draw_team(lang: str, ailing: Callable[[], Iterable[str]]) -> Draw:
    """The pieces of the team's floor in one language."""

    def draw(scene: Scene) -> Mapping[str, str]:
        words = Words(lang, zone=scene.lab.timezone, now=scene.now)
        everything = team(scene.views, scene.resources.values(), ailing(), words, scene.now)
        slugs = scene.resources.keys() if scene.changed is None else scene.changed & scene.resources.keys()
        pieces = {
            f"card-{one.tile.slug}": fragment("watch/card.html", words, card=one)
            for one in everything.cards
            if one.tile.slug in slugs
        }
        pieces["attention"] = fragment("watch/attention.html", words, urgencies=everything.urgencies)
        pieces["people"] = fragment("watch/people.html", words, people=everything.people)
        return pieces

    return draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """The whole screen."""

    urgencies: tuple[tuple[Urgency, tuple[Line, ...]], ...]
    cards: tuple[Card, ...]
    people: People

    @property
    def count(self) -> int:
        """How many things need somebody."""
        return sum(len(group) for _, group in self.urgencies)


def team(
    views: Views, resources: Iterable[ResourceView], ailing: Iterable[str], words: Words, now: datetime
) -> Team:  # fmt: skip
    """Everything on the screen, read once."""
    resources = tuple(resources)
    items = attention(look(views, resources, ailing, now), now)
    holders = (view.session.operator_id for view in resources if view.session)
    names = names_of(views, (*holders, *(item.member_id for item in items)))
    named = {view.resource.slug: words.own(view.resource.names) for view in resources}
    return Team(
        urgencies=lines(items, named, names, words),
        cards=tuple(card(view, names, words, now) for view in resources),
        people=people(views, now),
    )
