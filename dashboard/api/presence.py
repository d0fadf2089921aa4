"""Who is in the place: how many for anybody, who with a token that sees members."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from dashboard.api.common import Anyone, Shape, problems
from dashboard.dependencies import Asked

router = APIRouter(prefix="/presence", tags=["presence"])


class PersonHere(Shape):
    """Somebody who arrived by the door and has not left by it."""

    member_id: str
    since: datetime
    until: datetime | None = Field(description="When they are no longer counted, should they not tap again.")
    responsible: bool


class PresenceShape(Shape):
    """Who is here, as far as badges at the door tell."""

    known: bool = Field(description="False when no reader at the door is heard: the numbers then mean little.")
    open: bool = Field(description="Whether somebody who may open the place is here.")
    people: int
    responsible: int
    who: list[PersonHere] | None = Field(description="Null without a token that sees members.")


@router.get("", operation_id="getPresence", responses=problems())
def presence(services: Asked, caller: Anyone) -> PresenceShape:
    """How many are in the place and whether it is open; who they are only for those who may see members."""
    place, here = services.store.views().presence(services.clock.now())
    who = [PersonHere.model_validate(row) for row in here] if caller.sees_members else None
    return PresenceShape(
        known=place.known, open=place.responsible > 0, people=place.people, responsible=place.responsible, who=who
    )
