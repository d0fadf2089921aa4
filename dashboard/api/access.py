"""The dry run: would this member be let in there, now or later, and if not, what is missing?"""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field

from dashboard.api.common import Id, Moment, Shape, Slug, Staff, existing, problems
from dashboard.dependencies import Asked, words_of
from dashboard.problems import Problem, told
from gateway.domain.access import Denied, decide_access, foreseen

router = APIRouter(prefix="/access", tags=["access"])


class AccessShape(Shape):
    """What a tap would be answered."""

    resource: str
    member_id: str
    at: datetime
    granted: bool
    until: datetime | None = Field(description="When what was granted ends; null when it is refused.")
    reservation_id: str | None = Field(description="The member's own reservation that opens it.")
    refusals: list[dict[str, Any]] = Field(
        description="Every unmet rule, the first to act on first: code, params, title, sentence, next_steps."
    )
    warnings: list[dict[str, Any]] = Field(description="What the member would be told all the same, in that shape.")


@router.get("", operation_id="wouldBeLetIn", responses=problems(403, 404))
def would_be_let_in(
    request: Request, services: Asked, staff: Staff,
    resource: Annotated[Slug, Query(description="The resource's slug.")],
    member: Annotated[Id, Query(description="The member's id.")],
    at: Annotated[Moment | None, Query(description="The moment to ask about: not a past one; now when left out.")] = None,
) -> AccessShape:  # fmt: skip
    """The answer that a tap would get at that moment, by the same rules; nothing is written.

    Reservations, memberships and rights are looked at as they will stand then. Who is in the place, and whether the
    machine answers, is known only for now.
    """
    now = services.clock.now()
    moment = at or now
    if moment < now:
        error = {"where": ["query", "at"], "what": "in the past", "kind": "past"}
        raise Problem("invalid", errors=[error])
    views, found = services.store.views(), existing(request, resource).resource
    if views.member(member) is None:
        raise Problem("not_found")
    facts = views.access_facts(found.id, member, moment)
    decision = decide_access(foreseen(facts, now, moment), moment)
    words = words_of(request)
    if isinstance(decision, Denied):
        refusals = [told(refusal, words) for refusal in decision.refusals]
        return AccessShape(
            resource=found.slug, member_id=member, at=moment, granted=False, until=None, reservation_id=None,
            refusals=refusals, warnings=[],
        )  # fmt: skip
    return AccessShape(
        resource=found.slug, member_id=member, at=moment, granted=True, until=decision.until,
        reservation_id=decision.reservation_id, refusals=[], warnings=[told(each, words) for each in decision.warnings],
    )  # fmt: skip
