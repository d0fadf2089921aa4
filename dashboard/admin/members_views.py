"""Members as the team's pages show them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.domain.members_plan import last_day
from gateway.domain.people import Member, MemberState, state_of_member
from gateway.domain.qualifications import Qualification, RightState
from gateway.domain.sessions import Session
from gateway.ports.views import Views
from gateway.ports.views_people import BadgeView
from gateway.service.members_import import every_member
from gateway.wording import Words

LOOKS = {
    MemberState.CURRENT: ("s-free", "free"), MemberState.LAPSED: ("s-reserved", "clock"),
    MemberState.SUSPENDED: ("s-out_of_service", "lock"),
}  # fmt: skip
"""The colour and the drawing of each state."""
RIGHT_LOOKS = {
    RightState.VALID: ("s-free", "free"), RightState.AWAITING: ("s-reserved", "hourglass"),
    RightState.LAPSED: ("s-off", "clock"), RightState.REVOKED: ("s-out_of_service", "cross"),
    RightState.REFUSED: ("s-out_of_service", "cross"),
}  # fmt: skip
USES = 20
RIGHTS = 100
HEADINGS = {
    "fr": ("Identifiant", "Référence", "Prénom", "Nom", "E-mail", "Fin d’adhésion", "Date de naissance", "État", "Raison"),
    "en": ("Id", "Member number", "First name", "Last name", "E-mail", "Membership until", "Date of birth", "State", "Reason"),
}  # fmt: skip
"""The headings of an export: those that an import knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the list."""

    member: Member
    state: MemberState
    until: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RightRow:
    """A right and what its training is called."""

    right: Qualification
    name: str
    state: RightState


@dataclass(frozen=True, slots=True, kw_only=True)
class UseRow:
    """One use of a machine."""

    at: datetime
    name: str
    seconds: float
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One member with all that they have."""

    row: Row
    badges: tuple[BadgeView, ...]
    rights: tuple[RightRow, ...]
    uses: tuple[UseRow, ...]
    trainings: tuple[tuple[str, str], ...]

    @property
    def live_badges(self) -> int:
        """How many badges open anything."""
        return sum(badge.revoked_at is None for badge in self.badges)


def full_name(member: Member) -> str:
    """First and last name."""
    return f"{member.first_name} {member.last_name}".strip()


def day_of(moment: datetime, zone: ZoneInfo, words: Words) -> str:
    """The last day of a membership, as people say it."""
    return words.moment(moment - timedelta(microseconds=1), "day")


def row_of(member: Member, words: Words, zone: ZoneInfo, now: datetime) -> Row:
    """One line."""
    until = day_of(member.member_until, zone, words) if member.member_until else None
    return Row(member=member, state=state_of_member(member, now), until=until)


def card(views: Views, member: Member, words: Words, zone: ZoneInfo, now: datetime) -> Card:
    """Everything about one member."""
    every = views.trainings()
    trainings = {one.id: words.own(one.names) for one in every}
    machines = {key: words.own(names) for key, names in views.resource_names().items()}
    rights = views.qualifications(limit=RIGHTS, cursor=None, member_id=member.id).rows
    return Card(
        row=row_of(member, words, zone, now),
        badges=views.badges_of(member.id),
        rights=tuple(
            RightRow(right=one, name=trainings.get(one.training_id, "…"), state=one.state(now)) for one in rights
        ),
        uses=tuple(_use(one, machines, now) for one in views.sessions_of(member.id, USES)),
        trainings=tuple((one.slug, words.own(one.names)) for one in every),
    )


def _use(session: Session, machines: dict[str, str], now: datetime) -> UseRow:
    opened = session.closed_at is None
    seconds = (now - session.opened_at).total_seconds() if opened else session.enabled_s
    return UseRow(at=session.opened_at, name=machines.get(session.resource_id, "…"), seconds=seconds, open=opened)


def exported(views: Views, words: Words, zone: ZoneInfo, now: datetime) -> Iterator[tuple[str, ...]]:
    """The whole list as rows of a spreadsheet."""
    yield HEADINGS[words.lang]
    for member in every_member(views):
        until = last_day(member.member_until, zone) if member.member_until else None
        yield (
            member.id, member.reference or "", member.first_name, member.last_name, member.email or "",
            f"{until:%d/%m/%Y}" if until else "", f"{member.birth_date:%d/%m/%Y}" if member.birth_date else "",
            words(f"members.state.{state_of_member(member, now)}"), member.suspended_reason or "",
        )  # fmt: skip
