"""Somebody comes in without a name, or with a group that they answer for."""

from gateway.domain.events import Event, EventKind
from gateway.domain.visits import Visit
from gateway.ports.store import Work
from gateway.service.uses import log


def count(work: Work, visit: Visit) -> Visit:
    """Count them; the log says how many, and of whom only the mediator."""
    work.add_visit(visit)
    log(work, Event(
        kind=EventKind.VISIT_COUNTED, at=visit.at, member_id=visit.mediator_id,
        data={"visit": visit.id, "people": visit.people},
    ))  # fmt: skip
    return visit
