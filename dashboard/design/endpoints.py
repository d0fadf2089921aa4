"""``/design``: the visual language on one page, and the sheets in which pages are dressed."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from dashboard.assets import sheet
from dashboard.dependencies import words_of
from dashboard.icons import TABLER
from dashboard.problems import Problem
from dashboard.rendering import page
from gateway.domain.floor import BoardKey, BoardState

router = APIRouter(include_in_schema=False)

COLOURS = ("paper", "card", "sunk", "ink", "accent", "beech", "green", "blue", "amber", "teal", "red", "grey")


@router.get("/design")
def design(request: Request) -> HTMLResponse:
    """Nothing on it is real, and none of its forms is sent anywhere."""
    words = words_of(request)
    states = [(key, words.state(BoardState(key=key))) for key in BoardKey]
    return page(request, "design/design.html", words=words, states=states, colours=COLOURS, drawn=TABLER)


@router.get("/static/{name}.css")
def style(name: str) -> Response:
    """A sheet: of every page in one look, or of one feature."""
    text = sheet(f"{name}.css")
    if text is None:
        raise Problem("not_found")
    return Response(text, media_type="text/css")
