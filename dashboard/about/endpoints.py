"""``/accessibilite``: the statement that the law asks for, true for a lab that nobody has audited yet."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from dashboard.dependencies import lab_of, words_of
from dashboard.rendering import page

router = APIRouter(include_in_schema=False)

DEFENDER = "formulaire.defenseurdesdroits.fr"
DONE = ("keyboard", "readers", "zoom", "colour", "motion", "words", "script")
SHORT = ("audit", "people", "timeline", "photo")


@router.get("/accessibilite")
def accessibility(request: Request) -> HTMLResponse:
    """How far the pages can be used by everybody, what is known to be short, and whom to tell."""
    return page(
        request,
        "about/accessibility.html",
        words=words_of(request),
        done=DONE,
        short=SHORT,
        lab=lab_of(request),
        defender=DEFENDER,
    )
