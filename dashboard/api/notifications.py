"""What each member is told, on which channels; what was sent, and what never reached them."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, StringConstraints

from dashboard.api.common import (
    Cursor,
    Id,
    IdInPath,
    Limit,
    MemberReader,
    PageOf,
    Shape,
    Slug,
    Staff,
    Wish,
    problems,
    rows,
    slug_of,
)
from dashboard.dependencies import Asked, Services
from dashboard.problems import Problem
from gateway.domain.notices import Contact, Notice, NoticeState, reached_by
from gateway.domain.quiet import QuietHours
from gateway.domain.telling import TELLING, Topic
from gateway.service import contacts as service

router = APIRouter(tags=["notifications"])

RECENT, MOST = timedelta(days=30), 200
TO_BE_TOLD = tuple(str(kind) for kind, meaning in TELLING.items() if not meaning.known)

Place = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[!-~]+$")]
Quiet = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")]


class Choices(Wish):
    """What a member chose. A topic that is left out follows the lab's habit: by e-mail; jobs only on demand."""

    language: Literal["fr", "en"] | None = Field(default=None, description="Null: the lab's own.")
    addresses: dict[Slug, Place] = Field(default={}, max_length=20, description="Theirs, by channel of the lab.")
    topics: dict[Topic, list[Slug]] = Field(default={}, description="Channels by topic; an empty list: silence.")
    quiet: Quiet | None = Field(
        default=None, description="Such as `21:00-08:00`, in local time; equal times: never; null: the lab's."
    )


class NotificationsShape(Shape):
    """A member's choices and what comes of them; addresses are null for an auditor."""

    language: Literal["fr", "en"] | None
    addresses: dict[str, str] | None
    topics: dict[Topic, list[str]]
    quiet: str | None
    channels: list[str] = Field(description="Every channel of the lab.")
    reached_by: dict[Topic, list[str]] = Field(
        description="Channels that reach them, by topic; none: they hear nothing."
    )
    reachable: bool = Field(description="False: no channel of the lab reaches them. Promise them no message.")


class NoticeShape(Shape):
    """One message to one member; its words are made when it is sent."""

    id: str
    event: int
    kind: str
    member_id: str
    resource: str | None
    channel: str = Field(description="Empty where no channel reaches the member.")
    state: NoticeState
    created_at: datetime
    next_try_at: datetime
    attempts: int
    done_at: datetime | None
    error: str | None


class Untold(Shape):
    """Messages that did not reach their member, newest first."""

    items: list[NoticeShape]


@router.get("/members/{id}/notifications", operation_id="getNotifications", responses=problems(403, 404))
def choices(services: Asked, caller: MemberReader, id: IdInPath) -> NotificationsShape:
    """What a member chose, and whether messages reach them."""
    return _shape(services, id, named=caller.staff)


@router.put("/members/{id}/notifications", operation_id="putNotifications", responses=problems(403, 404))
def choose(services: Asked, staff: Staff, id: IdInPath, wish: Choices) -> NotificationsShape:
    """Replace what a member chose."""
    contact = Contact(
        member_id=id, addresses=dict(wish.addresses),
        topics={topic: tuple(channels) for topic, channels in wish.topics.items()},
        quiet=QuietHours.of(wish.quiet) if wish.quiet else None,
    )  # fmt: skip
    if not services.transact(lambda work, _: service.choose(work, contact, wish.language)):
        raise Problem("not_found")
    return _shape(services, id, named=True)


def _shape(services: Services, id: str, *, named: bool) -> NotificationsShape:
    views, house = services.store.views(), services.house
    member, recipient = views.member(id), next(iter(views.recipients([id])), None)
    if member is None or recipient is None:
        raise Problem("not_found")
    contact, reached = recipient.contact, reached_by(recipient, house)
    return NotificationsShape(
        language="en" if member.language == "en" else "fr" if member.language else None,
        addresses=contact.addresses if named else None,
        topics={topic: list(channels) for topic, channels in contact.topics.items()},
        quiet=str(contact.quiet) if contact.quiet else None, channels=list(house.channels),
        reached_by={topic: list(channels) for topic, channels in reached.items()},
        reachable=recipient.reachable(house),
    )  # fmt: skip


@router.get("/notices", operation_id="listNotices", responses=problems(403))
def notices(
    request: Request, response: Response, services: Asked, caller: MemberReader, limit: Limit = 50,
    cursor: Cursor = None, member_id: Annotated[Id | None, Query(description="Only to this member.")] = None,
    state: Annotated[NoticeState | None, Query(description="Only those in this state.")] = None,
) -> PageOf[NoticeShape]:  # fmt: skip
    """Messages to members, newest first: sent, waiting, or never received."""
    return rows(
        request, response,
        lambda: services.store.views().notices(limit=limit, cursor=cursor, member_id=member_id, state=state),
        lambda notice: _notice(request, notice),
    )  # fmt: skip


def _notice(request: Request, notice: Notice) -> NoticeShape:
    return NoticeShape(
        id=notice.id, event=notice.event_id, kind=notice.kind, member_id=notice.member_id,
        resource=slug_of(request, notice.resource_id), channel=notice.channel, state=notice.state,
        created_at=notice.created_at, next_try_at=notice.next_try_at, attempts=notice.attempts,
        done_at=notice.done_at, error=notice.error,
    )  # fmt: skip


@router.post("/notices/{id}/told", operation_id="noticeTold", status_code=204, responses=problems(403, 404))
def told(services: Asked, staff: Staff, id: IdInPath) -> None:
    """Somebody of the team told the member in person: nothing more is sent."""
    if not services.transact(lambda work, now: service.told(work, id, now)):
        raise Problem("not_found")


@router.get("/notices/untold", operation_id="listUntold", responses=problems(403))
def untold(request: Request, services: Asked, caller: MemberReader) -> Untold:
    """What members should know and were not told in the last 30 days: the team has to."""
    since = services.clock.now() - RECENT
    found = services.store.views().untold(since, TO_BE_TOLD, MOST)
    return Untold(items=[_notice(request, each) for each in found])
