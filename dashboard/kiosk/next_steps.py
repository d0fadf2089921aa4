"""What somebody can do about an answer, at this very screen: one main action that really acts, others beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dashboard.kiosk.pairing import Person
from gateway.domain.free_spans import free_spans
from gateway.domain.refusals import Code
from gateway.domain.resources import DeviceRole
from gateway.domain.sessions import Session
from gateway.domain.timespan import Span
from gateway.domain.waiting import LIVE, SHORTEST
from gateway.domain.workshops import PlaceState
from gateway.ports.views import ResourceView, Views
from gateway.wording import Words

AHEAD = timedelta(days=14)
QUARTER = timedelta(minutes=15)
TRAINED = frozenset({
    Code.TRAINING_MISSING, Code.TRAINING_LAPSED, Code.PREREQUISITE_LAPSED, Code.SUPERVISION_REQUIRED,
})  # fmt: skip
ANOTHER_TIME = frozenset({
    Code.RESERVED_BY_OTHER, Code.RESERVED_SOON, Code.RESERVATION_REQUIRED, Code.IN_USE, Code.COOLING_DOWN,
    Code.UNDER_MAINTENANCE, Code.CLASS_OPEN,
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A button: what is asked for, its words, its icon, and what goes with it."""

    what: str
    label: str
    icon: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """What comes next: a sentence with its day and hour, and the action that makes it so."""

    step: str
    action: Action | None = None


def after_refusal(
    code: Code, params: Mapping[str, Any], view: ResourceView, person: Person, views: Views, words: Words, now: datetime
) -> Forward | None:
    """What this person can do from here; None where only the general advice holds."""
    if code in TRAINED and params.get("training"):
        return _training(str(params["training"]), person, views, words, now)
    if code in ANOTHER_TIME:
        return _another_time(view, _not_before(code, params, view, now), person, views, words, now)
    if code is Code.PART_WAITING:
        step = words.next_step("clear_the_bed", {})
        return Forward(step=step, action=_action("begin", words, "give_back", "bed_clear", machine=view.resource.slug))
    return None


def _action(what: str, words: Words, icon: str, label: str, **fields: str) -> Action:
    return Action(what=what, label=words(f"kiosk.do.{label}"), icon=icon, fields=fields)


def _training(training: str, person: Person, views: Views, words: Words, now: datetime) -> Forward:
    """The next dated session: their place on its list, or the button that gives them one."""
    theirs = next((own for own in views.places_of(person.id, now) if own.view.workshop.training == training), None)
    if theirs is not None:
        enrolled = theirs.place.state in {PlaceState.ENROLLED, PlaceState.OFFERED}
        key = "enrolled_already" if enrolled else "waiting_already"
        return Forward(step=words(f"kiosk.way.{key}", starts=theirs.view.workshop.span.starts))
    coming = views.next_session(training, now)
    if coming is None:
        return Forward(step=words("kiosk.way.no_date"))
    if coming.seats_left > 0:
        step = words("kiosk.way.session", starts=coming.starts, count=coming.seats_left)
        return Forward(step=step, action=_action("enrol", words, "training", "enrol", workshop=coming.workshop_id))
    step = words("kiosk.way.session_full", starts=coming.starts)
    return Forward(step=step, action=_action("enrol", words, "training", "wait", workshop=coming.workshop_id))


def _not_before(code: Code, params: Mapping[str, Any], view: ResourceView, now: datetime) -> datetime | None:
    """When what is in the way is over; None when nobody knows."""
    told = params.get("until")
    if isinstance(told, str):
        told = moment(told)
    if told is None and code is Code.IN_USE:
        told = view.session.granted_until if view.session else None
        if told is None:
            return None
    return max(now, told) if isinstance(told, datetime) else now


def moment(text: str) -> datetime | None:
    """A moment that an event or a button of ours carries."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo is not None else None


def _another_time(
    view: ResourceView, earliest: datetime | None, person: Person, views: Views, words: Words, now: datetime
) -> Forward | None:
    """The first hour that this person can have the machine."""
    if earliest is None:
        return None
    window = Span(earliest, earliest + AHEAD)
    found = views.machines(resource=view.resource.slug, group=None, member_id=person.id, window=window, now=now)
    if found is None or not found.machines:
        return None
    length = _length(found.machines[0].policy.shortest_minutes, found.machines[0].policy.longest_minutes)
    for free in free_spans(found.machines, found.member, length=length, window=window, now=now):
        starts = free.first if free.machine.policy.step_minutes else _round(free.first)
        if starts <= free.last:
            asked = {"machine": view.resource.slug, "starts": starts.isoformat(), "ends": (starts + length).isoformat()}
            label = words("kiosk.do.book", starts=starts)
            return Forward(
                step=words("kiosk.way.free", starts=starts, limit_s=length.total_seconds()),
                action=Action(what="book", label=label, icon="book", fields=asked),
            )
    return None


def to_wait(
    code: Code, params: Mapping[str, Any], view: ResourceView, person: Person, views: Views, words: Words, now: datetime
) -> Action | None:
    """To be told should what is booked become free before its end; None where there is no line to stand in."""
    booked = code is Code.RESERVED_BY_OTHER or (code is Code.IN_USE and view.session and view.session.reservation_id)
    until = moment(str(params.get("until")))
    if not booked or until is None or until - now < SHORTEST:
        return None
    span = Span(now, until)
    if any(wait.state in LIVE and wait.span.overlaps(span) for wait in views.waits(person.id)):
        return None
    asked = {"machine": view.resource.slug, "starts": now.isoformat(), "ends": until.isoformat()}
    return Action(what="wait", label=words("kiosk.do.tell_me"), icon="bell", fields=asked)


def _length(shortest: int | None, longest: int | None) -> timedelta:
    """An hour, or what the lab allows that comes nearest."""
    return timedelta(minutes=max(shortest or 0, min(60, longest or 60)))


def _round(moment: datetime) -> datetime:
    """Up to the next quarter of an hour, as people say it."""
    over = timedelta(minutes=moment.minute % 15, seconds=moment.second, microseconds=moment.microsecond)
    return moment - over + QUARTER if over else moment


def of_holder(session: Session, view: ResourceView, words: Words) -> tuple[Action, ...]:
    """What whoever has the machine may do with it."""
    slug = view.resource.slug
    found: tuple[Action, ...] = (_action("give_back", words, "give_back", "give_back", machine=slug),)
    if session.reservation_id is not None:
        found += (_action("go_on", words, "extend", "go_on", machine=slug),)
    if view.job is None:
        found += (_action("hand_over", words, "exchange", "hand_over", machine=slug),)
    return found


def begin_again(view: ResourceView, words: Words) -> Action | None:
    """Whoever has just given it back and did not mean to."""
    if not any(device.role is DeviceRole.READER for device in view.devices):
        return None
    return _action("begin", words, "again", "begin_again", machine=view.resource.slug)
