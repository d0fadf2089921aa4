"""Rights that live: real use keeps them, time takes them, and their holders hear of it before."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from gateway.domain.events import Event, EventKind, Plain
from gateway.domain.qualifications import Act, Line, due_reminder, used
from gateway.domain.sessions import Session
from gateway.ports.store import Work
from gateway.ports.views_workshops import NextSession


def note_use(work: Work, session: Session) -> None:
    """A session that is over keeps its operator's rights alive, if the machine was really used."""
    if session.closed_at is None or not session.enabled_s:
        return
    detected = session.active_s > 0
    for right, training in work.rights_to_keep(session.operator_id, session.resource_id, detected=detected):
        kept = used(right, training, opened_at=session.opened_at, closed_at=session.closed_at)
        if kept != right:
            work.save_qualification(kept)


def remind(work: Work, next_sessions: Mapping[str, NextSession], now: datetime) -> int:
    """Tell of rights that lapse soon or have lapsed, each stage of each right once; how many were told.

    ``next_sessions`` are the next dated workshops by the training's slug.
    """
    count = 0
    for right, training in work.rights_near_their_end(now):
        days = due_reminder(right, training, now)
        if days is None or right.expires_at is None:
            continue
        count += 1
        work.save_qualification(replace(right, told_days=days))
        ends = right.expires_at
        if days == 0:
            line = Line(
                qualification_id=right.id, member_id=right.member_id, at=ends, act=Act.LAPSED, expires_at=ends
            )  # fmt: skip
            work.add_line(line)
        event = Event(
            kind=EventKind.RIGHT_LAPSES_SOON if days else EventKind.RIGHT_LAPSED, at=now,
            member_id=right.member_id,
            data={
                "training": training.slug, "qualification": right.id, "level": right.level,
                "expires_at": ends.isoformat(), "days": days, "refresher_minutes": training.refresher_minutes,
                "next_session": _told(next_sessions.get(training.slug)),
            },
        )  # fmt: skip
        work.append(work.site_id(), [event])
    return count


def purge(work: Work, now: datetime) -> int:
    """Forget rights whose stated time of keeping is over, with their history; how many were. The log names nobody."""
    past = work.rights_past_term(now)
    for right, _ in past:
        work.forget_right(right.id)
    for slug, count in sorted(Counter(training.slug for _, training in past).items()):
        event = Event(kind=EventKind.RIGHTS_PURGED, at=now, data={"training": slug, "count": count})
        work.append(work.site_id(), [event])
    return len(past)


def _told(session: NextSession | None) -> Plain:
    if session is None:
        return None
    return {"workshop": session.workshop_id, "starts": session.starts.isoformat(), "seats_left": session.seats_left}
