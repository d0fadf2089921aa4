"""Members, badges and tokens: what staff do at the desk."""

from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from devices.messages import HashedBadge
from gateway.domain.agreements import Agreement, charter
from gateway.domain.events import Event, EventKind
from gateway.domain.layers import Policies
from gateway.domain.merging import merged, one_place
from gateway.domain.people import Member, Role
from gateway.ports.store import Token, Work


class Enrolment(StrEnum):
    """What became of an attempt to give a badge to a member."""

    ENROLLED = "enrolled"
    TAKEN = "taken"
    NO_SUCH_TAP = "no_such_tap"
    NO_SUCH_MEMBER = "no_such_member"


def _log(work: Work, kind: EventKind, now: datetime, member_id: str | None = None, **data: Any) -> None:
    work.append(work.site_id(), [Event(kind=kind, at=now, member_id=member_id, data=data)])


def add_member(
    work: Work, *, id: str, first_name: str, last_name: str = "", email: str | None = None,
    member_until: datetime | None = None, birth_date: date | None = None, charter_version: int | None = None,
    guardian_consent_at: datetime | None = None, responsible: bool = False, reference: str | None = None,
    show_first_name: bool = False,
    now: datetime,
) -> Member:  # fmt: skip
    """A new member of this site."""
    member = Member(
        id=id, first_name=first_name, last_name=last_name, email=email, member_until=member_until, created_at=now,
        birth_date=birth_date, charter_version=charter_version, guardian_consent_at=guardian_consent_at,
        responsible=responsible, reference=reference, show_first_name=show_first_name,
    )  # fmt: skip
    work.put_member(member)
    _log(work, EventKind.MEMBER_ADDED, now, member.id)
    return member


def change_member(work: Work, *, id: str, changes: dict[str, Any], now: datetime) -> Member | None:
    """Change the named fields; None when there is no such member. Whoever is active again is suspended for nothing."""
    member = work.member(id)
    if member is None:
        return None
    changed = replace(member, **changes)
    if changed.active:
        changed = replace(changed, suspended_reason=None)
    work.put_member(changed)
    told = {"active": changed.active} if changed.active != member.active else {}
    _log(work, EventKind.MEMBER_CHANGED, now, id, fields=sorted(changes), **told)
    return changed


def accept_charter(work: Work, *, id: str, version: int, now: datetime) -> bool:
    """A member accepts the charter in the version they were shown; False when it is not theirs to accept, or not now."""
    member = work.member(id)
    use = Policies.of(work.site_policies()).use
    if member is None or version != use.charter_version:
        return False
    if charter(use, member, now.astimezone(work.zone()).date()) is not Agreement.MISSING:
        return False
    work.put_member(replace(member, charter_version=version))
    _log(work, EventKind.MEMBER_CHANGED, now, id, fields=["charter_version"], by="member")
    return True


def show_name(work: Work, *, id: str, shown: bool, now: datetime) -> bool:
    """A member says whether their first name may stand where others see it; False when there is no such member."""
    member = work.member(id)
    if member is None:
        return False
    if member.show_first_name != shown:
        work.put_member(replace(member, show_first_name=shown))
        _log(work, EventKind.MEMBER_CHANGED, now, id, fields=["show_first_name"], by="member")
    return True


def merge_members(work: Work, *, keep: str, gone: str, now: datetime) -> Member | None:
    """Two records of one person become the first; None when one of them is not there, or both are the same."""
    stays, goes = work.member(keep), work.member(gone)
    if stays is None or goes is None or keep == gone:
        return None
    for workshop in work.workshops_of_both(keep, gone):
        roll = work.roll(workshop)
        if roll is not None:
            work.save_roll(*one_place(roll, keep, gone))
    # What opens one account must not open another: the record that stays may be an administrator's.
    work.forget_proofs(gone)
    work.move_member(keep, gone)
    member = merged(stays, goes)
    work.put_member(member)
    _log(work, EventKind.MEMBER_MERGED, now, keep, other=gone)
    return member


def enrol_badge(
    work: Work, *, id: str, member_id: str, badge: tuple[HashedBadge, ...], lent_until: datetime | None = None,
    now: datetime,
) -> Enrolment:  # fmt: skip
    """Give a badge to a member, or lend it, unless somebody has it."""
    if work.member(member_id) is None:
        return Enrolment.NO_SUCH_MEMBER
    if not work.add_badge(id=id, member_id=member_id, badge=badge, now=now, lent_until=lent_until):
        return Enrolment.TAKEN
    _log(work, EventKind.BADGE_ENROLLED, now, member_id, **({"until": lent_until.isoformat()} if lent_until else {}))
    return Enrolment.ENROLLED


def enrol_tapped(
    work: Work, *, id: str, member_id: str, event_id: int, lent_until: datetime | None = None, now: datetime
) -> Enrolment:
    """Give the unknown badge of a refused tap to a member: the one-click enrolment."""
    badge = work.tapped_badge(event_id)
    if not badge:
        return Enrolment.NO_SUCH_TAP
    outcome = enrol_badge(work, id=id, member_id=member_id, badge=badge, lent_until=lent_until, now=now)
    counter = work.tapped_counter(event_id)
    if outcome is Enrolment.ENROLLED and counter is not None:
        work.raise_counter(id, counter)
    return outcome


def revoke_badges(work: Work, *, member_id: str, now: datetime) -> int:
    """Revoke every badge of a member (lost, stolen); how many there were."""
    count = work.revoke_badges(member_id, now)
    if count:
        _log(work, EventKind.BADGE_REVOKED, now, member_id, count=count)
    return count


def revoke_badge(work: Work, *, member_id: str, badge_id: str, now: datetime) -> bool:
    """Revoke one badge of a member, lost or given back; False when it is none of theirs, or no longer live."""
    if badge_id not in work.live_badges(member_id):
        return False
    work.revoke_badge(badge_id, now)
    _log(work, EventKind.BADGE_REVOKED, now, member_id, count=1)
    return True


def end_loans(work: Work, now: datetime) -> None:
    """The day of lent badges is over: nobody has them any more."""
    for member_id in work.end_loans(now):
        _log(work, EventKind.BADGE_REVOKED, now, member_id, lent=True)


def make_token(
    work: Work, *, id: str, digest: str, role: Role, label: str, resource: str | None = None, reader: str | None = None,
    expires_at: datetime | None = None, now: datetime,
) -> Token:  # fmt: skip
    """Keep a token's SHA-256; the secret itself is shown once by whoever made it."""
    token = Token(
        id=id,
        digest=digest,
        role=role,
        label=label,
        resource=resource,
        reader=reader,
        created_at=now,
        expires_at=expires_at,
    )
    work.add_token(token)
    return token
