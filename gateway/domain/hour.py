"""Whether the hour can be believed: a small computer has no clock of its own, and begins somewhere when it starts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from gateway.domain.access_facts import AccessFacts
from gateway.domain.jobs import Job
from gateway.domain.sessions import Session

WRITTEN = datetime(2025, 1, 1, tzinfo=UTC)
"""Before this there was no program of ours to run."""
LEEWAY = timedelta(minutes=5)
"""A clock that is set right may go back by so much and still be believed."""
JUMP = timedelta(seconds=5)
"""What moves by less is a clock that is being set right, not another hour."""


class Doubt(StrEnum):
    """Why nobody may rely on it."""

    BEFORE_WRITTEN = "before_written"
    BEFORE_LAST = "before_last"
    """Something is written down that happened later."""
    UNTOLD = "untold"
    """The computer keeps no clock, and nobody has told it the hour since it started."""


def doubt_of(now: datetime, *, newest: datetime | None, told: bool, keeps_clock: bool) -> Doubt | None:
    """What speaks against ``now``. ``told``: by the network or by staff; ``newest`` is when the last event was."""
    if now < WRITTEN:
        return Doubt.BEFORE_WRITTEN
    if told:
        return None
    if newest is not None and now < newest - LEEWAY:
        return Doubt.BEFORE_LAST
    return None if keeps_clock else Doubt.UNTOLD


def depends_on_time(access: AccessFacts) -> bool:
    """Whether another hour could make another answer: a booking, opening hours, a right that ends, an age, a quota."""
    use, member, resource = access.use, access.member, access.resource
    return bool(
        access.booked
        or (resource is not None and resource.reservation_required)
        or access.schedule.opening is not None
        or access.schedule.closures
        or any(need.until for need in access.requirements)
        or (member is not None and member.member_until)
        or use.minimum_age or use.guardian_consent_under or use.supervision_under
        or use.quota_day_minutes or use.quota_week_minutes
    )  # fmt: skip


def moved(session: Session, by: timedelta) -> Session:
    """An open session, as if the hour had always been what it is now: what has passed of it stays what it was."""

    def later(at: datetime | None) -> datetime | None:
        return at + by if at is not None else None

    return replace(
        session, opened_at=session.opened_at + by, last_tap_at=session.last_tap_at + by,
        granted_until=later(session.granted_until), energised_at=later(session.energised_at),
        person_gone_at=later(session.person_gone_at), last_activity_at=later(session.last_activity_at),
        offered_at=later(session.offered_at),
    )  # fmt: skip


def moved_job(job: Job, by: timedelta) -> Job:
    """The same for a job that runs."""
    return replace(job, started_at=job.started_at + by)
