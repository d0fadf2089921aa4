"""``/moi/messages``: about what a member is told, on which channels, and when never."""

from dataclasses import dataclass, replace
from datetime import time
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from dashboard.accounts.viewer import Posted, SignedIn
from dashboard.dependencies import Asked, Services
from dashboard.member.endpoints import Said, go
from dashboard.problems import Problem
from dashboard.rendering import page
from gateway.domain.notices import EMAIL, Recipient, channels_for
from gateway.domain.quiet import QuietHours
from gateway.domain.telling import Topic
from gateway.service import contacts
from gateway.wording import LANGUAGES

router = APIRouter(prefix="/moi/messages", include_in_schema=False)

Clock = Annotated[str, Form(max_length=5)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A way to be told; ``where`` is the member's address on it, if anybody knows it."""

    name: str
    where: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A topic with the channels that are ticked."""

    topic: Topic
    ticked: frozenset[str]


def _recipient(services: Services, member_id: str) -> Recipient:
    found = services.store.views().recipients([member_id])
    if not found:
        raise Problem("not_found")
    return found[0]


@router.get("")
def choices(request: Request, services: Asked, viewer: SignedIn, fait: Said = None) -> HTMLResponse:
    """What is chosen now."""
    return _page(request, services, _recipient(services, viewer.member_id), said=fait == "messages")


def _page(
    request: Request, services: Services, recipient: Recipient, *, said: bool = False, wrong: bool = False
) -> HTMLResponse:
    member = services.store.views().member(recipient.contact.member_id)
    house = services.house
    channels = tuple(Channel(name=name, where=recipient.address(name)) for name in house.channels)
    ticked = (Choice(topic=topic, ticked=frozenset(channels_for(topic, recipient, house) or ())) for topic in Topic)
    return page(
        request, "member/messages.html", status=422 if wrong else 200, private=True, channels=channels,
        choices=tuple(ticked), quiet=recipient.contact.quiet, house_quiet=house.quiet, said=said, wrong=wrong,
        language=member.language if member else None, languages=LANGUAGES, email=EMAIL,
        reachable=recipient.reachable(house),
    )  # fmt: skip


@router.post("")
def choose(
    request: Request, services: Asked, viewer: Posted, chosen: Annotated[list[str], Form(max_length=100)] = [],  # noqa: B006
    silence: Annotated[Literal["lab", "never", "own"], Form()] = "lab", since: Clock = "", until: Clock = "",
    language: Annotated[str, Form(max_length=2)] = "",
) -> Response:  # fmt: skip
    """Keep what was ticked. Addresses are the front desk's to change."""
    recipient = _recipient(services, viewer.member_id)
    quiet = _quiet(silence, since, until)
    known = [name for name in services.house.channels if recipient.address(name)]
    topics = {topic: tuple(name for name in known if f"{topic}:{name}" in chosen) for topic in Topic}
    # Where nothing can be ticked nothing was chosen: what was chosen before stays.
    contact = replace(recipient.contact, topics=topics if known else recipient.contact.topics)
    if quiet == "wrong":
        return _page(request, services, replace(recipient, contact=contact), wrong=True)
    contact = replace(contact, quiet=quiet)
    spoken = language if language in LANGUAGES else None
    services.transact(lambda work, _: contacts.choose(work, contact, spoken))
    return go("/moi/messages", fait="messages")


def _quiet(silence: str, since: str, until: str) -> QuietHours | Literal["wrong"] | None:
    if silence == "lab":
        return None
    if silence == "never":
        return QuietHours(time(), time())
    try:
        hours = QuietHours.of(f"{since}-{until}")
    except ValueError:
        return "wrong"
    return hours if hours.starts != hours.ends else "wrong"
