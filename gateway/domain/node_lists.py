"""What a node may decide by itself: who is entitled to its machine, and the list that says so."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from devices import codec
from devices.messages import AccessList, BookedSpan, ListedPerson
from gateway.domain.access import Denied, decide_access
from gateway.domain.access_facts import AccessFacts
from gateway.domain.access_rules import membership_ends
from gateway.domain.booking import Purpose, Reservation, Status
from gateway.domain.events import Event, EventKind
from gateway.domain.quota import local_day, local_week, seconds_in
from gateway.domain.refusals import Code
from gateway.domain.timespan import Span

LIFE = timedelta(hours=72)
"""How long a list is good for without a word from us."""
RENEWED_AFTER = timedelta(hours=24)
MOST_PEOPLE = 400
"""More do not fit a microcontroller: those who used the machine last come first."""
MOST_BOOKED = 60
LONGEST_QUIET_S = 600
DIGEST_DIGITS = 16

OF_THE_MOMENT = frozenset(
    {
        Code.OUT_OF_SERVICE, Code.INTERLOCK_UNKNOWN, Code.CLOSED_NOW, Code.CLOSED_DAY, Code.PRESENCE_UNKNOWN,
        Code.NO_RESPONSIBLE, Code.TOO_FEW_PEOPLE, Code.IN_USE, Code.COOLING_DOWN, Code.RESERVED_BY_OTHER,
        Code.RESERVED_SOON, Code.UNDER_MAINTENANCE, Code.RESERVATION_REQUIRED, Code.TOO_EARLY, Code.TOO_MANY_SESSIONS,
    }
)  # fmt: skip
"""What the list says of the machine and not of a person, or what the node sees for itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeList:
    """The list that was last made for a node; ``digest`` tells its contents, whatever its version and dates."""

    device_id: str
    version: int
    digest: str
    issued_at: datetime
    expires_at: datetime


def entitled(facts: AccessFacts, badges: Iterable[Mapping[str, str]], now: datetime) -> ListedPerson | None:
    """This member's row; None for whoever a rule refuses that no hour of the day changes."""
    held = tuple({form: digest[:DIGEST_DIGITS] for form, digest in badge.items()} for badge in badges)
    if not held or isinstance(decide_access(facts, now, lifted=OF_THE_MOMENT), Denied):
        return None
    ends = [need.until for need in facts.requirements if need.until]
    membership = membership_ends(facts)
    if membership is not None:
        ends.append(membership)
    longest = _longest_s(facts, now)
    return ListedPerson(badges=held, until_s=_seconds(min(ends)) if ends else None, longest_s=longest)


def _longest_s(facts: AccessFacts, now: datetime) -> int | None:
    """A node cannot count what is used elsewhere: what is left now is what it may give, on each day."""
    use = facts.use
    found = [60 * use.max_session_minutes] if use.max_session_minutes else []
    for minutes, window in (
        (use.quota_day_minutes, local_day(now, facts.zone)), (use.quota_week_minutes, local_week(now, facts.zone)),
    ):  # fmt: skip
        if minutes is not None:
            found.append(int(60 * minutes - seconds_in(window, facts.uses)))
    return max(0, min(found)) if found else None


def lockout(facts: AccessFacts) -> str | None:
    """Why nobody at all may start without us."""
    if facts.resource is None or facts.resource.out_of_service:
        return Code.OUT_OF_SERVICE
    if facts.use.unclonable_card:
        # A node reads a number, which says nothing of the card.
        return Code.CARD_NOT_PROVEN
    if facts.use.pin:
        return Code.PIN_NO_SCREEN
    # Who is in the place is known to nobody but us.
    asked = facts.use.minimum_people is not None or facts.use.responsible_present
    return Code.PRESENCE_UNKNOWN if asked else None


def contents(
    facts: AccessFacts, booked: Iterable[Reservation], people: Mapping[str, ListedPerson], now: datetime, *,
    site: str, device: str,
) -> AccessList:  # fmt: skip
    """The list without its version and dates."""
    resource = facts.resource
    assert resource is not None
    order = {member_id: index for index, member_id in enumerate(people)}
    # From midnight, so that the passing of the hours alone makes no new list.
    ahead = Span(now.replace(hour=0, minute=0, second=0, microsecond=0), now + LIFE + timedelta(days=1))
    always = facts.schedule.opening is None and not facts.schedule.closures
    use, pause = facts.use, facts.booking.buffer_minutes or 0
    return AccessList(
        site=site, device=device, version=0, issued_s=0, expires_s=0, lockout=lockout(facts),
        ceiling_s=resource.ceiling_s, quiet_s=min(resource.forgotten_s, LONGEST_QUIET_S),
        rest_s=use.cool_down_seconds or 0, early_s=60 * (use.early_minutes or 0), pause_s=60 * pause,
        reservation_required=resource.reservation_required,
        open=None if always else tuple((_seconds(s.starts), _seconds(s.ends)) for s in facts.schedule.spans(ahead)),
        booked=tuple(_booked(held, order) for held in booked), people=tuple(people.values()),
    )  # fmt: skip


def _booked(held: Reservation, order: Mapping[str, int]) -> BookedSpan:
    theirs = held.status is Status.STANDING and held.purpose is not Purpose.MAINTENANCE
    return BookedSpan(
        starts_s=_seconds(held.span.starts), ends_s=_seconds(held.span.ends),
        person=order.get(held.member_id or "") if theirs else None,
    )  # fmt: skip


def digest_of(bare: AccessList, rows: Iterable[str]) -> str:
    """What tells two lists apart: the machine's lines, and each person's ``row`` as :func:`row_of` writes it."""
    lines = codec.encode(replace(bare, people=()))
    return hashlib.sha256(lines + "\n".join(rows).encode()).hexdigest()[:32]


def row_of(person: ListedPerson) -> str:
    """What tells two rows apart; written once for each change of a person, not for each list."""
    return repr(person)


def renewed(before: NodeList | None, device_id: str, digest: str, now: datetime) -> NodeList:
    """The list as it is, or the next version: when it says something else, ends soon, or was made after now."""
    if (
        before is not None and before.digest == digest and before.issued_at <= now < before.issued_at + RENEWED_AFTER
    ):  # fmt: skip
        return before
    return NodeList(
        device_id=device_id, version=before.version + 1 if before else 1, digest=digest, issued_at=now,
        expires_at=now + LIFE,
    )  # fmt: skip


def dated(bare: AccessList, row: NodeList) -> AccessList:
    """The list as it is sent."""
    return replace(bare, version=row.version, issued_s=_seconds(row.issued_at), expires_s=_seconds(row.expires_at))


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """What an event changes in lists: members' rows, machines' own lines, or everything."""

    members: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()
    machines: bool = False
    """The lines of every machine."""
    all: bool = False

    def __or__(self, other: "Affected") -> "Affected":
        return Affected(
            members=self.members | other.members, resources=self.resources | other.resources,
            machines=self.machines or other.machines, all=self.all or other.all,
        )  # fmt: skip


NOTHING_AFFECTED = Affected()
_OF_MEMBERS = frozenset(
    {
        EventKind.MEMBER_ADDED, EventKind.MEMBER_CHANGED, EventKind.BADGE_ENROLLED, EventKind.BADGE_REVOKED,
        EventKind.QUALIFICATION_GRANTED, EventKind.QUALIFICATION_REVOKED, EventKind.QUALIFICATION_DECLARED,
        EventKind.QUALIFICATION_VALIDATED, EventKind.QUALIFICATION_REFUSED, EventKind.RIGHT_LAPSED,
    }
)  # fmt: skip
_OF_ALL = frozenset(
    {EventKind.MEMBER_MERGED, EventKind.POLICY_CHANGED, EventKind.GROUP_CHANGED, EventKind.TRAINING_CHANGED}
)
_OF_MACHINES = ("reservation_", "workshop_", "resource_", "closure_", "opening_")


def affected(event: Event) -> Affected:
    """What this event changes in lists."""
    if event.kind in _OF_MEMBERS:
        return Affected(members=frozenset({event.member_id} - {None})) if event.member_id else Affected(all=True)
    if event.kind in _OF_ALL:
        return Affected(all=True)
    if event.kind.startswith(_OF_MACHINES):
        return Affected(resources=frozenset({event.resource_id})) if event.resource_id else Affected(machines=True)
    return NOTHING_AFFECTED
