"""What a member, and a minor's guardian, must have agreed to at this site, and whether they have."""

from datetime import date
from enum import StrEnum

from gateway.domain.people import Member, age_on
from gateway.domain.use_policy import UsePolicy


class Agreement(StrEnum):
    """How one agreement stands."""

    GIVEN = "given"
    MISSING = "missing"
    GUARDIAN_FIRST = "guardian_first"
    """A minor cannot agree before their guardian has."""
    AGE_UNKNOWN = "age_unknown"


def charter(use: UsePolicy, member: Member, today: date) -> Agreement | None:
    """The charter, in the version asked for; None where none is."""
    if use.charter_version is None:
        return None
    if (member.charter_version or 0) >= use.charter_version:
        return Agreement.GIVEN
    consent = guardian(use, member, today)
    return Agreement.MISSING if consent in (None, Agreement.GIVEN) else Agreement.GUARDIAN_FIRST


def guardian(use: UsePolicy, member: Member, today: date) -> Agreement | None:
    """The consent of a minor's guardian; None for whoever needs none."""
    if use.guardian_consent_under is None:
        return None
    if member.guardian_consent_at is not None:
        return Agreement.GIVEN
    if member.birth_date is None:
        return Agreement.AGE_UNKNOWN
    young = age_on(member.birth_date, today) < use.guardian_consent_under
    return Agreement.MISSING if young else None
