"""Rights from trainings: one row for each time one was given or declared, never deleted. A table says what may become of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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
