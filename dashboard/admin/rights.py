"""Rights of one member: given and taken back from their page."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from dashboard.accounts.viewer import viewer_of
from dashboard.admin.common import because, go
from dashboard.admin.members import existing
from dashboard.dependencies import Asked, words_of
from dashboard.staff.endpoints import Posted
from gateway.domain.granting import Granter, Wish
from gateway.domain.refusals import Refused
from gateway.service import qualifications as service

router = APIRouter(prefix="/equipe/membres/{id}/habilitations", include_in_schema=False)


def granter_of(request: Request) -> Granter:
    """Whoever asks, on behalf of the team."""
    viewer = viewer_of(request)
    if viewer is not None:
        return Granter(label=viewer.first_name, member_id=viewer.member_id, team=True)
    return Granter(label=getattr(request.state, "actor", None), team=True)


@router.post("", dependencies=[Posted])
def grant(request: Request, services: Asked, id: str, training: Annotated[str, Form(max_length=64)] = "") -> Response:
    """A right, valid from now."""
    existing(services, id)
    new, granter = services.ids.new(), granter_of(request)
    made = services.transact(
        lambda work, now: service.grant(
            work, id=new, member_id=id, training=training, wish=Wish(at=now), granter=granter, now=now
        )
    )
    if isinstance(made, Refused):
        raise because(made.refusals, words_of(request))
    return go(f"/equipe/membres/{id}", dit="granted" if made else "gone")


@router.post("/{right}/retirer", dependencies=[Posted])
def revoke(request: Request, services: Asked, id: str, right: str) -> Response:
    """Take a right back, with every other from the same course."""
    existing(services, id)
    by = granter_of(request)
    made = services.transact(lambda work, now: service.revoke(work, id=right, by=by, now=now))
    if isinstance(made, Refused):
        raise because(made.refusals, words_of(request))
    return go(f"/equipe/membres/{id}", dit="revoked" if made else "gone")
