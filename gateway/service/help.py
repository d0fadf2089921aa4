"""Calls for somebody and reports of problems; the team closes them."""

from dataclasses import replace
from datetime import datetime

from gateway.domain.events import Event, EventKind
from gateway.domain.help import REPORTED, HelpKind, HelpRequest, Photo, Trouble
from gateway.ports.store import Work
from gateway.service.uses import log


def ask(
    work: Work, *, id: str, kind: HelpKind, now: datetime, resource: str | None = None, member_id: str | None = None,
    trouble: Trouble | None = None, photo: Photo | None = None,
) -> HelpRequest | None:  # fmt: skip
    """Keep it for the team; None when there is no such resource. Calling again while nobody has come is one call.

    A danger also raises an alarm: the board shows the machine as one to look at.
    """
    found = work.resource(resource) if resource is not None else None
    if resource is not None and found is None:
        return None
    about = found.id if found else None
    if kind is HelpKind.CALL and about is not None:
        waiting = next((one for one in work.open_help(about) if one.kind is kind), None)
        if waiting is not None:
            return waiting
    made = HelpRequest(
        id=id, kind=kind, created_at=now, resource_id=about, member_id=member_id, trouble=trouble,
        photo_type=photo.media_type if photo else None,
    )  # fmt: skip
    work.add_help(made, photo)
    told = EventKind.HELP_CALLED if kind is HelpKind.CALL else EventKind.PROBLEM_REPORTED
    log(work, _event(told, made, now))
    if made.dangerous and about is not None:
        log(work, _alarm(EventKind.ALARM_RAISED, about, now))
    return made


def close(work: Work, *, id: str, now: datetime) -> HelpRequest | None:
    """Somebody of the team has seen to it; None when there is no such request. Twice changes nothing more."""
    known = work.help_request(id)
    if known is None or known.closed_at is not None:
        return known
    closed = replace(known, closed_at=now)
    work.save_help(closed)
    log(work, _event(EventKind.HELP_CLOSED, closed, now))
    about = known.resource_id
    if known.dangerous and about is not None and not any(one.dangerous for one in work.open_help(about)):
        log(work, _alarm(EventKind.ALARM_CLEARED, about, now))
    return closed


def _event(kind: EventKind, request: HelpRequest, now: datetime) -> Event:
    return Event(
        kind=kind, at=now, resource_id=request.resource_id, member_id=request.member_id,
        data={"request": request.id, "trouble": str(request.trouble) if request.trouble else None},
    )  # fmt: skip


def _alarm(kind: EventKind, resource_id: str, now: datetime) -> Event:
    return Event(kind=kind, at=now, resource_id=resource_id, data={"code": REPORTED})
