"""Members and their badges. Nothing here is readable without a token, and names only with a manager's."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, StringConstraints, model_validator

from dashboard.accounts.above import refuse_above
from dashboard.api.common import (
    Caller,
    Cursor,
    IdInPath,
    Limit,
    MemberReader,
    Moment,
    PageOf,
    Shape,
    Staff,
    Text,
    Wish,
    problems,
    rows,
)
from dashboard.dependencies import Asked, Services, words_of
from dashboard.problems import Problem
from devices.messages import HashedBadge
from gateway.domain.people import Member
from gateway.service import members as service
from gateway.service.members import Enrolment

router = APIRouter(prefix="/members", tags=["members"])

Email = Annotated[str, StringConstraints(pattern=r"^[^@\s\x00]+@[^@\s\x00]+$", max_length=254)]
Born = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2200, 1, 1), description="Date of birth.")]
Version = Annotated[int, Field(ge=1, le=10**6, description="The newest version of the charter that was accepted.")]
Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


class MemberShape(Shape):
    """A member; what names or describes the person is null for an auditor."""

    id: str
    first_name: str | None
    last_name: str | None
    email: str | None
    active: bool
    suspended_reason: str | None
    member_until: datetime | None
    created_at: datetime | None
    birth_date: date | None
    charter_version: int | None
    guardian_consent_at: datetime | None
    responsible: bool
    show_first_name: bool = Field(description="Whether the team's live board may show it; their own choice.")
    reference: str | None = Field(description="Their number in a list kept elsewhere.")


class NewMember(Wish):
    """Somebody who joins."""

    first_name: Text
    last_name: Text | None = None
    email: Email | None = None
    member_until: Moment | None = None
    birth_date: Born | None = None
    charter_version: Version | None = None
    guardian_consent_at: Moment | None = None
    responsible: bool = False
    show_first_name: bool = False
    reference: Text | None = None


NULLABLE = frozenset(
    {"email", "member_until", "suspended_reason", "birth_date", "charter_version", "guardian_consent_at", "reference"}
)


class MemberChanges(Wish):
    """The fields to change; what is left out stays."""

    first_name: Text | None = None
    last_name: Text | None = None
    email: Email | None = None
    active: bool | None = None
    suspended_reason: Text | None = Field(default=None, description="For the team only; gone once active again.")
    member_until: Moment | None = None
    birth_date: Born | None = None
    charter_version: Version | None = None
    guardian_consent_at: Moment | None = None
    responsible: bool | None = Field(default=None, description="May open and close the place by their badge.")
    show_first_name: bool | None = None
    reference: Text | None = None

    def told(self) -> dict[str, Any]:
        """What to change: a name or a yes/no cannot be null, the rest may."""
        told = self.model_dump(exclude_unset=True)
        if "last_name" in told:
            told["last_name"] = told["last_name"] or ""
        return {key: value for key, value in told.items() if value is not None or key in NULLABLE}


class NewBadge(Wish):
    """A badge by the number printed or read, or by a refused tap: exactly one of the two."""

    number: Number | None = None
    tap: int | None = Field(default=None, ge=0, lt=2**63, description="The id of a `tap_refused` event.")

    @model_validator(mode="after")
    def _one_of_two(self) -> "NewBadge":
        if (self.number is None) == (self.tap is None):
            raise ValueError("give either number or tap")
        return self


class BadgeShape(Shape):
    """What became of the badge."""

    outcome: Enrolment
    sentence: str


def member_shape(member: Member, caller: Caller) -> MemberShape:
    """A member as this caller may read them."""
    named = caller.staff
    return MemberShape(
        id=member.id, first_name=member.first_name if named else None, last_name=member.last_name if named else None,
        email=member.email if named else None, active=member.active,
        suspended_reason=member.suspended_reason if named else None, member_until=member.member_until,
        created_at=member.created_at, birth_date=member.birth_date if named else None,
        charter_version=member.charter_version if named else None,
        guardian_consent_at=member.guardian_consent_at if named else None, responsible=member.responsible,
        show_first_name=member.show_first_name, reference=member.reference if named else None,
    )  # fmt: skip


@router.get("", operation_id="listMembers", responses=problems(403))
def every(
    request: Request, response: Response, services: Asked, caller: MemberReader, limit: Limit = 50,
    cursor: Cursor = None, search: Annotated[Text | None, Query(description="Part of a name; for staff.")] = None,
) -> PageOf[MemberShape]:  # fmt: skip
    """Members by last name."""
    if search is not None and not caller.staff:
        # Whether a name is found would tell the name.
        raise Problem("forbidden")
    views = services.store.views()
    return rows(
        request, response, lambda: views.members(limit=limit, cursor=cursor, search=search),
        lambda member: member_shape(member, caller),
    )  # fmt: skip


@router.get("/{id}", operation_id="getMember", responses=problems(403, 404))
def one(services: Asked, caller: MemberReader, id: IdInPath) -> MemberShape:
    """One member."""
    member = services.store.views().member(id)
    if member is None:
        raise Problem("not_found")
    return member_shape(member, caller)


@router.post("", operation_id="addMember", status_code=201, responses=problems(400, 403))
def add(services: Asked, staff: Staff, wish: NewMember) -> MemberShape:
    """A new member."""
    new = services.ids.new()
    member = services.transact(
        lambda work, now: service.add_member(
            work, id=new, now=now, **wish.model_dump() | {"last_name": wish.last_name or ""}
        )
    )  # fmt: skip
    return member_shape(member, staff)


@router.patch("/{id}", operation_id="changeMember", responses=problems(400, 403, 404))
def change(request: Request, services: Asked, staff: Staff, id: IdInPath, wish: MemberChanges) -> MemberShape:
    """Change what is named of a member; the address and standing of somebody above you are not yours to change."""
    refuse_above(request, staff.role, {id: wish.told()})
    member = services.transact(lambda work, now: service.change_member(work, id=id, changes=wish.told(), now=now))
    if member is None:
        raise Problem("not_found")
    return member_shape(member, staff)


@router.post("/{id}/badges", operation_id="addBadge", status_code=201, responses=problems(400, 403, 404, 409))
def add_badge(request: Request, services: Asked, staff: Staff, id: IdInPath, wish: NewBadge) -> BadgeShape:
    """Give a badge to a member. The number is hashed at once and stands nowhere afterwards."""
    outcome, words = _enrol(services, id, wish), words_of(request)
    if outcome in (Enrolment.NO_SUCH_MEMBER, Enrolment.NO_SUCH_TAP):
        raise Problem("not_found", detail=words(f"enrolment.{outcome}"))
    if outcome is Enrolment.TAKEN:
        raise Problem("conflict", detail=words(f"enrolment.{outcome}"))
    member = services.store.views().member(id)
    name = member.first_name if member else ""
    return BadgeShape(outcome=outcome, sentence=words(f"enrolment.{outcome}", name=name))


def _enrol(services: Services, id: str, wish: NewBadge) -> Enrolment:
    new, tap = services.ids.new(), wish.tap
    if tap is not None:
        return services.transact(
            lambda work, now: service.enrol_tapped(work, id=new, member_id=id, event_id=tap, now=now)
        )
    badge = _hashed(services, wish.number or "")
    return services.transact(lambda work, now: service.enrol_badge(work, id=new, member_id=id, badge=badge, now=now))


def _hashed(services: Services, number: str) -> tuple[HashedBadge, ...]:
    try:
        badge = services.hash_badge(number)
    except ValueError:
        badge = ()
    if not badge:
        raise Problem("invalid", errors=[{"where": ["body", "number"], "what": "not a badge number", "kind": "badge"}])
    return badge
