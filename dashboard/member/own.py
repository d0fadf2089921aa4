"""``/moi/reservations``: one's bookings, and what can still be done with each; a sentence before every change."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, Response

from dashboard.accounts.viewer import Posted, SignedIn, Viewer
from dashboard.booking import choices, reading
from dashboard.booking.choices import MINUTE
from dashboard.booking.views import Reason, folded, read_stamp, reasons, stamp
from dashboard.calendar.answers import booking_file
from dashboard.dependencies import Asked, Services, words_of
from dashboard.member.endpoints import Said, go
from dashboard.member.views import Booking, bookings_in
from dashboard.problems import Problem
from dashboard.reach import reached
from dashboard.rendering import page
from gateway.domain.booking import HOLDING, Reservation
from gateway.domain.people import Member
from gateway.domain.refusals import Refused
from gateway.domain.timespan import Span
from gateway.domain.why_not import why_not
from gateway.ports.store import Work
from gateway.ports.views_feeds import Booked
from gateway.service import bookings_own

router = APIRouter(prefix="/moi/reservations", include_in_schema=False)

Id = Annotated[str, Path(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
To = Annotated[str, Form(max_length=254)]
SAID = frozenset({"reservee", "deplacee", "deja", "offre", "fin"})
LATER = timedelta(hours=8)
"""How much later an end is offered, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Another end for a booking, or why there is none."""

    ends: datetime
    length_s: float
    href: str
    reasons: tuple[Reason, ...] = ()


@router.get("")
def every(request: Request, services: Asked, viewer: SignedIn, fait: Said = None) -> HTMLResponse:
    """All that are still to come."""
    views, now = services.store.views(), services.clock.now()
    found = bookings_in(views.bookings_of(viewer.member_id, now), views.resources(), now)
    said = fait if fait in ("annulee", "donnee", "donnee_dire") else None
    return page(request, "member/bookings.html", private=True, keep=True, bookings=found, said=said)


def _booking(services: Services, viewer: Viewer, id: str) -> Booking:
    views, now = services.store.views(), services.clock.now()
    held = views.booking_of(viewer.member_id, id)
    found = bookings_in((held,) if held else (), views.resources(), now)
    if not found:
        raise Problem("not_found")
    return found[0]


@router.get("/{id}")
def one(request: Request, services: Asked, viewer: SignedIn, id: Id, fait: Said = None) -> HTMLResponse:
    """One booking: just made, or looked at again."""
    booking = _booking(services, viewer, id)
    return page(
        request, "member/booking.html", private=True, booking=booking, said=fait if fait in SAID else None,
        stands=booking.held.status in HOLDING and booking.held.span.ends > services.clock.now(),
    )  # fmt: skip


@router.get("/{id}/agenda.ics")
def calendar(request: Request, services: Asked, viewer: SignedIn, id: Id) -> Response:
    """To put into one's own calendar."""
    booking = _booking(services, viewer, id)
    return booking_file(request, Booked(reservation=booking.held, slug=booking.slug, names=booking.names))


# Cancelling


@router.get("/{id}/annuler")
def cancel_sentence(request: Request, services: Asked, viewer: SignedIn, id: Id) -> HTMLResponse:
    """What would be freed; whoever cancels late is told so."""
    booking = _booking(services, viewer, id)
    found = services.store.views().policies(booking.slug)
    minutes = found.in_force.booking.late_cancel_minutes if found else None
    late = minutes is not None and booking.held.span.starts - services.clock.now() < minutes * MINUTE
    return page(request, "member/cancel.html", private=True, booking=booking, late=late)


@router.post("/{id}/annuler")
def cancel(request: Request, services: Asked, viewer: Posted, id: Id) -> Response:
    """Free it; twice is as good as once."""
    booking = _booking(services, viewer, id)
    return _changed(
        request, services, booking,
        lambda work, now: bookings_own.cancel(work, id=id, member_id=viewer.member_id, now=now),
        go("/moi/reservations", fait="annulee"),
    )  # fmt: skip


# Another end


@router.get("/{id}/fin")
def ends(
    request: Request, services: Asked, viewer: SignedIn, id: Id, a: Annotated[str | None, Query(max_length=20)] = None
) -> HTMLResponse:
    """The ends to choose from, or the sentence once one is chosen."""
    booking, chosen = _booking(services, viewer, id), read_stamp(a)
    if chosen is not None and chosen > booking.held.span.starts:
        span = Span(booking.held.span.starts, chosen)
        return page(request, "member/end.html", private=True, booking=booking, span=span, a=a)
    earlier, later = _ends(request, services, viewer, booking)
    return page(request, "member/ends.html", private=True, booking=booking, earlier=earlier, later=later)


def _ends(
    request: Request, services: Services, viewer: Viewer, booking: Booking
) -> tuple[tuple[End, ...], tuple[End, ...]]:
    """Earlier ends that are still to come, and later ones; after the first that cannot be had, none."""
    now, held = services.clock.now(), booking.held
    sought = reading.sought(services, viewer, machine=booking.slug, kind=None, change=held.id)
    window = Span(min(now, held.span.starts), held.span.ends + LATER)
    found = reading.machines(services, sought, window, now)
    machine, words = found.machines[0], words_of(request)
    step = max(machine.policy.step_minutes or 0, choices.PACE_MINUTES) * MINUTE
    earlier, later = [], []
    at = held.span.starts + step
    while at < held.span.ends:
        if at > now and at - held.span.starts >= (machine.policy.shortest_minutes or 0) * MINUTE:
            earlier.append(_end(booking, at))
        at += step
    at = held.span.ends + step
    while at <= held.span.ends + LATER:
        # Only what is added is asked about: the start may well be over.
        refusals = why_not(machine, found.member, Span(max(now, held.span.starts), at), now)
        refusals = tuple(refusal for refusal in refusals if refusal.code not in OF_THE_START)
        if refusals:
            later.append(_end(booking, at, reasons(refusals, words, {})))
            break
        later.append(_end(booking, at))
        at += step
    return tuple(earlier), tuple(later)


OF_THE_START = frozenset({"booking_too_soon", "booking_too_far", "booking_in_the_past", "booking_off_step"})
"""Rules of the start are not asked again of whoever only stays longer."""


def _end(booking: Booking, at: datetime, why: tuple[Reason, ...] = ()) -> End:
    length = (at - booking.held.span.starts).total_seconds()
    return End(ends=at, length_s=length, href=f"{booking.path}/fin?a={stamp(at)}", reasons=why)


@router.post("/{id}/fin")
def end(
    request: Request, services: Asked, viewer: Posted, id: Id, a: Annotated[str, Form(max_length=20)] = ""
) -> Response:
    """End it then."""
    booking, chosen = _booking(services, viewer, id), read_stamp(a)
    if chosen is None or chosen <= booking.held.span.starts:
        raise Problem("not_found")
    span = Span(booking.held.span.starts, chosen)
    return _changed(
        request, services, booking,
        lambda work, now: bookings_own.move(work, id=id, member_id=viewer.member_id, span=span, now=now),
        go(booking.path, fait="fin"),
    )  # fmt: skip


# Giving it to somebody else


@router.get("/{id}/donner")
def give_form(request: Request, services: Asked, viewer: SignedIn, id: Id) -> HTMLResponse:
    """Who comes instead?"""
    booking = _booking(services, viewer, id)
    return page(request, "member/give.html", private=True, booking=booking, to="", fault=None, sure=False)


@router.post("/{id}/donner")
def give(
    request: Request, services: Asked, viewer: Posted, id: Id, to: To = "", sure: Annotated[bool, Form()] = False
) -> Response:
    """First the sentence, then the gift. Whether they may use the machine is theirs alone to know."""
    booking, taker = _booking(services, viewer, id), _somebody(services, viewer, to)
    to = " ".join(to.split())

    def asked(*, status: int = 200, fault: str | None = None, sure: bool = False) -> HTMLResponse:
        return page(
            request, "member/give.html", status=status, private=True, booking=booking, to=to, fault=fault, sure=sure
        )

    if taker is None:
        return asked(status=422, fault="unknown")
    if not sure:
        return asked(sure=True)
    made = services.transact(
        lambda work, now: bookings_own.give(work, id=id, member_id=viewer.member_id, to=taker.id, now=now)
    )
    if not isinstance(made, Reservation):
        return asked(status=409, fault="refused")
    return go("/moi/reservations", fait="donnee" if reached(services, taker.id) else "donnee_dire")


def _somebody(services: Services, viewer: Viewer, told: str) -> Member | None:
    """The one other member whose address or whole name this is: nobody is listed, nobody is guessed."""
    wanted = folded(" ".join(told.split()))
    if len(wanted) < 3:
        return None
    words = wanted.split()
    found = services.store.views().members(limit=200, cursor=None, search=max(words, key=len)).rows
    fits = [member for member in found if _is(member, wanted) and member.active and member.id != viewer.member_id]
    return fits[0] if len(fits) == 1 else None


def _is(member: Member, wanted: str) -> bool:
    names = (f"{member.first_name} {member.last_name}", f"{member.last_name} {member.first_name}", member.email or "")
    return bool(member.last_name or member.email) and any(
        folded(name.strip()) == wanted for name in names if name.strip()
    )


def _changed(
    request: Request, services: Services, booking: Booking,
    change: Callable[[Work, datetime], Reservation | Refused | None], then: Response,
) -> Response:  # fmt: skip
    made = services.transact(change)
    if made is None:
        raise Problem("not_found")
    if isinstance(made, Refused):
        words = words_of(request)
        told = reasons(made.refusals, words, services.store.views().next_sessions(services.clock.now()))
        request.state.here = booking.path
        return page(
            request, "member/refused.html", status=409, private=True, reasons=told, over=booking, back=booking.path
        )
    return then
