"""What every page of administration shares: who may see it, its sections, its lists page by page."""

from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BeforeValidator

from dashboard.accounts.cookie import form_token
from dashboard.accounts.viewer import viewer_of
from dashboard.booking.views import Reason
from dashboard.dependencies import lab_of, words_of
from dashboard.problems import Problem, SignInNeeded
from dashboard.rendering import page
from dashboard.staff.endpoints import secret_of
from gateway.domain.refusals import Refusal
from gateway.wording import Said as Sentence
from gateway.wording import Words

ROWS = 50


def team(request: Request) -> str:
    """The token that forms of this browser carry, for whoever may run the place; everybody else is sent to the way in."""
    secret = secret_of(request)
    if secret is not None:
        return form_token(secret)
    if viewer_of(request) is None:
        raise SignInNeeded
    raise Problem("forbidden", detail=words_of(request)("account.not_allowed"))


async def told(request: Request) -> dict[str, str]:
    """What a form says, field by field."""
    form = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


Told = Annotated[dict[str, str], Depends(told)]
FormToken = Annotated[str, Depends(team)]
Text = Annotated[str, Form(max_length=5000)]
Cursor = Annotated[str | None, Query(alias="suite", max_length=300)]
Said = Annotated[str | None, Query(alias="dit", max_length=40)]
AnyWhenEmpty = BeforeValidator(lambda value: value or None)
"""A browser sends a choice that is left at « all » as an empty text."""


def admin_page(
    request: Request, template: str, token: str, *, words: Words | None = None, status: int = 200, **values: Any
) -> HTMLResponse:
    """A page of administration: never kept by the browser."""
    return page(
        request, f"admin/{template}", words=words or words_of(request), status=status, private=True, form_token=token,
        **values,
    )  # fmt: skip


def go(path: str, **query: str) -> RedirectResponse:
    """After a form: the page that shows what became of it."""
    address = f"{path}?{urlencode(query)}" if query else path
    return RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})


def zone_of(request: Request) -> ZoneInfo:
    """The zone of the clocks on the lab's walls."""
    return ZoneInfo(lab_of(request).timezone)


def further(request: Request, cursor: str | None) -> str | None:
    """The address of the next page of a list."""
    if cursor is None:
        return None
    address = request.url.include_query_params(suite=cursor)
    return f"{address.path}?{address.query}"


def because(refusals: tuple[Refusal, ...], words: Words) -> Problem:
    """A page that says why nothing was changed, and what can be done."""
    sentences = []
    for refusal in refusals:
        said = words.say(refusal.code, refusal.params)
        sentences += [said.title, said.sentence]
        sentences += [words.next_step(step, refusal.params) for step in refusal.next_steps]
    return Problem("refused", detail=" ".join(filter(None, sentences)))


def unsaid(words: Words, key: str) -> tuple[Reason, ...]:
    """Why a form was sent back that leaves out what it must say."""
    return (Reason(said=Sentence(title=words(key), sentence=""), steps=()),)
