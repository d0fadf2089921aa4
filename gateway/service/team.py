"""What the team does from afar, each act with its line in the log: who, what, to which machine. ``by`` is an id."""

from dataclasses import replace
from datetime import datetime, timedelta

from gateway.domain.attention import Act
from gateway.domain.events import Event, EventKind, Plain
from gateway.domain.people import Role
from gateway.domain.refusals import Refused
from gateway.domain.resources import Resource
from gateway.domain.upkeep import ScreenNote, Upkeep
from gateway.ports.store import Token, Work
from gateway.service import resources
from gateway.service.arrivals import log_booking
from gateway.service.uses import log
from gateway.service.ways import shelve_part

NOTE_LASTS = timedelta(minutes=30)
NOTE_CHARS = 120


def _acted(work: Work, act: str, by: str | None, now: datetime, resource: Resource | None, **data: Plain) -> None:
    resource_id = resource.id if resource else None
    event = Event(kind=EventKind.TEAM_ACTED, at=now, resource_id=resource_id, data={"act": act, "by": by, **data})
    log(work, event)


def added(work: Work, *, what: str, slug: str, by: str | None, now: datetime) -> None:
    """A resource or a device was written down from the browser."""
    _acted(work, "add", by, now, work.resource(slug), what=what)


def lock_out(
    work: Work, *, slug: str, reason: str | None, back_at: datetime | None, by: str | None, now: datetime
) -> bool:
    """Out of service until somebody puts it back."""
    changed = resources.take_out(work, slug=slug, reason=reason, back_at=back_at, now=now)
    if changed is not None:
        _acted(work, Act.LOCK_OUT, by, now, changed)
    return changed is not None


def put_back(work: Work, *, slug: str, by: str | None, now: datetime) -> bool:
    """In service again."""
    changed = resources.put_back(work, slug=slug, now=now)
    if changed is not None:
        _acted(work, Act.RELEASE, by, now, changed)
    return changed is not None


def end(work: Work, *, slug: str, by: str | None, now: datetime) -> bool:
    """End the session; a job that runs goes on, and power follows when it is done."""
    ended, resource = resources.end_session(work, slug=slug, now=now), work.resource(slug)
    if ended is not None:
        _acted(work, Act.END, by, now, resource, session=ended.id)
    return ended is not None


def cancel_job(work: Work, *, slug: str, job: str, device: str, by: str | None, now: datetime) -> bool:
    """Ask the printer to cancel this job; False when it is not the one that runs."""
    resource = work.resource(slug)
    facts = work.facts_for(resource.id) if resource else None
    running = next((one for one in facts.running if one.id == job), None) if facts else None
    if running is None:
        return False
    log(work, Event(
        kind=EventKind.JOB_CANCEL_ASKED, at=now, resource_id=running.resource_id, member_id=running.member_id,
        session_id=running.session_id, device_id=running.device_id,
        data={"job": running.id, "key": running.key, "device": device, "by": by},
    ))  # fmt: skip
    return True


def say(work: Work, *, slug: str, text: str, by: str | None, now: datetime) -> bool:
    """Say something on the screen of a machine, for half an hour."""
    resource = work.resource(slug)
    if resource is None or not text:
        return False
    note = ScreenNote(resource_id=resource.id, text=text[:NOTE_CHARS], at=now, until=now + NOTE_LASTS)
    work.save_screen_note(note)
    _acted(work, Act.MESSAGE, by, now, resource)
    return True


def unsay(work: Work, *, slug: str, by: str | None, now: datetime) -> bool:
    """Say nothing there any more."""
    resource = work.resource(slug)
    if resource is None or not work.clear_screen_note(resource.id):
        return False
    _acted(work, "unsay", by, now, resource)
    return True


def shelve(work: Work, *, slug: str, by: str | None, now: datetime) -> bool:
    """The part is on the shelf."""
    part = shelve_part(work, resource=slug, now=now)
    if part is None or isinstance(part, Refused):
        return False
    _acted(work, Act.SHELVE, by, now, work.resource(slug))
    return True


def free_slot(work: Work, *, slug: str, reservation: str, by: str | None, now: datetime) -> bool:
    """Nobody came: the rest of the slot is anybody's."""
    held, resource = work.reservation(reservation), work.resource(slug)
    if held is None or resource is None or held.resource_id != resource.id:
        return False
    if not work.release_reservation(held.id, now):
        return False
    log_booking(work, EventKind.RESERVATION_RELEASED, held, now, reason="no_show")
    _acted(work, Act.FREE_SLOT, by, now, resource, reservation=held.id)
    return True


def forget_nonsense(work: Work, *, device: str, by: str | None, now: datetime) -> bool:
    """Somebody has looked: count what is not understood from nothing again."""
    found = work.lock_devices([device], now, iter(())).get(device)
    if found is None:
        return False
    work.save_device(replace(found.device, nonsense_count=0, nonsense_example=None))
    _acted(work, Act.FORGET_NONSENSE, by, now, None, device=device)
    return True


def note_upkeep(
    work: Work, *, id: str, slug: str, note: str, next_at: datetime | None, next_hours: int | None, by: str | None,
    signed: str | None, now: datetime,
) -> bool:  # fmt: skip
    """Add a line to a machine's log; ``signed`` is the name that whoever did it wrote under it."""
    resource = work.resource(slug)
    if resource is None or not note:
        return False
    work.add_upkeep(Upkeep(
        id=id, resource_id=resource.id, at=now, note=note, by=signed, next_at=next_at, next_hours=next_hours
    ))  # fmt: skip
    _acted(work, Act.NOTE_UPKEEP, by, now, resource, line=id)
    return True


def open_tv(work: Work, *, id: str, digest: str, by: str | None, now: datetime) -> None:
    """A new address for screens that everybody sees; the one before is dead."""
    work.revoke_tokens(Role.TV, now)
    work.add_token(Token(id=id, digest=digest, role=Role.TV, label="tv", created_at=now))
    _acted(work, "open_tv", by, now, None)


def close_tv(work: Work, *, by: str | None, now: datetime) -> None:
    """No such screen any more."""
    work.revoke_tokens(Role.TV, now)
    _acted(work, "close_tv", by, now, None)
