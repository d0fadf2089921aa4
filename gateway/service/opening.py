"""What staff say about when the place is open: weekly hours, and closures."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from gateway.domain.events import Event, EventKind
from gateway.domain.opening import Closure, Opening
from gateway.domain.opening_plain import plain_opening, read_opening
from gateway.domain.refusals import Code, Refused, refuse
from gateway.domain.timespan import Span
from gateway.ports.store import Work

LONGEST_CLOSURE = timedelta(days=2 * 366)


def set_opening(work: Work, *, resource: str | None, plain: Any, zone: str, now: datetime) -> Opening | Refused | None:
    """Hours of the site, or of a resource; None when there is no such resource."""
    found = read_opening(plain, zone)
    if not isinstance(found, Opening):
        return Refused(found)
    return found if _put(work, resource, found, now) else None


def clear_opening(work: Work, *, resource: str | None, now: datetime) -> bool:
    """The site always open again, or a resource with the site's hours; False when there is no such resource."""
    return _put(work, resource, None, now)


def _put(work: Work, slug: str | None, opening: Opening | None, now: datetime) -> bool:
    resource = work.resource(slug) if slug is not None else None
    if slug is not None and resource is None:
        return False
    if resource:
        work.put_resource(replace(resource, opening=opening))
    else:
        work.put_site_opening(opening)
    event = Event(
        kind=EventKind.OPENING_CHANGED, at=now, resource_id=resource.id if resource else None,
        data={"opening": plain_opening(opening) if opening else None},
    )  # fmt: skip
    work.append(work.site_id(), [event])
    return True


def close(
    work: Work, *, id: str, resource: str | None, starts: datetime, ends: datetime, reason: str, now: datetime
) -> Closure | Refused | None:
    """Close the site, or one resource, for ``[starts, ends)``; None when there is no such resource."""
    found = work.resource(resource) if resource is not None else None
    if resource is not None and found is None:
        return None
    if ends <= starts:
        return Refused((refuse(Code.CLOSURE_ENDS_BEFORE_START, starts=starts, ends=ends),))
    if ends - starts > LONGEST_CLOSURE:
        return Refused((refuse(Code.CLOSURE_TOO_LONG, days=LONGEST_CLOSURE.days),))
    closure = Closure(id=id, span=Span(starts, ends), reason=reason, resource_id=found.id if found else None)
    work.add_closure(closure)
    _log(work, EventKind.CLOSURE_ADDED, closure, now)
    return closure


def reopen(work: Work, *, id: str, now: datetime) -> Closure | None:
    """Take a closure back; None when there is no such closure."""
    closure = work.closure(id)
    if closure is None:
        return None
    work.forget_closure(id)
    _log(work, EventKind.CLOSURE_REMOVED, closure, now)
    return closure


def _log(work: Work, kind: EventKind, closure: Closure, now: datetime) -> None:
    span = closure.span
    event = Event(
        kind=kind, at=now, resource_id=closure.resource_id,
        data={"closure": closure.id, "starts": span.starts.isoformat(), "ends": span.ends.isoformat()},
    )  # fmt: skip
    work.append(work.site_id(), [event])
