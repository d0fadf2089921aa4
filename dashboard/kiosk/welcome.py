"""``/kiosk/accueil``: who is in, today's workshops, and what became of a badge at the door."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dashboard.kiosk.pairing import Person, person_at
from dashboard.kiosk.views import SHOWN_FOR, Face, refused_face
from gateway.domain.events import EventKind
from gateway.domain.refusals import Code
from gateway.ports.views import Lab, LastTap, Views
from gateway.ports.views_workshops import WorkshopView
from gateway.wording import Words

LISTED = 5
NAMED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """What everybody may see: how many are in, first names of those who agreed, what is on today."""

    known: bool
    people: int
    visitors: int
    names: tuple[str, ...]
    workshops: tuple[WorkshopView, ...]


def face(tap: LastTap | None, views: Views, lab: Lab, words: Words, now: datetime, left: int) -> Face:
    """What became of the last badge at the door for a minute, else the welcome."""
    if tap is None or tap.event.id <= left or now - tap.event.event.at >= SHOWN_FOR:
        return _idle(views, lab, words, now)
    person, kind = person_at(tap, now, left), tap.event.event.kind
    if kind is EventKind.TAP_REFUSED:
        return _refused(tap, views, words, now)
    if kind is EventKind.PERSON_ARRIVED:
        return _arrived(tap, person, views, lab, words, now)
    key = "left" if kind is EventKind.PERSON_LEFT else "again"
    return _said(tap, key, words, tone="noted", icon="noted")


def _refused(tap: LastTap, views: Views, words: Words, now: datetime) -> Face:
    shown, told = refused_face(tap, words, views, now), tap.event.event.data.get("refusals")
    unknown = isinstance(told, list) and Code.BADGE_UNKNOWN in told
    return replace(shown, sentence=words("kiosk.door.unknown")) if unknown else shown


def _said(tap: LastTap, key: str, words: Words, *, tone: str, icon: str) -> Face:
    title = words(f"kiosk.door.{key}.title", first_name=tap.first_name)
    return Face(tap=tap.event.id, tone=tone, icon=icon, title=title, sentence=words(f"kiosk.door.{key}.why"), step="")


def _arrived(tap: LastTap, person: Person | None, views: Views, lab: Lab, words: Words, now: datetime) -> Face:
    shown = _said(tap, "arrived", words, tone="granted", icon="free")
    if person is None:
        return shown
    midnight = _midnight(lab, now)
    own = next((own for own in views.places_of(person.id, now) if own.view.workshop.span.starts < midnight), None)
    if own is not None:
        workshop = own.view.workshop
        step = words("kiosk.door.yours", titles=workshop.titles, starts=workshop.span.starts)
        shown = replace(shown, step=step)
    return replace(shown, person=person, group=True)


def _idle(views: Views, lab: Lab, words: Words, now: datetime) -> Face:
    place, here = views.presence(now)
    found = views.people([row.member_id for row in here]).values()
    names = tuple(member.first_name for member in found if member.show_first_name)[:NAMED]
    midnight = _midnight(lab, now)
    workshops = views.workshops(limit=LISTED, cursor=None, starts=now, ends=midnight, upcoming=True).rows
    visitors = views.visitors(midnight - timedelta(days=1))
    welcome = Welcome(
        known=place.known, people=place.people, visitors=visitors, names=tuple(sorted(names)), workshops=workshops
    )
    title = words("kiosk.door.welcome")
    sentence = words("kiosk.door.tap") if place.known else ""
    return Face(tap=None, tone="idle", icon="wave", title=title, sentence=sentence, step="", welcome=welcome)


def _midnight(lab: Lab, now: datetime) -> datetime:
    there = now.astimezone(ZoneInfo(lab.timezone))
    return (there + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
