"""``/design``: the visual language on one page, and the sheet in which every page is dressed."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from dashboard.assets import frame_sheet
from dashboard.dependencies import LOOKS, words_of
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


@router.get("/static/frame-{look}.css")
def frame(look: str) -> Response:
    """The sheet of every page, in one look."""
    if look not in LOOKS:
        raise Problem("not_found")
    return Response(frame_sheet(look), media_type="text/css")
