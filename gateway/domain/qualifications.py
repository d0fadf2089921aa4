"""Rights from trainings: one row for each time one was given or declared, kept for its term. A table says what may become of it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.training import Training, expiry

STALE = timedelta(days=60)
"""A lapse that is older is no news any more: what was typed in afterwards, or a lab that was shut for long."""


class RightState(StrEnum):
    """Where a right stands; LAPSED is what time alone makes of a valid one."""

    AWAITING = "awaiting_validation"
    VALID = "valid"
    LAPSED = "lapsed"
    REVOKED = "revoked"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualification:
    """A member's right from a training; it awaits validation, opens, lapses, is revoked or refused.

    ``granted_at`` is when it was given, or declared while it awaits. ``ends_at`` is its end however much it is used;
    ``expires_at`` is when it lapses as things are, and the one that opens a machine or not.
    """

    id: str
    member_id: str
    training_id: str
    granted_at: datetime
    granted_by: str | None = None
    granted_by_member: str | None = None
    """The trainer who gave it in person; None when it was the team."""
    level: int = 1
    refresher: bool = False
    awaiting: bool = False
    ends_at: datetime | None = None
    last_used_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    refused_at: datetime | None = None
    evidence: str | None = None
    note: str | None = None
    told_days: int | None = None
    """The last reminder of ``expires_at``, in days before it; 0 once its lapse was told."""

    def state(self, now: datetime) -> RightState:
        """Where it stands at ``now``."""
        if self.revoked_at is not None:
            return RightState.REVOKED
        if self.refused_at is not None:
            return RightState.REFUSED
        if self.awaiting:
            return RightState.AWAITING
        lapsed = self.expires_at is not None and self.expires_at <= now
        return RightState.LAPSED if lapsed else RightState.VALID

    def valid(self, now: datetime) -> bool:
        """Whether it opens a machine at ``now``."""
        return self.state(now) is RightState.VALID


class Act(StrEnum):
    """What can be done to a right; each leaves its line in the history."""

    DECLARED = "declared"
    GRANTED = "granted"
    VALIDATED = "validated"
    REFUSED = "refused"
    REVOKED = "revoked"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a right's history: what was done, when, by whom; lines are only ever added.

    ``actor`` is what stands on the token that was used, ``actor_member`` the trainer in person.
    """

    qualification_id: str
    member_id: str
    at: datetime
    act: Act
    actor: str | None = None
    actor_member: str | None = None
    expires_at: datetime | None = None
    evidence: str | None = None
    note: str | None = None
    id: int | None = None
    """Its number, once it is kept."""


TABLE: dict[tuple[RightState | None, Act], RightState] = {
    (None, Act.DECLARED): RightState.AWAITING,
    (None, Act.GRANTED): RightState.VALID,
    (RightState.AWAITING, Act.VALIDATED): RightState.VALID,
    (RightState.AWAITING, Act.REFUSED): RightState.REFUSED,
    (RightState.AWAITING, Act.REVOKED): RightState.REVOKED,
    (RightState.VALID, Act.LAPSED): RightState.LAPSED,
    (RightState.VALID, Act.REVOKED): RightState.REVOKED,
    (RightState.LAPSED, Act.REVOKED): RightState.REVOKED,
}
"""What is not in the table changes nothing. A refresher is a new right: the old one stays as it was."""


def after(right: Qualification, act: Act, now: datetime) -> Qualification | None:
    """The right after somebody's ``act``; None when the table does not know it. Its ends are the caller's to say."""
    to = TABLE.get((right.state(now), act))
    if to is RightState.REVOKED:
        return replace(right, revoked_at=now)
    if to is RightState.REFUSED:
        return replace(right, refused_at=now)
    return replace(right, awaiting=False) if to is RightState.VALID else None


def used(right: Qualification, training: Training, *, opened_at: datetime, closed_at: datetime) -> Qualification:
    """The right after a session with real use, begun while it was valid: it lapses later, never sooner."""
    if training.unused_days is None or not right.valid(opened_at):
        return right
    last = max(closed_at, right.last_used_at or closed_at)
    moved = expiry(training, right.ends_at, last)
    if right.expires_at is None or moved is None or moved <= right.expires_at:
        return replace(right, last_used_at=last)
    return replace(right, last_used_at=last, expires_at=moved, told_days=None)


def due_reminder(right: Qualification, training: Training, now: datetime) -> int | None:
    """The reminder that is due and was not given, in days before the end; 0 for the lapse itself, None for none.

    After a pause only the most urgent one is due. A right that lasts less than a reminder's days does not have it.
    """
    ends = right.expires_at
    if ends is None or right.state(now) not in (RightState.VALID, RightState.LAPSED):
        return None
    if ends <= now:
        return 0 if right.told_days != 0 and now - ends < STALE else None
    since = max(right.granted_at, right.last_used_at or right.granted_at)
    stages = [days for days in training.remind_days if since <= ends - timedelta(days=days) <= now]
    due = min(stages, default=None)
    return due if due is not None and (right.told_days is None or due < right.told_days) else None


def kept_until(right: Qualification, training: Training, now: datetime) -> datetime | None:
    """The end of the term for which a right that is over is kept; None while it is not, or none was stated."""
    if training.retention_years is None or right.state(now) in (RightState.AWAITING, RightState.VALID):
        return None
    over = right.revoked_at or right.refused_at or right.expires_at
    return _years_later(over, training.retention_years) if over else None


def _years_later(moment: datetime, years: int) -> datetime:
    leap = (moment.month, moment.day) == (2, 29)
    return moment.replace(year=moment.year + years, day=28 if leap else moment.day)
