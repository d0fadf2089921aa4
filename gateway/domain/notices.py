"""Who is told what, on which channel, and when: from an event and what each member chose, to messages still to be sent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from gateway.domain.events import EventKind, Plain, StoredEvent
from gateway.domain.quiet import QuietHours
from gateway.domain.telling import OPT_IN, Telling, Topic, telling

EMAIL = "email"
"""The channel whose address stands with the member; every other one is named by the lab's own configuration."""
NOBODY = ""
"""The channel of a notice that has none."""
HISTORY = timedelta(hours=24)
"""An event this old is told to nobody: a gateway that comes back after a week must not write about last week."""
SOON = timedelta(hours=1)
"""What begins within this of the end of quiet hours is told at once: in the morning it would be too late."""


class NoticeState(StrEnum):
    """How far a notice is."""

    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"
    """The far end will never take it: a wrong address."""
    GIVEN_UP = "given_up"
    """Tried for days in vain."""
    UNREACHABLE = "unreachable"
    """The member has no address on any channel they chose."""
    TOLD = "told"
    """Somebody of the team told the member in person."""


FAILED = (NoticeState.REFUSED, NoticeState.GIVEN_UP, NoticeState.UNREACHABLE)
"""Whoever waits for these words did not get them: the team has to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What a member chose; what is missing is the lab's default. ``quiet`` with equal times: never quiet."""

    member_id: str
    addresses: dict[str, str] = field(default_factory=dict, hash=False)
    """Where the lab's other channels reach them, by channel."""
    topics: dict[Topic, tuple[str, ...]] = field(default_factory=dict, hash=False)
    """The channels chosen for a topic; an empty choice means silence."""
    quiet: QuietHours | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A member as somebody to tell. ``more`` joins the event's own data: what is theirs alone in it."""

    contact: Contact
    email: str | None
    active: bool = True
    more: dict[str, Plain] = field(default_factory=dict, hash=False)

    def address(self, channel: str) -> str | None:
        """Where that channel reaches them."""
        return self.email if channel == EMAIL else self.contact.addresses.get(channel)

    def reachable(self, house: "House") -> bool:
        """Whether any channel of the lab reaches them: to anybody else nothing may be promised."""
        return self.active and any(self.address(channel) for channel in house.channels)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """How the lab sends: its channels, its quiet hours, its zone."""

    channels: tuple[str, ...]
    quiet: QuietHours | None
    zone: tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message to one member on one channel, once. ``data`` is plain and holds no name: the words come at sending."""

    id: str
    event_id: int
    kind: EventKind
    member_id: str
    channel: str
    state: NoticeState
    created_at: datetime
    next_try_at: datetime
    resource_id: str | None = None
    data: dict[str, Plain] = field(default_factory=dict, hash=False)
    attempts: int = 0
    done_at: datetime | None = None
    error: str | None = None


def channels_for(topic: Topic, recipient: Recipient, house: House) -> tuple[str, ...] | None:
    """The channels that reach this member about a topic; none when no address is known; None: they want silence."""
    chosen = recipient.contact.topics.get(topic)
    if chosen is None:
        chosen = () if topic in OPT_IN else (EMAIL,)
    if not chosen:
        return None
    return tuple(each for each in dict.fromkeys(chosen) if each in house.channels and recipient.address(each))


def reached_by(recipient: Recipient, house: House) -> dict[Topic, tuple[str, ...]]:
    """By topic, the channels on which a member hears of it; none: they chose silence, or nothing reaches them."""
    return {topic: channels_for(topic, recipient, house) or () for topic in Topic}


def notices_of(
    stored: StoredEvent, recipients: Iterable[Recipient], house: House, *, now: datetime, new_id: Iterator[str]
) -> tuple[Notice, ...]:
    """The messages that one event makes; the same ones each time but for their ids."""
    event, meaning = stored.event, telling(stored.event)
    if meaning is None or now - event.at > HISTORY:
        return ()
    found: list[Notice] = []
    for recipient in recipients:
        channels = channels_for(meaning.topic, recipient, house)
        if channels is None or not recipient.active:
            continue
        data = {**event.data, **recipient.more}
        when = _when(meaning, recipient, house, data, now)
        waiting = Notice(
            id="", event_id=stored.id, kind=event.kind, member_id=recipient.contact.member_id, channel=NOBODY,
            state=NoticeState.WAITING, created_at=now, next_try_at=when, resource_id=event.resource_id, data=data,
        )  # fmt: skip
        if not channels:
            found.append(replace(waiting, id=next(new_id), state=NoticeState.UNREACHABLE, done_at=now))
        found += [replace(waiting, id=next(new_id), channel=channel) for channel in channels]
    return tuple(found)


def _when(meaning: Telling, recipient: Recipient, house: House, data: dict[str, Plain], now: datetime) -> datetime:
    """Now, or once quiet hours are over; what is urgent, or begins before it could be read, does not wait."""
    quiet = recipient.contact.quiet or house.quiet
    if quiet is None or meaning.urgent:
        return now
    over, starts = quiet.over_at(now, house.zone), _moment(data.get("starts"))
    soon = starts is not None and starts <= over + SOON
    return now if soon and not meaning.known else over


def _moment(value: Plain) -> datetime | None:
    """A time that travelled through JSON."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
