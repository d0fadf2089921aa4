"""``/reservation``: one sentence to read, one button to press. The same form sent twice books once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from dashboard.accounts.viewer import MaybeViewer, Viewer, posted
from dashboard.booking import choices, reading
from dashboard.booking import views as shown
from dashboard.booking.choices import Found
from dashboard.booking.reading import Sought
from dashboard.dependencies import Asked, Services, words_of
from dashboard.problems import Problem
from dashboard.reach import reached
from dashboard.rendering import page
from gateway.domain.booking import Reservation
from gateway.domain.refusals import Code, Refusal, Refused
from gateway.domain.timespan import Span
from gateway.service import bookings_own

router = APIRouter(include_in_schema=False)

Number = Annotated[str | None, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class Chosen(BaseModel):
    """What an address or a form says of a start."""

    machine: str | None = Field(default=None, max_length=64)
    sorte: str | None = Field(default=None, max_length=64)
    debut: str = Field(default="", max_length=20)
    minutes: int = Field(default=0, ge=0, le=14 * 24 * 60)
    change: Number = None
    numero: Number = None
    avant: bool = False
    """In the place of bookings that give way."""
    form_token: str = Field(default="", max_length=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A start that somebody chose: of what, when, how long, and the number that the booking will have."""

    sought: Sought
    span: Span
    number: str
    now: datetime

    @property
    def minutes(self) -> int:
        """How long."""
        return int(self.span.length / choices.MINUTE)

    @property
    def stamp(self) -> str:
        """When, as an address says it."""
        return shown.stamp(self.span.starts)

    def href(self, path: str = "/reservation") -> str:
        """The address of this very sentence: it comes back after signing in."""
        held = self.sought.moves
        return shown.href(
            path, **self.sought.subject.query | {"debut": self.stamp, "minutes": self.minutes},
            change=held.id if held else None, numero=self.number,
        )  # fmt: skip

    @property
    def days(self) -> str:
        """Back to the days."""
        held = self.sought.moves
        return shown.href(self.sought.subject.path, duree=self.minutes, change=held.id if held else None)


def _asking(services: Services, viewer: Viewer | None, chosen: Chosen) -> Asking:
    starts = shown.read_stamp(chosen.debut)
    if starts is None or not chosen.minutes or (chosen.machine is None) == (chosen.sorte is None):
        raise Problem("not_found")
    found = reading.sought(services, viewer, machine=chosen.machine, kind=chosen.sorte, change=chosen.change)
    span = Span(starts, starts + timedelta(minutes=chosen.minutes))
    return Asking(sought=found, span=span, number=chosen.numero or services.ids.new(), now=services.clock.now())


@router.get("/reservation")
def sentence(request: Request, services: Asked, viewer: MaybeViewer, chosen: Annotated[Chosen, Query()]) -> Response:
    """What would be booked, in one sentence."""
    asking = _asking(services, viewer, chosen)
    if viewer and chosen.numero and services.store.views().booking_of(viewer.member_id, chosen.numero):
        return _done(chosen.numero)
    found = reading.starts_near(services, asking.sought, asking.span.starts, asking.minutes, asking.now)
    taken = found.machine_at(asking.span.starts)
    if taken is None:
        return _refused(request, services, asking, found, found.why_not(asking.span))
    return page(
        request, "booking/sentence.html", private=True, asking=asking, action="/reservation",
        name=_name_of(services, taken.slug, asking), approval=taken.policy.approval and viewer is not None,
        silent=taken.policy.approval and viewer is not None and not reached(services, viewer.member_id),
    )  # fmt: skip


def _name_of(services: Services, slug: str, asking: Asking) -> dict[str, str] | None:
    """Of a kind, which machine it will be."""
    if not asking.sought.subject.kind:
        return None
    view = services.store.views().resource(slug, asking.now)
    return view.resource.names if view else None


@router.post("/reservation")
def book(request: Request, services: Asked, viewer: MaybeViewer, chosen: Annotated[Chosen, Form()]) -> Response:
    """Book it, or move what is to be moved; nobody signed in: the choice is kept."""
    asking = _asking(services, viewer, chosen)
    if viewer is None:
        return _lapsed(request, asking, "/reservation")
    posted(request, chosen.form_token)
    made = _moved(services, viewer, asking) if asking.sought.moves else _booked(services, viewer, asking, chosen.avant)
    if made is None:
        raise Problem("not_found")
    if isinstance(made, Reservation):
        return _done(made.id, "deplacee" if asking.sought.moves else "reservee")
    found = reading.starts_near(services, asking.sought, asking.span.starts, asking.minutes, services.clock.now())
    return _refused(request, services, asking, found, made.refusals, status=409)


def _lapsed(request: Request, asking: Asking, path: str) -> HTMLResponse:
    """Signed out in the meantime: nothing is done, what was chosen is kept in the address."""
    request.state.here = asking.href(path)
    return page(request, "booking/lapsed.html", status=403, private=True, asking=asking, back=asking.href(path))


def _booked(services: Services, viewer: Viewer, asking: Asking, before: bool) -> Reservation | Refused | None:
    which = asking.sought.subject.which
    return services.transact(
        lambda work, now: bookings_own.take(
            work, id=asking.number, member_id=viewer.member_id, resource=which["resource"], group=which["group"],
            span=asking.span, now=now, displace=before,
        )
    )  # fmt: skip


def _giving_way(services: Services, asking: Asking, found: Found) -> tuple[Refusal, ...]:
    """Bookings that would give way to whoever asks, if nothing else stands against it."""
    viewer, which, span = asking.sought.viewer, asking.sought.subject.which, asking.span
    if viewer is None or asking.sought.moves or not any(each.policy.priority_roles for each in found.machines):
        return ()
    return services.transact(
        lambda work, now: bookings_own.who_gives_way(work, member_id=viewer.member_id, **which, span=span, now=now)
    )


def _moved(services: Services, viewer: Viewer, asking: Asking) -> Reservation | Refused | None:
    """To the machine that can be had then; of one machine that is the machine itself."""
    held = asking.sought.moves
    assert held is not None
    found = reading.starts_near(services, asking.sought, asking.span.starts, asking.minutes, asking.now)
    taken = found.machine_at(asking.span.starts) or found.machines[0]
    return services.transact(
        lambda work, now: bookings_own.move(
            work, id=held.id, member_id=viewer.member_id, span=asking.span, resource=taken.slug, now=now
        )
    )


def _done(id: str, said: str = "deja") -> Response:
    return RedirectResponse(
        f"/moi/reservations/{id}?fait={said}", status_code=303, headers={"Cache-Control": "no-store"}
    )


def _refused(
    request: Request, services: Services, asking: Asking, found: Found, refusals: tuple[Refusal, ...], status: int = 200
) -> HTMLResponse:
    """Why not, and the starts that are nearest."""
    request.state.here = asking.href()
    words = words_of(request)
    giving_way = _giving_way(services, asking, found)
    refusals = giving_way or refusals
    others = [start for start in choices.nearest(found, asking.span.starts) if start != asking.span.starts]
    at = shown.Page(
        subject=asking.sought.subject, minutes=asking.minutes, first=choices.day_of(asking.span.starts, found.zone),
        chosen=choices.day_of(asking.span.starts, found.zone), moves=asking.sought.moves.id if asking.sought.moves else None,
    )  # fmt: skip
    sessions = services.store.views().next_sessions(asking.now)
    waits = asking.sought.moves is None and [refusal.code for refusal in refusals] == ["booking_overlaps"]
    return page(
        request, "booking/refused.html", status=status, private=True, asking=asking,
        reasons=shown.reasons(refusals, words, sessions), wait=at.wait(asking.span.starts) if waits else None,
        nearest=[shown.Start(starts=s, ends=s + found.length, href=at.sentence(s)) for s in others], just=status == 409,
        first=bool(giving_way),
    )  # fmt: skip


@router.get("/attente")
def wait_sentence(
    request: Request, services: Asked, viewer: MaybeViewer, chosen: Annotated[Chosen, Query()]
) -> HTMLResponse:
    """To wait for a slot that is taken."""
    asking = _asking(services, viewer, chosen)
    return page(
        request,
        "booking/sentence.html",
        private=True,
        asking=asking,
        action="/attente",
        name=None,
        approval=False,
        silent=viewer is not None and not reached(services, viewer.member_id),
    )


@router.post("/attente")
def wait_for(request: Request, services: Asked, viewer: MaybeViewer, chosen: Annotated[Chosen, Form()]) -> Response:
    """Stand in line for it; standing there already is as good."""
    asking = _asking(services, viewer, chosen)
    if viewer is None:
        return _lapsed(request, asking, "/attente")
    posted(request, chosen.form_token)
    span, which = asking.span, asking.sought.subject.which
    made = services.transact(
        lambda work, now: bookings_own.wait_for(
            work, id=asking.number, member_id=viewer.member_id, **which, span=span, now=now
        )
    )
    if made is None:
        raise Problem("not_found")
    if isinstance(made, Refused) and made.refusals[0].code is not Code.WAIT_TWICE:
        found = reading.starts_near(services, asking.sought, span.starts, asking.minutes, services.clock.now())
        return _refused(request, services, asking, found, made.refusals, status=409)
    return RedirectResponse("/moi?fait=attente", status_code=303, headers={"Cache-Control": "no-store"})
