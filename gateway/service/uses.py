"""What handlers share: a fact with its origin, moving a session through its table, and the power that follows."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from devices.envelope import LIVE_AGE_MS, Envelope
from devices.messages import BadgeTapped, HashedBadge, Tone
from gateway.domain.cards import CardRead
from gateway.domain.events import Event, EventKind, Plain
from gateway.domain.hour import Doubt
from gateway.domain.jobs import Job
from gateway.domain.resources import Device, Presence
from gateway.domain.sessions import Session, State, Trigger, Way, desired_power, step
from gateway.domain.timespan import seconds_between
from gateway.domain.ways import WaitingPart
from gateway.ports.store import ResourceFacts, Work
from gateway.service.living_rights import note_use

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""A device that tells of an earlier time has a clock that was never set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A fact with the device it came from and when it reached us."""

    envelope: Envelope
    device: Device
    received_at: datetime
    topic: str
    payload: bytes
    answered: bool = False
    card: CardRead | None = None
    doubt: Doubt | None = None
    """Why our own hour could not be believed when it came."""

    @property
    def badge(self) -> tuple[HashedBadge, ...]:
        """The badge that was tapped, in the forms that its reader gives; of a card as it says itself."""
        if self.card is not None:
            return self.card.badge
        tap = self.envelope.message
        return tap.badge if isinstance(tap, BadgeTapped) else ()

    def fresh(self, now: datetime) -> bool:
        """Young enough to act on, the time that it has waited here counted in, and not answered yet."""
        waited_s = seconds_between(self.received_at, now)
        return (
            not self.answered and self.envelope.fresh and (self.envelope.age_ms or 0) + 1000 * waited_s <= LIVE_AGE_MS
        )

    @property
    def happened_at(self) -> datetime:
        """When it happened, by our clock where its age is known, else as the device tells, never in the future."""
        age_ms, told = self.envelope.age_ms, self.envelope.at
        if age_ms is not None:
            possible = age_ms / 1000 <= seconds_between(EARLIEST, self.received_at)
            return self.received_at - timedelta(milliseconds=max(0, age_ms)) if possible else self.received_at
        return min(told, self.received_at) if told and told >= EARLIEST else self.received_at

    def predates(self, session: Session | None) -> bool:
        """Whether it is of a time before this session and came after it began; a clock set back makes nothing late."""
        return session is not None and self.happened_at < session.opened_at <= self.received_at


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerOrder:
    """What an interlock is to be told now."""

    device: str
    on: bool
    ceiling_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a reader is to show now."""

    device: str
    tone: Tone
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What must be told at once after COMMIT, straight from memory; the rest stands in the rows."""

    power: tuple[PowerOrder, ...] = ()
    verdict: Verdict | None = None


NOTHING = Outcome()


def told_of_badge(fact: Received) -> dict[str, Plain]:
    """What an event keeps of a badge that nobody has, for it to be given to somebody: hashes, and a card's counter."""
    told: dict[str, Plain] = {
        "badge": [{"form": b.form, "key_id": b.key_id, "digest": b.digest} for b in fact.badge]
    }  # fmt: skip
    return told | ({"counter": fact.card.counter} if fact.card is not None else {})


def log(work: Work, *events: Event) -> None:
    """Write events to this site's log."""
    work.append(work.site_id(), events)


def running_seconds(running: Iterable[Job], now: datetime) -> float:
    """Seconds that jobs still running have stood on their machine."""
    return max((seconds_between(job.started_at, now) for job in running), default=0.0)


def advance(work: Work, facts: ResourceFacts, trigger: Trigger, now: datetime) -> ResourceFacts:
    """Move the open session by ``trigger``, write it and its event; the facts as they then are."""
    session = facts.session
    if session is None:
        return facts
    own = [job for job in facts.running if job.session_id == session.id]
    moved = step(session, trigger, max(now, session.opened_at), running_s=running_seconds(own, now))
    if moved.session == session:
        return facts
    work.save_session(moved.session)
    if moved.session.state is State.CLOSED:
        note_use(work, moved.session)
    if moved.event is not None:
        log(work, session_event(moved.event, moved.session, now))
    if facts.use.parts_wait and moved.session.leaves_a_part:
        _leave_part(work, moved.session, now)
    return replace(facts, session=moved.session)


def _leave_part(work: Work, session: Session, now: datetime) -> None:
    part = WaitingPart(
        resource_id=session.resource_id, member_id=session.concerns, session_id=session.id, since=now
    )  # fmt: skip
    work.save_waiting_part(part)
    log(work, part_event(EventKind.PART_LEFT, part, now))


def part_event(kind: EventKind, part: WaitingPart, at: datetime, **data: Plain) -> Event:
    """The event of something that lies, or lay, on a machine: it concerns whoever made it."""
    return Event(
        kind=kind, at=at, resource_id=part.resource_id, member_id=part.member_id, session_id=part.session_id, data=data
    )


def session_event(kind: str, session: Session, now: datetime) -> Event:
    """The event of a session's change; a closed one carries its figures."""
    data: dict[str, str | float | None] = {"state": str(session.state)}
    if session.way is not Way.OWN:
        data |= {"way": str(session.way), "supervisor": session.supervisor_id, "workshop": session.workshop_id}
    if session.state is State.CLOSED:
        data |= {
            "reason": str(session.end_reason),
            "enabled_s": session.enabled_s,
            "active_s": session.active_s,
            "idle_s": session.idle_s,
        }
    return Event(
        kind=EventKind(kind),
        at=now,
        resource_id=session.resource_id,
        member_id=session.concerns,
        session_id=session.id,
        data={**data},
    )


def power_orders(facts: ResourceFacts, now: datetime) -> tuple[PowerOrder, ...]:
    """What the interlock must be told for its relay to be as it should; nothing when it is, or cannot hear.

    A session that begins tells it even so: it must confirm, and its own timer must know this session's ceiling.
    """
    relay = facts.interlock
    if relay is None or relay.presence is Presence.OFFLINE:
        return ()
    wanted = desired_power(
        out_of_service=facts.resource.out_of_service,
        session=facts.session,
        running=bool(facts.running),
        observed=relay.power_on,
    )
    begins = facts.session is not None and facts.session.state is State.OPENING
    if wanted is None or (wanted == relay.power_on and not (wanted and begins)):
        return ()
    if not wanted:
        return (PowerOrder(device=relay.slug, on=False),)
    used = seconds_between(facts.session.opened_at, now) if facts.session else 0.0
    # How long its jobs will take is not known when it begins: the relay's own timer must not end one that may run on.
    ceiling_s = max(facts.resource.ceiling_s, 3600 * (facts.use.job_outlives_hours or 0))
    left = max(60, int(ceiling_s - used))
    return (PowerOrder(device=relay.slug, on=True, ceiling_s=left),)
