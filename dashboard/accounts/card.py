"""A printed card, or a badge, and a code of six digits: for whoever has neither an address nor a telephone."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from dashboard.accounts.entering import enter_as, go, local
from dashboard.accounts.throttle import Doing, network_of, throttle_of
from dashboard.accounts.viewer import Posted, SignedIn
from dashboard.dependencies import Asked, Services, digest_of
from dashboard.problems import Problem
from dashboard.rendering import page
from gateway.domain.accounts import SignedInBy
from gateway.domain.proofs import Proof, card_letters, pin_fault
from gateway.service import proofs

router = APIRouter(include_in_schema=False)

Number = Annotated[str, Form(max_length=60)]
Pin = Annotated[str, Form(max_length=20)]
Toward = Annotated[str, Form(max_length=500)]


@router.get("/c/{letters}")
def scanned(request: Request, letters: str) -> HTMLResponse:
    """Where the code on a card leads: it asks for the six digits, whatever the card."""
    number = card_letters(letters) if len(letters) <= 60 else None
    return _asked(request, number=number or "")


@router.get("/compte/entrer/carte")
def by_card(request: Request, vers: str = "") -> HTMLResponse:
    """The same, the number being typed or read by a badge reader."""
    return _asked(request, number="", toward=local(vers[:500]))


def _asked(request: Request, *, number: str, toward: str = "", wrong: bool = False, status: int = 200) -> HTMLResponse:
    scanned = bool(number) and not wrong
    return page(
        request, "accounts/card.html", status=status, private=True, number=number, toward=toward, wrong=wrong,
        scanned=scanned,
    )  # fmt: skip


@router.post("/compte/entrer/carte")
def enter_by_card(
    request: Request, services: Asked, number: Number = "", pin: Pin = "", toward: Toward = ""
) -> Response:  # fmt: skip
    """Number and code. Each try of a card that exists is counted before it is looked at."""
    throttle = throttle_of(request)
    throttle.check(request, Doing.CARD, network_of(request))
    holder, by = _holder(services, number)
    if holder is not None and not services.transact(
        lambda work, now: proofs.take_try(work, member_id=holder, proof=Proof.PIN, now=now)
    ):
        raise Problem("too_many")
    kept = services.store.views().pin(holder) if holder else None
    if services.passwords.matches(kept, "".join(pin.split())) and holder is not None:
        services.transact(lambda work, _now: proofs.it_was_right(work, member_id=holder, proof=Proof.PIN))
        done = enter_as(request, services, holder, by, local(toward))
        if done is not None:
            return done
    throttle.count(request, Doing.CARD, network_of(request))
    return _asked(request, number=number, toward=local(toward), wrong=True, status=403)


def _holder(services: Services, number: str) -> tuple[str | None, SignedInBy]:
    letters, views = card_letters(number), services.store.views()
    if letters is not None:
        return views.card_holder(digest_of(letters)), SignedInBy.CARD
    try:
        badge = services.hash_badge(number.strip())
    except ValueError:
        return None, SignedInBy.BADGE
    return views.badge_holder(badge), SignedInBy.BADGE


@router.get("/compte/code")
def pin_page(request: Request, services: Asked, viewer: SignedIn) -> HTMLResponse:
    """Choose the six digits that go with card and badge."""
    has = services.store.views().pin(viewer.member_id) is not None
    return page(request, "accounts/pin.html", private=True, fault=None, has=has)


@router.post("/compte/code")
def set_pin(request: Request, services: Asked, viewer: Posted, pin: Pin = "") -> Response:
    """Keep them, unless they are those that anybody tries first."""
    typed = "".join(pin.split())
    fault = pin_fault(typed)
    if fault is not None:
        has = services.store.views().pin(viewer.member_id) is not None
        return page(request, "accounts/pin.html", status=422, private=True, fault=str(fault), has=has)
    kept = services.passwords.hash(typed)
    services.transact(lambda work, now: proofs.set_pin(work, member_id=viewer.member_id, kept=kept, now=now))
    return go("/compte", said="pin_set")
