"""What staff open for others: sessions by another way than one's own right, classes, hand-over, parts, maintainers."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import Field

from dashboard.api.common import Id, IdInPath, Moment, Shape, Slug, SlugInPath, Staff, Text, Wish, problems, slug_of
from dashboard.api.sessions import SessionShape, session_shape
from dashboard.dependencies import Asked, words_of
from dashboard.problems import Problem, refused
from gateway.domain.refusals import Refused
from gateway.domain.sessions import Beneficiary, Way
from gateway.service import ways as service

router = APIRouter(tags=["sessions"])


class SessionWish(Wish):
    """Which machine, who operates it, by which way, why, and for whom it counts."""

    resource: Slug
    operator_id: Id
    way: Literal[Way.OVERRIDE, Way.REPAIR, Way.ON_BEHALF]
    reason: Text = Field(description="Kept in the log with who said so.")
    until: Moment | None = Field(default=None, description="When it ends at the latest; null: when the rules say.")
    beneficiary: Beneficiary = Field(default=Beneficiary.MEMBER, description="For whom it counts, once.")
    beneficiary_id: Id | None = Field(default=None, description="The member; null: the operator, unless on behalf.")
    workshop_id: Id | None = Field(default=None, description="The workshop that it counts for.")


class ClassWish(Wish):
    """Who answers for everybody, for which workshop, and until when."""

    trainer_id: Id
    workshop_id: Id | None = None
    until: Moment


class ClassShape(Shape):
    """A machine that is open for a workshop."""

    id: str
    resource: str | None
    trainer_id: str
    workshop_id: str | None
    opened_at: datetime
    until: datetime


class Shelved(Wish):
    """Where this part lies."""

    place: Text | None = Field(default=None, description="For its maker to read; null: where parts always go.")


class PartShape(Shape):
    """What lay on a machine, and whose it is."""

    resource: str | None
    member_id: str
    session_id: str
    since: datetime


@router.post("/sessions", operation_id="openSession", status_code=201, responses=problems(400, 403, 404, 409))
def open_session(request: Request, services: Asked, staff: Staff, wish: SessionWish) -> SessionShape:
    """Open a session as staff: against a rule and with a reason, for a repair, or on behalf of somebody.

    Power follows within seconds. Refused with every reason that this way does not lift.
    """
    _names_the_right_one(wish)
    new = services.ids.new()
    opening = service.Opening(
        way=wish.way, resource=wish.resource, operator_id=wish.operator_id, by=staff.label or "", reason=wish.reason,
        until=wish.until, beneficiary_kind=wish.beneficiary, beneficiary_id=wish.beneficiary_id,
        workshop_id=wish.workshop_id,
    )  # fmt: skip
    made = services.transact(lambda work, now: service.open_session(work, opening, id=new, now=now))
    if made is None:
        raise Problem("not_found")
    if isinstance(made, Refused):
        raise refused(made.refusals, words_of(request))
    return session_shape(request, made, staff)


def _names_the_right_one(wish: SessionWish) -> None:
    """Whom it counts for is said once, and by the id that belongs to it."""
    names_member = wish.beneficiary_id is not None
    names_workshop = wish.workshop_id is not None
    on_behalf = wish.way is Way.ON_BEHALF
    needs_member = on_behalf and wish.beneficiary is Beneficiary.MEMBER
    fits = names_workshop == (wish.beneficiary is Beneficiary.WORKSHOP) and names_member == needs_member
    if not fits or (not on_behalf and wish.beneficiary is not Beneficiary.MEMBER):
        error = {"where": ["body", "beneficiary"], "what": "does not fit the ids that are given", "kind": "beneficiary"}
        raise Problem("invalid", errors=[error])


@router.post(
    "/resources/{slug}/class", operation_id="openClass", status_code=201, responses=problems(400, 403, 404, 409)
)  # fmt: skip
def open_class(request: Request, services: Asked, staff: Staff, slug: SlugInPath, wish: ClassWish) -> ClassShape:
    """Open a machine for a workshop: whoever taps has it, its trainer answers for them, and it counts for the workshop."""
    new = services.ids.new()
    made = services.transact(
        lambda work, now: service.open_class(
            work, id=new, resource=slug, trainer_id=wish.trainer_id, workshop_id=wish.workshop_id, until=wish.until,
            by=staff.label or "", now=now,
        )
    )  # fmt: skip
    if made is None:
        raise Problem("not_found")
    if isinstance(made, Refused):
        raise refused(made.refusals, words_of(request))
    return ClassShape(
        id=made.id, resource=slug_of(request, made.resource_id), trainer_id=made.trainer_id,
        workshop_id=made.workshop_id, opened_at=made.opened_at, until=made.until,
    )  # fmt: skip


@router.delete("/resources/{slug}/class", operation_id="closeClass", status_code=204, responses=problems(403, 404))
def close_class(services: Asked, staff: Staff, slug: SlugInPath) -> None:
    """End the class: the machine asks for everybody's own right again."""
    if services.transact(lambda work, now: service.end_class(work, resource=slug, now=now)) is None:
        raise Problem("not_found")


@router.post("/resources/{slug}/hand-over", operation_id="handOver", responses=problems(403, 404, 409))
def hand_over(request: Request, services: Asked, staff: Staff, slug: SlugInPath) -> SessionShape:
    """Give the machine to whoever taps next within ten minutes and may use it; refused while a job runs."""
    made = services.transact(lambda work, now: service.hand_over(work, resource=slug, now=now))
    if made is None:
        raise Problem("not_found")
    if isinstance(made, Refused):
        raise refused(made.refusals, words_of(request))
    return session_shape(request, made, staff)


@router.post("/resources/{slug}/part-shelved", operation_id="shelvePart", responses=problems(400, 403, 404, 409))
def shelve_part(
    request: Request, services: Asked, staff: Staff, slug: SlugInPath, wish: Shelved | None = None
) -> PartShape:  # fmt: skip
    """The bed is clear and the part on the shelf; its maker is told where it lies."""
    place = wish.place if wish else None
    part = services.transact(lambda work, now: service.shelve_part(work, resource=slug, now=now, place=place))
    if part is None:
        raise Problem("not_found")
    if isinstance(part, Refused):
        raise refused(part.refusals, words_of(request))
    return PartShape(
        resource=slug_of(request, part.resource_id), member_id=part.member_id, session_id=part.session_id,
        since=part.since,
    )  # fmt: skip


@router.put(
    "/resources/{slug}/maintainers/{id}", operation_id="addMaintainer", status_code=204, responses=problems(403, 404)
)  # fmt: skip
def add_maintainer(services: Asked, staff: Staff, slug: SlugInPath, id: IdInPath) -> None:
    """Let a member look after a machine: their tap starts it while it is out of service."""
    if not services.transact(lambda work, now: service.add_maintainer(work, resource=slug, member_id=id, now=now)):
        raise Problem("not_found")


@router.delete(
    "/resources/{slug}/maintainers/{id}", operation_id="removeMaintainer", status_code=204, responses=problems(403, 404)
)  # fmt: skip
def remove_maintainer(services: Asked, staff: Staff, slug: SlugInPath, id: IdInPath) -> None:
    """No longer let a member look after a machine."""
    if not services.transact(lambda work, now: service.remove_maintainer(work, resource=slug, member_id=id, now=now)):
        raise Problem("not_found")
