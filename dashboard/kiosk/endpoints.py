"""``/kiosk/{slug}``: the screen at a machine or beside the reader of several; every page of it, and its live stream."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from dashboard.dependencies import Asked, Services, doubt_of, hub_of, lab_of, words_of
from dashboard.floor.views import tile
from dashboard.kiosk import hours
from dashboard.kiosk.drawing import draw_kiosk
from dashboard.kiosk.pairing import COOKIE, Kiosk, Person, kiosk_of, left_of, person_at, remember
from dashboard.kiosk.results import result
from dashboard.kiosk.views import Face, face_of
from dashboard.kiosk.welcome import face as at_the_door
from dashboard.problems import Problem
from dashboard.rendering import page
from dashboard.streaming import LiveStream
from devices.topics import SLUG
from gateway.domain.help import Trouble
from gateway.ports.errors import StoreUnavailable
from gateway.ports.views import LastTap, ResourceView
from gateway.wording import LANGUAGES, Words

router = APIRouter(prefix="/kiosk", include_in_schema=False)

Text = Annotated[str | None, Query(max_length=500)]


class Standing:
    """A kiosk as it stands at one moment: its machines, the last tap, who is there."""

    def __init__(self, request: Request, services: Services, kiosk: Kiosk) -> None:
        self.kiosk, self.words, self.now = kiosk, words_of(request), services.clock.now()
        self.lab = lab_of(request)
        self.doubt = doubt_of(services)
        self.mark, self.views, self.left = hub_of(request).mark, services.store.views(), left_of(request)
        found = ((slug, self.views.resource(slug, self.now)) for slug in kiosk.resources)
        hub = hub_of(request)
        self.shown: dict[str, ResourceView] = {slug: hub.with_progress(view) for slug, view in found if view}
        self.tap: LastTap | None = kiosk.last_tap(self.views, self.shown)
        self.newest = self.tap.event.id if self.tap else 0
        self.person: Person | None = person_at(self.tap, self.now, self.left)

    def face(self, *, choosing: bool = False) -> Face:
        """What the screen shows."""
        if self.kiosk.welcome:
            return at_the_door(self.tap, self.views, self.lab, self.words, self.now, self.left)
        return face_of(
            self.kiosk, self.shown, self.tap, self.views, self.words, self.now, left=self.left, choosing=choosing
        )

    def title(self, request: Request) -> tuple[str, str]:
        """What stands at the head of the screen: an icon and a name."""
        if self.kiosk.welcome:
            return "door", self.lab.name
        if self.kiosk.several or not self.shown:
            return "machines", self.lab.name
        only = tile(self.shown[self.kiosk.slug], self.words, self.now)
        return only.kind, only.name

    @property
    def live(self) -> str:
        """The address of the face's stream, from now on."""
        return f"/kiosk/{self.kiosk.slug}/live?lang={self.words.lang}&since={self.mark}"

    def draw(self, request: Request, shown: Face, *, seen: int | None = None, status: int = 200) -> HTMLResponse:
        """A face as the whole page, and the stream that keeps it so."""
        icon, name = self.title(request)
        slug = self.kiosk.slug
        return page(
            request, "kiosk/kiosk.html", words=self.words, private=True, status=status, slug=slug, face=shown,
            kind=icon, name=name, seen=self.left if seen is None else seen, newest=self.newest, now=self.now,
            doubt=self.doubt,
            live=self.live,
        )  # fmt: skip


def standing(request: Request, services: Services, slug: str) -> Standing | None:
    """The kiosk, as the cookie of this browser opens it."""
    kiosk = kiosk_of(request, services, slug, request.cookies.get(COOKIE))
    return Standing(request, services, kiosk) if kiosk else None


def pair_page(request: Request, slug: str) -> HTMLResponse:
    """How a screen gets its key."""
    name = slug if SLUG.fullmatch(slug) else "…"
    return page(request, "kiosk/pair.html", status=403, private=True, slug=name)


def away(request: Request, services: Services) -> HTMLResponse:
    """The store does not answer: it needs nothing from there to say so."""
    words = Words(words_of_browser(request), zone="UTC", now=services.clock.now())
    return page(request, "kiosk/away.html", words=words, status=503, private=True)


def words_of_browser(request: Request) -> str:
    """The language, without asking the store."""
    from dashboard.dependencies import language_of

    return language_of(request)


@router.get("/{slug}")
def kiosk(
    request: Request, services: Asked, slug: str, key: Text = None, dit: Text = None, id: Text = None,
    choisir: bool = False,
) -> Response:  # fmt: skip
    """The answer to the last tap, what was done since, or how to begin."""
    try:
        if key is not None:
            return _pair(request, services, slug, key)
        found = standing(request, services, slug)
        if found is None:
            return pair_page(request, slug)
        if not found.shown and not found.kiosk.welcome:
            raise Problem("not_found")
        done = result(dit, id or "", found.person, found.views, found.words, found.now)
        if done is not None:
            return found.draw(request, done, seen=found.newest)
        # Until the next tap the stream leaves the machines where they are.
        return found.draw(request, found.face(choosing=choisir), seen=found.newest if choisir else None)
    except StoreUnavailable:
        return away(request, services)


def _pair(request: Request, services: Services, slug: str, key: str) -> Response:
    if kiosk_of(request, services, slug, key) is None:
        return pair_page(request, slug)
    response = RedirectResponse(f"/kiosk/{slug}", status_code=303, headers={"Cache-Control": "no-store"})
    remember(request, response, slug, COOKIE, key)
    return response


@router.get("/{slug}/live")
def kiosk_stream(
    request: Request, services: Asked, slug: str, lang: str | None = None, since: Text = None
) -> LiveStream:
    """The kiosk's face as it changes."""
    found = kiosk_of(request, services, slug, request.cookies.get(COOKIE))
    if found is None:
        raise Problem("forbidden")
    lang = lang if lang in LANGUAGES else LANGUAGES[0]
    mark = request.headers.get("last-event-id") or since
    about = None if found.several or found.welcome else slug
    return LiveStream(hub_of(request), ("kiosk", slug, lang), draw_kiosk(found, lang), slug=about, seen=mark)


@router.get("/{slug}/probleme")
def trouble(request: Request, services: Asked, slug: str, machine: Text = None, wrong: Text = None) -> Response:
    """What is wrong: six large answers, and a picture if one helps."""
    found = standing(request, services, slug)
    if found is None:
        return pair_page(request, slug)
    known = found.shown.get(machine or "") or (next(iter(found.shown.values())) if len(found.shown) == 1 else None)
    shown = [tile(view, found.words, found.now) for view in found.shown.values()]
    return page(
        request, "kiosk/trouble.html", words=found.words, private=True, slug=slug, machines=shown, troubles=Trouble,
        machine=tile(known, found.words, found.now) if known else None, wrong=wrong in {"photo", "choice"} and wrong,
        newest=found.newest,
    )  # fmt: skip


@router.get("/{slug}/heures")
def own_hours(request: Request, services: Asked, slug: str) -> Response:
    """Time and dates of whoever has just tapped."""
    found = standing(request, services, slug)
    if found is None:
        return pair_page(request, slug)
    if found.person is None:
        return RedirectResponse(f"/kiosk/{slug}", status_code=303)
    zone = lab_of(request).timezone
    mine = hours.of(found.person, found.views, zone, found.now)
    return page(
        request, "kiosk/hours.html", words=found.words, private=True, slug=slug, mine=mine, person=found.person,
        live=found.live,
        newest=found.newest,
    )  # fmt: skip
