"""``/design``: the visual language on one page."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from dashboard.dependencies import words_of
from dashboard.icons import TABLER
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
