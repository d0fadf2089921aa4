"""The code of six digits that a machine asks for, typed on the kiosk's own keys: nobody reads it there, and few tries."""

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from dashboard.accounts.throttle import Doing, throttle_of
from dashboard.dependencies import Asked, Services
from dashboard.kiosk.actions import Shown, Small, begin, to_kiosk
from dashboard.kiosk.endpoints import Standing, away, standing
from dashboard.kiosk.pairing import Person
from dashboard.kiosk.views import CodePad, Face
from dashboard.problems import Problem
from gateway.domain.proofs import PIN_DIGITS, Proof
from gateway.ports.errors import StoreUnavailable
from gateway.service import proofs

router = APIRouter(prefix="/kiosk", include_in_schema=False)

ERASE = "erase"
Digit = Annotated[str, Form(max_length=5)]
Typed = Annotated[str, Form(max_length=PIN_DIGITS, pattern="^[0-9]*$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Typing:
    """Who types at which kiosk, for which machine."""

    at: Standing
    services: Services
    request: Request
    person: Person
    pad: Face
    machine: str


@router.post("/{slug}/code")
def type_code(
    request: Request, services: Asked, slug: str, machine: Small = "", typed: Typed = "", digit: Digit = "",
    tap: Shown = 0,
) -> Response:  # fmt: skip
    """One more digit, one less, or all six at once."""
    try:
        found = standing(request, services, slug)
        if found is None:
            raise Problem("forbidden")
        pad = found.face()
        if found.person is None or tap != found.newest or pad.code is None or machine != pad.machine:
            return to_kiosk(slug)
        typing = Typing(
            at=found, services=services, request=request, person=found.person, pad=pad, machine=machine
        )  # fmt: skip
        typed = _after(typed, digit)
        return _draw(typing, CodePad(typed=typed)) if len(typed) < PIN_DIGITS else _try(typing, typed)
    except StoreUnavailable:
        return away(request, services)


def _after(typed: str, digit: str) -> str:
    if digit == ERASE:
        return typed[:-1]
    return (typed + digit)[:PIN_DIGITS] if digit.isascii() and digit.isdecimal() and len(digit) == 1 else typed


def _draw(typing: Typing, code: CodePad, status: int = 200) -> Response:
    pad, found = typing.pad, typing.at
    if code.wrong:
        pad = replace(pad, title=found.words("kiosk.code.wrong"), sentence=found.words("kiosk.code.wrong_why"))
    return found.draw(typing.request, replace(pad, code=code), seen=found.newest, status=status)


def _try(typing: Typing, typed: str) -> Response:
    """Each try is counted before it is looked at: for the member in the store, for this kiosk and for all of them here."""
    services, person, kiosk = typing.services, typing.person, f"kiosk {typing.at.kiosk.slug}"
    throttle = throttle_of(typing.request)
    try:
        throttle.check(typing.request, Doing.PIN, kiosk)
        left = services.transact(lambda work, now: proofs.take_try(work, member_id=person.id, proof=Proof.PIN, now=now))
    except Problem:
        left = False
    if not left:
        return _spent(typing)
    if not services.passwords.matches(typing.at.views.pin(person.id), typed):
        throttle.count(typing.request, Doing.PIN, kiosk)
        return _draw(typing, CodePad(wrong=True), status=403)
    services.transact(lambda work, _now: proofs.it_was_right(work, member_id=person.id, proof=Proof.PIN))
    begin(typing.at, services, person, typing.machine, pin=True)
    return to_kiosk(typing.at.kiosk.slug)


def _spent(typing: Typing) -> Response:
    found = typing.at
    title, why, step = (found.words(f"kiosk.code.spent.{part}") for part in ("title", "why", "step"))
    face = Face(
        tap=0, tone="refused", icon="lock", title=title, sentence=why, step=step, person=typing.person,
        machine=typing.machine,
    )  # fmt: skip
    return found.draw(typing.request, face, seen=found.newest, status=429)
