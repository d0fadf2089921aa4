"""What a screen says after something was done on it; each is read from the store again, and is shown only if true."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from dashboard.kiosk.pairing import Person
from dashboard.kiosk.views import Face
from gateway.domain.refusals import NEXT_STEPS, Refusal
from gateway.domain.waiting import LIVE
from gateway.domain.workshops import PlaceState
from gateway.ports.views import Views
from gateway.wording import Words


def _face(words: Words, key: str, icon: str, *, tone: str = "granted", step: str = "") -> Face:
    said = (words(f"kiosk.did.{key}.{part}") for part in ("title", "why"))
    return Face(tap=0, tone=tone, icon=icon, title=next(said), sentence=next(said), step=step)


def refused(refusals: tuple[Refusal, ...], words: Words) -> Face:
    """It could not be done: the first reason, the others behind it."""
    first = refusals[0]
    said = words.say(first.code, first.params, public=True)
    return Face(
        tap=0, tone="refused", icon="unknown", title=said.title, sentence=said.sentence,
        step=words.next_step(NEXT_STEPS[first.code][0], first.params),
        more=tuple(words.say(other.code, other.params, public=True) for other in refusals[1:]),
    )  # fmt: skip


def _enrolled(about: str, person: Person | None, views: Views, words: Words, now: datetime) -> Face | None:
    own = next((own for own in views.places_of(person.id, now) if own.place.id == about), None) if person else None
    if own is None:
        return None
    key = "enrolled" if own.place.state is PlaceState.ENROLLED else "waiting"
    workshop = own.view.workshop
    step = words("kiosk.did.when", titles=workshop.titles, starts=workshop.span.starts)
    return _face(words, key, "training", step=step)


def _booked(about: str, person: Person | None, views: Views, words: Words, now: datetime) -> Face | None:
    held = views.booking_of(person.id, about) if person else None
    if held is None or held.cancelled_at is not None:
        return None
    step = words("kiosk.did.from_to", starts=held.span.starts, ends=held.span.ends)
    return _face(words, "booked", "reserved", step=step)


def _waits(key: str) -> "Result":
    def shown(about: str, person: Person | None, views: Views, words: Words, now: datetime) -> Face | None:
        wait = next((each for each in views.waits(person.id) if each.id == about), None) if person else None
        if wait is None or wait.state not in LIVE:
            return None
        step = words("kiosk.did.from_to", starts=wait.span.starts, ends=wait.span.ends)
        return _face(words, key, "bell", step=step)

    return shown


def _called(about: str, person: Person | None, views: Views, words: Words, now: datetime) -> Face | None:
    request = views.help_request(about)
    if request is None:
        return None
    if request.closed_at is not None:
        return _face(words, "coming", "person")
    place, _ = views.presence(now)
    there = "called_unknown" if not place.known else "called" if place.responsible else "called_nobody"
    return _face(words, there, "call", tone="noted", step=words(f"kiosk.did.{there}.step"))


def _reported(about: str, person: Person | None, views: Views, words: Words, now: datetime) -> Face | None:
    request = views.help_request(about)
    if request is None:
        return None
    danger = request.dangerous
    return _face(words, "danger" if danger else "reported", "alarm" if danger else "report", tone="noted")


def _counted(key: str) -> "Result":
    def shown(about: str, person: Person | None, views: Views, words: Words, now: datetime) -> Face | None:
        count = int(about) if about.isdecimal() and len(about) < 5 else 1
        why = words(f"kiosk.did.{key}.why", count=count)
        return Face(tap=0, tone="granted", icon="free", title=words(f"kiosk.did.{key}.title"), sentence=why, step="")

    return shown


def _plain(key: str, icon: str) -> "Result":
    def shown(about: str, person: Person | None, views: Views, words: Words, now: datetime) -> Face | None:
        return _face(words, key, icon) if person else None

    return shown


Result = Callable[[str, Person | None, Views, Words, datetime], Face | None]
RESULTS: dict[str, Result] = {
    "enrolled": _enrolled,
    "booked": _booked,
    "waits": _waits("waits"),
    "waits_told": _waits("waits_told"),
    "called": _called,
    "reported": _reported,
    "visit": _counted("visit"),
    "group": _counted("group"),
    "given_back": _plain("given_back", "give_back"),
    "gone": _plain("gone", "noted"),
    "longer": _plain("longer", "extend"),
    "offered": _plain("offered", "exchange"),
}


def result(
    said: str | None, about: str, person: Person | None, views: Views, words: Words, now: datetime
) -> Face | None:
    """The face of what was done; None when that is not so, or no longer concerns whoever looks."""
    drawn = RESULTS[said](about, person, views, words, now) if said in RESULTS else None
    return replace(drawn, person=person, who=person.first_name if person else None) if drawn else None
