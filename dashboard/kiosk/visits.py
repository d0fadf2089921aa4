"""``/kiosk/accueil/visite`` and ``/groupe``: a few large answers one after another, each of which may be passed over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from dashboard.dependencies import Asked
from dashboard.kiosk.endpoints import pair_page, standing
from dashboard.kiosk.pairing import WELCOME
from dashboard.problems import Problem
from dashboard.rendering import page
from gateway.domain.visits import MOST_PEOPLE, Purpose, Visit, read_commune
from gateway.domain.workshops import AgeBand
from gateway.service import visits
from gateway.wording import Words

router = APIRouter(prefix=f"/kiosk/{WELCOME}", include_in_schema=False)

COMMUNES = 7
ALONE = ("premiere", "pour", "age", "commune")
GROUP = ("combien", "age", "commune")
SIZES = (5, 8, 10, 12, 15, 18, 20, 22, 24, 26, 28, 30)
PURPOSES = {
    Purpose.MAKE: "repair", Purpose.LEARN: "training", Purpose.HELP: "people", Purpose.WORK: "desk",
    Purpose.PLAY: "game", Purpose.LOOK: "search",
}  # fmt: skip
Small = Annotated[str, Query(max_length=200)]
Typed = Annotated[str, Form(max_length=200)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A large button: what it stands for, its words, its icon."""

    value: str
    label: str
    icon: str = ""


def _answers(name: str, words: Words, communes: tuple[str, ...]) -> tuple[Answer, ...]:
    if name == "premiere":
        return tuple(Answer(value=value, label=words(f"kiosk.visit.{value}")) for value in ("oui", "non"))
    if name == "pour":
        return tuple(
            Answer(value=p, label=words(f"kiosk.visit.purpose.{p}"), icon=icon) for p, icon in PURPOSES.items()
        )
    if name == "age":
        return tuple(Answer(value=band, label=words(f"kiosk.visit.age_{band.name.lower()}")) for band in AgeBand)
    if name == "combien":
        return tuple(Answer(value=str(size), label=str(size)) for size in SIZES)
    return tuple(Answer(value=each, label=each) for each in communes)


def _ask(
    request: Request, services: Asked, kind: str, questions: tuple[str, ...], told: Mapping[str, str], step: int
) -> Response:
    found = standing(request, services, WELCOME)
    if found is None:
        return pair_page(request, WELCOME)
    if kind == "groupe" and found.person is None:
        return RedirectResponse(f"/kiosk/{WELCOME}", status_code=303)
    step = min(max(step, 0), len(questions) - 1)
    name = questions[step]
    communes = services.store.views().communes(COMMUNES) if name == "commune" else ()
    return page(
        request, "kiosk/visit.html", words=found.words, private=True, slug=WELCOME, kind=kind, name=name, step=step,
        last=step == len(questions) - 1, newest=found.newest, count=len(questions), answers=_answers(name, found.words, communes),
        told={key: value for key, value in told.items() if value and key != name},
        before=f"/kiosk/{WELCOME}/{kind}?" + urlencode({**told, "etape": step - 1}) if step else f"/kiosk/{WELCOME}",
    )  # fmt: skip


@router.get("/visite")
def visit(
    request: Request, services: Asked, etape: int = 0, premiere: Small = "", pour: Small = "", age: Small = "",
) -> Response:  # fmt: skip
    """Four questions to whoever comes without a badge."""
    return _ask(request, services, "visite", ALONE, {"premiere": premiere, "pour": pour, "age": age}, etape)


@router.get("/groupe")
def group(request: Request, services: Asked, etape: int = 0, combien: Small = "", age: Small = "") -> Response:
    """Three questions to the mediator of a group."""
    return _ask(request, services, "groupe", GROUP, {"combien": combien, "age": age}, etape)


@router.post("/visite")
@router.post("/groupe")
def came(
    request: Request, services: Asked, premiere: Typed = "", pour: Typed = "", age: Typed = "", combien: Typed = "",
    commune: Typed = "", autre: Typed = "",
) -> Response:  # fmt: skip
    """Count them; an answer that is none of ours is left out rather than refused."""
    found = standing(request, services, WELCOME)
    if found is None:
        raise Problem("forbidden")
    groups = request.url.path.endswith("/groupe")
    if groups and found.person is None:
        return RedirectResponse(f"/kiosk/{WELCOME}", status_code=303)
    people = int(combien) if groups and combien.isdecimal() and len(combien) < 5 else 1
    made = Visit(
        id=services.ids.new(), at=services.clock.now(), people=min(max(people, 1), MOST_PEOPLE),
        age_band=AgeBand(age) if age in set(AgeBand) else None, commune=read_commune(autre) or read_commune(commune),
        purpose=Purpose(pour) if pour in set(Purpose) else None,
        first_visit={"oui": True, "non": False}.get(premiere),
        mediator_id=found.person.id if groups and found.person else None,
    )  # fmt: skip
    services.transact(lambda work, _now: visits.count(work, made))
    said = "group" if groups else "visit"
    return RedirectResponse(f"/kiosk/{WELCOME}?dit={said}&id={made.people}", status_code=303)
