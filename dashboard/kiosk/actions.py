"""What is done by touching the screen of a kiosk: only for whoever has just tapped there, and only what is theirs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response

from dashboard.dependencies import Asked, Services
from dashboard.kiosk.endpoints import Standing, away, standing
from dashboard.kiosk.next_steps import moment
from dashboard.kiosk.pairing import LEFT, Person, remember
from dashboard.kiosk.results import refused
from dashboard.problems import Problem
from dashboard.reach import reached
from gateway.domain.help import LARGEST_PHOTO, HelpKind, HelpRequest, Trouble, read_photo
from gateway.domain.refusals import Code, Refused, refuse
from gateway.domain.resources import DeviceRole
from gateway.domain.sessions import State
from gateway.domain.timespan import Span
from gateway.ports.errors import StoreUnavailable
from gateway.ports.store import Work
from gateway.service import bookings_own, help, kiosk, ways, workshops_places  # noqa: A004 - the use case's own name
from gateway.service.workshops_places import Who

router = APIRouter(prefix="/kiosk", include_in_schema=False)

Small = Annotated[str, Form(max_length=200)]
Shown = Annotated[int, Form()]
"""The tap that was the newest when the page was drawn: its buttons act for that person and nobody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What was touched, by whom, with what stands on the button."""

    at: Standing
    person: Person
    services: Services
    machine: str
    workshop: str
    starts: datetime | None
    ends: datetime | None


Done = tuple[str, str] | Refused | None
"""What to say and about which row; why not; None when it is not there any more."""


def to_kiosk(slug: str, said: str | None = None, id: str = "") -> Response:
    """Back to the screen, which says what was done."""
    query = "?" + urlencode({"dit": said, "id": id}) if said else ""
    return RedirectResponse(f"/kiosk/{slug}{query}", status_code=303, headers={"Cache-Control": "no-store"})


@router.post("/{slug}/faire")
def act(
    request: Request, services: Asked, slug: str, what: Small, machine: Small = "", workshop: Small = "",
    starts: Small = "", ends: Small = "", tap: Shown = 0,
) -> Response:  # fmt: skip
    """Do what was touched, then say what became of it."""
    try:
        found = standing(request, services, slug)
        if found is None:
            raise Problem("forbidden")
        if what == "call":
            return _call(found, services, machine, tap)
        if found.person is None or tap != found.newest or what not in DEEDS:
            return to_kiosk(slug)
        touched = Touched(
            at=found, person=found.person, services=services, machine=machine, workshop=workshop,
            starts=moment(starts), ends=moment(ends),
        )  # fmt: skip
        done = DEEDS[what](touched) if what == "enrol" or machine in found.shown else None
    except StoreUnavailable:
        return away(request, services)
    if isinstance(done, Refused):
        return found.draw(request, refused(done.refusals, found.words), seen=found.newest, status=409)
    return to_kiosk(slug, *done) if done else to_kiosk(slug)


def _call(found: Standing, services: Services, machine: str, tap: int) -> Response:
    """A call is never lost; it bears a name only if that person's page was touched."""
    about = machine if machine in found.shown else None
    if about is None and not found.kiosk.several:
        about = next(iter(found.shown), None)
    made = services.transact(
        lambda work, now: help.ask(
            work, id=services.ids.new(), kind=HelpKind.CALL, resource=about, now=now,
            member_id=found.person.id if found.person and tap == found.newest else None,
        )
    )  # fmt: skip
    return to_kiosk(found.kiosk.slug, "called", made.id if made else "")


def _enrol(touched: Touched) -> Done:
    def use_case(work: Work, now: datetime) -> object:
        who = Who(member_id=touched.person.id)
        return workshops_places.enrol(
            work, id=touched.services.ids.new(), workshop_id=touched.workshop, who=who, now=now
        )

    made = touched.services.transact(use_case)
    return ("enrolled", str(made.id)) if hasattr(made, "id") else made if isinstance(made, Refused) else None


def _book(touched: Touched) -> Done:
    if touched.starts is None or touched.ends is None or touched.starts >= touched.ends:
        return None
    span = Span(touched.starts, touched.ends)
    made = touched.services.transact(
        lambda work, now: bookings_own.take(
            work, id=touched.services.ids.new(), member_id=touched.person.id, resource=touched.machine, group=None,
            span=span, now=now,
        )
    )  # fmt: skip
    return made if made is None or isinstance(made, Refused) else ("booked", made.id)


def _wait(touched: Touched) -> Done:
    if touched.starts is None or touched.ends is None or touched.starts >= touched.ends:
        return None
    span, new = Span(touched.starts, touched.ends), touched.services.ids.new()
    made = touched.services.transact(
        lambda work, now: bookings_own.wait_for(
            work, id=new, member_id=touched.person.id, resource=touched.machine, group=None, span=span, now=now
        )
    )  # fmt: skip
    if made is None or isinstance(made, Refused):
        return made
    return ("waits_told" if reached(touched.services, touched.person.id) else "waits"), made.id


def _begin(touched: Touched) -> Done:
    begin(touched.at, touched.services, touched.person, touched.machine, pin=touched.person.pin)
    return None


def begin(at: Standing, services: Services, person: Person, machine: str, *, pin: bool) -> None:
    """What a tap at the machine would do. The answer stands in the log, as that of any tap: the screen shows it from there."""
    reader, view = at.kiosk.reader, at.shown.get(machine)
    if reader is None and view is not None:
        reader = next((device for device in view.devices if device.role is DeviceRole.READER), None)
    if reader is not None:
        chosen = kiosk.Chosen(
            reader=reader, resource=machine, member_id=person.id, shown=person.shown, pin=pin, doubt=at.doubt
        )
        services.transact(lambda work, now: kiosk.begin(work, chosen, now, services.ids))


def _give_back(touched: Touched) -> Done:
    made = touched.services.transact(
        lambda work, now: bookings_own.give_back(
            work, resource=touched.machine, member_id=touched.person.id, now=now
        )
    )  # fmt: skip
    if made is None:
        return None
    return ("gone" if made.state is State.LEAVING else "given_back"), touched.machine


def _go_on(touched: Touched) -> Done:
    made = touched.services.transact(
        lambda work, now: kiosk.go_on(work, resource=touched.machine, member_id=touched.person.id, now=now)
    )
    return made if made is None or isinstance(made, Refused) else ("longer", touched.machine)


def _hand_over(touched: Touched) -> Done:
    def use_case(work: Work, now: datetime) -> object:
        view = touched.at.shown[touched.machine]
        if view.session is None or not view.session.held_by(touched.person.id):
            return Refused((refuse(Code.NOT_IN_USE),))
        return ways.hand_over(work, resource=touched.machine, now=now)

    made = touched.services.transact(use_case)
    return made if isinstance(made, Refused) else ("offered", touched.machine) if made else None


DEEDS: dict[str, Callable[[Touched], Done]] = {
    "enrol": _enrol,
    "book": _book,
    "wait": _wait,
    "begin": _begin,
    "give_back": _give_back,
    "go_on": _go_on,
    "hand_over": _hand_over,
}


@router.post("/{slug}/quitter")
def leave(request: Request, services: Asked, slug: str, tap: Shown = 0) -> Response:
    """Whoever stood there is no longer known."""
    response = to_kiosk(slug)
    found = standing(request, services, slug)
    if found is not None and found.tap is not None and tap == found.newest:
        remember(request, response, slug, LEFT, str(tap))
    return response


@router.post("/{slug}/probleme")
def report(
    request: Request, services: Asked, slug: str, machine: Small = "", trouble: Small = "",
    tap: Shown = 0, photo: Annotated[UploadFile | None, File()] = None,
) -> Response:  # fmt: skip
    """Tell the team what is wrong; a picture that cannot be kept does not stop the rest."""
    found = standing(request, services, slug)
    if found is None:
        raise Problem("forbidden")
    if trouble not in set(Trouble) or machine not in found.shown:
        query = urlencode({"machine": machine, "wrong": "choice"})
        return RedirectResponse(f"/kiosk/{slug}/probleme?{query}", status_code=303)
    data = photo.file.read(LARGEST_PHOTO + 1) if photo is not None and photo.filename else b""
    taken = read_photo(data) if data else None
    if data and taken is None:
        query = urlencode({"machine": machine, "wrong": "photo"})
        return RedirectResponse(f"/kiosk/{slug}/probleme?{query}", status_code=303)

    def use_case(work: Work, now: datetime) -> HelpRequest | None:
        return help.ask(
            work, id=services.ids.new(), kind=HelpKind.PROBLEM, resource=machine, trouble=Trouble(trouble), photo=taken,
            member_id=found.person.id if found.person and tap == found.newest else None, now=now,
        )  # fmt: skip

    made = services.transact(use_case)
    return to_kiosk(slug, "reported", made.id if made else "")
