"""``/equipe/journal``: who did what, and when; the same events that everything else is made of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from dashboard.admin.common import ROWS, AnyWhenEmpty, Cursor, FormToken, admin_page, further
from dashboard.admin.members_views import full_name
from dashboard.dependencies import Asked, words_of
from dashboard.problems import Problem
from gateway.domain.events import EventKind as Kind
from gateway.domain.events import StoredEvent
from gateway.ports.views import Views
from gateway.wording import Words

router = APIRouter(prefix="/equipe/journal", include_in_schema=False)

MOST_PEOPLE = 20
ID_LENGTH = 36


class Topic(StrEnum):
    """What the log can be read about."""

    MEMBERS = "members"
    ACCOUNTS = "accounts"
    RIGHTS = "rights"
    WORKSHOPS = "workshops"
    BOOKINGS = "bookings"
    MACHINES = "machines"
    RULES = "rules"
    DEVICES = "devices"


TOPICS: Mapping[Topic, tuple[Kind, ...]] = {
    Topic.MEMBERS: (
        Kind.MEMBER_ADDED, Kind.MEMBER_CHANGED, Kind.MEMBER_MERGED, Kind.BADGE_ENROLLED, Kind.BADGE_REVOKED,
        Kind.CALENDAR_LINK_MADE, Kind.CALENDAR_LINK_REVOKED,
    ),
    Topic.ACCOUNTS: (Kind.SIGNED_IN, Kind.SIGNED_OUT, Kind.PASSWORD_CHANGED, Kind.ROLE_CHANGED),
    Topic.RIGHTS: (
        Kind.TRAINING_ADDED, Kind.TRAINING_CHANGED, Kind.TRAINER_NAMED, Kind.TRAINER_RELIEVED,
        Kind.QUALIFICATION_DECLARED, Kind.QUALIFICATION_GRANTED, Kind.QUALIFICATION_VALIDATED,
        Kind.QUALIFICATION_REFUSED, Kind.QUALIFICATION_REVOKED, Kind.RIGHTS_PURGED,
    ),
    Topic.WORKSHOPS: (
        Kind.WORKSHOP_PLANNED, Kind.WORKSHOP_CHANGED, Kind.WORKSHOP_CANCELLED, Kind.WORKSHOP_ENROLLED,
        Kind.WORKSHOP_LEFT, Kind.WORKSHOP_ATTENDED, Kind.WORKSHOP_PASSED,
    ),
    Topic.BOOKINGS: (
        Kind.RESERVATION_MADE, Kind.RESERVATION_APPROVED, Kind.RESERVATION_DECLINED, Kind.RESERVATION_MOVED,
        Kind.RESERVATION_GIVEN, Kind.RESERVATION_DISPLACED, Kind.RESERVATION_CANCELLED,
    ),
    Topic.MACHINES: (
        Kind.RESOURCE_OUT, Kind.RESOURCE_BACK, Kind.SESSION_OPENED, Kind.SESSION_CLOSED, Kind.CLASS_OPENED,
        Kind.CLASS_CLOSED, Kind.MAINTAINER_ADDED, Kind.MAINTAINER_REMOVED, Kind.JOB_CANCEL_ASKED, Kind.TEAM_ACTED,
    ),
    Topic.RULES: (
        Kind.CLOCK_ACCEPTED, Kind.CLOCK_SET, Kind.POLICY_CHANGED, Kind.GROUP_CHANGED, Kind.OPENING_CHANGED, Kind.CLOSURE_ADDED, Kind.CLOSURE_REMOVED,
    ),
    Topic.DEVICES: (
        Kind.DEVICE_LOST, Kind.DEVICE_CONNECTED, Kind.DEVICE_FLOODS, Kind.FACT_QUARANTINED, Kind.FACTS_MISSING,
        Kind.CUT_TESTED, Kind.ALARM_RAISED, Kind.ALARM_CLEARED,
    ),
}  # fmt: skip
"""The kinds of event that people look for, by topic; taps and measures are no acts."""
EVERYTHING = tuple(kind for kinds in TOPICS.values() for kind in kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the log."""

    at: datetime
    what: str
    by: str
    member: tuple[str, str] | None
    on: str | None
    detail: str


@router.get("")
def journal(
    request: Request, services: Asked, token: FormToken, suite: Cursor = None,
    quoi: Annotated[Topic | None, Query(), AnyWhenEmpty] = None, q: Annotated[str | None, Query(max_length=100)] = None,
) -> HTMLResponse:  # fmt: skip
    """The log, newest first."""
    views, words = services.store.views(), words_of(request)
    people = _people(views, q)
    try:
        found = views.events(limit=ROWS, cursor=suite, kinds=TOPICS[quoi] if quoi else EVERYTHING, people=people)
    except ValueError:
        raise Problem("not_found") from None
    return admin_page(
        request, "journal.html", token, words=words, rows=rows_of(views, found.rows, words), search=q or "",
        topic=quoi, topics=tuple(Topic), further=further(request, found.next), first=suite is None,
    )  # fmt: skip


def _people(views: Views, search: str | None) -> tuple[str, ...]:
    """Whoever is meant: members of that name, or what stands on a token."""
    if not search or not search.strip():
        return ()
    found = views.members(limit=MOST_PEOPLE, cursor=None, search=search).rows
    return (*(member.id for member in found), search.strip())


def rows_of(views: Views, rows: Iterable[StoredEvent], words: Words) -> list[Row]:
    """The lines as people read them, every name read once."""
    rows = tuple(rows)
    machines = {key: words.own(names) for key, names in views.resource_names().items()}
    wanted = {row.event.member_id for row in rows} | {row.event.data.get("actor") for row in rows}
    known = {
        key: member
        for key in wanted
        if isinstance(key, str) and len(key) == ID_LENGTH and (member := views.member(key))
    }

    def name(id: str) -> str:
        return full_name(known[id]) if id in known else words("journal.gone")

    def line(row: StoredEvent) -> Row:
        event = row.event
        actor = event.data.get("actor") or event.data.get("by")
        by = (
            words("journal.program")
            if not isinstance(actor, str)
            else name(actor)
            if len(actor) == ID_LENGTH
            else actor
        )
        fields = event.data.get("fields")
        told = ", ".join(_field(str(each), words) for each in fields) if isinstance(fields, list) else ""
        return Row(
            at=event.at, what=words(f"journal.kind.{event.kind}"), by=by,
            member=(event.member_id, name(event.member_id)) if event.member_id else None,
            on=machines.get(event.resource_id or "") or row.device,
            detail=words("journal.fields", value=told) if told else "",
        )  # fmt: skip

    return [line(row) for row in rows]


FIELDS = {
    "member_until": "members.until", "active": "members.state_label", "suspended_reason": "members.suspend_reason",
    "charter_version": "members.charter", "guardian_consent_at": "members.guardian",
}  # fmt: skip
"""What the log calls otherwise than the form does."""


def _field(name: str, words: Words) -> str:
    key = FIELDS.get(name, f"members.{name}")
    return words(key).lower() if words.has(key) else name
