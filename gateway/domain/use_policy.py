"""What a lab may ask of those who use a resource; every key is off until it is said."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.domain.policy import by_language, flag, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class UsePolicy:
    """The rules of use in force for a resource. Quotas count a member's time under power on the resource and its equals."""

    membership_grace_days: int | None = whole("How long a lapsed membership only warns before it refuses.", most=365)
    charter_version: int | None = whole("The version of the charter that must have been accepted.", least=1, most=10**6)
    minimum_age: int | None = whole("From which age one may use it.", least=1, most=99)
    guardian_consent_under: int | None = whole("Under which age a guardian must have agreed.", least=1, most=99)
    supervision: bool = flag("Whether a trained person must stand by each use.")
    supervision_under: int | None = whole("Under which age a trained person must stand by.", least=1, most=99)
    minimum_people: int | None = whole("How many people must be in the place, the user among them.", least=1, most=100)
    responsible_present: bool = flag("Whether a responsible person must be in the place.")
    presence_hours: int | None = whole(
        "How long a badge at the door counts, when nobody leaves by it.", least=1, most=24
    )
    early_minutes: int | None = whole("How long before its start one's own booking opens it.", most=1440)
    max_session_minutes: int | None = whole("How long one session may last.", least=1, most=14 * 1440)
    max_open_sessions: int | None = whole("How many machines a member may use at the same time.", least=1, most=100)
    quota_day_minutes: int | None = whole("How long a member may use it in one local day.", least=1, most=1440)
    quota_week_minutes: int | None = whole("How long a member may use it in one local week.", least=1, most=7 * 1440)
    cool_down_seconds: int | None = whole("How long it rests after a session or a job.", least=1, most=86400)
    supervised_use: bool = flag("Whether a trainer's badge and an untrained person's, one after the other, open it.")
    supervised_within_seconds: int | None = whole(
        "How long those two taps may be apart; 30 when off.", least=5, most=600
    )
    take_over_minutes: int | None = whole(
        "After how long without use the next person may take it over.", least=1, most=1440
    )
    job_outlives_hours: int | None = whole(
        "How long one job may run on past its owner's presence, booking and the closing time.", least=1, most=336
    )
    parts_wait: bool = flag("Whether whoever comes next must first say that the finished part is on the shelf.")
    shelf: Mapping[str, str] | None = by_language("Where a finished part is put, for its owner to read.")
    unclonable_card: bool = flag(
        "Whether only a card that cannot be cloned opens it, and no number that can be copied."
    )
    pin: bool = flag("Whether the member's code of six digits goes with the badge; it is typed at a kiosk.")
