"""``/equipe/messages``: what members were told, on which channel, and what did not arrive."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from dashboard.admin.common import ROWS, AnyWhenEmpty, Cursor, FormToken, admin_page, further
from dashboard.admin.members_views import full_name
from dashboard.dependencies import Asked, words_of
from dashboard.problems import Problem
from gateway.domain.notices import Notice, NoticeState
from gateway.domain.people import Names
from gateway.domain.telling import wording_key
from gateway.wording import Words

router = APIRouter(prefix="/equipe/messages", include_in_schema=False)

LOOKS = {
    NoticeState.WAITING: ("s-reserved", "hourglass"), NoticeState.SENT: ("s-free", "free"),
    NoticeState.REFUSED: ("s-out_of_service", "cross"), NoticeState.GIVEN_UP: ("s-out_of_service", "cross"),
    NoticeState.UNREACHABLE: ("s-off", "mail"), NoticeState.TOLD: ("s-free", "person"),
}  # fmt: skip

NOBODY_KNOWS = {"fr": "…"}


@router.get("")
def messages(
    request: Request, services: Asked, token: FormToken, suite: Cursor = None,
    etat: Annotated[NoticeState | None, Query(), AnyWhenEmpty] = None,
) -> HTMLResponse:  # fmt: skip
    """Messages, newest first."""
    views, words = services.store.views(), words_of(request)
    try:
        found = views.notices(limit=ROWS, cursor=suite, state=etat)
    except ValueError:
        raise Problem("not_found") from None
    names = {key: full_name(one) for key in {row.member_id for row in found.rows} if (one := views.member(key))}
    machines, courses = views.resource_names(), {each.slug: each.names for each in views.trainings()}
    rows = [(row, names.get(row.member_id), _subject(row, words, machines, courses)) for row in found.rows]
    return admin_page(
        request, "sent.html", token, words=words, rows=rows, state_looks=LOOKS, state=etat, states=tuple(NoticeState),
        further=further(request, found.next), first=suite is None,
    )  # fmt: skip


def _subject(notice: Notice, words: Words, machines: Mapping[str, Names], courses: Mapping[str, Names]) -> str:
    """The first line of the letter, as it would be written today."""
    about = {
        "names": machines.get(notice.resource_id or "", NOBODY_KNOWS),
        "training_names": courses.get(str(notice.data.get("training")), NOBODY_KNOWS),
    }  # fmt: skip
    try:
        return words(f"{wording_key(notice.kind, notice.data)}.subject", **notice.data | about)
    except KeyError:
        return words("sent.about")
