"""The pages of booking, words ready."""

import itertools
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from dashboard.booking import choices
from dashboard.booking.choices import DAY, MINUTE, WEEK_DAYS, Found
from gateway.domain.local_time import first_moment, wall_clock
from gateway.domain.people import Names
from gateway.domain.refusals import ACCOUNT_MATTERS, Refusal
from gateway.domain.resources import Resource, ResourceGroup
from gateway.domain.timespan import Span
from gateway.ports.views_calendar import Schedules
from gateway.ports.views_workshops import NextSession
from gateway.wording import Said, Words

MOMENT = "%Y%m%dT%H%MZ"
NIGHT = "night"
PARTS = ((NIGHT, 0, 6), ("morning", 6, 12), ("afternoon", 12, 18), ("evening", 18, 24))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is booked: one machine, or any of a kind; ``of`` is that kind's slug where equals stand beside it."""

    slug: str
    names: Names
    icon: str
    kind: bool = False
    of: str | None = None

    @property
    def path(self) -> str:
        """Where its days are."""
        return f"/reserver/sorte/{self.slug}" if self.kind else f"/reserver/{self.slug}"

    @property
    def query(self) -> dict[str, str]:
        """How an address names it."""
        return {"sorte" if self.kind else "machine": self.slug}

    @property
    def which(self) -> dict[str, str | None]:
        """How the store is asked for it."""
        return {"resource": None if self.kind else self.slug, "group": self.slug if self.kind else None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A machine or a kind in the list."""

    subject: Subject
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Something to choose."""

    text: str
    href: str
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DayChoice:
    """A day of the strip; ``state`` is ``free``, ``full``, ``closed`` or ``past``."""

    day: datetime
    href: str
    state: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A start that can be had."""

    starts: datetime
    ends: datetime
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The starts of a part of the day."""

    key: str
    starts: tuple[Start, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why not, and what would make it so."""

    said: Said
    steps: tuple[str, ...]
    workshop: NextSession | None = None
    account: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shut:
    """Starts that cannot be had."""

    first: datetime
    last: datetime
    reasons: tuple[Reason, ...]
    shorter: Link | None
    wait: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When it is open on a day, in words."""

    day: datetime
    text: str


def stamp(moment: datetime) -> str:
    """A moment in an address."""
    return moment.astimezone(UTC).strftime(MOMENT)


def read_stamp(text: str | None) -> datetime | None:
    """The moment of an address; None for anything else."""
    try:
        return datetime.strptime(text or "", MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None


def href(path: str, **query: object) -> str:
    """An address with what is known of its query."""
    told = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(told)}" if told else path


def folded(text: str) -> str:
    """As people search: capitals and accents aside."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def subject_of(resource: Resource, groups: Iterable[ResourceGroup]) -> Subject:
    """A machine as something to book."""
    of = next((group.slug for group in groups if group.id == resource.group_id), None)
    return Subject(slug=resource.slug, names=resource.names, icon=str(resource.kind), of=of)


def kind_of(group: ResourceGroup, first: Resource) -> Subject:
    """Any machine of a group as something to book."""
    return Subject(slug=group.slug, names=group.names, icon=str(first.kind), kind=True)


def cards(
    resources: tuple[Resource, ...], groups: tuple[ResourceGroup, ...], words: Words, sought: str
) -> tuple[tuple[Card, ...], tuple[Card, ...]]:
    """Kinds of several machines, and machines, of which the name holds what is sought."""
    kinds: list[Card] = []
    for group in groups:
        members = [resource for resource in resources if resource.group_id == group.id]
        if len(members) > 1:
            sentence = words("book.kind_of", count=len(members))
            kinds.append(Card(subject=kind_of(group, members[0]), sentence=sentence))
    machines = [_card(resource, groups, words) for resource in resources]
    return tuple(_matching(kinds, words, sought)), tuple(_matching(machines, words, sought))


def _card(resource: Resource, groups: tuple[ResourceGroup, ...], words: Words) -> Card:
    sentence = words("state.out_of_service.word" if resource.out_of_service else f"kind.{resource.kind}")
    return Card(subject=subject_of(resource, groups), sentence=sentence)


def _matching(found: list[Card], words: Words, sought: str) -> list[Card]:
    return [card for card in found if folded(sought) in folded(words.own(card.subject.names))]


def said_hours(spans: Iterable[Span], words: Words) -> str:
    """*de 9 h à 12 h et de 14 h à 18 h*."""
    said = [
        words("book.all_day" if span.length >= DAY else "book.span", starts=span.starts, ends=span.ends) for span in spans
    ]  # fmt: skip
    return words("book.and").join(said) or words("book.shut_day")


def hours_of(schedules: Schedules, first: date, days: int, zone: ZoneInfo, words: Words) -> tuple[Hours, ...]:
    """The site's hours on each of these days, closures and holidays counted in."""
    midnights = [first_moment(datetime.combine(first + n * DAY, time()), zone) for n in range(days + 1)]
    return tuple(
        Hours(day=starts, text=said_hours(schedules.site.spans(Span(starts, ends)), words))
        for starts, ends in itertools.pairwise(midnights)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The address of a page of days: what is chosen so far. ``moves`` is the booking that is to be moved."""

    subject: Subject
    minutes: int
    first: date
    chosen: date
    moves: str | None = None

    def link(self, **changed: object) -> str:
        """The same page with something else chosen."""
        told: dict[str, object] = {"duree": self.minutes, "jour": self.chosen, "semaine": self.first}
        return href(self.subject.path, **told | {"change": self.moves} | changed)

    def sentence(self, starts: datetime, minutes: int | None = None) -> str:
        """Where the sentence is read before anything is booked."""
        told = {"debut": stamp(starts), "minutes": minutes or self.minutes, "change": self.moves}
        return href("/reservation", **self.subject.query | told)

    def wait(self, starts: datetime) -> str:
        """Where one asks to be told when it frees."""
        return href("/attente", **self.subject.query | {"debut": stamp(starts), "minutes": self.minutes})


def strip(page: Page, found: Found) -> tuple[DayChoice, ...]:
    """The seven days."""
    days = []
    for n in range(WEEK_DAYS):
        day = page.first + n * DAY
        state = "free" if choices.starts_on(day, found) else "full" if choices.open_on(day, found) else "closed"
        midnight = first_moment(datetime.combine(day, time()), found.zone)
        days.append(
            DayChoice(day=midnight, href=page.link(jour=day), state=state, chosen=day == page.chosen)
        )  # fmt: skip
    return tuple(days)


def parts(page: Page, found: Found) -> tuple[Part, ...]:
    """The starts of the chosen day, by part of the day."""
    moments = choices.starts_on(page.chosen, found)
    starts = [Start(starts=at, ends=at + found.length, href=page.sentence(at)) for at in moments]
    shown = (
        Part(key=key, starts=tuple(s for s in starts if since <= wall_clock(s.starts, found.zone).hour < until))
        for key, since, until in PARTS
    )
    return tuple(part for part in shown if part.starts)


def shut(page: Page, found: Found, words: Words, sessions: dict[str, NextSession]) -> tuple[Shut, ...]:
    """Why the other starts of the chosen day cannot be had."""
    told = []
    for barred in choices.barred_on(page.chosen, found):
        least = choices.shorter(found.machines, found.member, barred.first, page.minutes, found.now)
        link = Link(text=words.duration(60 * least), href=page.sentence(barred.first, least)) if least else None
        overlaps = any(refusal.code == "booking_overlaps" for refusal in barred.refusals)
        waits = overlaps and len(barred.refusals) == 1 and page.moves is None
        told.append(
            Shut(
                first=barred.first, last=barred.last, reasons=reasons(barred.refusals, words, sessions), shorter=link,
                wait=page.wait(barred.first) if waits else None,
            )
        )  # fmt: skip
    return tuple(told)


def closed(page: Page, found: Found, words: Words) -> tuple[Reason, ...]:
    """Why nothing at all can be had on a day on which it is shut."""
    noon = first_moment(datetime.combine(page.chosen, time(12)), found.zone)
    refusals = tuple(
        r
        for r in found.why_not(Span(noon, noon + MINUTE))
        if "hours" in r.code or "_on_" in r.code or "closure" in r.code
    )
    return reasons(refusals, words, {})


def reasons(refusals: Iterable[Refusal], words: Words, sessions: dict[str, NextSession]) -> tuple[Reason, ...]:
    """Each unmet rule in words, with what would make it so; a training with its next date."""
    told = []
    for refusal in refusals:
        training = refusal.params.get("prerequisite") or refusal.params.get("training")
        told.append(
            Reason(
                said=words.say(refusal.code, refusal.params),
                steps=tuple(words.next_step(step, refusal.params) for step in refusal.next_steps),
                workshop=sessions.get(str(training)) if training else None, account=refusal.code in ACCOUNT_MATTERS,
            )
        )  # fmt: skip
    return tuple(told)


def length_links(page: Page, found: Found, words: Words) -> tuple[Link, ...]:
    """How long it may be."""
    return tuple(
        Link(text=words.duration(60 * minutes), href=page.link(duree=minutes), chosen=minutes == page.minutes)
        for minutes in choices.lengths(found.machines, page.minutes)
    )


def around(starts: datetime, length: timedelta, now: datetime) -> Span:
    """The days before and after, in which another start is looked for."""
    return Span(min(starts, max(now, starts - 2 * DAY)), starts + 3 * DAY + length)
