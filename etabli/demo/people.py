"""Who the demo's people are: members with badges and rights, and the tokens of its manager and its screens."""

import hashlib
import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from devices.badge_reader import BadgeSeen, em_number
from devices.messages import HashedBadge
from etabli.bootstrap import Basis
from etabli.demo import lab
from gateway.domain.events import Event, EventKind, Plain
from gateway.domain.people import Member, Role
from gateway.domain.qualifications import Qualification
from gateway.domain.training import Training, end_of_right, expiry
from gateway.ports.store import Store, Token, Work

KNOWN_FOR = timedelta(days=74)
"""The first of them joined so long ago."""


@dataclass(slots=True, kw_only=True)
class Written:
    """What the demo keeps in hand once its past is written."""

    manager_token: str = ""
    kiosk_token: str = ""
    """Of the screen at one machine."""
    shared_token: str = ""
    """Of the screen for several."""
    door_token: str = ""
    members: dict[str, Member] = field(default_factory=dict)
    doors: dict[str, str] = field(default_factory=dict)
    """Member ids by the secret that signs somebody in as them at one click."""
    readings: list[tuple[datetime, str, str, float]] = field(default_factory=list)
    """(when, station, device, watts), for the series; written once the demo is open."""


def hashes(base: Basis, badge: bytes) -> tuple[HashedBadge, ...]:
    """A badge as the store knows it."""
    seen = em_number(badge)
    assert isinstance(seen, BadgeSeen)
    return base.hash_badge(seen.number)


def settle(work: Work, base: Basis, written: Written, chance: random.Random) -> Iterator[Event]:
    """Everybody, with badge and rights; what the log should say of it."""
    began = base.clock.now() - KNOWN_FOR
    trainings = {course.slug: course for course in work.trainings()}
    for person in lab.PEOPLE:
        joined = began + timedelta(days=chance.uniform(0, 50))
        member = Member(id=base.ids.new(), first_name=person.name, last_name=lab.LAST_NAME, created_at=joined)
        work.put_member(member)
        written.members[person.name] = member
        work.add_badge(id=base.ids.new(), member_id=member.id, badge=hashes(base, lab.badge_of(person)), now=joined)
        for slug in sorted(person.trained):
            taught = joined + timedelta(days=chance.uniform(0, 5))
            right = _right(work, base, member, trainings[slug], taught)
            work.add_qualification(right)
            data: dict[str, Plain] = {"training": slug}
            yield Event(kind=EventKind.QUALIFICATION_GRANTED, at=right.granted_at, member_id=member.id, data=data)


def _right(work: Work, base: Basis, member: Member, course: Training, taught: datetime) -> Qualification:
    """A right that still holds: whoever came before the course's day of the year came again on it."""
    ends_at = end_of_right(course, taught, work.zone())
    if ends_at is not None and ends_at <= base.clock.now():
        return _right(work, base, member, course, ends_at)
    return Qualification(
        id=base.ids.new(), member_id=member.id, training_id=course.id, granted_at=taught, granted_by="Sophie Démo",
        ends_at=ends_at, expires_at=expiry(course, ends_at, taught),
    )  # fmt: skip


def give_roles(work: Work, written: Written) -> None:
    """Who teaches and who runs the demo."""
    for role, name in lab.ACCOUNTS.items():
        work.set_role(written.members[name].id, Role(role))
        written.doors[secrets.token_urlsafe(9)] = written.members[name].id


def again(base: Basis, store: Store, known: dict[str, Member], kiosk_of: str) -> Written:
    """A kept folder has its past already: only the tokens are new, for secrets are shown once."""
    written = Written(members=known)
    with store.begin() as work:
        make_tokens(work, base, written, kiosk_of)
        give_roles(work, written)
    return written


def make_tokens(work: Work, base: Basis, written: Written, kiosk_of: str) -> None:
    """One for the manager, one for each kind of screen; all live for two days."""
    written.manager_token = _token(work, base, Role.MANAGER)
    written.kiosk_token = _token(work, base, Role.KIOSK, resource=kiosk_of)
    written.shared_token = _token(work, base, Role.KIOSK, reader=lab.KIOSK_READER)
    written.door_token = _token(work, base, Role.KIOSK, reader=lab.DOOR_READER)


def _token(work: Work, base: Basis, role: Role, *, resource: str | None = None, reader: str | None = None) -> str:
    now, token = base.clock.now(), "demo-" + secrets.token_urlsafe(12)
    work.add_token(
        Token(
            id=base.ids.new(), digest=hashlib.sha256(token.encode()).hexdigest(), role=role, label="Démo",
            created_at=now, resource=resource, reader=reader, expires_at=now + timedelta(days=2),
        )
    )  # fmt: skip
    return token
