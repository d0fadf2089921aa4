"""What staff do to a resource: take it out of service, put it back, end a session."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from gateway.domain.events import Event, EventKind, Plain
from gateway.domain.refusals import Code, Refused, refuse
from gateway.domain.resources import Resource
from gateway.domain.sessions import Session, Trigger
from gateway.ports.store import Work
from gateway.service.uses import advance
from gateway.service.waiting import look_elsewhere, stand_again
from gateway.service.waiting_times import tell_other_times


def take_out(work: Work, *, slug: str, reason: str | None, back_at: datetime | None, now: datetime) -> Resource | None:
    """Out of service: new starts are refused at once, power goes when the machine is idle, bookings look elsewhere."""
    changed = _change(work, slug, EventKind.RESOURCE_OUT, now, out=True, reason=reason, back_at=back_at)
    if changed is not None:
        look_elsewhere(work, changed, now)
        tell_other_times(work, changed, now)
    return changed


def put_back(work: Work, *, slug: str, now: datetime) -> Resource | None:
    """In service again, and so are the bookings that nobody has moved."""
    changed = _change(work, slug, EventKind.RESOURCE_BACK, now, out=False, reason=None, back_at=None)
    if changed is not None:
        stand_again(work, changed, now)
    return changed


def ask_trainings(work: Work, *, slug: str, levels: Mapping[str, int], now: datetime) -> Resource | Refused | None:
    """What a resource asks for from now on: these trainings, each at its level. None when there is no such resource."""
    resource = work.resource(slug)
    if resource is None:
        return None
    unknown = [training for training in sorted(levels) if work.training(training) is None]
    if unknown:
        return Refused(tuple(refuse(Code.TRAINING_UNKNOWN, value=training) for training in unknown))
    higher = {training: level for training, level in levels.items() if level > 1}
    changed = replace(resource, trainings=tuple(sorted(levels)), levels=higher)
    if changed.trainings == resource.trainings and changed.levels == resource.levels:
        return resource
    data: dict[str, Plain] = {"of": "resource", "slug": slug, "keys": ["trainings"], "trainings": {**levels}}
    work.append(work.site_id(), [Event(kind=EventKind.POLICY_CHANGED, at=now, resource_id=resource.id, data=data)])
    return work.put_resource(changed)


def _change(
    work: Work, slug: str, kind: EventKind, now: datetime, *, out: bool, reason: str | None, back_at: datetime | None
) -> Resource | None:
    resource = work.resource(slug)
    if resource is None:
        return None
    changed = work.put_resource(replace(resource, out_of_service=out, out_reason=reason, back_at=back_at))
    event = Event(
        kind=kind,
        at=now,
        resource_id=changed.id,
        data={"reason": reason, "back_at": back_at.isoformat() if back_at else None},
    )
    work.append(work.site_id(), [event])
    return changed


def end_session(work: Work, *, slug: str, now: datetime) -> Session | None:
    """End the open session of a resource; None when there is none. Power follows when the machine is idle."""
    resource = work.resource(slug)
    facts = work.facts_for(resource.id) if resource else None
    if facts is None or facts.session is None:
        return None
    return advance(work, facts, Trigger.ENDED_BY_STAFF, now).session
