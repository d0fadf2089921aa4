"""What the screen at a machine says: the answer to the last tap for a while, else how to begin."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from dashboard.floor.views import Tile, tile
from dashboard.kiosk.next_steps import Action, Forward, after_refusal, begin_again, of_holder, to_wait
from dashboard.kiosk.pairing import KNOWN_FOR, Kiosk, Person, person_at
from gateway.domain.events import Event, EventKind
from gateway.domain.floor import BoardKey
from gateway.domain.refusals import ACCOUNT_MATTERS, NEXT_STEPS, Code, NextStep
from gateway.domain.sessions import EndReason, Session, State, Way
from gateway.ports.views import LastTap, ResourceView, Views
from gateway.wording import Said, Words

if TYPE_CHECKING:
    from dashboard.kiosk.welcome import Welcome

SHOWN_FOR = timedelta(seconds=60)
"""How long an answer to nobody in particular stays; one to a person stays as long as they may act on it."""

ICONS = {
    "starting": "starting", "on": "free", "ready": "free", "failed": "unknown", "interrupted": "interrupted",
    "again": "noted", "session_closed": "noted", "person_gone": "noted", "person_back": "noted", "late": "noted",
    "list_present": "free", "list_tied": "badge", "list_again": "noted",
    "supervised": "person", "class": "training", "repair": "repair", "watching": "noted", "class_closed": "noted",
    "part_taken": "finished",
}  # fmt: skip
TONES = {
    "starting": "wait", "on": "granted", "ready": "granted", "failed": "refused", "interrupted": "refused",
    "list_present": "granted", "list_tied": "granted", "supervised": "granted", "class": "granted", "repair": "granted",
}  # fmt: skip
REFUSAL_ICONS = {
    Code.TRAINING_MISSING: "training", Code.TRAINING_AWAITING: "training", Code.TRAINING_LAPSED: "training",
    Code.PREREQUISITE_LAPSED: "training", Code.SUPERVISION_REQUIRED: "person", Code.NO_RESPONSIBLE: "person",
    Code.TOO_FEW_PEOPLE: "person", Code.TOO_YOUNG: "person", Code.RESERVED_BY_OTHER: "reserved",
    Code.RESERVED_SOON: "reserved", Code.RESERVATION_REQUIRED: "reserved", Code.TOO_EARLY: "reserved",
    Code.IN_USE: "occupied_idle", Code.OUT_OF_SERVICE: "out_of_service",
    Code.UNDER_MAINTENANCE: "out_of_service", Code.BADGE_UNKNOWN: "badge",
    Code.WORKSHOP_BADGE_WAITS: "badge",
    Code.PART_WAITING: "finished",
}  # fmt: skip
CANNOT_BEGIN = frozenset({BoardKey.OUT_OF_SERVICE, BoardKey.ALARM, BoardKey.STALE, BoardKey.UNKNOWN, BoardKey.OFF})


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A machine to choose on a screen of several; ``mine`` when whoever stands there has it."""

    tile: Tile
    mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePad:
    """Ten keys for the code of six digits; what was typed so far is never shown, only how much."""

    typed: str = ""
    wrong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One face of the kiosk. ``tap`` is None on the idle one; ``more`` are the other reasons, ``asides`` warnings.

    ``machine`` is the slug it is about, ``tiles`` what can be chosen, ``main`` the one thing to do, ``person`` who may.
    ``about`` names the machine on a screen of several, ``who`` for whom something was done; a refusal names nobody.
    ``welcome`` and ``group`` are for the screen at the door.
    """

    tap: int | None
    tone: str
    icon: str
    title: str
    sentence: str
    step: str
    more: tuple[Said, ...] = ()
    asides: tuple[str, ...] = ()
    person: Person | None = None
    machine: str | None = None
    main: Action | None = None
    beside: tuple[Action, ...] = ()
    tiles: tuple[Choice, ...] = ()
    choosing: bool = False
    about: str = ""
    who: str | None = None
    notes: tuple[str, ...] = ()
    """What the team, or an alarm, says to whoever stands there."""
    welcome: "Welcome | None" = None
    group: bool = False
    code: CodePad | None = None


def face_of(
    kiosk: Kiosk, shown: Mapping[str, ResourceView], tap: LastTap | None, views: Views, words: Words, now: datetime,
    *, left: int = 0, choosing: bool = False,
) -> Face:  # fmt: skip
    """What the screen shows now, with what the team and alarms say there; ``choosing`` goes back to the machines."""
    found = _face_of(kiosk, shown, tap, views, words, now, left, choosing=choosing)
    standing = [view for view in shown.values() if view.note is not None and view.note.until > now]
    begun = shown.get(found.machine or "") if found.tone != "refused" else None
    alarms = tuple(words.alarm(code) for code in begun.alarms) if begun else ()
    return replace(found, notes=alarms + tuple(_note(view, words, named=kiosk.several) for view in standing))


def _note(view: ResourceView, words: Words, *, named: bool) -> str:
    text = view.note.text if view.note else ""
    return words("kiosk.note", name=words.own(view.resource.names), text=text) if named else text


def _face_of(
    kiosk: Kiosk, shown: Mapping[str, ResourceView], tap: LastTap | None, views: Views, words: Words, now: datetime,
    left: int, *, choosing: bool,
) -> Face:  # fmt: skip
    person = person_at(tap, now, left)
    lasts = KNOWN_FOR if person is not None else SHOWN_FOR
    if tap is None or tap.event.id <= left or now - tap.event.event.at >= lasts:
        tap = person = None
    if not kiosk.several:
        return face(shown[kiosk.slug], tap, views, words, now, person)
    view = shown.get(tap.event.resource or "") if tap is not None else None
    if view is not None and not (choosing and person):
        about = words.own(view.resource.names)
        return replace(face(view, tap, views, words, now, person), choosing=person is not None, about=about)
    if tap is not None and tap.event.event.kind is EventKind.TAP_REFUSED and person is None:
        return _refused(tap.event.id, tap.event.event, words, None, None, views, now)
    return choose(kiosk, shown, tap if person else None, person, words, now)


def face(
    view: ResourceView, tap: LastTap | None, views: Views, words: Words, now: datetime, person: Person | None = None
) -> Face:
    """The answer to a tap about one machine, or how to begin there."""
    if tap is None:
        return _idle(view, words, now)
    event = tap.event.event
    if event.kind is EventKind.TAP_REFUSED:
        return _refused(tap.event.id, event, words, view, person, views, now)
    name = _answer(event, view, views)
    if name is None:
        return _idle(view, words, now)
    until = view.session.granted_until if view.session else event.data.get("until")
    said = words.verdict(name, first_name=_first_name(event, tap.first_name), until=until)
    return Face(
        tap=tap.event.id, tone=TONES.get(name, "noted"), icon=ICONS[name], title=said.title, sentence=said.sentence,
        step=words(f"kiosk.step.{name}"), asides=_asides(event, words), person=person, machine=view.resource.slug,
        beside=_beside(name, view, person, words),
    )  # fmt: skip


def _beside(name: str, view: ResourceView, person: Person | None, words: Words) -> tuple[Action, ...]:
    session = view.session
    if person is None:
        return ()
    if session is not None and session.held_by(person.id) and session.state is State.ACTIVE:
        return of_holder(session, view, words)
    again = begin_again(view, words) if name == "session_closed" and session is None else None
    return (again,) if again else ()


def _asides(event: Event, words: Words) -> tuple[str, ...]:
    """What somebody who may go on should know; an account matter only asks to come to the desk."""
    return tuple(
        f"{words.say(code, params, public=True).title} {words.next_step(NEXT_STEPS[code][0], params)}"
        for code, params in _told(event, "warnings")
    )


def _first_name(event: Event, name: str | None) -> str | None:
    # Whose a badge has become must be seen at once, should it be the wrong one.
    listed = str(event.data.get("note")).startswith("list_")
    return name if event.kind is EventKind.TAP_GRANTED or listed else None


def _answer(event: Event, view: ResourceView, views: Views) -> str | None:
    """The name of the verdict; what a granted tap has become depends on what the relay has said since."""
    if event.kind is EventKind.TAP_LATE:
        return "late"
    session = view.session
    if event.kind is EventKind.TAP_NOTED:
        note = str(event.data.get("note"))
        starting = session is not None and session.state is State.OPENING
        return "starting" if note == "again" and starting else note if note in ICONS else None
    if session is not None:
        return _standing(session, view)
    last = views.sessions(limit=1, cursor=None, resource=view.resource.slug).rows
    return "failed" if last and last[0].end_reason is EndReason.RELAY_UNCONFIRMED else None


def _standing(session: Session, view: ResourceView) -> str:
    powered = any(device.role.powers for device in view.devices)
    active = "on" if powered else "ready"
    if session.way in (Way.SUPERVISED, Way.CLASS, Way.REPAIR):
        active = str(session.way)
    named = {State.OPENING: "starting", State.LEAVING: "person_gone", State.INTERRUPTED: "interrupted"}
    return named.get(session.state, active)


def _refused(
    id: int, event: Event, words: Words, view: ResourceView | None, person: Person | None, views: Views, now: datetime
) -> Face:
    reasons = [reason for reason in tap_reasons(event) if reason[0] not in ACCOUNT_MATTERS]
    account = next((reason for reason in tap_reasons(event) if reason[0] in ACCOUNT_MATTERS), None)
    # Whoever reads over a shoulder learns nothing about an account, not even from the reasons beside it.
    shown = [account] if account else reasons
    code, params = shown[0]
    if code is Code.PIN_NEEDED and view is not None and person is not None:
        return _code_pad(id, view, person, words)
    said, waits = words.say(code, params, public=True), bool(event.data.get("asks_mentor"))
    way: Forward | None = None
    told: Action | None = None
    if view is not None and person is not None and account is None:
        way = after_refusal(code, params, view, person, views, words, now)
        told = to_wait(code, params, view, person, views, words, now)
    step = words.next_step(NextStep.MENTOR_TAPS_NOW if waits else NEXT_STEPS[code][0], params)
    return Face(
        tap=id,
        tone="refused",
        icon="person" if account else REFUSAL_ICONS.get(code, "unknown"),
        title=said.title,
        sentence=said.sentence,
        step=step if way is None else way.step,
        main=way.action if way else None,
        beside=(told,) if told else (),
        person=person,
        machine=view.resource.slug if view else None,
        more=tuple(words.say(code, params, public=True) for code, params in shown[1:]),
    )


def _code_pad(id: int, view: ResourceView, person: Person, words: Words) -> Face:
    return Face(
        tap=id, tone="choose", icon="lock", title=words("kiosk.code.title"), sentence=words("kiosk.code.why"), step="",
        person=person, machine=view.resource.slug, code=CodePad(),
    )  # fmt: skip


def tap_reasons(event: Event) -> list[tuple[Code, Mapping[str, Any]]]:
    """The refusals as the event tells them; one from a newer version than ours reads as *unavailable*."""
    return _told(event, "reasons") or [(Code.SYSTEM_UNAVAILABLE, {})]


def _told(event: Event, key: str) -> list[tuple[Code, Mapping[str, Any]]]:
    told = event.data.get(key)
    found: list[tuple[Code, Mapping[str, Any]]] = []
    for reason in told if isinstance(told, list) else []:
        if isinstance(reason, dict) and reason.get("code") in set(Code):
            params = reason.get("params")
            found.append((Code(str(reason["code"])), params if isinstance(params, dict) else {}))
    return found


def choose(
    kiosk: Kiosk, shown: Mapping[str, ResourceView], tap: LastTap | None, person: Person | None, words: Words,
    now: datetime,
) -> Face:  # fmt: skip
    """The machines of a screen of several: to look at, or to choose from once a badge has been read."""
    views = [shown[slug] for slug in kiosk.resources if slug in shown]
    tiles = tuple(
        Choice(
            tile=tile(view, words, now),
            mine=person is not None and view.session is not None and view.session.held_by(person.id),
        )
        for view in views
    )
    if person is None or tap is None:
        title, sentence = words("kiosk.idle"), words("kiosk.idle_choose")
        return Face(tap=None, tone="idle", icon="wave", title=title, sentence=sentence, step="", tiles=tiles)
    title = words("kiosk.hello", first_name=person.first_name)
    return Face(
        tap=tap.event.id, tone="choose", icon="machines", title=title, sentence=words("kiosk.choose"), step="",
        tiles=tiles, person=person,
    )  # fmt: skip


def _idle(view: ResourceView, words: Words, now: datetime) -> Face:
    shown: Tile = tile(view, words, now)
    if shown.key in CANNOT_BEGIN:
        step = words.next_step("use_another", {})
        return Face(tap=None, tone="idle", icon=shown.key, title=shown.word, sentence=shown.sentence, step=step)
    if view.session is not None:
        sentence, step = f"{shown.word}. {shown.sentence}".strip(), words("kiosk.idle_return")
        return Face(tap=None, tone="idle", icon="wave", title=words("kiosk.idle"), sentence=sentence, step=step)
    sentence = f"{shown.word}. {shown.sentence}" if shown.key is not BoardKey.FREE else words("kiosk.idle_use")
    return Face(
        tap=None, tone="idle", icon="wave", title=words("kiosk.idle"), sentence=sentence, step=_needed(view, words)
    )


def _needed(view: ResourceView, words: Words) -> str:
    if not view.trainings:
        return ""
    if len(view.trainings) == 1:
        return words("kiosk.idle_training", names=view.trainings[0].names)
    return words("kiosk.idle_trainings", count=len(view.trainings))


def refused_face(tap: LastTap, words: Words, views: Views, now: datetime) -> Face:
    """A badge that is refused where there is no machine."""
    return _refused(tap.event.id, tap.event.event, words, None, None, views, now)
